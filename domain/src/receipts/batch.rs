//! Many receipts in one request.

use ledger::json::{self, Limits, Value};

use super::key::Key;
use super::service::{Kept, admit, answer};
use super::{Issued, NewReceipt};
use crate::Problem;
use crate::context::Cx;
use crate::logs;
use crate::permission::Permission;

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

/// Issues many receipts, each as [`super::issue`] would: a refusal of one leaves the others. Results are in the order of
/// what was wanted.
pub async fn issue_batch(cx: &Cx, wanted: Vec<Wanted>) -> Result<Vec<Result<Issued, Problem>>, Problem> {
    cx.require(Permission::ReceiptsWrite)?;
    let identity = logs::identity(cx).await?;
    let (mut entries, mut signed) = (Vec::with_capacity(wanted.len()), Vec::with_capacity(wanted.len()));
    for wanted in wanted {
        let entry = match wanted {
            Ok((new, key)) => admit(cx, &identity, new, key.as_deref().map(Key::Caller)).await,
            Err(problem) => Err(problem),
        };
        signed.push(entry.map(|entry| {
            let kept = Kept::of(&entry);
            entries.push(entry);
            kept
        }));
    }
    let mut outcomes = cx.domain.sequencer.place_many(entries).await.into_iter();
    let mut issued = Vec::with_capacity(signed.len());
    for kept in signed {
        issued.push(match kept {
            Err(problem) => Err(problem),
            Ok(kept) => match outcomes.next() {
                Some(Ok(outcome)) => answer(cx, &identity, kept, outcome).await,
                Some(Err(problem)) => Err(problem),
                None => Err(Problem::internal("an entry was not answered")),
            },
        });
    }
    Ok(issued)
}
