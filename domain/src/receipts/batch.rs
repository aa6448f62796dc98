//! Many receipts in one request.

use ledger::json::{self, Limits, Value};

use super::NewReceipt;
use crate::Problem;

#[cfg(feature = "server")]
mod issue;

#[cfg(feature = "server")]
pub use issue::issue_batch;

/// Receipts of one request.
pub const MAX: usize = 1000;
/// Bytes of one request.
pub const MAX_BYTES: usize = 8 << 20;

/// One wanted receipt of a batch, and its idempotency key.
pub type Wanted = Result<(NewReceipt, Option<String>), Problem>;

/// Reads `{"receipts": […]}`; each element is a receipt, with its `idempotency_key` beside its other members.
///
/// Errors: 422 when the whole cannot be read, or holds none or more than [`MAX`]; an element that is not acceptable is its
/// own refusal.
pub fn parse(body: &[u8]) -> Result<Vec<Wanted>, Problem> {
    let limits = Limits { bytes: MAX_BYTES, depth: json::RECEIPT.depth + 2 };
    let value = json::parse_with(body, limits).map_err(|error| {
        Problem::new(422, "invalid_json", "").because(format!("The body is not acceptable JSON: {error}."))
    })?;
    let wanted =
        || Problem::invalid().field("receipts", "receipts", format!("1 to {MAX} receipts are wanted, in a list."));
    let Value::Object(members) = value else { return Err(wanted()) };
    match <[_; 1]>::try_from(members) {
        Ok([(name, Value::Array(receipts))]) if name == "receipts" && (1..=MAX).contains(&receipts.len()) => {
            Ok(receipts.into_iter().map(one).collect())
        }
        _ => Err(wanted()),
    }
}

fn one(value: Value) -> Wanted {
    let Value::Object(members) = value else {
        return Err(Problem::invalid().field("receipts", "receipt", "A receipt is an object."));
    };
    let (keys, members): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == "idempotency_key");
    let key = match keys.into_iter().next() {
        None => None,
        Some((_, Value::String(key))) => Some(key),
        Some((name, _)) => return Err(Problem::invalid().field(name, "not_text", "Text in quotes is wanted.")),
    };
    Ok((NewReceipt::from_value(Value::Object(members))?, key))
}
