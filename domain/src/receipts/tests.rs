#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;

use ledger::verify::verify;
use sqlx::Connection as _;

use super::place::Place;
use super::store::{Narrowed, Order, Side};
use super::*;
use crate::context::Cx;
use crate::page::Page;
use crate::testing::World;

fn new(reference: &str) -> NewReceipt {
    let body = format!(
        r#"{{"kind":"transaction","reference":"{reference}","amount":{{"value":"11.77","currency":"USD"}},"data":{{"cds":2}}}}"#
    );
    NewReceipt::from_json(body.as_bytes()).unwrap()
}

async fn issue_one(cx: &Cx, reference: &str, key: Option<&str>) -> Issued {
    issue(cx, new(reference), key).await.unwrap()
}

#[tokio::test]
async fn an_issued_receipt_verifies_from_its_bundle_alone() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let issued = issue_one(&acme, "order-1", None).await;
    assert_eq!(issued.receipt.summary.log_index, 1, "index 0 is the log's own statement");
    let report = verify(&bundle(&acme, issued.receipt.summary.id).await.unwrap(), None);
    assert!(report.is_verified(), "{:?}", report.steps);
}

#[tokio::test]
async fn every_receipt_of_a_long_log_verifies_across_tiles() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let wanted = (0..600).map(|n| (new(&format!("order-{n}")), format!("key-{n}"))).collect();
    let ids: Vec<ReceiptId> = issue_many(&acme, wanted).await.unwrap().into_iter().map(Result::unwrap).collect();
    for id in ids.iter().step_by(37).chain(ids.last()) {
        let report = verify(&bundle(&acme, *id).await.unwrap(), None);
        assert!(report.is_verified(), "{id}: {:?}", report.steps);
        assert_eq!(report.tree_size, Some(601));
    }
}

#[tokio::test]
async fn the_same_key_and_content_give_the_same_receipt_byte_for_byte() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let first = issue_one(&acme, "order-1", Some("k")).await;
    issue_one(&acme, "order-2", None).await;
    let again = issue_one(&acme, "order-1", Some("k")).await;
    assert!(again.replayed && !first.replayed);
    assert_eq!(first.receipt, again.receipt);
    let refused = issue(&acme, new("order-3"), Some("k")).await.unwrap_err();
    assert_eq!((refused.status, &*refused.code), (409, "idempotency_conflict"));
}

#[tokio::test]
async fn duplicates_at_the_same_moment_are_one_receipt() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let tries = (0..200).map(|n| {
        let (acme, key) = (acme.clone(), format!("key-{}", n % 40));
        async move { issue(&acme, new(&format!("order-{}", n % 40)), Some(&key)).await.unwrap().receipt.summary.id }
    });
    let ids: HashSet<ReceiptId> = futures::future::join_all(tries).await.into_iter().collect();
    assert_eq!(ids.len(), 40);
    assert_eq!(logs::head(&acme).await.unwrap().receipts, 40);
}

#[tokio::test]
async fn two_nodes_on_one_log_never_fork_it() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let other = world.another_node();
    let beside = Cx { domain: other, ..acme.clone() };
    let tries = (0..120).map(|n| {
        let cx = if n % 2 == 0 { acme.clone() } else { beside.clone() };
        async move { issue(&cx, new(&format!("order-{n}")), None).await.unwrap().receipt.proof }
    });
    let proofs = futures::future::join_all(tries).await;
    let places: HashSet<u64> = proofs.iter().map(|proof| proof.log_index).collect();
    assert_eq!(places, (1..=120).collect(), "every place taken once, and none left out");
    // Checkpoints of one size have one root.
    let mut roots = std::collections::HashMap::new();
    for proof in &proofs {
        let root = proof.checkpoint.lines().nth(2).unwrap();
        assert_eq!(*roots.entry(proof.tree_size).or_insert(root), root);
    }
}

#[tokio::test]
async fn pages_walk_both_ways_without_gaps_or_repeats() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    for n in 0..25 {
        issue_one(&acme, &format!("order-{n}"), None).await;
    }
    let (mut seen, mut page) = (Vec::new(), Page { limit: 10, ..Page::default() });
    loop {
        let found = list(&acme, &Filter::default(), &page).await.unwrap();
        seen.extend(found.data.iter().map(|summary| summary.reference.clone().unwrap()));
        let Some(next) = found.next else { break };
        page.after = Some(next);
    }
    assert_eq!(seen, (0..25).rev().map(|n| format!("order-{n}")).collect::<Vec<_>>());
    let last = list(&acme, &Filter::default(), &page).await.unwrap();
    let before = Page { limit: 10, after: None, before: last.previous };
    let middle = list(&acme, &Filter::default(), &before).await.unwrap();
    assert_eq!(middle.data.first().unwrap().reference.as_deref(), Some("order-14"));
}

#[tokio::test]
async fn another_organisations_receipt_is_not_there() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    let id = issue_one(&acme, "order-1", None).await.receipt.summary.id;
    assert_eq!(get(&other, id).await.unwrap_err(), crate::Problem::not_found());
    assert!(list(&other, &Filter::default(), &Page::default()).await.unwrap().data.is_empty());
}

#[tokio::test]
async fn the_applications_role_sees_and_writes_nothing_of_another_tenant() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    issue_one(&acme, "order-1", None).await;
    let (org, _) = other.tenant().unwrap();
    let mut connection = world.superuser().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
        where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
            and c.relname <> 'sessions' order by 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(tables.len() >= 9, "{tables:?}");
    for setting in [org.0.to_string(), String::new()] {
        let mut tx = connection.begin().await.unwrap();
        sqlx::query("select set_config('role', 'certnode_app', true), set_config('certnode.org_id', $1, true)")
            .bind(&setting)
            .execute(&mut *tx)
            .await
            .unwrap();
        for table in &tables {
            let foreign = format!(
                "select count(*) from {table} where org_id is distinct from nullif(current_setting('certnode.org_id'), '')::uuid"
            );
            let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(foreign)).fetch_one(&mut *tx).await.unwrap();
            assert_eq!(count, 0, "{table} as {setting:?}");
        }
        let changed = sqlx::query("update api_keys set name = 'mine'").execute(&mut *tx).await.unwrap();
        assert_eq!(changed.rows_affected(), 0);
    }
    for statement in [
        "update receipts set kind = 'x'",
        "delete from receipts",
        "truncate receipts",
        "update payloads set payload = ''",
    ] {
        for role in ["certnode_app", "certnode_sequencer"] {
            let mut tx = connection.begin().await.unwrap();
            sqlx::query("select set_config('role', $1, true)").bind(role).execute(&mut *tx).await.unwrap();
            let refused = sqlx::query(statement).execute(&mut *tx).await.unwrap_err();
            assert!(refused.to_string().contains("permission denied"), "{role}: {statement}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_database_made_with_another_master_key_is_not_signed_for() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let stranger = crate::context::Domain::start(crate::context::Options {
        database: world.domain.database().clone(),
        keyring: crate::keyring::Keyring::new([8; 32], "log.example"),
        clock: world.clock.clone(),
        hashes_at_once: 1,
        witnesses: ledger::policy::Policy::default(),
        evidence: None,
    });
    let refused = issue(&Cx { domain: stranger, ..acme }, new("order-1"), None).await.unwrap_err();
    assert_eq!(refused.status, 500);
}

#[test]
fn refusals_name_the_place() {
    let refused = |body: &str| NewReceipt::from_json(body.as_bytes()).unwrap_err();
    let places = |body: &str| refused(body).fields.into_iter().map(|field| field.location).collect::<Vec<_>>();
    assert_eq!(
        places(r#"{"amount":{"value":"1.234","currency":"USD"},"occurred_at":"yesterday","colour":1}"#),
        ["amount.value", "occurred_at", "colour"]
    );
    assert!(refused(r#"{"data":{"items":[{"price":1.5}]}}"#).fields[0].message.contains("data.items[0].price"));
    assert!(refused("{\n  \"a\": 1,\n  \"a\": 2}").detail.contains("line 3, column 3"));
    assert!(refused(r#"{"data":"\ud800"}"#).detail.contains("surrogate"));
    assert_eq!(refused("[]").status, 422);
    assert!(
        NewReceipt::from_json(
            r#"{"reference":"\u202e ünï 😀 <script>","amount":{"value":"-5.00","currency":"USD"}}"#.as_bytes()
        )
        .is_ok()
    );
}

#[tokio::test]
async fn no_list_reads_the_whole_table() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let first = issue_one(&acme, "order-0", None).await.receipt.summary.id;
    let mut superuser = world.superuser().await;
    // 20,000 more rows, without their log: only how they are found matters here.
    sqlx::raw_sql(
        "insert into receipts (org_id, mode, id, log_index, tree_size, kind, reference, occurred_at, issued_at, amount_minor,
            currency, leaf_hash, statement)
        select org_id, mode, uuid_in(md5(n::text)::cstring), log_index + n, tree_size, case n % 100 when 0 then 'approval' else kind end,
            'order-' || n, occurred_at + n * interval '1 minute', issued_at, n, currency, leaf_hash, statement
        from receipts, generate_series(1, 20000) as n where log_index = 1;
        analyze receipts",
    )
    .execute(&mut superuser)
    .await
    .unwrap();
    // In the midst of them: on both sides of it there is more than a page.
    let middle: uuid::Uuid = sqlx::query_scalar("select id from receipts order by id offset 10000 limit 1")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    let tenant = acme.tenant().unwrap();
    let narrowed = [
        Narrowed::default(),
        Narrowed { kind: Some("approval".to_owned()), ..Narrowed::default() },
        Narrowed { reference: Some("order-17".to_owned()), ..Narrowed::default() },
        Narrowed { id: Some(first), ..Narrowed::default() },
        Narrowed { from: Some(time::macros::datetime!(2026-11-25 0:00 UTC)), ..Narrowed::default() },
        Narrowed { min: Some(500), max: Some(600), currency: Some("USD".to_owned()), ..Narrowed::default() },
        Narrowed { order: (Order::Issued, true), ..Narrowed::default() },
        Narrowed { order: (Order::Happened, true), ..Narrowed::default() },
        Narrowed { order: (Order::Amount, false), currency: Some("USD".to_owned()), ..Narrowed::default() },
    ];
    for (narrowed, side) in narrowed.iter().flat_map(|narrowed| [(narrowed, Side::After), (narrowed, Side::Before)]) {
        let mut tx = acme.begin().await.unwrap();
        let middle = store::find(&mut tx, tenant, ReceiptId(middle)).await.unwrap().summary;
        let middle = Place::of(&middle, &Narrowed { currency: Some("USD".to_owned()), ..narrowed.clone() });
        // Often enough for PostgreSQL to consider a plan for all values.
        for _ in 0..8 {
            store::list(&mut tx, tenant, narrowed, side, middle, 50).await.unwrap();
        }
        let (sequential, read): (i64, i64) = sqlx::query_as(
            "select seq_scan, seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'receipts'",
        )
        .fetch_one(tx.connection())
        .await
        .unwrap();
        assert!(sequential == 0, "{narrowed:?} {side:?}");
        // The planner reads some rows itself, at the ends of an index, to learn its range.
        let narrows = Narrowed { order: narrowed.order, currency: None, ..Narrowed::default() };
        let whole = Narrowed { currency: None, ..narrowed.clone() } == narrows;
        assert!(
            !whole || read <= 8 * 1000,
            "{narrowed:?} {side:?}: {read} of 20,000 rows read for a page of 50, eight times"
        );
    }
}

#[tokio::test]
async fn each_order_walks_every_receipt_once_both_ways() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    // Amounts and days repeat, so that only the id tells some apart.
    for n in 0..23 {
        let body = format!(
            r#"{{"reference":"r{n}","occurred_at":"2026-11-{:02}T00:00:00Z","amount":{{"value":"{}.00","currency":"USD"}}}}"#,
            1 + n % 5,
            n % 4
        );
        issue(&acme, NewReceipt::from_json(body.as_bytes()).unwrap(), None).await.unwrap();
    }
    for sort in ["issued", "-issued", "happened", "-happened", "amount", "-amount"] {
        let filter = Filter { sort: Some(sort.to_owned()), currency: Some("USD".to_owned()), ..Filter::default() };
        let mut page = Page { limit: 5, ..Page::default() };
        let mut walked: Vec<Summary> = Vec::new();
        let mut last_cursor = None;
        loop {
            let found = list(&acme, &filter, &page).await.unwrap();
            walked.extend(found.data);
            last_cursor = found.previous.or(last_cursor);
            let Some(next) = found.next else { break };
            page.after = Some(next);
        }
        let key = |summary: &Summary| match sort.trim_start_matches('-') {
            "happened" => summary.occurred_at.unix_timestamp(),
            "amount" => summary.amount.as_ref().unwrap().minor,
            _ => i64::try_from(summary.log_index).unwrap(),
        };
        let mut sorted = walked.clone();
        sorted.sort_by_key(|summary| (key(summary), summary.id));
        if sort.starts_with('-') {
            sorted.reverse();
        }
        assert_eq!(walked, sorted, "{sort}");
        assert_eq!(walked.len(), 23, "{sort}");
        let back = list(&acme, &filter, &Page { limit: 5, before: last_cursor, ..Page::default() }).await.unwrap();
        assert_eq!(back.data, walked[15..20], "{sort}: the page before the last one");
        let beside = neighbours(&acme, walked[7].id, &filter).await.unwrap();
        assert_eq!((beside.previous, beside.next), (Some(walked[6].id), Some(walked[8].id)), "{sort}");
    }
    let refused =
        async |filter: Filter| list(&acme, &filter, &Page::default()).await.unwrap_err().fields[0].location.clone();
    assert_eq!(refused(Filter { sort: Some("colour".to_owned()), ..Filter::default() }).await, "sort");
    assert_eq!(refused(Filter { sort: Some("amount".to_owned()), ..Filter::default() }).await, "currency");
}
