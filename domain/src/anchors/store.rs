//! SQL of anchors.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Anchor;
use crate::database::Tx;
use crate::id::{OrgId, ReceiptId};
use crate::{Mode, Problem};

/// A log that moved since it was last anchored.
pub(super) struct Moved {
    pub(super) org_id: OrgId,
    pub(super) mode: Mode,
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) checkpoint: String,
}

/// The logs that moved, in order, from behind one of them on.
pub(super) async fn moved(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    limit: usize,
) -> Result<Vec<Moved>, Problem> {
    let rows = sqlx::query!(
        "select org_id, mode, origin, size, checkpoint from logs
        where (org_id, mode) > ($1, $2) and size > 0 and not exists (
            select from anchors where anchors.org_id = logs.org_id and anchors.mode = logs.mode and anchors.log_size >= logs.size)
        order by org_id, mode limit $3",
        org_id.0,
        mode.as_str(),
        limit as i64
    )
    .fetch_all(connection)
    .await?;
    let log = |mode: String| mode.parse().map_err(|_| Problem::internal("a log of an unknown mode"));
    rows.into_iter()
        .map(|row| {
            Ok(Moved {
                org_id: OrgId(row.org_id),
                mode: log(row.mode)?,
                origin: row.origin,
                size: row.size.cast_unsigned(),
                checkpoint: row.checkpoint,
            })
        })
        .collect()
}

pub(crate) async fn index_of(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    id: ReceiptId,
) -> Result<u64, Problem> {
    let index = sqlx::query_scalar!(
        "select log_index from receipts where org_id = $1 and mode = $2 and id = $3",
        org_id.0,
        mode.as_str(),
        id.0
    )
    .fetch_one(connection)
    .await?;
    Ok(index.cast_unsigned())
}

/// Notes where in the root log the states of logs are, and tells the logs' owners.
pub(super) async fn insert(
    connection: &mut PgConnection,
    moved: &[Moved],
    root_indices: &[i64],
    now: OffsetDateTime,
) -> Result<(), Problem> {
    let org_ids: Vec<Uuid> = moved.iter().map(|log| log.org_id.0).collect();
    let modes: Vec<String> = moved.iter().map(|log| log.mode.as_str().to_owned()).collect();
    let sizes: Vec<i64> = moved.iter().map(|log| log.size.cast_signed()).collect();
    let checkpoints: Vec<String> = moved.iter().map(|log| log.checkpoint.clone()).collect();
    sqlx::query!(
        "with anchored as (
            insert into anchors (org_id, mode, log_size, root_index, anchored_at, checkpoint)
            select org_id, mode, log_size, root_index, $6, checkpoint
            from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
                as moved (org_id, mode, log_size, root_index, checkpoint)
            on conflict (org_id, mode, log_size) do nothing returning *)
        insert into events (org_id, mode, type, data, created_at)
        select org_id, mode, 'receipts.anchored', jsonb_build_object('until_index', log_size, 'root_index', root_index), anchored_at
        from anchored",
        &org_ids,
        &modes,
        &sizes,
        root_indices,
        &checkpoints,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn covering(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    index: u64,
) -> Result<Option<Anchor>, Problem> {
    let row = sqlx::query!(
        "select log_size, root_index, anchored_at from anchors where org_id = $1 and mode = $2 and log_size > $3 order by log_size limit 1",
        org_id.0,
        mode.as_str(),
        index.cast_signed()
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.map(|row| Anchor {
        log_size: row.log_size.cast_unsigned(),
        root_index: row.root_index.cast_unsigned(),
        at: row.anchored_at,
    }))
}

/// Keeps a witness's cosignature over the root log's state of a size, and tells the owners of what it saw for the first time.
pub(super) async fn keep(
    connection: &mut PgConnection,
    root_size: u64,
    witness: &str,
    line: &str,
    now: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "with before as (select coalesce(max(root_size), 0) as size from root_cosignatures where witness = $2 and root_size < $1),
        kept as (
            insert into root_cosignatures (root_size, witness, line, cosigned_at) values ($1, $2, $3, $4)
            on conflict (root_size, witness) do nothing returning *)
        insert into events (org_id, mode, type, data, created_at)
        select a.org_id, a.mode, 'receipts.witnessed',
            jsonb_build_object('until_index', max(a.log_size), 'witness', kept.witness), kept.cosigned_at
        from anchors a, kept, before where a.root_index >= before.size and a.root_index < kept.root_size
        group by a.org_id, a.mode, kept.witness, kept.cosigned_at",
        root_size.cast_signed(),
        witness,
        line,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The newest states of the root log that witnesses cosigned, newest first, and their lines.
pub(super) async fn cosigned(tx: &mut Tx) -> Result<Vec<(u64, Vec<String>)>, Problem> {
    let rows = sqlx::query!(
        r#"select root_size, array_agg(line order by witness) as "lines!" from root_cosignatures
        group by root_size order by root_size desc limit 64"#
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.root_size.cast_unsigned(), row.lines)).collect())
}

/// The first lines that witnesses signed below the root log's state of a size, by the witnesses' names.
pub(super) async fn cosigned_at(tx: &mut Tx, root_size: u64, count: u32) -> Result<Vec<String>, Problem> {
    let lines = sqlx::query_scalar!(
        "select line from (
            select line, witness from root_cosignatures where root_size = $1 order by cosigned_at, witness limit $2) as first
        order by witness",
        root_size.cast_signed(),
        i64::from(count)
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(lines)
}

/// The size of a log that the root log of a size has; 0 while it has none.
pub(super) async fn reached(tx: &mut Tx, (org_id, mode): (OrgId, Mode), root_size: u64) -> Result<u64, Problem> {
    let size = sqlx::query_scalar!(
        "select log_size from anchors where org_id = $1 and mode = $2 and root_index < $3 order by log_size desc limit 1",
        org_id.0,
        mode.as_str(),
        root_size.cast_signed()
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(size.unwrap_or_default().cast_unsigned())
}
