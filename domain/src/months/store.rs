//! SQL of months: what the functions of migration 0020 do, and what is found in either place.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Month, WAIT_MAX};
use crate::database::Database;
use crate::id::OrgId;
use crate::{Mode, Problem};

/// The advisory lock of whoever makes and moves months.
const MOVING: i64 = 7_213;
/// Receipts whose contents are asked for at once.
const FEW: usize = 256;

/// A connection as the owner of the tables, which waits for none of them for long.
pub(super) async fn connect(database: &Database) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect_with(database.owner()).await?;
    let wait = WAIT_MAX.as_millis().to_string();
    sqlx::query!("select set_config('lock_timeout', $1, false)", wait).fetch_one(&mut connection).await?;
    Ok(connection)
}

/// How long the next statements may take; zero is for ever.
pub(super) async fn end_after(connection: &mut PgConnection, max: Duration) -> Result<(), sqlx::Error> {
    let max = max.as_millis().to_string();
    sqlx::query!("select set_config('statement_timeout', $1, false)", max).fetch_one(connection).await.map(drop)
}

/// Whether nobody else makes or moves months, until [`leave`] or the connection's end.
pub(super) async fn is_alone(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "alone!""#, MOVING).fetch_one(connection).await
}

/// Lets others make and move months.
pub(super) async fn leave(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_unlock($1)", MOVING).fetch_one(connection).await.map(drop)
}

/// All months; without what they take, which is 0 then, none of them is waited for.
pub(super) async fn list(connection: &mut PgConnection, with_bytes: bool) -> Result<Vec<Month>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select of as "of!", is_archived as "is_archived!", name as "name!", from_at, until_at,
            case when $1 then bytes else 0 end as "bytes!", tablespace
        from months order by of, from_at nulls first"#,
        with_bytes
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Month {
            of: row.of,
            is_archived: row.is_archived,
            name: row.name,
            from_at: row.from_at,
            until_at: row.until_at,
            bytes: row.bytes.cast_unsigned(),
            tablespace: row.tablespace,
        })
        .collect())
}

/// From now on the newest month takes nothing of the next.
pub(super) async fn limit(connection: &mut PgConnection, of: &str, next: OffsetDateTime) -> Result<(), sqlx::Error> {
    sqlx::query!("select limit_month($1, $2)", of, next).fetch_one(connection).await.map(drop)
}

/// Whether the newest month has nothing beyond its limit. It may have to be read through, which nobody waits for.
pub(super) async fn holds(connection: &mut PgConnection, of: &str) -> Result<bool, sqlx::Error> {
    match sqlx::query!("select check_month($1)", of).fetch_one(connection).await {
        Ok(_) => Ok(true),
        Err(error) if error.as_database_error().is_some_and(|cause| cause.is_check_violation()) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) async fn unlimit(connection: &mut PgConnection, of: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("select unlimit_month($1)", of).fetch_one(connection).await.map(drop)
}

pub(super) async fn begin(connection: &mut PgConnection, of: &str, next: OffsetDateTime) -> Result<(), sqlx::Error> {
    sqlx::query!("select begin_month($1, $2)", of, next).fetch_one(connection).await.map(drop)
}

/// Moves a month into the archive, or back.
pub(super) async fn move_month(
    connection: &mut PgConnection,
    of: &str,
    name: &str,
    away: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query!("select move_month($1, $2, $3)", of, name, away).fetch_one(connection).await.map(drop)
}

/// What receipts are about: payload and salt.
pub(crate) type Contents = (Vec<u8>, Vec<u8>);

/// The contents of those of these receipts that have them still, wherever they are. In one transaction, and so in no
/// month that moves meanwhile.
pub(crate) async fn contents(
    connection: &mut PgConnection,
    log @ (org_id, mode): (OrgId, Mode),
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Contents>, Problem> {
    let mut found = HashMap::with_capacity(ids.len());
    for (ids, first, last) in few(ids) {
        let rows = sqlx::query!(
            "select receipt_id, payload, salt from payloads
            where org_id = $1 and mode = $2 and receipt_id >= $3 and receipt_id <= $4 and receipt_id = any($5)",
            org_id.0,
            mode.as_str(),
            first,
            last,
            ids
        )
        .fetch_all(&mut *connection)
        .await?;
        found.extend(rows.into_iter().map(|row| (row.receipt_id, (row.payload, row.salt))));
    }
    let missing: Vec<Uuid> = ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
    found.extend(archived(connection, log, &missing).await?);
    Ok(found)
}

/// The contents of those of these receipts that have them in the archive.
pub(crate) async fn archived(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Contents>, Problem> {
    let mut found = HashMap::new();
    for (ids, first, last) in few(ids) {
        let rows = sqlx::query!(
            "select receipt_id, payload, salt from archive.payloads
            where org_id = $1 and mode = $2 and receipt_id >= $3 and receipt_id <= $4 and receipt_id = any($5)",
            org_id.0,
            mode.as_str(),
            first,
            last,
            ids
        )
        .fetch_all(&mut *connection)
        .await?;
        found.extend(rows.into_iter().map(|row| (row.receipt_id, (row.payload, row.salt))));
    }
    Ok(found)
}

/// A few at a time, with the least and the greatest: by those a plan leaves out the other months, and by a long list it
/// would take longer to.
fn few(ids: &[Uuid]) -> impl Iterator<Item = (&[Uuid], Uuid, Uuid)> {
    ids.chunks(FEW).filter_map(|ids| Some((ids, *ids.iter().min()?, *ids.iter().max()?)))
}

/// Deletes contents from the archive.
pub(crate) async fn delete_archived(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    id: Uuid,
) -> Result<(), Problem> {
    sqlx::query!(
        "delete from archive.payloads where org_id = $1 and mode = $2 and receipt_id = $3",
        org_id.0,
        mode.as_str(),
        id
    )
    .execute(connection)
    .await?;
    Ok(())
}
