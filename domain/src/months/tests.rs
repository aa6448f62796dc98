#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::TryStreamExt as _;
use ledger::verify::verify;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use time::macros::datetime;

use super::*;
use crate::context::Cx;
use crate::id::ReceiptId;
use crate::integrity::fsck::{Options, Signatures, fsck};
use crate::receipts::life::erase;
use crate::receipts::{self, NewReceipt, bundle, get};
use crate::testing::World;

fn new(reference: &str) -> NewReceipt {
    NewReceipt::from_json(format!(r#"{{"reference":"{reference}","data":{{"n":1}}}}"#).as_bytes()).unwrap()
}

async fn issue(cx: &Cx, reference: &str) -> ReceiptId {
    receipts::issue(cx, new(reference), Some(reference)).await.unwrap().receipt.summary.id
}

/// Names of the months that a table has, here or in the archive.
async fn names(world: &World, of: &str, is_archived: bool) -> Vec<String> {
    let months = list(world.domain.database()).await.unwrap();
    let those = months.into_iter().filter(|month| month.of == of && month.is_archived == is_archived);
    those.map(|month| month.name).collect()
}

/// In which month each row is, by a condition.
async fn places(world: &World, from: &str) -> Vec<String> {
    let text = format!("select distinct tableoid::regclass::text from {from} order by 1");
    sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(&mut world.superuser().await).await.unwrap()
}

fn now(world: &World) -> OffsetDateTime {
    world.domain.clock.now()
}

async fn sql(world: &World, text: &str) -> u64 {
    world.superuser().await.execute(AssertSqlSafe(text.to_owned())).await.unwrap().rows_affected()
}

async fn findings(world: &World) -> Vec<String> {
    let options = Options { signatures: Signatures::All, ..Options::default() };
    let reports = fsck(world.domain.database(), &options, &|_, _, _| {}).await.unwrap();
    let findings = reports.into_iter().flat_map(|log| log.findings);
    findings.map(|found| format!("{}: {}", found.subject, found.problem)).collect()
}

async fn export(cx: &Cx) -> Vec<u8> {
    let mut export = receipts::export(cx, ("2026-11-01", "2027-12-31"), None).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(part) = export.archive.try_next().await.unwrap() {
        bytes.extend(part);
    }
    bytes
}

/// A receipt of November 2026, one of December and one of April 2027, in months of their own; it is April.
async fn scene() -> (World, Cx, [ReceiptId; 3]) {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let november = issue(&acme, "november").await;
    make_ahead(world.domain.database(), now(&world)).await.unwrap();
    world.clock.advance(time::Duration::days(20));
    let december = issue(&acme, "december").await;
    make_ahead(world.domain.database(), now(&world)).await.unwrap();
    world.clock.advance(time::Duration::days(120));
    make_ahead(world.domain.database(), now(&world)).await.unwrap();
    let april = issue(&acme, "april").await;
    (world, acme, [november, december, april])
}

const JANUARY: OffsetDateTime = datetime!(2027-01-01 00:00 UTC);

#[tokio::test]
async fn months_are_made_ahead_and_every_row_is_in_its_own() {
    let (world, _, ids) = scene().await;
    let months = ["begin", "2026_12", "2027_01", "2027_02", "2027_03", "2027_05", "2027_06", "2027_07"];
    for of in TABLES {
        assert_eq!(names(&world, of, false).await, months.map(|month| format!("{of}_{month}")), "{of}");
    }
    for (id, month) in ids.iter().zip(["begin", "2026_12", "2027_03"]) {
        let place = places(&world, &format!("payloads where receipt_id = '{}'", id.0)).await;
        assert_eq!(place, [format!("payloads_{month}")]);
    }
    // The last look before April was in December: what came then is with March, until the months to come.
    assert_eq!(places(&world, "events").await, ["events_2026_12", "events_2027_03", "events_begin"]);
    make_ahead(world.domain.database(), now(&world)).await.unwrap();
    assert_eq!(names(&world, "events", false).await.len(), 8, "made once");
    // By these the sequencer knows an entry that comes a second time.
    let keys = "select count(*) from pg_constraint where contype = 'p' and conname ~ '^payloads_.+_pkey$'";
    let keys: i64 = sqlx::query_scalar(keys).fetch_one(&mut world.superuser().await).await.unwrap();
    assert_eq!(keys, 8);
}

#[tokio::test]
async fn what_is_in_the_archive_is_found_verified_exported_and_checked() {
    let (world, acme, ids) = scene().await;
    let mut before = Vec::new();
    for id in ids {
        before.push((get(&acme, id).await.unwrap(), bundle(&acme, id).await.unwrap()));
    }
    let (archive, offset) = (export(&acme).await, crate::events::latest_id(&acme).await.unwrap());

    let moved = detach(world.domain.database(), JANUARY, now(&world)).await.unwrap();
    let names = moved.iter().map(|month| month.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["events_begin", "events_2026_12", "payloads_begin", "payloads_2026_12"]);
    assert_eq!(places(&world, "payloads").await, ["payloads_2027_03"]);
    assert_eq!(places(&world, "archive.payloads").await, ["archive.payloads_2026_12", "archive.payloads_begin"]);
    for (id, before) in ids.into_iter().zip(&before) {
        let (receipt, bundle) = (get(&acme, id).await.unwrap(), bundle(&acme, id).await.unwrap());
        assert_eq!((&receipt, &bundle), (&before.0, &before.1));
        assert!(receipt.payload.is_some() && verify(&bundle, None).is_verified());
    }
    assert_eq!(export(&acme).await, archive, "byte for byte");
    assert_eq!(crate::events::latest_id(&acme).await.unwrap(), offset);
    assert_eq!(findings(&world).await, [""; 0]);
    sql(&world, "update archive.payloads set payload = payload || ' ' where payload like '%december%'").await;
    assert_eq!(findings(&world).await, ["entry 2: has another payload stored than was signed"]);
    sql(&world, "update archive.payloads set payload = rtrim(payload, ' ') where payload like '%december%'").await;

    let back = attach(world.domain.database(), datetime!(2026-12-01 00:00 UTC)).await.unwrap();
    assert_eq!(back.iter().map(|month| &*month.name).collect::<Vec<_>>(), ["payloads_2026_12", "events_2026_12"]);
    attach(world.domain.database(), datetime!(2000-01-01 00:00 UTC)).await.unwrap();
    assert_eq!(places(&world, "archive.payloads").await, [""; 0]);
    assert_eq!(get(&acme, ids[1]).await.unwrap(), before[1].0);
    assert_eq!(export(&acme).await, archive);
    assert_eq!(findings(&world).await, [""; 0]);
}

#[tokio::test]
async fn contents_are_erased_in_the_archive_too_and_only_erased_ones_look_so() {
    let (world, acme, [november, december, _]) = scene().await;
    detach(world.domain.database(), JANUARY, now(&world)).await.unwrap();
    let erased = erase(&acme, november, "asked to").await.unwrap();
    assert!(erased.payload.is_none() && erased.life.erasure.is_some());
    let of = |id: ReceiptId| format!("archive.payloads where receipt_id = '{}'", id.0);
    assert_eq!(places(&world, &of(november)).await, [""; 0]);
    assert_eq!(places(&world, &of(december)).await, ["archive.payloads_2026_12"]);
    let kept = get(&acme, december).await.unwrap();
    assert!(kept.payload.is_some() && kept.life.erasure.is_none());
    attach(world.domain.database(), datetime!(2000-01-01 00:00 UTC)).await.unwrap();
    assert!(get(&acme, november).await.unwrap().payload.is_none());
    assert_eq!(findings(&world).await, [""; 0]);
}

#[tokio::test]
async fn a_move_waits_for_readers_and_never_keeps_writers_waiting() {
    let (world, acme, _) = scene().await;
    let mut reader = world.superuser().await;
    let mut reading = reader.begin().await.unwrap();
    reading.execute("select from payloads").await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (org_id, ended) = (acme.tenant().unwrap().0, stop.clone());
    let mut writer = world.superuser().await;
    let writing = tokio::spawn(async move {
        // What was promised, and half as much for a machine that is busy.
        writer.execute("set lock_timeout = '150ms'").await.unwrap();
        let mut written = 0;
        while !ended.load(Ordering::SeqCst) {
            let text = "insert into payloads select $1, 'test', (left($2, 15) || '7' || substr(gen_random_uuid()::text, 17))::uuid, '', ''";
            let now = "01a4f2c1-0000-7000-8000-000000000000";
            sqlx::query(text).bind(org_id.0).bind(now).execute(&mut writer).await.unwrap();
            written += 1;
        }
        written
    });
    let (database, now) = (world.domain.database().clone(), now(&world));
    let moving = tokio::spawn(async move { detach(&database, JANUARY, now).await.unwrap().len() });
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!moving.is_finished(), "somebody reads");
    issue(&acme, "meanwhile").await;
    drop(reading);
    reader.close().await.unwrap();
    assert_eq!(moving.await.unwrap(), 4);
    stop.store(true, Ordering::SeqCst);
    assert!(writing.await.unwrap() > 10);
}

#[tokio::test]
async fn a_table_that_is_in_use_for_too_long_is_left_as_it_is() {
    let (world, _, _) = scene().await;
    let mut connection = store::connect(world.domain.database()).await.unwrap();
    let mut reader = world.superuser().await;
    let mut reading = reader.begin().await.unwrap();
    reading.execute("select from payloads").await.unwrap();
    let late = store::move_month(&mut connection, "payloads", "payloads_begin", true).await.unwrap_err();
    assert!(is_late(&late), "{late}");
    let late = store::begin(&mut connection, "payloads", datetime!(2028-01-01 00:00 UTC)).await.unwrap_err();
    assert!(is_late(&late), "{late}");
    assert_eq!(names(&world, "payloads", false).await.len(), 8);
}

#[tokio::test]
async fn this_month_and_the_one_before_stay() {
    let (world, _, _) = scene().await;
    let database = world.domain.database();
    detach(database, datetime!(2027-04-01 00:00 UTC), now(&world)).await.unwrap_err();
    let moved = detach(database, datetime!(2027-03-01 00:00 UTC), now(&world)).await.unwrap();
    assert_eq!(moved.len(), 2 * 4);
    assert_eq!(names(&world, "payloads", true).await.len(), 4);
}

#[tokio::test]
async fn a_row_from_a_clock_that_is_ahead_has_a_place_and_the_month_before_goes_on() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    make_ahead(world.domain.database(), now(&world)).await.unwrap();
    world.clock.advance(time::Duration::days(120));
    let ahead = issue(&acme, "ahead").await;
    assert_eq!(
        places(&world, &format!("payloads where receipt_id = '{}'", ahead.0)).await,
        ["payloads_2027_02"],
        "the newest, which has no end"
    );
    // In January March cannot begin, for which nothing is refused; April can.
    make_ahead(world.domain.database(), datetime!(2027-01-15 00:00 UTC)).await.unwrap();
    assert_eq!(names(&world, "payloads", false).await.last().unwrap(), "payloads_2027_04");
    issue(&acme, "after").await;
    assert_eq!(findings(&world).await, [""; 0]);
}

#[tokio::test]
async fn nobody_reaches_a_month_past_the_policies_of_its_table() {
    let (world, acme, _) = scene().await;
    let other = world.org("other").await;
    detach(world.domain.database(), JANUARY, now(&world)).await.unwrap();
    let mut superuser = world.superuser().await;
    let bare: i64 = sqlx::query_scalar(
        "select count(*) from pg_class join pg_inherits on inhrelid = oid
        where relkind = 'r' and relnamespace in ('public'::regnamespace, 'archive'::regnamespace) and not (relrowsecurity and relforcerowsecurity)",
    )
    .fetch_one(&mut superuser)
    .await
    .unwrap();
    assert_eq!(bare, 0);
    let ((mine, _), (theirs, _)) = (acme.tenant().unwrap(), other.tenant().unwrap());
    for month in list(world.domain.database()).await.unwrap() {
        let schema = if month.is_archived { "archive" } else { "public" };
        for role in ["certnode_app", "certnode_sequencer"] {
            let mut tx = superuser.begin().await.unwrap();
            let act = "select set_config('role', $1, true), set_config('certnode.org_id', $2, true)";
            sqlx::query(act).bind(role).bind(mine.0.to_string()).execute(&mut *tx).await.unwrap();
            let text = format!("select from {schema}.{}", month.name);
            let refused = tx.execute(AssertSqlSafe(text)).await.unwrap_err();
            assert!(refused.to_string().contains("permission denied"), "{role}: {}: {refused}", month.name);
        }
    }
    for table in ["payloads", "archive.payloads", "events", "archive.events"] {
        for org_id in [mine, theirs] {
            let mut tx = superuser.begin().await.unwrap();
            let act = "select set_config('role', 'certnode_app', true), set_config('certnode.org_id', $1, true)";
            sqlx::query(act).bind(org_id.0.to_string()).execute(&mut *tx).await.unwrap();
            let text = format!("select count(*) filter (where org_id = $1), count(*) from {table}");
            let (own, all): (i64, i64) =
                sqlx::query_as(AssertSqlSafe(text)).bind(org_id.0).fetch_one(&mut *tx).await.unwrap();
            assert_eq!(own, all, "{table}");
            assert!(all > 0 || org_id == theirs, "{table}");
        }
    }
}

#[tokio::test]
async fn what_there_was_before_months_is_the_first_of_them_as_it_lay() {
    static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");
    let world = World::new().await;
    let name = format!("before_{}", world.domain.clock.new_id().simple());
    sql(&world, &format!("create database {name}")).await;
    let options: sqlx::postgres::PgConnectOptions = world.database_url.parse().unwrap();
    let mut connection = PgConnection::connect_with(&options.database(&name)).await.unwrap();
    let lies = "select pg_relation_filenode(to_regclass($1))::bigint";
    let (earlier, later): (Vec<_>, Vec<_>) = MIGRATIONS.iter().partition(|migration| migration.version < 20);
    for migration in earlier {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut connection).await.unwrap();
    }
    let rows = "insert into orgs (id, name, created_at) values (gen_random_uuid(), 'acme', now());
        insert into payloads select id, 'test', gen_random_uuid(), 'payload', 'salt' from orgs where name = 'acme';
        insert into events (org_id, mode, type, data, created_at) select id, 'test', 'a', '{}', now()
        from orgs, generate_series(1, 7) where name = 'acme'";
    connection.execute(rows).await.unwrap();
    let before: Option<i64> = sqlx::query_scalar(lies).bind("payloads").fetch_one(&mut connection).await.unwrap();
    for migration in later {
        sqlx::raw_sql(migration.sql.clone()).execute(&mut connection).await.unwrap();
    }
    let after: Option<i64> = sqlx::query_scalar(lies).bind("payloads_begin").fetch_one(&mut connection).await.unwrap();
    assert_eq!(after, before, "nothing was copied");
    let count: (i64, i64) = sqlx::query_as("select (select count(*) from payloads), (select count(*) from events)")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(count, (1, 7));
    let text = "insert into events (org_id, mode, type, data, created_at) select id, 'test', 'b', '{}', now()
        from orgs where name = 'acme' returning events.id";
    let next: i64 = sqlx::query_scalar(text).fetch_one(&mut connection).await.unwrap();
    assert_eq!(next, 8, "offsets go on");
}
