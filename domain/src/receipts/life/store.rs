//! SQL of what becomes of receipts.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Erasure, Life, Ref, Relation};
use crate::database::Tx;
use crate::id::{ApiKeyId, OrgId, ReceiptId};
use crate::{Mode, Problem, months};

/// Links shown of those that refer to a receipt.
const SHOWN: i64 = 100;

/// A receipt that is to be referred to.
pub(super) struct Target {
    pub(super) id: ReceiptId,
    pub(super) kind: String,
    /// It revokes another, or records an erasure.
    pub(super) is_final: bool,
    /// What ended it, and how.
    pub(super) ended: Option<Ref>,
}

struct TargetRow {
    id: Uuid,
    kind: String,
    by: Option<Uuid>,
    relation: Option<String>,
    is_final: bool,
}

fn link(id: Uuid, relation: &str) -> Option<Ref> {
    Some(Ref { id: ReceiptId(id), relation: Relation::named(relation)? })
}

pub(super) async fn targets(tx: &mut Tx, (org_id, mode): (OrgId, Mode), ids: &[Uuid]) -> Result<Vec<Target>, Problem> {
    let rows = sqlx::query_as!(
        TargetRow,
        r#"select r.id, r.kind, e.receipt_id as "by?", e.relation as "relation?",
            r.kind = 'payload_erased' or exists (select from receipt_refs f where f.org_id = r.org_id and f.mode = r.mode
                and f.receipt_id = r.id and f.relation = 'revokes') as "is_final!"
        from receipts r left join receipt_refs e
            on e.org_id = r.org_id and e.mode = r.mode and e.target_id = r.id and e.relation <> 'relates_to'
        where r.org_id = $1 and r.mode = $2 and r.id = any($3)"#,
        org_id.0,
        mode.as_str(),
        ids
    )
    .fetch_all(tx.connection())
    .await?;
    let target = |row: TargetRow| Target {
        id: ReceiptId(row.id),
        kind: row.kind,
        is_final: row.is_final,
        ended: row.by.zip(row.relation).and_then(|(by, relation)| link(by, &relation)),
    };
    Ok(rows.into_iter().map(target).collect())
}

/// What a receipt refers to, what refers to it, and whether it was erased.
pub(in crate::receipts) async fn find(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    id: ReceiptId,
) -> Result<Life, Problem> {
    let refs = sqlx::query!(
        "select target_id, relation from receipt_refs where org_id = $1 and mode = $2 and receipt_id = $3 order by target_id",
        org_id.0,
        mode.as_str(),
        id.0
    )
    .fetch_all(tx.connection())
    .await?;
    let referred_by = sqlx::query!(
        "select receipt_id, relation from receipt_refs where org_id = $1 and mode = $2 and target_id = $3
        order by relation = 'relates_to', receipt_id desc limit $4",
        org_id.0,
        mode.as_str(),
        id.0,
        SHOWN
    )
    .fetch_all(tx.connection())
    .await?;
    let erasure = sqlx::query!(
        "select erased_at, erased_by, reason, record_id from payload_erasures
        where org_id = $1 and mode = $2 and receipt_id = $3",
        org_id.0,
        mode.as_str(),
        id.0
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(Life {
        refs: refs.into_iter().filter_map(|row| link(row.target_id, &row.relation)).collect(),
        referred_by: referred_by.into_iter().filter_map(|row| link(row.receipt_id, &row.relation)).collect(),
        erasure: erasure.map(|row| Erasure {
            erased_at: row.erased_at,
            erased_by: row.erased_by,
            reason: row.reason,
            record: row.record_id.map(ReceiptId),
        }),
    })
}

pub(super) async fn delete_payload(tx: &mut Tx, (org_id, mode): (OrgId, Mode), id: ReceiptId) -> Result<(), Problem> {
    let deleted = sqlx::query!(
        "delete from payloads where org_id = $1 and mode = $2 and receipt_id = $3",
        org_id.0,
        mode.as_str(),
        id.0
    )
    .execute(tx.connection())
    .await?;
    if deleted.rows_affected() == 0 {
        months::store::delete_archived(tx.connection(), (org_id, mode), id.0).await?;
    }
    Ok(())
}

/// Empties the columns that are copies of the contents, to search and sort by.
pub(super) async fn clear_copies(tx: &mut Tx, (org_id, mode): (OrgId, Mode), id: ReceiptId) -> Result<(), Problem> {
    sqlx::query!(
        "update receipts set reference = null, occurred_at = issued_at, amount_minor = null, currency = null
        where org_id = $1 and mode = $2 and id = $3",
        org_id.0,
        mode.as_str(),
        id.0
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Empties what is kept beside a record of an erasure, and is a copy of its contents.
pub(super) async fn clear_reason(tx: &mut Tx, (org_id, mode): (OrgId, Mode), record: ReceiptId) -> Result<(), Problem> {
    sqlx::query!(
        "update payload_erasures set reason = '', erased_by = '' where org_id = $1 and mode = $2 and record_id = $3",
        org_id.0,
        mode.as_str(),
        record.0
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Notes an erasure; whether it is the first of this receipt.
pub(super) async fn insert_erasure(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    id: ReceiptId,
    (by, reason): (&str, &str),
    now: OffsetDateTime,
) -> Result<bool, Problem> {
    let inserted = sqlx::query!(
        "insert into payload_erasures (org_id, mode, receipt_id, erased_at, erased_by, reason)
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        org_id.0,
        mode.as_str(),
        id.0,
        now,
        by,
        reason
    )
    .execute(tx.connection())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn set_record(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    id: ReceiptId,
    record: ReceiptId,
) -> Result<(), Problem> {
    sqlx::query!(
        "update payload_erasures set record_id = $4 where org_id = $1 and mode = $2 and receipt_id = $3",
        org_id.0,
        mode.as_str(),
        id.0,
        record.0
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Whether an import is under way, whose file may hold the same contents.
pub(super) async fn is_importing(tx: &mut Tx, (org_id, mode): (OrgId, Mode)) -> Result<bool, Problem> {
    let importing = sqlx::query_scalar!(
        r#"select exists (select from imports where org_id = $1 and mode = $2
            and state in ('queued', 'running')) as "importing!""#,
        org_id.0,
        mode.as_str()
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(importing)
}

pub(super) async fn name_of(tx: &mut Tx, user_id: Uuid) -> Result<String, Problem> {
    let name =
        sqlx::query_scalar!("select name from users where id = $1", user_id).fetch_optional(tx.connection()).await?;
    Ok(name.unwrap_or_default())
}

/// The role of whoever made an API key, if they are still a member.
pub(super) async fn role_behind_key(tx: &mut Tx, org_id: OrgId, key: ApiKeyId) -> Result<Option<String>, Problem> {
    let role = sqlx::query_scalar!(
        "select m.role from api_keys k join memberships m on m.org_id = k.org_id and m.user_id = k.created_by
        where k.org_id = $1 and k.id = $2",
        org_id.0,
        key.0
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(role)
}
