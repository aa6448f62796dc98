//! Erasing what a receipt is about, and leaving what was signed about it.

use ledger::json::Value;
use serde::{Deserialize, Serialize};

use super::{Ref, Relation, refer, store};
use crate::context::{Actor, Cx, Domain};
use crate::database::Tx;
use crate::id::{OrgId, ReceiptId};
use crate::permission::{Permission, Role};
use crate::receipts::key::Key;
use crate::receipts::service::issue_under;
use crate::receipts::{NewReceipt, Receipt, get};
use crate::{Mode, Problem, events, jobs};

/// Puts the record of an erasure into the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordErasure {
    /// Whose.
    pub org_id: OrgId,
    /// In which log.
    pub mode: Mode,
    /// The receipt whose contents are gone.
    pub receipt_id: ReceiptId,
}

/// Erases a receipt's contents and their salt, with every copy, for good. Statement, proofs and place in the log stay.
///
/// The receipt as it is afterwards. Erasing again changes nothing. A receipt of kind `payload_erased` that refers to it
/// tells who did it and why.
///
/// Errors: 403 unless the actor is an owner or an admin, or a key that such a person made; 404; 409 while an import runs,
/// whose file may hold the same contents; 422 for a reason that is none.
pub async fn erase(cx: &Cx, id: ReceiptId, why: &str) -> Result<Receipt, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::PayloadsErase)?;
    let mut tx = cx.begin().await?;
    let by = eraser(cx, &mut tx).await?;
    let why = refer::reason(why)?;
    let found = store::targets(&mut tx, log, &[id.0]).await?;
    if found.iter().all(|target| target.kind == "log_created") {
        return Err(Problem::not_found());
    }
    if store::is_importing(&mut tx, log).await? {
        let detail = "An import is under way, and its file may hold the same contents. Try again when it has ended.";
        return Err(Problem::new(409, "import_running", detail).retry_after(10));
    }
    let job = RecordErasure { org_id, mode, receipt_id: id };
    if store::insert_erasure(&mut tx, log, id, (&by, &why), cx.now()).await? {
        store::delete_payload(&mut tx, log, id).await?;
        store::clear_copies(&mut tx, log, id).await?;
        store::clear_reason(&mut tx, log, id).await?;
        jobs::enqueue(&mut tx, &job, &format!("erasure/{id}")).await?;
        events::emit(cx, &mut tx, mode, "receipt.payload_erased", serde_json::json!({ "id": id })).await?;
        tx.commit().await?;
    }
    // What is gone is gone; its record may come a moment later, from the job.
    if let Err(problem) = record(cx.domain(), &job).await {
        tracing::warn!(%id, %problem, internal = problem.internal, "the record of an erasure has to wait");
    }
    get(cx, id).await
}

/// Who erases, as it is kept: a person's name, or a key's id. 403 unless they are an owner or an admin, or a key that such a
/// person made.
pub(crate) async fn eraser(cx: &Cx, tx: &mut Tx) -> Result<String, Problem> {
    let (org_id, _) = cx.require(Permission::PayloadsErase)?;
    match cx.actor() {
        Actor::User { user_id, .. } => store::name_of(tx, user_id.0).await,
        Actor::ApiKey { id, .. } => {
            let role = store::role_behind_key(tx, org_id, *id).await?;
            if role.is_some_and(|role| Role::from_str_or_viewer(&role).allows(Permission::PayloadsErase)) {
                return Ok(id.to_string());
            }
            Err(Problem::forbidden(Permission::PayloadsErase))
        }
        Actor::Nobody | Actor::System { .. } => Ok("CertNode".to_owned()),
    }
}

/// Puts the record of an erasure into the log, once.
pub async fn record(domain: &Domain, job: &RecordErasure) -> Result<(), Problem> {
    let cx = domain.system(job.org_id, job.mode);
    let log = cx.require(Permission::ReceiptsWrite)?;
    let mut tx = cx.begin().await?;
    let Some(erasure) = store::find(&mut tx, log, job.receipt_id).await?.erasure else { return Ok(()) };
    drop(tx);
    if erasure.record.is_some() {
        return Ok(());
    }
    let data = [("erased_by", erasure.erased_by.into()), ("reason", Value::from(erasure.reason))];
    let new = NewReceipt {
        occurred_at: Some(erasure.erased_at),
        data: Some(Value::object(data)),
        refs: vec![Ref { id: job.receipt_id, relation: Relation::RelatesTo }],
        ..NewReceipt::of_kind("payload_erased")
    };
    let issued = issue_under(&cx, new, Some(Key::Own(&format!("erasure/{}", job.receipt_id)))).await?;
    let mut tx = cx.begin().await?;
    store::set_record(&mut tx, log, job.receipt_id, issued.receipt.summary.id).await?;
    tx.commit().await
}
