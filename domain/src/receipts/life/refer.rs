//! Use-cases of receipts that refer to others.

use ledger::json::Value;
use uuid::Uuid;

use super::{REASON_MAX, Ref, Relation, store};
use crate::Problem;
use crate::context::Cx;
use crate::id::ReceiptId;
use crate::permission::Permission;
use crate::receipts::{Issued, NewReceipt, issue};

/// Whether the receipts referred to are there, and those to be ended still hold.
///
/// That a receipt ends once is the database's rule, in the sequencer's transaction; here it is told apart who was first.
pub(in crate::receipts) async fn check(cx: &Cx, refs: &[Ref]) -> Result<(), Problem> {
    if refs.is_empty() {
        return Ok(());
    }
    let log = cx.tenant()?;
    let mut tx = cx.begin().await?;
    let ids: Vec<Uuid> = refs.iter().map(|other| other.id.0).collect();
    let targets = store::targets(&mut tx, log, &ids).await?;
    let mut problem = Problem::invalid();
    for (index, other) in refs.iter().enumerate() {
        match targets.iter().find(|target| target.id == other.id && target.kind != "log_created") {
            None => {
                let message = "There is no receipt of this id in this log.";
                problem = problem.field(format!("refs[{index}].id"), "unknown_receipt", message);
            }
            Some(_) if !other.relation.ends() => {}
            Some(target) if target.is_final => {
                let detail = format!("{} ends another receipt or records an erasure: it stands for good.", other.id);
                return Err(Problem::new(409, "receipt_final", "").because(detail));
            }
            Some(target) => {
                if let Some(by) = target.ended {
                    return Err(ended(other.id, by));
                }
            }
        }
    }
    problem.unless_empty()
}

fn ended(id: ReceiptId, by: Ref) -> Problem {
    let how = if by.relation == Relation::Supersedes { "superseded" } else { "revoked" };
    Problem::new(409, "receipt_ended", "").because(format!("{id} was {how} already, by {}.", by.id))
}

/// Revokes a receipt, by a new one of kind `revocation` that refers to it and says why.
///
/// Errors: 404 when it is not there; 409 when it was revoked or superseded before, or itself revokes another; 422 for a
/// reason that is empty or over [`REASON_MAX`] characters.
pub async fn revoke(cx: &Cx, id: ReceiptId, why: &str, key: Option<&str>) -> Result<Issued, Problem> {
    let log = cx.require(Permission::ReceiptsWrite)?;
    let why = reason(why)?;
    let mut tx = cx.begin().await?;
    let found = store::targets(&mut tx, log, &[id.0]).await?;
    drop(tx);
    if found.iter().all(|target| target.kind == "log_created") {
        return Err(Problem::not_found());
    }
    let new = NewReceipt {
        data: Some(Value::object([("reason", why.into())])),
        refs: vec![Ref { id, relation: Relation::Revokes }],
        ..NewReceipt::of_kind("revocation")
    };
    issue(cx, new, key).await
}

/// A reason in somebody's own words.
pub(super) fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > REASON_MAX || text.contains('\0') {
        let message = format!("Say why, in 1 to {REASON_MAX} characters.");
        return Err(Problem::invalid().field("reason", "reason", message));
    }
    Ok(text.to_owned())
}
