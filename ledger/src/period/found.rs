//! What a check of a period found, for people and for programs.

use crate::json::{self, Limits, Value};
use crate::verify::{Outcome, STEPS, Step};

/// Failures that are kept, one by one; entries beyond are counted.
pub(super) const KEPT: usize = 10_000;
/// A report of as many failures as are kept.
const REPORT: Limits = Limits { bytes: 16 << 20, depth: 8 };

/// The titles of what is checked of the entries; the rest is as for one receipt.
pub(super) const TITLES: [(&str, &str); 5] = [
    ("format", "The archive is whole"),
    ("payload", "The contents are what was committed to"),
    ("signature", "The issuer signed every receipt"),
    ("inclusion", "No entry is missing, changed or added"),
    ("period", "The period is all there"),
];

/// What is wrong with one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its place in the log.
    pub index: u64,
    /// `rcpt_…`, if it could be read.
    pub id: Option<String>,
    /// A name of [`crate::verify::STEPS`].
    pub step: &'static str,
    /// A sentence.
    pub detail: String,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Each thing that was checked, and how it ended.
    pub steps: Vec<Step>,
    /// The first ten thousand failures of single entries, in the log's order; an entry may fail in more than one step.
    pub failures: Vec<Failure>,
    /// How many entries failed.
    pub failed: u64,
    /// Receipts of the period.
    pub receipts: u64,
    /// Of them, those whose contents are not in the archive.
    pub without_contents: u64,
    /// The log's name.
    pub log: String,
    /// First and last day.
    pub period: (String, String),
    /// The keys came from the verifier, not from the archive itself.
    pub trusted_policy: bool,
}

impl Found {
    /// Nothing failed, and all that must be there is.
    pub fn is_verified(&self) -> bool {
        let fine = |step: &Step| match step.id {
            "anchor" | "witnesses" | "payload" => step.outcome != Outcome::Failed,
            _ => step.outcome == Outcome::Passed,
        };
        self.failed == 0 && self.steps.len() == TITLES.len() + 3 && self.steps.iter().all(fine)
    }

    /// Entries that failed and are not named in `failures`.
    pub fn untold(&self) -> u64 {
        let mut named: Vec<u64> = self.failures.iter().map(|failure| failure.index).collect();
        named.dedup();
        self.failed.saturating_sub(named.len() as u64)
    }

    /// As JSON, for programs.
    pub fn to_json(&self) -> Value {
        let count = |count: u64| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let steps = self.steps.iter().map(Step::to_json);
        let failures = self.failures.iter().map(|failure| {
            Value::object([
                ("index", count(failure.index)),
                ("id", failure.id.as_deref().map_or(Value::Null, Value::from)),
                ("step", failure.step.into()),
                ("detail", failure.detail.as_str().into()),
            ])
        });
        Value::object([
            ("verified", Value::Bool(self.is_verified())),
            ("keys_from", if self.trusted_policy { "verifier" } else { "file" }.into()),
            ("failed", count(self.failed)),
            ("failures", Value::Array(failures.collect())),
            ("from", self.period.0.as_str().into()),
            ("until", self.period.1.as_str().into()),
            ("log", self.log.as_str().into()),
            ("receipts", count(self.receipts)),
            ("without_contents", count(self.without_contents)),
            ("steps", Value::Array(steps.collect())),
        ])
    }

    /// Reads what [`Found::to_json`] wrote, as a program that checked it elsewhere passes it on; none for anything else.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        let value = json::parse_with(bytes, REPORT).ok()?;
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let count = |value: &Value, name: &str| u64::try_from(value.get(name)?.as_i64()?).ok();
        let failure = |failure: &Value| {
            Some(Failure {
                index: count(failure, "index")?,
                id: failure.get("id")?.as_str().map(str::to_owned),
                step: titled(failure.get("step")?.as_str()?)?.0,
                detail: failure.get("detail")?.as_str()?.to_owned(),
            })
        };
        Some(Self {
            steps: value.get("steps")?.as_array()?.iter().map(step).collect::<Option<_>>()?,
            failures: value.get("failures")?.as_array()?.iter().map(failure).collect::<Option<_>>()?,
            failed: count(&value, "failed")?,
            receipts: count(&value, "receipts")?,
            without_contents: count(&value, "without_contents")?,
            log: text("log")?,
            period: (text("from")?, text("until")?),
            trusted_policy: text("keys_from")? == "verifier",
        })
    }
}

/// A step's name and title, as the ones of a period are called.
fn titled(id: &str) -> Option<(&'static str, &'static str)> {
    TITLES.into_iter().chain(STEPS).find(|(known, _)| *known == id)
}

fn step(value: &Value) -> Option<Step> {
    let (id, title) = titled(value.get("id")?.as_str()?)?;
    let outcome = match value.get("outcome")?.as_str()? {
        "passed" => Outcome::Passed,
        "failed" => Outcome::Failed,
        "not_present" => Outcome::NotPresent,
        _ => return None,
    };
    Some(Step { id, title, outcome, detail: value.get("detail")?.as_str()?.to_owned() })
}
