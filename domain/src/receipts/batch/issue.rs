//! What becomes of the receipts of one request.

use super::{ATOMIC_MAX, Wanted};
use crate::context::Cx;
use crate::permission::Permission;
use crate::receipts::Issued;
use crate::receipts::service::{Kept, admit, answer};
use crate::{Problem, logs};

/// What is wanted together gets its places in one step of the sequencer.
const _: () = assert!(ATOMIC_MAX == crate::sequencer::BATCH, "as many as it places at once");

/// Issues many receipts, each as [`crate::receipts::issue`] would: a refusal of one leaves the others. Results are in the order of
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
    let mut outcomes = cx.domain.sequencer.place_many_in_time(entries).await.into_iter();
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
