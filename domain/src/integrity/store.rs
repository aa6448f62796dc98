//! SQL of integrity. Checks act as the sequencer, which sees every log and changes none.

use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::postgres::PgPool;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::{Finding, State};
use crate::anchors::ROOT;
use crate::database::Tx;
use crate::id::OrgId;
use crate::log_keys::Purpose;
use crate::{Mode, Problem};

/// A log as it is stored, unread.
#[derive(Clone)]
pub(crate) struct LogRow {
    pub(crate) org_id: OrgId,
    pub(crate) mode: Mode,
    pub(crate) origin: String,
    pub(crate) log_vkey: String,
    pub(crate) issuing_vkey: String,
    /// Every version, as it is said to be at the same moment.
    pub(crate) keys: Vec<KeyRow>,
    pub(crate) key_events: Vec<KeyEventRow>,
    pub(crate) key_epoch: i64,
    pub(crate) size: u64,
    pub(crate) frontier: Vec<u8>,
    pub(crate) root: Vec<u8>,
    pub(crate) checkpoint: String,
    pub(crate) published_size: u64,
    pub(crate) edge_size: u64,
    /// The epoch of the keys that the files are of.
    pub(crate) edge_epoch: i64,
    /// Where the check that goes round is.
    pub(crate) checked_size: u64,
    /// Entries that came back from the files alone, without their contents.
    pub(crate) restored_size: u64,
}

/// A version of a key as it is stored, unread.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct KeyRow {
    pub(crate) purpose: Purpose,
    pub(crate) version: i32,
    pub(crate) vkey: String,
    pub(crate) from_size: i64,
    pub(crate) until_size: Option<i64>,
    pub(crate) revoked_from: Option<i64>,
}

/// What happened to a key, as it is stored.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct KeyEventRow {
    pub(crate) note: String,
    pub(crate) root_index: Option<i64>,
    /// Whether the root log has the same words at that entry.
    pub(crate) is_there: bool,
}

/// Every log, the root log first.
pub(crate) async fn logs(pool: &PgPool) -> Result<Vec<LogRow>, Problem> {
    find(&mut *pool.acquire().await?, None).await
}

/// Every log, or one.
async fn find(connection: &mut PgConnection, one: Option<(OrgId, Mode)>) -> Result<Vec<LogRow>, Problem> {
    let rows = sqlx::query!(
        r#"select l.org_id, l.mode, origin, log_vkey, issuing_vkey, size, frontier, root, checkpoint, l.key_epoch,
            restored_size, coalesce(published_size, 0) as "published_size!", coalesce(edge_size, 0) as "edge_size!",
            coalesce(checked_size, 0) as "checked_size!", coalesce(p.key_epoch, 0) as "edge_epoch!",
            (select coalesce(json_agg(json_build_object('purpose', k.purpose, 'version', k.version, 'vkey', k.vkey,
                    'from_size', k.from_size, 'until_size', k.until_size, 'revoked_from', k.revoked_from)
                    order by k.purpose, k.version), '[]')
                from log_keys k where k.org_id = l.org_id and k.mode = l.mode) as "keys!: Json<Vec<KeyRow>>",
            (select coalesce(json_agg(json_build_object('note', e.note, 'root_index', e.root_index,
                    'is_there', coalesce(r.statement = convert_to(e.note, 'UTF8'), false)) order by e.id), '[]')
                from key_events e left join receipts r on r.org_id = $1 and r.mode = $2 and r.log_index = e.root_index
                where e.org_id = l.org_id and e.mode = l.mode) as "key_events!: Json<Vec<KeyEventRow>>"
        from logs l left join published_logs p on p.org_id = l.org_id and p.mode = l.mode
        where $3::uuid is null or (l.org_id = $3 and l.mode = $4) order by l.org_id, l.mode"#,
        ROOT.0.0,
        ROOT.1.as_str(),
        one.map(|(org_id, _)| org_id.0),
        one.map_or("", |(_, mode)| mode.as_str())
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(LogRow {
                org_id: OrgId(row.org_id),
                mode: row.mode.parse().map_err(|_| Problem::internal("a log of an unknown mode"))?,
                origin: row.origin,
                log_vkey: row.log_vkey,
                issuing_vkey: row.issuing_vkey,
                keys: row.keys.0,
                key_events: row.key_events.0,
                key_epoch: row.key_epoch,
                size: row.size.cast_unsigned(),
                frontier: row.frontier,
                root: row.root,
                checkpoint: row.checkpoint,
                published_size: row.published_size.cast_unsigned(),
                edge_size: row.edge_size.cast_unsigned(),
                edge_epoch: row.edge_epoch,
                checked_size: row.checked_size.cast_unsigned(),
                restored_size: row.restored_size.cast_unsigned(),
            })
        })
        .collect()
}

/// What is stored of a log at one moment, but for its entries, which never change.
pub(super) struct Snapshot {
    pub(super) log: LogRow,
    pub(super) tiles: Vec<(u8, u64, Vec<u8>)>,
    pub(super) anchors: Vec<AnchorRow>,
    /// Of the root log: size, witness, line.
    pub(super) cosignatures: Vec<(u64, String, String)>,
    /// The indices of entries that a log of its size cannot have.
    pub(super) beyond: Vec<u64>,
}

/// Reads it in one transaction that sees no later commit: a log may grow while it is checked.
pub(super) async fn snapshot(pool: &PgPool, id: (OrgId, Mode)) -> Result<Snapshot, Problem> {
    let mut tx = pool.begin().await?;
    sqlx::query!("set transaction isolation level repeatable read").execute(&mut *tx).await?;
    let log = find(&mut tx, Some(id)).await?.pop().ok_or_else(Problem::not_found)?;
    let beyond = beyond(&mut tx, id, log.size).await?;
    let tiles = tiles(&mut tx, id).await?;
    let anchors = if id == ROOT { Vec::new() } else { anchors(&mut tx, id).await? };
    let cosignatures = if id == ROOT { cosignatures(&mut tx).await? } else { Vec::new() };
    Ok(Snapshot { log, tiles, anchors, cosignatures, beyond })
}

async fn beyond(connection: &mut PgConnection, (org_id, mode): (OrgId, Mode), size: u64) -> Result<Vec<u64>, Problem> {
    let rows = sqlx::query_scalar!(
        "select log_index from receipts where org_id = $1 and mode = $2 and (log_index >= $3 or log_index < 0)
        order by log_index limit 100",
        org_id.0,
        mode.as_str(),
        size.cast_signed()
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(i64::cast_unsigned).collect())
}

/// The stored tiles of level 1 and above.
async fn tiles(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
) -> Result<Vec<(u8, u64, Vec<u8>)>, Problem> {
    let rows = sqlx::query!(
        "select level, tile_index, hashes from tiles where org_id = $1 and mode = $2 order by level, tile_index",
        org_id.0,
        mode.as_str()
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.level as u8, row.tile_index.cast_unsigned(), row.hashes)).collect())
}

/// Where a log's states are in the root log, and what stands there.
pub(super) struct AnchorRow {
    pub(super) log_size: u64,
    pub(super) root_index: u64,
    pub(super) said: Option<Vec<u8>>,
    /// As it was signed then; none for those from before it was kept.
    pub(super) checkpoint: Option<String>,
}

pub(super) async fn anchors(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
) -> Result<Vec<AnchorRow>, Problem> {
    let rows = sqlx::query!(
        r#"select a.log_size, a.root_index, r.statement as "said?", a.checkpoint from anchors a
        left join receipts r on r.org_id = $3 and r.mode = $4 and r.log_index = a.root_index
        where a.org_id = $1 and a.mode = $2 order by a.log_size"#,
        org_id.0,
        mode.as_str(),
        ROOT.0.0,
        ROOT.1.as_str()
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| AnchorRow {
            log_size: row.log_size.cast_unsigned(),
            root_index: row.root_index.cast_unsigned(),
            said: row.said,
            checkpoint: row.checkpoint,
        })
        .collect())
}

/// The name of a log, the newest of its states that the root log holds, and what that says of its keys, with the entries.
pub(super) async fn said_of(
    pool: &PgPool,
    (org_id, mode): (OrgId, Mode),
) -> Result<(String, Option<Vec<u8>>, Vec<(u64, Vec<u8>)>), Problem> {
    let row = sqlx::query!(
        "select origin, (select statement from receipts where org_id = $3 and mode = $4 and reference = origin
            and kind = 'checkpoint' order by log_index desc limit 1) as newest
        from logs where org_id = $1 and mode = $2",
        org_id.0,
        mode.as_str(),
        ROOT.0.0,
        ROOT.1.as_str()
    )
    .fetch_one(pool)
    .await?;
    let events = sqlx::query!(
        "select log_index, statement from receipts
        where org_id = $1 and mode = $2 and reference = $3 and kind = 'key_event' order by log_index",
        ROOT.0.0,
        ROOT.1.as_str(),
        row.origin
    )
    .fetch_all(pool)
    .await?;
    let events = events.into_iter().map(|row| (row.log_index.cast_unsigned(), row.statement)).collect();
    Ok((row.origin, row.newest, events))
}

/// What witnesses signed: the root log's size, the witness, its line.
async fn cosignatures(connection: &mut PgConnection) -> Result<Vec<(u64, String, String)>, Problem> {
    let rows = sqlx::query!("select root_size, witness, line from root_cosignatures order by root_size, witness")
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.root_size.cast_unsigned(), row.witness, row.line)).collect())
}

/// How far the check that goes round has come in a log.
pub(super) struct Round {
    pub(super) checked_size: u64,
    /// Whether this was the end of the log: the next round begins at the front.
    pub(super) is_over: bool,
}

pub(super) async fn note_round(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    round: Round,
    now: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into published_logs (org_id, mode, tried_at, checked_size, check_started_at, checked_at)
        values ($1, $2, $5, $3, $5, case when $4 then $5::timestamptz end)
        on conflict (org_id, mode) do update set checked_size = excluded.checked_size,
            check_started_at = case when published_logs.checked_size = 0 then $5 else published_logs.check_started_at end,
            checked_at = case when $4 then $5 else published_logs.checked_at end",
        org_id.0,
        mode.as_str(),
        if round.is_over { 0 } else { round.checked_size.cast_signed() },
        round.is_over,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps what was found; what was found before keeps its first time. What is new is told to the log's owner.
pub(super) async fn keep_findings(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    subjects: &[String],
    problems: &[String],
    now: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "with kept as (
            insert into integrity_findings (org_id, mode, subject, problem, found_at, seen_at)
            select distinct on (subject) $1::uuid, $2::text, subject, problem, $5::timestamptz, $5::timestamptz
            from unnest($3::text[], $4::text[]) as found (subject, problem) order by subject, problem
            on conflict (org_id, mode, subject) do update set problem = excluded.problem, seen_at = excluded.seen_at
            returning xmax = 0 as is_new
        )
        insert into events (org_id, mode, type, data, created_at)
        select $1, $2, 'integrity.found', jsonb_build_object('findings', count(*)), $5 from kept where is_new having count(*) > 0",
        org_id.0,
        mode.as_str(),
        subjects,
        problems,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets what a whole round did not find again.
pub(super) async fn forget_mended(connection: &mut PgConnection, (org_id, mode): (OrgId, Mode)) -> Result<(), Problem> {
    sqlx::query!(
        "delete from integrity_findings f using published_logs p
        where f.org_id = $1 and f.mode = $2 and p.org_id = $1 and p.mode = $2 and f.seen_at < p.check_started_at",
        org_id.0,
        mode.as_str()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What is known of the actor's log.
pub(super) async fn state(tx: &mut Tx, (org_id, mode): (OrgId, Mode)) -> Result<State, Problem> {
    let row = sqlx::query!(
        r#"select l.size, coalesce(published_size, 0) as "published_size!", coalesce(edge_size, 0) as "edge_size!",
            edge_at as "edge_at?", refusal as "refusal?", coalesce(checked_size, 0) as "checked_size!",
            check_started_at as "check_started_at?", checked_at as "checked_at?"
        from logs l left join published_logs p on p.org_id = l.org_id and p.mode = l.mode
        where l.org_id = $1 and l.mode = $2"#,
        org_id.0,
        mode.as_str()
    )
    .fetch_one(tx.connection())
    .await?;
    let findings = sqlx::query_as!(
        Finding,
        "select subject, problem, found_at, seen_at from integrity_findings where org_id = $1 and mode = $2
        order by found_at, subject limit 100",
        org_id.0,
        mode.as_str()
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(State {
        size: row.size.cast_unsigned(),
        published_size: row.published_size.cast_unsigned(),
        saved_size: row.edge_size.cast_unsigned(),
        saved_at: row.edge_at,
        publishing_stopped: row.refusal,
        checked_size: row.checked_size.cast_unsigned(),
        check_started_at: row.check_started_at,
        checked_at: row.checked_at,
        findings,
        signing_stopped: None,
    })
}
