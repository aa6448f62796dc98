//! SQL of the logs.

use ledger::hash::Hash;
use ledger::tree::Frontier;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::id::OrgId;
use crate::{Mode, Problem};

/// A log as the database has it.
pub(crate) struct Row {
    pub(crate) origin: String,
    pub(crate) log_vkey: String,
    pub(crate) issuing_vkey: String,
    pub(crate) size: u64,
    pub(crate) frontier: Frontier,
    pub(crate) checkpoint: String,
    pub(crate) key_epoch: i64,
    pub(crate) made_public_at: Option<OffsetDateTime>,
}

/// A log that is about to be.
pub(crate) struct New<'a> {
    pub(crate) origin: &'a str,
    pub(crate) log_vkey: &'a str,
    pub(crate) issuing_vkey: &'a str,
    pub(crate) created_at: OffsetDateTime,
}

/// Whether there was no such log before.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    org_id: OrgId,
    mode: Mode,
    new: New<'_>,
) -> Result<bool, Problem> {
    let inserted = sqlx::query!(
        "insert into logs (org_id, mode, origin, log_vkey, issuing_vkey, size, frontier, root, checkpoint, created_at)
        values ($1, $2, $3, $4, $5, 0, '', $6, '', $7)
        on conflict (org_id, mode) do nothing",
        org_id.0,
        mode.as_str(),
        new.origin,
        new.log_vkey,
        new.issuing_vkey,
        ledger::hash::EMPTY_ROOT.0.as_slice(),
        new.created_at
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(crate) async fn find(connection: &mut PgConnection, org_id: OrgId, mode: Mode) -> Result<Row, Problem> {
    let row = sqlx::query!(
        "select origin, log_vkey, issuing_vkey, size, frontier, checkpoint, key_epoch, made_public_at from logs
        where org_id = $1 and mode = $2",
        org_id.0,
        mode.as_str()
    )
    .fetch_optional(connection)
    .await?
    .ok_or_else(Problem::not_found)?;
    let size = u64::try_from(row.size).map_err(Problem::internal)?;
    let frontier = Frontier::from_bytes(size, &row.frontier)
        .ok_or_else(|| Problem::internal("the log's frontier does not fit its size"))?;
    Ok(Row {
        origin: row.origin,
        log_vkey: row.log_vkey,
        issuing_vkey: row.issuing_vkey,
        size,
        frontier,
        checkpoint: row.checkpoint,
        key_epoch: row.key_epoch,
        made_public_at: row.made_public_at,
    })
}

/// Lets everyone read a log from a moment on, or nobody any more.
pub(super) async fn set_made_public(
    connection: &mut PgConnection,
    org_id: OrgId,
    mode: Mode,
    at: Option<OffsetDateTime>,
) -> Result<(), Problem> {
    sqlx::query!(
        "update logs set made_public_at = case when $3::timestamptz is null then null else coalesce(made_public_at, $3) end
        where org_id = $1 and mode = $2",
        org_id.0,
        mode.as_str(),
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The one log that the transaction may see: whose it is.
pub(super) async fn find_public(connection: &mut PgConnection, name: &str) -> Result<(OrgId, Mode), Problem> {
    let row =
        sqlx::query!("select org_id, mode from logs where right(origin, 32) = $1 and made_public_at is not null", name)
            .fetch_optional(connection)
            .await?
            .ok_or_else(Problem::not_found)?;
    Ok((OrgId(row.org_id), row.mode.parse().map_err(|_| Problem::internal("a log of an unknown mode"))?))
}

/// The leaf hashes from one index up to another (not included), in order.
pub(crate) async fn leaf_hashes(
    connection: &mut PgConnection,
    org_id: OrgId,
    mode: Mode,
    from: u64,
    until: u64,
) -> Result<Vec<Hash>, Problem> {
    let rows = sqlx::query_scalar!(
        "select leaf_hash from receipts where org_id = $1 and mode = $2 and log_index >= $3 and log_index < $4 order by log_index",
        org_id.0,
        mode.as_str(),
        from.cast_signed(),
        until.cast_signed()
    )
    .fetch_all(connection)
    .await?;
    let hashes: Vec<Hash> = rows.iter().filter_map(|row| Hash::from_slice(row)).collect();
    if hashes.len() as u64 != until.saturating_sub(from) {
        return Err(Problem::internal(format!("entries {from} to {until} are not all there")));
    }
    Ok(hashes)
}

/// When the newest of a log's entries was issued; the beginning of time for a log without any. Entries are in the order of
/// their times but for a minute that they may differ by: the newest is among the last, or has the greatest id.
pub(crate) async fn newest(
    connection: &mut PgConnection,
    org_id: OrgId,
    mode: Mode,
    size: u64,
) -> Result<OffsetDateTime, Problem> {
    let newest = sqlx::query_scalar!(
        r#"select greatest(
            (select max(issued_at) from receipts where org_id = $1 and mode = $2 and log_index >= $3::bigint - 256 and log_index < $3),
            (select issued_at from receipts where org_id = $1 and mode = $2 order by id desc limit 1)) as newest"#,
        org_id.0,
        mode.as_str(),
        size.cast_signed()
    )
    .fetch_one(connection)
    .await?;
    Ok(newest.unwrap_or(OffsetDateTime::UNIX_EPOCH))
}

/// As many entries as wanted from one index on, in order.
pub(crate) async fn entries(
    connection: &mut PgConnection,
    org_id: OrgId,
    mode: Mode,
    from: u64,
    count: u64,
) -> Result<Vec<Vec<u8>>, Problem> {
    let entries = sqlx::query_scalar!(
        "select statement from receipts where org_id = $1 and mode = $2 and log_index >= $3 order by log_index limit $4",
        org_id.0,
        mode.as_str(),
        from.cast_signed(),
        count.cast_signed()
    )
    .fetch_all(connection)
    .await?;
    if entries.len() as u64 != count {
        return Err(Problem::internal(format!("{count} entries from {from} are not all there")));
    }
    Ok(entries)
}

/// The hashes of one tile, 32 bytes each.
pub(crate) async fn tile(
    connection: &mut PgConnection,
    org_id: OrgId,
    mode: Mode,
    level: u8,
    index: u64,
) -> Result<Vec<u8>, Problem> {
    sqlx::query_scalar!(
        "select hashes from tiles where org_id = $1 and mode = $2 and level = $3 and tile_index = $4",
        org_id.0,
        mode.as_str(),
        i16::from(level),
        index.cast_signed()
    )
    .fetch_optional(connection)
    .await?
    .ok_or_else(|| Problem::internal(format!("tile {level}/{index} is missing")))
}
