//! SQL of shared receipts.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::Tx;
use crate::id::{OrgId, ReceiptId, UserId};
use crate::{Mode, Problem};

/// A share as the database has it.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) with_contents: bool,
    pub(super) shared_at: OffsetDateTime,
}

/// Makes a receipt's link, or changes what the one it has shows; 404 where there is no such receipt.
pub(super) async fn insert_or_change(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    receipt: ReceiptId,
    new: &Row,
    token_hash: &[u8; 32],
    shared_by: Option<UserId>,
) -> Result<Row, Problem> {
    sqlx::query_as!(
        Row,
        "insert into shared_receipts (org_id, mode, id, receipt_id, token_hash, with_contents, shared_by, shared_at)
        select org_id, mode, $4, id, $5, $6, $7, $8 from receipts
        where org_id = $1 and mode = $2 and id = $3 and kind <> 'log_created'
        on conflict (org_id, mode, receipt_id) where withdrawn_at is null do update set with_contents = excluded.with_contents
        returning id, with_contents, shared_at",
        org_id.0,
        mode.as_str(),
        receipt.0,
        new.id,
        token_hash.as_slice(),
        new.with_contents,
        shared_by.map(|id| id.0),
        new.shared_at
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or_else(Problem::not_found)
}

/// A receipt's link; 404 where there is no such receipt.
pub(super) async fn find(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    receipt: ReceiptId,
) -> Result<Option<Row>, Problem> {
    let row = sqlx::query!(
        r#"select s.id as "id?", s.with_contents as "with_contents?", s.shared_at as "shared_at?" from receipts r
        left join shared_receipts s on s.org_id = r.org_id and s.mode = r.mode and s.receipt_id = r.id and s.withdrawn_at is null
        where r.org_id = $1 and r.mode = $2 and r.id = $3 and r.kind <> 'log_created'"#,
        org_id.0,
        mode.as_str(),
        receipt.0
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or_else(Problem::not_found)?;
    let share = row.id.zip(row.with_contents).zip(row.shared_at);
    Ok(share.map(|((id, with_contents), shared_at)| Row { id, with_contents, shared_at }))
}

/// Ends a receipt's link; whether it had one.
pub(super) async fn withdraw(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    receipt: ReceiptId,
    now: OffsetDateTime,
) -> Result<bool, Problem> {
    let ended = sqlx::query!(
        "update shared_receipts set withdrawn_at = $4
        where org_id = $1 and mode = $2 and receipt_id = $3 and withdrawn_at is null",
        org_id.0,
        mode.as_str(),
        receipt.0,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// The one share that the transaction's token opens: row-level security hides all others.
pub(super) async fn presented(tx: &mut Tx) -> Result<(OrgId, Mode, ReceiptId, bool), Problem> {
    let row = sqlx::query!(
        "select org_id, mode, receipt_id, with_contents from shared_receipts
        where token_hash = presented_share() and withdrawn_at is null"
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or_else(Problem::not_found)?;
    let mode = row.mode.parse().map_err(|_| Problem::internal("a share of an unknown mode"))?;
    Ok((OrgId(row.org_id), mode, ReceiptId(row.receipt_id), row.with_contents))
}
