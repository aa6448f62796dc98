use super::*;
use crate::id::ReceiptId;
use crate::receipts::life::{erase, revoke};
use crate::receipts::{Standing, get, issue};

const REFS: &str = "select * from receipt_refs order by receipt_id, target_id";
const RECEIPTS: &str = "select * from receipts order by org_id, mode, log_index";

async fn one(cx: &Cx, body: &str) -> ReceiptId {
    issue(cx, NewReceipt::from_json(body.as_bytes()).unwrap(), None).await.unwrap().receipt.summary.id
}

/// Receipts that others revoke, supersede and relate to, and one whose contents were erased: those three first.
async fn lives(cx: &Cx) -> [ReceiptId; 3] {
    let ended = [one(cx, r#"{"reference":"a"}"#).await, one(cx, r#"{"reference":"b"}"#).await];
    revoke(cx, ended[0], "wrong", None).await.unwrap();
    let ids = (ended[1], ended[0]);
    one(cx, &format!(r#"{{"kind":"correction","refs":[{{"id":"{}","relation":"supersedes"}},{{"id":"{}","relation":"relates_to"}}]}}"#, ids.0, ids.1)).await;
    let erased = one(cx, r#"{"reference":"secret","amount":{"value":"1.00","currency":"EUR"}}"#).await;
    erase(cx, erased, "asked to").await.unwrap();
    [ended[0], ended[1], erased]
}

#[tokio::test]
async fn a_receipt_that_was_revoked_is_revoked_after_a_restore() {
    let (world, acme) = scene().await;
    let [revoked, superseded, _] = lives(&acme).await;
    anchors::anchor(&world.domain).await.unwrap();
    world.clock.advance(time::Duration::MINUTE);
    publish(&world.domain).await.unwrap();
    let fresh = World::new().await;
    let database = fresh.domain.database().clone().with_objects(world.objects.clone());
    restore(&database, fresh.clock.now()).await.unwrap();
    assert_eq!(rows(&fresh, REFS).await, rows(&world, REFS).await);
    assert_eq!(rows(&fresh, REFS).await.len(), 4);
    let (org_id, mode) = acme.tenant().unwrap();
    let cx = fresh.domain.system(org_id, mode);
    assert_eq!(get(&cx, revoked).await.unwrap().summary.standing, Standing::Revoked);
    assert_eq!(get(&cx, superseded).await.unwrap().summary.standing, Standing::Superseded);
    is_right(&fresh).await;

    // Contents that did not come back are no damage; those of a receipt that was issued since are missed.
    let id = one(&cx, "{}").await;
    is_right(&fresh).await;
    sql(&fresh, &format!("delete from payloads where receipt_id = '{}'", id.0)).await;
    let reports = fsck(fresh.domain.database(), &Options::default(), &|_, _, _| {}).await.unwrap();
    let found: Vec<_> = reports.iter().flat_map(|log| &log.findings).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].problem, "has no contents, and no note that they were erased");
}

/// Damage to the log of 700 entries and more, and to the root log; keys between tables do not hold it up.
const DAMAGE: [&str; 16] = [
    "update receipts set statement = statement || ' ' where log_index = 5 and mode = 'test'",
    "update receipts set statement = 'x', leaf_hash = sha256('\\x0078'::bytea) where log_index = 6 and mode = 'test'",
    "update receipts set leaf_hash = sha256(leaf_hash) where log_index = 7 and mode = 'test'",
    "update receipts set id = gen_random_uuid() where log_index = 8 and mode = 'test'",
    "update receipts set kind = 'other' where log_index in (9, 703) and mode = 'test'",
    "update receipts set issued_at = issued_at + interval '1 day', idempotency = null where log_index = 10 and mode = 'test'",
    "update receipts set reference = 'other', amount_minor = 7, currency = 'USD' where log_index in (300, 704) and mode = 'test'",
    "update receipts set occurred_at = occurred_at - interval '1 day' where log_index = 301 and mode = 'test'",
    "update receipts set tree_size = log_index where log_index in (0, 1, 255, 256, 400, 401, 402, 698, 699) and mode = 'test'",
    "delete from receipts where log_index in (20, 512) and mode = 'test'",
    "update receipts set log_index = 900 where log_index = 600 and mode = 'test'",
    "delete from receipt_refs where relation = 'revokes'",
    "update receipt_refs set relation = 'revokes' where relation = 'supersedes'",
    "insert into receipt_refs select org_id, mode, id, (select id from receipts where reference = 'r-2' limit 1), 'revokes' from receipts where reference = 'r-9'",
    "update receipts set reference = 'elsewhere', idempotency = sha256('') where kind = 'checkpoint' and log_index = 1",
    "update receipts set statement = sha256('') where kind = 'checkpoint' and log_index = 2",
];

#[tokio::test]
async fn rows_that_were_damaged_are_mended_from_the_files() {
    let (world, acme) = scene().await;
    lives(&acme).await;
    anchors::anchor(&world.domain).await.unwrap();
    world.clock.advance(time::Duration::MINUTE);
    publish(&world.domain).await.unwrap();
    fill(&acme, 2000, 2005).await;
    let mend = async || rebuild_rows(world.domain.database(), None, world.clock.now()).await;
    assert!(mend().await.unwrap().iter().all(|log| log.mended.is_empty()), "nothing is wrong");
    let (receipts, refs) = (rows(&world, RECEIPTS).await, rows(&world, REFS).await);
    for damage in DAMAGE {
        sql(&world, &format!("set session_replication_role = replica; {damage}")).await;
    }
    assert!(rows(&world, REFS).await != refs);
    let mended = mend().await.unwrap();
    assert!(mended.iter().all(|log| log.without_contents.is_empty()), "{mended:?}");
    let all: Vec<u64> = mended.iter().flat_map(|log| log.mended.iter().copied()).collect();
    for entry in [5, 6, 7, 8, 9, 10, 20, 300, 301, 400, 512, 600, 704] {
        assert!(all.contains(&entry), "{entry}: {all:?}");
    }
    assert!(!all.contains(&100));
    is_right(&world).await;
    assert_eq!(rows(&world, REFS).await, refs);
    // All is as it was, but for the trees that nothing but the row knew.
    let without_trees = |rows: &[String]| -> Vec<String> {
        let cut = |row: &String| {
            let (before, after) = row.split_once("\"tree_size\":").unwrap();
            before.to_owned() + after.trim_start_matches(|c: char| c.is_ascii_digit())
        };
        rows.iter().map(cut).collect()
    };
    let now = rows(&world, RECEIPTS).await;
    assert_eq!(without_trees(&now), without_trees(&receipts));
    let differ = now.iter().zip(&receipts).filter(|(now, before)| now != before).count();
    assert!(differ <= 3, "{differ}");
    assert!(mend().await.unwrap().iter().all(|log| log.mended.is_empty()));
}

#[tokio::test]
async fn nothing_is_mended_from_files_that_are_damaged_or_of_another_history() {
    let (world, acme) = scene().await;
    let origin = logs::head(&acme).await.unwrap().origin;
    let mend = async || rebuild_rows(world.domain.database(), Some(&origin), world.clock.now()).await;
    // Contents that are not what was signed are named, and stay.
    sql(&world, "update payloads set payload = '{}' where receipt_id = (select id from receipts where reference = 'r-3' order by log_index limit 1) and payload <> ''").await;
    let mended = mend().await.unwrap();
    assert_eq!((mended[0].mended.len(), mended[0].without_contents.len()), (0, 1));

    sql(&world, "update receipts set kind = 'other' where log_index = 30 and mode = 'test'").await;
    let folder = crate::published::folder(&origin).to_owned();
    let name = format!("{folder}/tile/entries/001");
    let right = world.objects.get(&name).await.unwrap().unwrap();
    let mut entries = crate::published::gunzip(&right).unwrap();
    entries[40] ^= 1;
    world.objects.put(&name, crate::published::gzip(&entries)).await.unwrap();
    let refused = mend().await.unwrap_err().internal.unwrap();
    assert!(refused.contains("do not give the root that was signed"), "{refused}");
    world.objects.delete(&name).await.unwrap();
    assert!(mend().await.unwrap_err().internal.unwrap().contains("tile/entries/001 is not in the object store"));
    world.objects.put(&name, right).await.unwrap();
    // An entry that only the database has, and that is not what was signed.
    fill(&acme, 2000, 2003).await;
    sql(&world, "update receipts set statement = 'x' where log_index = 701 and mode = 'test'").await;
    let refused = mend().await.unwrap_err().internal.unwrap();
    assert!(refused.contains("do not go on to the state that the database has"), "{refused}");
    let damaged = "select log_index from receipts where kind = 'other'";
    assert_eq!(rows(&world, damaged).await, [r#"{"log_index":30}"#], "nothing was mended");
}
