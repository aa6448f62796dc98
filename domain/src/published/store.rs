//! SQL of published logs.

use ledger::hash::Hash;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::database::Tx;
use crate::id::OrgId;
use crate::{Mode, Problem};

/// A log that has more than is published.
pub(crate) struct Behind {
    pub(crate) org_id: OrgId,
    pub(crate) mode: Mode,
    pub(crate) origin: String,
    pub(crate) published_size: u64,
    pub(crate) edge_size: u64,
    pub(crate) edge_is_due: bool,
}

/// The logs to go on with, those first that were left alone longest.
pub(super) async fn behind(
    connection: &mut PgConnection,
    edge_before: OffsetDateTime,
    limit: i64,
) -> Result<Vec<Behind>, Problem> {
    let rows = sqlx::query!(
        r#"select l.org_id, l.mode, l.origin, coalesce(p.published_size, 0) as "published_size!",
            coalesce(p.edge_size, 0) as "edge_size!",
            (e.moved and coalesce(p.edge_at <= $1, true)) as "edge_is_due!"
        from logs l left join published_logs p on p.org_id = l.org_id and p.mode = l.mode
        cross join lateral (select l.size > coalesce(p.edge_size, 0) or (l.size > 0 and l.key_epoch > coalesce(p.key_epoch, 0)))
            as e (moved)
        where (l.size / 256 > coalesce(p.published_size, 0) / 256 and (p.refusal is null or p.tried_at <= $1))
            or (e.moved and coalesce(p.edge_at <= $1, true) and (p.refusal is null or p.tried_at <= $1))
        order by p.tried_at nulls first, l.org_id, l.mode limit $2"#,
        edge_before,
        limit
    )
    .fetch_all(connection)
    .await?;
    let mode = |mode: String| mode.parse().map_err(|_| Problem::internal("a log of an unknown mode"));
    rows.into_iter()
        .map(|row| {
            Ok(Behind {
                org_id: OrgId(row.org_id),
                mode: mode(row.mode)?,
                origin: row.origin,
                published_size: row.published_size.cast_unsigned(),
                edge_size: row.edge_size.cast_unsigned(),
                edge_is_due: row.edge_is_due,
            })
        })
        .collect()
}

/// What is known after a try.
pub(super) struct Mark<'a> {
    pub(super) published_size: u64,
    /// The edge, if it was written: its size, and the epoch of its keys.
    pub(super) edge: Option<(u64, i64)>,
    pub(super) refusal: Option<&'a str>,
}

pub(super) async fn mark(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    mark: Mark<'_>,
    now: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into published_logs (org_id, mode, published_size, edge_size, edge_at, refusal, tried_at, key_epoch)
        values ($1, $2, $3, coalesce($4::bigint, 0), case when $4::bigint is null then null else $6::timestamptz end, $5, $6,
            coalesce($7::bigint, 0))
        on conflict (org_id, mode) do update set
            published_size = greatest(published_logs.published_size, excluded.published_size),
            edge_size = coalesce($4::bigint, published_logs.edge_size),
            edge_at = coalesce(excluded.edge_at, published_logs.edge_at),
            key_epoch = coalesce($7::bigint, published_logs.key_epoch),
            refusal = excluded.refusal, tried_at = excluded.tried_at",
        org_id.0,
        mode.as_str(),
        mark.published_size.cast_signed(),
        mark.edge.map(|(size, _)| size.cast_signed()),
        mark.refusal,
        now,
        mark.edge.map(|(_, epoch)| epoch)
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Entries whose full tiles and bundles are in the store.
pub(super) async fn published_size(tx: &mut Tx, (org_id, mode): (OrgId, Mode)) -> Result<u64, Problem> {
    let size = sqlx::query_scalar!(
        "select published_size from published_logs where org_id = $1 and mode = $2",
        org_id.0,
        mode.as_str()
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(size.unwrap_or_default().cast_unsigned())
}

/// The hash that a tile is in the tile above it; none unless it is full.
pub(crate) async fn hash_above(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    level: u8,
    index: u64,
) -> Result<Option<Hash>, Problem> {
    let hash = sqlx::query_scalar!(
        r#"select substr(hashes, 1 + 32 * $5::int, 32) as "hash!" from tiles
        where org_id = $1 and mode = $2 and level = $3 and tile_index = $4"#,
        org_id.0,
        mode.as_str(),
        i16::from(level) + 1,
        (index / 256).cast_signed(),
        (index % 256) as i32
    )
    .fetch_optional(connection)
    .await?;
    Ok(hash.and_then(|hash| Hash::from_slice(&hash)))
}

/// The leaf hashes and statements of entries, in order.
pub(crate) async fn rows(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    from: u64,
    until: u64,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Problem> {
    let rows = sqlx::query!(
        "select leaf_hash, statement from receipts where org_id = $1 and mode = $2 and log_index >= $3 and log_index < $4
        order by log_index",
        org_id.0,
        mode.as_str(),
        from.cast_signed(),
        until.cast_signed()
    )
    .fetch_all(tx.connection())
    .await?;
    if rows.len() as u64 != until - from {
        return Err(Problem::internal(format!("entries {from} to {until} are not all there")));
    }
    Ok(rows.into_iter().map(|row| (row.leaf_hash, row.statement)).collect())
}
