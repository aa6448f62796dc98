//! Many receipts in one request.

use ledger::json::{self, Limits, Value};

use super::service::{Kept, admit, answer};
use super::{Issued, NewReceipt, Repeat};
use crate::Problem;
use crate::context::Cx;
use crate::logs;
use crate::permission::Permission;

/// Receipts of one request.
pub const MAX: usize = 1000;
/// Bytes of one request.
pub const MAX_BYTES: usize = 8 << 20;

/// Receipts of one request that is atomic: as many as get their places in one step.
pub const ATOMIC_MAX: usize = crate::sequencer::BATCH;

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

/// Issues many receipts, each as [`super::issue`] would: a refusal of one leaves the others. Results are in the order of
/// what was wanted.
pub async fn issue_batch(cx: &Cx, wanted: Vec<Wanted>) -> Result<Vec<Result<Issued, Problem>>, Problem> {
    cx.require(Permission::ReceiptsWrite)?;
    let identity = logs::identity(cx).await?;
    let (mut entries, mut signed) = (Vec::with_capacity(wanted.len()), Vec::with_capacity(wanted.len()));
    for wanted in wanted {
        let entry = match wanted {
            Ok((new, repeat)) => admit(cx, &identity, new, repeat.key()).await,
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
