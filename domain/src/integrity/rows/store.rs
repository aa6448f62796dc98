//! SQL of entries, with all that is stored beside them.

use std::collections::{HashMap, HashSet};

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::id::{OrgId, ReceiptId};
use crate::integrity::batches::AROUND;
use crate::{Mode, Problem, months};

/// An entry as it is stored.
#[derive(Clone)]
pub(crate) struct EntryRow {
    pub(crate) log_index: u64,
    pub(crate) leaf_hash: Vec<u8>,
    pub(crate) statement: Vec<u8>,
    /// What stands beside it; none when only leaves are asked for.
    pub(crate) columns: Option<Columns>,
}

/// What is stored of a receipt beside its statement.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    pub(crate) id: ReceiptId,
    pub(crate) tree_size: u64,
    pub(crate) kind: String,
    pub(crate) reference: Option<String>,
    pub(crate) occurred_at: OffsetDateTime,
    pub(crate) issued_at: OffsetDateTime,
    pub(crate) amount_minor: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) idempotency: Option<Vec<u8>>,
    /// Payload and salt; none once they are erased.
    pub(crate) payload: Option<(Vec<u8>, Vec<u8>)>,
    /// The note that they were.
    pub(crate) erasure: Option<Erasure>,
    /// Whether a receipt in the log says that they were.
    pub(crate) is_recorded_as_erased: bool,
    /// What it refers to: ids and relations.
    pub(crate) refs: Vec<(ReceiptId, String)>,
}

/// The note that contents were erased, and the receipt that it names as the record of that.
#[derive(Clone, Debug)]
pub(crate) struct Erasure {
    pub(crate) erased_at: OffsetDateTime,
    pub(crate) erased_by: String,
    pub(crate) reason: String,
    /// None for the moment before the record is in the log.
    pub(crate) record: Option<ReceiptId>,
    /// The record's statement, if there is such a receipt.
    pub(crate) statement: Option<Vec<u8>>,
    /// Its contents, unless they were erased as well.
    pub(crate) payload: Option<Vec<u8>>,
}

/// The leaves and statements of entries.
pub(crate) async fn leaves(
    executor: impl PgExecutor<'_>,
    (org_id, mode): (OrgId, Mode),
    from: u64,
    until: u64,
) -> Result<Vec<EntryRow>, Problem> {
    let rows = sqlx::query!(
        "select log_index, leaf_hash, statement from receipts
        where org_id = $1 and mode = $2 and log_index >= $3 and log_index < $4 order by log_index",
        org_id.0,
        mode.as_str(),
        from.cast_signed(),
        until.cast_signed()
    )
    .fetch_all(executor)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| EntryRow {
            log_index: row.log_index.cast_unsigned(),
            leaf_hash: row.leaf_hash,
            statement: row.statement,
            columns: None,
        })
        .collect())
}

/// Entries with all that is stored of them.
pub(crate) async fn entries(
    connection: &mut PgConnection,
    log @ (org_id, mode): (OrgId, Mode),
    from: u64,
    until: u64,
) -> Result<Vec<EntryRow>, Problem> {
    // Before the rows are read: what is recorded by then is gone from them.
    let recorded = recorded_erasures(connection, log, from, until).await?;
    let rows = sqlx::query!(
        r#"select r.log_index, r.leaf_hash, r.statement, r.id, r.tree_size, r.kind, r.reference, r.occurred_at, r.issued_at,
            r.amount_minor, r.currency, r.idempotency, p.payload as "payload?", p.salt as "salt?",
            e.erased_at as "erased_at?", e.erased_by as "erased_by?", e.reason as "reason?", e.record_id as "record_id?",
            record.statement as "record?", said.payload as "said?"
        from receipts r
        left join payloads p on p.org_id = r.org_id and p.mode = r.mode and p.receipt_id = r.id
        left join payload_erasures e on e.org_id = r.org_id and e.mode = r.mode and e.receipt_id = r.id
        left join receipts record on record.org_id = e.org_id and record.mode = e.mode and record.id = e.record_id
        left join payloads said on said.org_id = e.org_id and said.mode = e.mode and said.receipt_id = e.record_id
        where r.org_id = $1 and r.mode = $2 and r.log_index >= $3 and r.log_index < $4 order by r.log_index"#,
        org_id.0,
        mode.as_str(),
        from.cast_signed(),
        until.cast_signed()
    )
    .fetch_all(&mut *connection)
    .await?;
    // Contents that are neither here nor noted as erased are in the archive, or nowhere.
    let missing = rows.iter().flat_map(|row| {
        let own = (row.payload.is_none() && row.erased_at.is_none()).then_some(row.id);
        let said = row.record_id.filter(|_| row.said.is_none());
        own.into_iter().chain(said)
    });
    let missing: Vec<Uuid> = missing.collect();
    let archived = months::store::archived(connection, log, &missing).await?;
    // They are written with their entry and never changed, so this may be a moment later.
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut refs = refs(connection, log, &ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| EntryRow {
            log_index: row.log_index.cast_unsigned(),
            leaf_hash: row.leaf_hash,
            statement: row.statement,
            columns: Some(Columns {
                id: ReceiptId(row.id),
                tree_size: row.tree_size.cast_unsigned(),
                kind: row.kind,
                reference: row.reference,
                occurred_at: row.occurred_at,
                issued_at: row.issued_at,
                amount_minor: row.amount_minor,
                currency: row.currency,
                idempotency: row.idempotency,
                payload: row.payload.zip(row.salt).or_else(|| archived.get(&row.id).cloned()),
                erasure: row.erased_at.map(|erased_at| Erasure {
                    erased_at,
                    erased_by: row.erased_by.unwrap_or_default(),
                    reason: row.reason.unwrap_or_default(),
                    record: row.record_id.map(ReceiptId),
                    statement: row.record,
                    payload: row.said.or_else(|| Some(archived.get(&row.record_id?)?.0.clone())),
                }),
                is_recorded_as_erased: recorded.contains(&row.log_index),
                refs: refs.remove(&row.id).unwrap_or_default(),
            }),
        })
        .collect())
}

/// The entries whose erasure a receipt in the log records.
async fn recorded_erasures(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    from: u64,
    until: u64,
) -> Result<HashSet<i64>, Problem> {
    let rows = sqlx::query_scalar!(
        "select r.log_index from receipts record
        join receipt_refs f on f.org_id = record.org_id and f.mode = record.mode and f.receipt_id = record.id
        join receipts r on r.org_id = f.org_id and r.mode = f.mode and r.id = f.target_id
        where record.org_id = $1 and record.mode = $2 and record.kind = 'payload_erased'
            and r.log_index >= $3 and r.log_index < $4",
        org_id.0,
        mode.as_str(),
        from.cast_signed(),
        until.cast_signed()
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// What receipts refer to, by their ids.
///
/// Asked by ids, not by a join with the span: a planner without statistics, as after a crash, reads all references of the log
/// for each entry then.
async fn refs(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<(ReceiptId, String)>>, Problem> {
    let rows = sqlx::query!(
        "select receipt_id, target_id, relation from receipt_refs
        where org_id = $1 and mode = $2 and receipt_id = any($3)",
        org_id.0,
        mode.as_str(),
        ids
    )
    .fetch_all(connection)
    .await?;
    let mut refs: HashMap<Uuid, Vec<(ReceiptId, String)>> = HashMap::new();
    for row in rows {
        refs.entry(row.receipt_id).or_default().push((ReceiptId(row.target_id), row.relation));
    }
    Ok(refs)
}

/// The sizes of the trees that the entries right before and after a stretch were answered with.
pub(crate) async fn around(
    connection: &mut PgConnection,
    log: (OrgId, Mode),
    (from, until, size): (u64, u64, u64),
) -> Result<Vec<(u64, u64)>, Problem> {
    let mut around = tree_sizes(&mut *connection, log, from.saturating_sub(AROUND), from).await?;
    around.extend(tree_sizes(connection, log, until, (until + AROUND).min(size)).await?);
    Ok(around)
}

/// The sizes of the trees that entries were answered with, by index.
pub(crate) async fn tree_sizes(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    from: u64,
    until: u64,
) -> Result<Vec<(u64, u64)>, Problem> {
    let rows = sqlx::query!(
        "select log_index, tree_size from receipts
        where org_id = $1 and mode = $2 and log_index >= $3 and log_index < $4 order by log_index",
        org_id.0,
        mode.as_str(),
        from.cast_signed(),
        until.cast_signed()
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.log_index.cast_unsigned(), row.tree_size.cast_unsigned())).collect())
}
