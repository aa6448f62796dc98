//! SQL of signing keys.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{LogKey, Purpose};
use crate::anchors::ROOT;
use crate::context::Cx;
use crate::id::OrgId;
use crate::keyring::{SealedFor, Seed};
use crate::logs::identity::signer;
use crate::{Mode, Problem};

type Log = (OrgId, Mode);

/// A key with its sealed private half; without one it is derived from the master key.
pub(crate) struct Row {
    pub(crate) key: LogKey,
    pub(crate) sealed: Option<Vec<u8>>,
    /// The id of the master key that did.
    pub(crate) sealed_by: Option<String>,
}

/// A key that is about to be.
pub(crate) struct New {
    pub(crate) key: LogKey,
    pub(crate) sealed: Vec<u8>,
    pub(crate) sealed_by: String,
}

impl New {
    /// A key of fresh randomness; the root log's first comes out of the master key, so that a server that lost its database
    /// still knows what it signed.
    pub(crate) fn make(
        cx: &Cx,
        (org_id, mode): Log,
        origin: &str,
        purpose: Purpose,
        version: i32,
        from_size: u64,
    ) -> Result<Self, Problem> {
        let keyring = &cx.domain.keyring;
        let of_root = (org_id, mode) == ROOT && version == 1;
        let seed = if of_root { keyring.inherited(org_id, mode, purpose) } else { Seed::new(cx.random()) };
        let vkey = signer(purpose, origin, &seed)?.verifier().to_string();
        let of = SealedFor { org_id, mode, purpose, version, vkey: &vkey };
        let sealed = keyring.seal(cx.random(), &seed, &of);
        let key = LogKey {
            purpose,
            version,
            vkey,
            from_size,
            until_size: None,
            added_at: cx.now(),
            retires_at: None,
            retired_at: None,
            revoked_from: None,
            revoked_at: None,
        };
        Ok(Self { key, sealed, sealed_by: keyring.id().to_owned() })
    }
}

/// The keys of a log, the oldest of each purpose first.
pub(crate) async fn of_log(connection: &mut PgConnection, (org_id, mode): Log) -> Result<Vec<Row>, Problem> {
    let rows = sqlx::query!(
        "select purpose, version, vkey, from_size, until_size, added_at, retires_at, retired_at, revoked_from, revoked_at,
            sealed, sealed_by
        from log_keys where org_id = $1 and mode = $2 order by purpose, version",
        org_id.0,
        mode.as_str()
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Row {
                key: LogKey {
                    purpose: row.purpose.parse().map_err(Problem::internal)?,
                    version: row.version,
                    vkey: row.vkey,
                    from_size: row.from_size.cast_unsigned(),
                    until_size: row.until_size.map(i64::cast_unsigned),
                    added_at: row.added_at,
                    retires_at: row.retires_at,
                    retired_at: row.retired_at,
                    revoked_from: row.revoked_from.map(i64::cast_unsigned),
                    revoked_at: row.revoked_at,
                },
                sealed: row.sealed,
                sealed_by: row.sealed_by,
            })
        })
        .collect()
}

/// Brings back a key as it was saved, unless it is there.
pub(crate) async fn bring_back(
    connection: &mut PgConnection,
    (org_id, mode): Log,
    Row { key, sealed, sealed_by }: &Row,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into log_keys (org_id, mode, purpose, version, vkey, from_size, until_size, added_at, retires_at, retired_at,
            revoked_from, revoked_at, sealed, sealed_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        on conflict (org_id, mode, purpose, version) do nothing",
        org_id.0,
        mode.as_str(),
        key.purpose.as_str(),
        key.version,
        key.vkey,
        key.from_size.cast_signed(),
        key.until_size.map(u64::cast_signed),
        key.added_at,
        key.retires_at,
        key.retired_at,
        key.revoked_from.map(u64::cast_signed),
        key.revoked_at,
        sealed.as_deref(),
        sealed_by.as_deref()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a log that is older than versions its first ones, or one that an older release made meanwhile.
pub(crate) async fn inherit(connection: &mut PgConnection, (org_id, mode): Log) -> Result<(), Problem> {
    sqlx::query!(
        "insert into log_keys (org_id, mode, purpose, version, vkey, from_size, added_at)
        select org_id, mode, purpose, 1, vkey, 0, created_at
        from logs, lateral (values ('checkpoint', log_vkey), ('issuing', issuing_vkey)) as key (purpose, vkey)
        where org_id = $1 and mode = $2
        on conflict (org_id, mode, purpose, version) do nothing",
        org_id.0,
        mode.as_str()
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn insert(
    connection: &mut PgConnection,
    (org_id, mode): Log,
    New { key, sealed, sealed_by }: &New,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into log_keys (org_id, mode, purpose, version, vkey, from_size, added_at, sealed, sealed_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        org_id.0,
        mode.as_str(),
        key.purpose.as_str(),
        key.version,
        key.vkey,
        key.from_size.cast_signed(),
        key.added_at,
        sealed,
        sealed_by
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down what happened to a key: its end, its end to come, its revocation.
pub(super) async fn update(connection: &mut PgConnection, (org_id, mode): Log, key: &LogKey) -> Result<(), Problem> {
    sqlx::query!(
        "update log_keys set until_size = $5, retires_at = $6, retired_at = $7, revoked_from = $8, revoked_at = $9
        where org_id = $1 and mode = $2 and purpose = $3 and version = $4",
        org_id.0,
        mode.as_str(),
        key.purpose.as_str(),
        key.version,
        key.until_size.map(u64::cast_signed),
        key.retires_at,
        key.retired_at,
        key.revoked_from.map(u64::cast_signed),
        key.revoked_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A log whose keys are about to change.
pub(super) struct Changing {
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) checkpoint: String,
}

/// Holds a log for a change of its keys, and makes every head that is in memory somewhere a thing of the past.
pub(super) async fn hold(connection: &mut PgConnection, (org_id, mode): Log) -> Result<Changing, Problem> {
    let row = sqlx::query!(
        "update logs set key_epoch = key_epoch + 1 where org_id = $1 and mode = $2 returning origin, size, checkpoint",
        org_id.0,
        mode.as_str()
    )
    .fetch_optional(connection)
    .await?
    .ok_or_else(Problem::not_found)?;
    Ok(Changing { origin: row.origin, size: row.size.cast_unsigned(), checkpoint: row.checkpoint })
}

/// What is said of a log's keys where only the newest are: and its state, signed by those in force.
pub(super) async fn announce(
    connection: &mut PgConnection,
    (org_id, mode): Log,
    (log_vkey, issuing_vkey): (&str, &str),
    checkpoint: &str,
) -> Result<(), Problem> {
    sqlx::query!(
        "update logs set log_vkey = $3, issuing_vkey = $4, checkpoint = $5 where org_id = $1 and mode = $2",
        org_id.0,
        mode.as_str(),
        log_vkey,
        issuing_vkey,
        checkpoint
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Logs with a key whose time beside its successor is over.
pub(super) async fn due(connection: &mut PgConnection, now: OffsetDateTime) -> Result<Vec<Log>, Problem> {
    let rows = sqlx::query!(
        "select distinct org_id, mode from log_keys where retires_at <= $1 and retired_at is null limit 1000",
        now
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| log(row.org_id, &row.mode)).collect()
}

/// A key that is still derived from the master key.
pub(super) struct Unsealed {
    pub(super) log: Log,
    pub(super) origin: String,
    pub(super) purpose: Purpose,
    pub(super) version: i32,
    pub(super) vkey: String,
}

pub(super) async fn unsealed(connection: &mut PgConnection) -> Result<Vec<Unsealed>, Problem> {
    let rows = sqlx::query!(
        "select k.org_id, k.mode, l.origin, k.purpose, k.version, k.vkey
        from log_keys k join logs l on l.org_id = k.org_id and l.mode = k.mode
        where k.sealed_by is null order by k.org_id limit 1000"
    )
    .fetch_all(connection)
    .await?;
    let row = |(org_id, mode, origin, purpose, version, vkey): (uuid::Uuid, String, String, String, i32, String)| {
        let purpose = purpose.parse().map_err(Problem::internal)?;
        Ok(Unsealed { log: log(org_id, &mode)?, origin, purpose, version, vkey })
    };
    rows.into_iter().map(|r| row((r.org_id, r.mode, r.origin, r.purpose, r.version, r.vkey))).collect()
}

/// Keeps the sealed private half; the file of the keys is written anew with it.
pub(super) async fn set_sealed(
    connection: &mut PgConnection,
    key: &Unsealed,
    sealed: &[u8],
    sealed_by: &str,
) -> Result<(), Problem> {
    sqlx::query!(
        "with sealed as (
            update log_keys set sealed = $5, sealed_by = $6
            where org_id = $1 and mode = $2 and purpose = $3 and version = $4 and sealed is null
        ) update published_logs set key_epoch = 0 where org_id = $1 and mode = $2",
        key.log.0.0,
        key.log.1.as_str(),
        key.purpose.as_str(),
        key.version,
        sealed,
        sealed_by
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Another master key that keys are sealed by, if there is one.
pub(super) async fn other_master(connection: &mut PgConnection, id: &str) -> Result<Option<String>, Problem> {
    let other = sqlx::query_scalar!(
        r#"select sealed_by as "sealed_by!" from log_keys where sealed_by < $1 or sealed_by > $1 limit 1"#,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(other)
}

/// The logs by their names, the root log first; or the one of a name.
pub(super) async fn logs(
    connection: &mut PgConnection,
    origin: Option<&str>,
) -> Result<Vec<(Log, String, u64)>, Problem> {
    let rows = sqlx::query!(
        "select org_id, mode, origin, size from logs where $1::text is null or origin = $1 order by org_id, mode",
        origin
    )
    .fetch_all(connection)
    .await?;
    let one = |(org_id, mode, origin, size): (uuid::Uuid, String, String, i64)| {
        Ok((log(org_id, &mode)?, origin, size.cast_unsigned()))
    };
    rows.into_iter().map(|row| one((row.org_id, row.mode, row.origin, row.size))).collect()
}

pub(super) async fn emit(
    connection: &mut PgConnection,
    (org_id, mode): Log,
    kind: &str,
    now: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into events (org_id, mode, type, data, created_at) values ($1, $2, $3, '{}', $4)",
        org_id.0,
        mode.as_str(),
        kind,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn insert_event(
    connection: &mut PgConnection,
    (org_id, mode): Log,
    note: &str,
    now: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into key_events (org_id, mode, note, created_at) values ($1, $2, $3, $4)",
        org_id.0,
        mode.as_str(),
        note,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// An event on its way into the root log.
pub(super) struct Pending {
    pub(super) id: i64,
    pub(super) origin: String,
    pub(super) note: String,
}

pub(super) async fn pending(connection: &mut PgConnection) -> Result<Vec<Pending>, Problem> {
    let rows = sqlx::query_as!(
        Pending,
        "select e.id, l.origin, e.note from key_events e join logs l on l.org_id = e.org_id and l.mode = e.mode
        where e.root_index is null order by e.id limit 256"
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

pub(super) async fn recorded(connection: &mut PgConnection, id: i64, root_index: u64) -> Result<(), Problem> {
    sqlx::query!("update key_events set root_index = $2 where id = $1", id, root_index.cast_signed())
        .execute(connection)
        .await?;
    Ok(())
}

/// The notes of a log's events with their entries in the root log, the oldest first.
pub(super) async fn events(
    connection: &mut PgConnection,
    (org_id, mode): Log,
) -> Result<Vec<(String, Option<u64>)>, Problem> {
    let rows = sqlx::query!(
        "select note, root_index from key_events where org_id = $1 and mode = $2 order by id",
        org_id.0,
        mode.as_str()
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.note, row.root_index.map(i64::cast_unsigned))).collect())
}

/// The notes of a log's events with their times, the oldest first.
pub(crate) async fn dated_events(
    connection: &mut PgConnection,
    (org_id, mode): Log,
) -> Result<Vec<(String, OffsetDateTime)>, Problem> {
    let rows = sqlx::query!(
        "select note, created_at from key_events where org_id = $1 and mode = $2 order by id",
        org_id.0,
        mode.as_str()
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.note, row.created_at)).collect())
}

fn log(org_id: uuid::Uuid, mode: &str) -> Result<Log, Problem> {
    Ok((OrgId(org_id), mode.parse().map_err(|_| Problem::internal("a log of an unknown mode"))?))
}
