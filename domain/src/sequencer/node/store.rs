//! SQL of what the nodes share: leases and the inbox.

use std::collections::HashSet;

use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Lease;
use crate::Problem;
use crate::sequencer::Entry;
use crate::sequencer::batch::LogKey;

/// The class of the advisory locks that living nodes hold.
const LIVING: i32 = 0x0ce7;

/// Says that the node with this key lives, for as long as the connection does. The lock is shared: that of a connection which
/// the node lost, and PostgreSQL not yet, is in nobody's way.
pub(in crate::sequencer) async fn announce(connection: &mut PgConnection, key: i32) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_lock_shared($1, $2)", LIVING, key).fetch_one(connection).await.map(|_| ())
}

/// Says that the node is heard of, and forgets those that were not for a day.
pub(in crate::sequencer) async fn be_heard(connection: &mut PgConnection, key: i32) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with forgotten as (delete from nodes where seen_at < now() - interval '1 day')
        insert into nodes (key, seen_at) values ($1, now()) on conflict (key) do update set seen_at = excluded.seen_at",
        key
    )
    .execute(connection)
    .await
    .map(|_| ())
}

/// The keys of the nodes that live: their sessions are there, and they were heard of for no longer ago than a lease lasts.
pub(super) async fn living(connection: &mut PgConnection) -> Result<Vec<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select distinct objid::bigint::integer as "key!" from pg_locks
        where locktype = 'advisory' and classid::bigint = $1 and objsubid = 2 and granted
            and database = (select oid from pg_database where datname = current_database())
            and exists (select from nodes where key = objid::bigint::integer and seen_at > now() - interval '4 s')"#,
        i64::from(LIVING)
    )
    .fetch_all(connection)
    .await
}

pub(super) async fn leases(connection: &mut PgConnection) -> Result<Vec<Lease>, sqlx::Error> {
    sqlx::query_as!(Lease, r#"select shard, owner, expires_at < now() as "expired!" from shard_leases order by shard"#)
        .fetch_all(connection)
        .await
}

/// Takes shards that are free; another node may have been first.
pub(super) async fn take_over(
    connection: &mut PgConnection,
    key: i32,
    shards: &[i16],
    living: &[i32],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update shard_leases set owner = $1, epoch = epoch + 1, expires_at = now() + interval '4 s'
        where shard = any($2) and (owner is null or expires_at < now() or owner <> all($3))",
        key,
        shards,
        living
    )
    .execute(connection)
    .await
    .map(|_| ())
}

/// Keeps the node's shards for another while; which they are, and their epochs.
pub(super) async fn renew(connection: &mut PgConnection, key: i32) -> Result<Vec<(i16, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        "update shard_leases set expires_at = now() + interval '4 s' where owner = $1 returning shard, epoch",
        key
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.shard, row.epoch)).collect())
}

/// Lets others have shards. Waits for a commit under way.
pub(super) async fn release(connection: &mut PgConnection, key: i32, shards: &[i16]) -> Result<(), sqlx::Error> {
    sqlx::query!("update shard_leases set owner = null where owner = $1 and shard = any($2)", key, shards)
        .execute(connection)
        .await
        .map(|_| ())
}

/// Entries for other nodes: one column a field, one element a row.
#[derive(Default)]
pub(super) struct InboxRows {
    row_ids: Vec<i64>,
    shards: Vec<i16>,
    logs: Vec<String>,
    ids: Vec<Uuid>,
    entries: Vec<Vec<u8>>,
}

impl InboxRows {
    /// The row's id is of the receipt's random bits: a number that the database gave would be given again after a crash, when
    /// the table is empty and its sequence begins anew, and then mean somebody else's entry.
    pub(super) fn push(&mut self, shard: i16, entry: &Entry, bytes: Vec<u8>) {
        self.row_ids.push((entry.id.0.as_u64_pair().1 & (u64::MAX >> 2)).cast_signed());
        self.shards.push(shard);
        self.logs.push(name((entry.org_id, entry.mode)));
        self.ids.push(entry.id.0);
        self.entries.push(bytes);
    }
}

/// A log, in a row of the inbox.
fn name((org_id, mode): LogKey) -> String {
    format!("{} {mode}", org_id.0)
}

/// Puts entries into the inbox and wakes its readers; the rows' ids, in order.
pub(super) async fn put_into_inbox(connection: &mut PgConnection, rows: &InboxRows) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query!(
        r#"with put as (
            insert into inbox (id, shard, receipt_id, entry, log) overriding system value
            select * from unnest($1::bigint[], $2::smallint[], $3::uuid[], $4::bytea[], $5::text[])
        )
        select pg_notify('certnode_inbox', '') as "done!: ()""#,
        &rows.row_ids,
        &rows.shards,
        &rows.ids,
        &rows.entries,
        &rows.logs
    )
    .fetch_one(connection)
    .await?;
    Ok(rows.row_ids.clone())
}

/// Entries for the owner of some shards, the oldest first, without those it is at already and those of logs that are full.
pub(super) async fn read_inbox(
    connection: &mut PgConnection,
    shards: &[i16],
    without: &[i64],
    full: &HashSet<LogKey>,
) -> Result<Vec<(i64, Vec<u8>)>, sqlx::Error> {
    let full: Vec<String> = full.iter().copied().map(name).collect();
    let rows = sqlx::query!(
        "select id, entry from inbox where shard = any($1) and id <> all($2) and refusal is null
            and (log is null or log <> all($3))
        order by receipt_id limit 512",
        shards,
        without,
        &full
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.entry)).collect())
}

/// Which of these rows are gone, and which are refused with what.
pub(super) async fn settled_in_inbox(
    connection: &mut PgConnection,
    ids: &[i64],
) -> Result<Vec<(i64, Option<Problem>)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select wanted.id as "id!", inbox.refusal as "refusal?: Json<Problem>"
        from unnest($1::bigint[]) as wanted (id) left join inbox on inbox.id = wanted.id
        where inbox.id is null or inbox.refusal is not null"#,
        ids
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.refusal.map(|problem| problem.0))).collect())
}

/// Says of rows why they are refused.
pub(in crate::sequencer) async fn refuse_in_inbox(
    connection: &mut PgConnection,
    ids: &[i64],
    problem: &Problem,
) -> Result<(), sqlx::Error> {
    sqlx::query!("update inbox set refusal = $2 where id = any($1)", ids, Json(problem) as _)
        .execute(connection)
        .await
        .map(|_| ())
}

pub(in crate::sequencer) async fn remove_from_inbox(
    connection: &mut PgConnection,
    ids: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from inbox where id = any($1)", ids).execute(connection).await.map(|_| ())
}
