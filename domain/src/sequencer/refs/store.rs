//! SQL of references between receipts.

use sqlx::PgConnection;
use uuid::Uuid;

use super::ends;
use crate::id::{OrgId, ReceiptId};
use crate::sequencer::Entry;
use crate::sequencer::batch::LogKey;

/// The unique index that says that a receipt ends once.
pub(in crate::sequencer) const ENDED_KEY: &str = "receipt_refs_ended_key";

/// Writes what the entries of a batch refer to; nothing is asked of the database when they refer to nothing.
pub(in crate::sequencer) async fn insert(
    connection: &mut PgConnection,
    entries: impl Iterator<Item = &Entry>,
) -> Result<(), sqlx::Error> {
    let (mut org_ids, mut modes, mut ids, mut targets, mut relations) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (entry, other) in entries.flat_map(|entry| entry.refs.iter().map(move |other| (entry, other))) {
        org_ids.push(entry.org_id.0);
        modes.push(entry.mode.as_str().to_owned());
        ids.push(entry.id.0);
        targets.push(other.id.0);
        relations.push(other.relation.as_str().to_owned());
    }
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into receipt_refs (org_id, mode, receipt_id, target_id, relation)
        select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[])",
        &org_ids,
        &modes,
        &ids,
        &targets,
        &relations
    )
    .execute(connection)
    .await
    .map(|_| ())
}

/// Which of the receipts that the entries would end have ended.
pub(in crate::sequencer) async fn ended(
    connection: &mut PgConnection,
    entries: impl Iterator<Item = &Entry>,
) -> Result<Vec<(LogKey, ReceiptId)>, sqlx::Error> {
    let wanted: Vec<(LogKey, ReceiptId)> = entries.flat_map(ends).collect();
    let org_ids: Vec<Uuid> = wanted.iter().map(|((org_id, _), _)| org_id.0).collect();
    let modes: Vec<String> = wanted.iter().map(|((_, mode), _)| mode.as_str().to_owned()).collect();
    let ids: Vec<Uuid> = wanted.iter().map(|(_, id)| id.0).collect();
    let rows = sqlx::query!(
        "select r.org_id, r.mode, r.target_id from unnest($1::uuid[], $2::text[], $3::uuid[]) as wanted (org_id, mode, id)
        join receipt_refs r on r.org_id = wanted.org_id and r.mode = wanted.mode and r.target_id = wanted.id
            and r.relation <> 'relates_to'",
        &org_ids,
        &modes,
        &ids
    )
    .fetch_all(connection)
    .await?;
    let known = rows
        .into_iter()
        .filter_map(|row| Some(((OrgId(row.org_id), row.mode.parse().ok()?), ReceiptId(row.target_id))));
    Ok(known.collect())
}
