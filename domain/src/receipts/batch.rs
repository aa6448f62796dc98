//! Many receipts in one request.

use ledger::json::{self, Limits, Value};

use super::{NewReceipt, Repeat};
use crate::Problem;

#[cfg(feature = "server")]
mod issue;

#[cfg(feature = "server")]
pub use issue::issue_batch;

/// Receipts of one request.
pub const MAX: usize = 1000;
/// Bytes of one request.
pub const MAX_BYTES: usize = 8 << 20;

/// Receipts of one request that is atomic: as many as get their places in one step.
pub const ATOMIC_MAX: usize = 256;

/// One wanted receipt of a batch, and by what a repetition of it is known.
pub type Wanted = Result<(NewReceipt, Repeat), Problem>;

/// What a request wants.
#[derive(Debug)]
pub struct Batch {
    /// The receipts, or why one cannot be.
    pub wanted: Vec<Wanted>,
    /// All of them or none.
    pub atomic: bool,
}

/// Reads `{"receipts": […], "atomic": false}`; each element is a receipt, with its `idempotency_key`, or
/// `"idempotent": "content"`, beside its other members.
///
/// Errors: 422 when the whole cannot be read, or holds none or more than [`MAX`], or [`ATOMIC_MAX`]; an element that is not
/// acceptable is its own refusal.
pub fn parse(body: &[u8]) -> Result<Batch, Problem> {
    let limits = Limits { bytes: MAX_BYTES, depth: json::RECEIPT.depth + 2 };
    let value = json::parse_with(body, limits).map_err(|error| {
        Problem::new(422, "invalid_json", "").because(format!("The body is not acceptable JSON: {error}."))
    })?;
    let wanted =
        || Problem::invalid().field("receipts", "receipts", format!("1 to {MAX} receipts are wanted, in a list."));
    let Value::Object(members) = value else { return Err(wanted()) };
    let (mut receipts, mut atomic) = (Vec::new(), false);
    for (name, value) in members {
        match (name.as_str(), value) {
            ("receipts", Value::Array(list)) => receipts = list,
            ("atomic", Value::Bool(flag)) => atomic = flag,
            ("atomic", _) => return Err(Problem::invalid().field(name, "atomic", "true or false is wanted.")),
            _ => return Err(wanted()),
        }
    }
    if atomic && receipts.len() > ATOMIC_MAX {
        let message =
            format!("1 to {ATOMIC_MAX} receipts can be issued together (`atomic`); more in several requests.");
        return Err(Problem::invalid().field("receipts", "too_many", message));
    }
    if !(1..=MAX).contains(&receipts.len()) {
        return Err(wanted());
    }
    Ok(Batch { wanted: receipts.into_iter().map(one).collect(), atomic })
}

fn one(value: Value) -> Wanted {
    let Value::Object(members) = value else {
        return Err(Problem::invalid().field("receipts", "receipt", "A receipt is an object."));
    };
    let is_ours = |name: &str| name == "idempotency_key" || name == "idempotent";
    let (ours, members): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| is_ours(name));
    let (mut key, mut idempotent) = (None, None);
    for (name, value) in ours {
        let Value::String(text) = value else {
            return Err(Problem::invalid().field(name, "not_text", "Text in quotes is wanted."));
        };
        *(if name == "idempotent" { &mut idempotent } else { &mut key }) = Some(text);
    }
    let repeat = Repeat::of(key, idempotent.as_deref())?;
    Ok((NewReceipt::from_value(Value::Object(members))?, repeat))
}
