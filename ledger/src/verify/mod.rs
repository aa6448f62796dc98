//! Checking a bundle, step by step, in words.
//!
//! No step trusts what an earlier one only read: a file that is wrong in two places fails in two steps.

use crate::bundle::Bundle;
use crate::hash::Hash;
use crate::json::Value;
use crate::note::short_name;
use crate::proof::PathNode;
use crate::statement::Ref;

mod steps;

/// The steps, in the order they are taken.
pub const STEPS: [(&str, &str); 7] = [
    ("format", "The file is a receipt bundle"),
    ("payload", "The contents are what was committed to"),
    ("signature", "The issuer signed this receipt"),
    ("inclusion", "The log includes this receipt"),
    ("checkpoint", "The log signed its state"),
    ("anchor", "The root log includes the log's state"),
    ("witnesses", "Others saw the log in this state"),
];

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// The file has nothing to check here; what that means is in the detail.
    NotPresent,
}

/// One step and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `format`, `payload` …: see [`STEPS`].
    pub id: &'static str,
    /// What holds if it passed.
    pub title: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// A sentence or two: what was compared with what, or why it failed.
    pub detail: String,
}

impl Step {
    pub(crate) fn to_json(&self) -> Value {
        let outcome = match self.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::NotPresent => "not_present",
        };
        Value::object([
            ("id", self.id.into()),
            ("title", self.title.into()),
            ("outcome", outcome.into()),
            ("detail", self.detail.as_str().into()),
        ])
    }
}

/// What the file says the receipt is. To be believed only if the report is verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// `rcpt_…`.
    pub id: String,
    /// The receipt's kind.
    pub kind: String,
    /// When it was signed.
    pub issued_at: String,
    /// The log's origin.
    pub log: String,
    /// The receipts it refers to. Whether a later one refers to it, no file can tell.
    pub refs: Vec<Ref>,
    /// The payload, if the file has it.
    pub payload: Option<Value>,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The steps taken so far.
    pub steps: Vec<Step>,
    /// What the receipt is.
    pub receipt: Option<Summary>,
    /// From the leaf to the root.
    pub path: Vec<PathNode>,
    /// The leaf's hash.
    pub leaf: Option<Hash>,
    /// The leaf's index.
    pub leaf_index: Option<u64>,
    /// The checkpoint's tree size.
    pub tree_size: Option<u64>,
    /// The checkpoint's root.
    pub root: Option<Hash>,
    /// The verifier key that signed the checkpoint.
    pub log_key: Option<String>,
    /// The verifier key that signed the receipt.
    pub issuing_key: Option<String>,
    /// The verifier key that signed the root log's state.
    pub root_key: Option<String>,
    /// The witnesses of the policy that saw the log's state.
    pub witnesses: Vec<String>,
    /// Their verifier keys.
    pub witness_keys: Vec<String>,
    /// The keys came from the verifier, not from the file itself.
    pub trusted_policy: bool,
}

impl Report {
    /// Every step was taken, none failed, and those that must not be absent passed.
    pub fn is_verified(&self) -> bool {
        let fine = |step: &Step| match step.id {
            "payload" | "anchor" | "witnesses" => step.outcome != Outcome::Failed,
            _ => step.outcome == Outcome::Passed,
        };
        self.steps.len() == STEPS.len() && self.steps.iter().all(fine)
    }

    /// The first step that failed.
    pub fn failed(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.outcome == Outcome::Failed)
    }

    /// The keys whose signatures hold: what each signed, and its name and id.
    pub fn keys(&self) -> Vec<(&'static str, &str)> {
        let one = [("receipt", &self.issuing_key), ("log", &self.log_key), ("root log", &self.root_key)];
        let one = one.into_iter().filter_map(|(what, key)| Some((what, key.as_deref()?)));
        let witnesses = self.witness_keys.iter().map(|key| ("as a witness", key.as_str()));
        one.chain(witnesses).map(|(what, key)| (what, short_name(key))).collect()
    }

    /// The report as JSON, for programs. When the check was made is for whoever made it to add: nothing here knows the time.
    pub fn to_json(&self) -> Value {
        let steps = self.steps.iter().map(Step::to_json);
        let reference = |other: &Ref| {
            Value::object([("id", other.id.as_str().into()), ("relation", other.relation.as_str().into())])
        };
        let key = |(signed, key): (&'static str, &str)| Value::object([("signed", signed.into()), ("key", key.into())]);
        let receipt = self.receipt.as_ref().map_or(Value::Null, |receipt| {
            Value::object([
                ("id", receipt.id.as_str().into()),
                ("kind", receipt.kind.as_str().into()),
                ("issued_at", receipt.issued_at.as_str().into()),
                ("log", receipt.log.as_str().into()),
                ("refs", Value::Array(receipt.refs.iter().map(reference).collect())),
                ("payload", receipt.payload.clone().unwrap_or(Value::Null)),
            ])
        });
        Value::object([
            ("verified", Value::Bool(self.is_verified())),
            ("keys_from", if self.trusted_policy { "verifier" } else { "file" }.into()),
            ("receipt", receipt),
            ("steps", Value::Array(steps.collect())),
            ("keys", Value::Array(self.keys().into_iter().map(key).collect())),
            ("witnesses", Value::Array(self.witnesses.iter().map(|name| name.as_str().into()).collect())),
        ])
    }
}

/// A verification under way: one step a call, so that a page can show each as it happens.
pub struct Verification {
    bytes: Vec<u8>,
    policy: Option<String>,
    read: steps::Read,
    report: Report,
}

impl Verification {
    /// Nothing is checked yet. `policy` is the verifier's own `tlog-policy`; without one the file's is taken as a hint.
    pub fn new(bundle: &[u8], policy: Option<&str>) -> Self {
        Self {
            bytes: bundle.to_vec(),
            policy: policy.map(str::to_owned),
            read: steps::Read::default(),
            report: Report { trusted_policy: policy.is_some(), ..Report::default() },
        }
    }

    /// Takes the next step; none when all were taken.
    pub fn next_step(&mut self) -> Option<&Step> {
        let (id, title) = *STEPS.get(self.report.steps.len())?;
        let step = self.take(id, title);
        self.report.steps.push(step);
        self.report.steps.last()
    }

    /// What becomes of one step.
    fn take(&mut self, id: &'static str, title: &'static str) -> Step {
        let result = match id {
            "format" => self.format(),
            "payload" => self.payload(),
            "signature" => self.signature(),
            "inclusion" => self.inclusion(),
            "checkpoint" => self.checkpoint(),
            "anchor" => self.anchor(),
            _ => self.witnesses(),
        };
        let (outcome, detail) = match result {
            Ok(Some(detail)) => (Outcome::Passed, detail),
            Ok(None) => (Outcome::NotPresent, absent(id).to_owned()),
            Err(detail) => (Outcome::Failed, detail),
        };
        Step { id, title, outcome, detail }
    }

    /// The steps that a period's archive shares with a receipt's file: the log's signature, the root log, the witnesses.
    pub(crate) fn of_state(state: Bundle, policy: Option<&str>) -> Vec<Step> {
        let mut verification = Self::new(&[], policy);
        verification.take_state(state);
        STEPS[4..].iter().map(|(id, title)| verification.take(id, title)).collect()
    }

    /// What was found so far.
    pub const fn report(&self) -> &Report {
        &self.report
    }
}

fn absent(step: &str) -> &'static str {
    match step {
        "payload" => {
            "The contents are not in this file: they were erased or withheld. What was signed about them still holds."
        }
        "anchor" => {
            "This file carries no anchor: it was made before the log's state was recorded where others can see it."
        }
        _ => "The policy asks for no witnesses, and none that it names signed this state.",
    }
}

/// Takes every step.
pub fn verify(bundle: &[u8], policy: Option<&str>) -> Report {
    let mut verification = Verification::new(bundle, policy);
    while verification.next_step().is_some() {}
    verification.report
}
