//! What a caller sends, checked.

use ledger::hash::Hash;
#[cfg(feature = "server")]
use ledger::jcs::canonical;
use ledger::json::{self, Value};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::{Ref, Relation};
use crate::Problem;
use crate::evidence::MAX;
#[cfg(feature = "server")]
use crate::moment::timestamp;
use crate::moment::whole_milliseconds;
use crate::money::{Money, MoneyError, exponent};
use crate::schemas::RESERVED;

const REFERENCE_MAX: usize = 255;
const KIND_MAX: usize = 64;
/// Receipts that one can refer to.
const REFS_MAX: usize = 16;

/// A receipt that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReceipt {
    /// A name in lower case: one of [`super::KINDS`] or the caller's own.
    pub kind: String,
    /// The caller's own name for the event.
    pub reference: Option<String>,
    /// When it happened; now, if not said.
    pub occurred_at: Option<OffsetDateTime>,
    /// How much, if money moved.
    pub amount: Option<Money>,
    /// Whatever else belongs to it: any JSON object whose numbers are whole.
    pub data: Option<Value>,
    /// Receipts it refers to, and how.
    pub refs: Vec<Ref>,
    /// Files that go with it, by their SHA-256; kept before.
    pub evidence: Vec<Hash>,
}

impl NewReceipt {
    /// A receipt of a kind, and nothing else yet.
    pub(crate) fn of_kind(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            reference: None,
            occurred_at: None,
            amount: None,
            data: None,
            refs: Vec::new(),
            evidence: Vec::new(),
        }
    }

    /// Reads a request's body: strict I-JSON, known members only, every refusal with its place.
    pub fn from_json(body: &[u8]) -> Result<Self, Problem> {
        let value = json::parse(body).map_err(|error| {
            Problem::new(422, "invalid_json", "").because(format!("The body is not acceptable JSON: {error}."))
        })?;
        Self::from_value(value)
    }

    /// Reads a payload that is in a log, where some have kinds that are not for callers.
    #[cfg(feature = "server")]
    pub(crate) fn from_payload(payload: &[u8]) -> Result<Self, Problem> {
        let mut value = json::parse(payload).map_err(|_| Problem::invalid())?;
        let mut kind = None;
        if let Value::Object(members) = &mut value {
            let place = members.iter().position(|(name, _)| name == "kind");
            kind = place.map(|place| members.remove(place).1);
        }
        let kind = kind.as_ref().and_then(Value::as_str).filter(|kind| is_kind(kind)).ok_or_else(Problem::invalid)?;
        Ok(Self { kind: kind.to_owned(), ..Self::from_value(value)? })
    }

    /// Reads a value, such as one element of a batch.
    pub fn from_value(value: Value) -> Result<Self, Problem> {
        let Value::Object(members) = value else {
            return Err(Problem::new(422, "invalid_json", "The body must be a JSON object."));
        };
        let mut problem = Problem::invalid();
        let mut new = Self::of_kind("transaction");
        for (name, value) in members {
            let result = match name.as_str() {
                "kind" => text(&value).and_then(kind).map(|kind| new.kind = kind),
                "reference" => text(&value).and_then(reference).map(|reference| new.reference = Some(reference)),
                "occurred_at" => text(&value).and_then(|text| moment(&text)).map(|at| new.occurred_at = Some(at)),
                "amount" => match amount(&value) {
                    Ok(money) => {
                        new.amount = Some(money);
                        Ok(())
                    }
                    Err((place, refusal)) => {
                        problem = problem.field(place, refusal.0, refusal.1);
                        Ok(())
                    }
                },
                "refs" => match refs(&value) {
                    Ok(refs) => {
                        new.refs = refs;
                        Ok(())
                    }
                    Err((place, refusal)) => {
                        problem = problem.field(place, refusal.0, refusal.1);
                        Ok(())
                    }
                },
                "evidence" => match files(&value) {
                    Ok(evidence) => {
                        new.evidence = evidence;
                        Ok(())
                    }
                    Err((place, refusal)) => {
                        problem = problem.field(place, refusal.0, refusal.1);
                        Ok(())
                    }
                },
                "data" => data(value).map(|data| new.data = Some(data)),
                _ => Err(("unknown_field", format!("There is no field {name:?}; put your own fields inside `data`."))),
            };
            if let Err((code, message)) = result {
                problem = problem.field(name, code, message);
            }
        }
        problem.unless_empty()?;
        Ok(new)
    }

    /// The payload: exactly what the caller said, as canonical JSON. Nothing that we filled in is committed to as if said.
    #[cfg(feature = "server")]
    pub(crate) fn payload(&self) -> Vec<u8> {
        let mut members = vec![("kind".to_owned(), Value::from(self.kind.as_str()))];
        if let Some(reference) = &self.reference {
            members.push(("reference".to_owned(), reference.as_str().into()));
        }
        if let Some(at) = self.occurred_at {
            members.push(("occurred_at".to_owned(), timestamp(at).into()));
        }
        if let Some(money) = &self.amount {
            let amount = Value::object([("currency", money.currency.as_str().into()), ("value", money.value().into())]);
            members.push(("amount".to_owned(), amount));
        }
        if let Some(data) = &self.data {
            members.push(("data".to_owned(), data.clone()));
        }
        canonical(&Value::Object(members))
    }
}

type Refused = (&'static str, String);

fn text(value: &Value) -> Result<String, Refused> {
    value.as_str().map(str::to_owned).ok_or_else(|| ("not_text", "Text in quotes is wanted.".to_owned()))
}

/// Whether this is shaped like a kind.
pub(crate) fn is_kind(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= KIND_MAX
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte))
}

fn kind(text: String) -> Result<String, Refused> {
    if RESERVED.contains(&text.as_str()) {
        let instead = match text.as_str() {
            "revocation" => "POST /v1/receipts/{id}/revoke makes one.",
            "payload_erased" => "DELETE /v1/receipts/{id}/payload makes one.",
            _ => "Choose another name.",
        };
        return Err(("reserved_kind", format!("The kind {text} is CertNode's own. {instead}")));
    }
    if is_kind(&text) {
        Ok(text)
    } else {
        Err((
            "kind",
            "A kind is up to 64 lower-case letters, digits, `_`, `.` or `-`, and starts with a letter.".to_owned(),
        ))
    }
}

fn reference(text: String) -> Result<String, Refused> {
    if text.is_empty() || text.chars().count() > REFERENCE_MAX || text.contains('\0') {
        return Err(("reference", format!("A reference has 1 to {REFERENCE_MAX} characters, and no NUL.")));
    }
    Ok(text)
}

fn moment(text: &str) -> Result<OffsetDateTime, Refused> {
    let wanted =
        || ("time", "A time such as 2026-11-20T09:30:00Z (RFC 3339) is wanted, from year 1 to 9999.".to_owned());
    let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| wanted())?;
    let at = at.checked_to_offset(UtcOffset::UTC).filter(|at| at.year() > 0).ok_or_else(wanted)?;
    Ok(whole_milliseconds(at))
}

fn amount(value: &Value) -> Result<Money, (&'static str, Refused)> {
    let shape = || ("amount", ("amount", r#"An amount looks like {"value": "11.77", "currency": "USD"}."#.to_owned()));
    let Value::Object(members) = value else { return Err(shape()) };
    let (Some(decimal), Some(currency), 2) =
        (value.get("value").and_then(Value::as_str), value.get("currency").and_then(Value::as_str), members.len())
    else {
        return Err(shape());
    };
    Money::parse(decimal, currency).map_err(|error| match error {
        MoneyError::Currency => {
            ("amount.currency", ("currency", "A currency is three to five capital letters: USD, JPY, BTC.".to_owned()))
        }
        MoneyError::Syntax => ("amount.value", ("decimal", r#"A decimal in quotes is wanted: "11.77"."#.to_owned())),
        MoneyError::Decimals => {
            ("amount.value", ("decimals", format!("{currency} has {} decimals.", exponent(currency))))
        }
        MoneyError::Range => ("amount.value", ("range", "That is beyond 2^53-1 of the smallest unit.".to_owned())),
    })
}

fn refs(value: &Value) -> Result<Vec<Ref>, (String, Refused)> {
    let shape = |place: String| {
        let message = format!(
            r#"Up to {REFS_MAX} receipts, such as {{"id": "rcpt_…", "relation": "revokes"}}: revokes, supersedes or relates_to."#
        );
        (place, ("refs", message))
    };
    let wanted = || shape("refs".to_owned());
    let list = value.as_array().filter(|list| list.len() <= REFS_MAX).ok_or_else(wanted)?;
    let mut refs: Vec<Ref> = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let text = |name| value.get(name).and_then(Value::as_str);
        let id = text("id").and_then(|id| id.parse().ok()).ok_or_else(|| shape(format!("refs[{index}].id")))?;
        let relation = text("relation").and_then(Relation::named);
        let relation = relation.ok_or_else(|| shape(format!("refs[{index}].relation")))?;
        if value.as_object().is_none_or(|members| members.len() != 2) {
            return Err(shape(format!("refs[{index}]")));
        }
        if refs.iter().any(|other| other.id == id) {
            return Err((format!("refs[{index}].id"), ("repeated", "A receipt is referred to once.".to_owned())));
        }
        refs.push(Ref { id, relation });
    }
    Ok(refs)
}

fn files(value: &Value) -> Result<Vec<Hash>, (String, Refused)> {
    let shape = |place: String| {
        let message =
            format!(r#"Up to {MAX} files, such as {{"sha256": "64 hex digits"}}, that were sent to /v1/evidence."#);
        (place, ("evidence", message))
    };
    let list = value.as_array().filter(|list| list.len() <= MAX).ok_or_else(|| shape("evidence".to_owned()))?;
    let mut files: Vec<Hash> = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let place = || format!("evidence[{index}].sha256");
        let alone = value.as_object().is_some_and(|members| members.len() == 1);
        let hash = value.get("sha256").and_then(Value::as_str).and_then(Hash::from_hex).filter(|_| alone);
        let hash = hash.ok_or_else(|| shape(place()))?;
        if files.contains(&hash) {
            return Err((place(), ("repeated", "A file is named once.".to_owned())));
        }
        files.push(hash);
    }
    Ok(files)
}

fn data(value: Value) -> Result<Value, Refused> {
    if value.as_object().is_none() {
        return Err(("data", "`data` is a JSON object.".to_owned()));
    }
    value.check_integers().map_err(|path| {
        let message = format!(
            "data.{path} is not a whole number within ±(2^53-1): write fractions as text, so that they stay exact."
        );
        ("number", message)
    })?;
    Ok(value)
}
