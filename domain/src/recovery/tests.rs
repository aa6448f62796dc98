#![expect(clippy::unwrap_used, reason = "tests")]

mod rows;

use sqlx::{AssertSqlSafe, Row as _};

use super::*;
use crate::context::{Clock as _, Cx};
use crate::integrity::fsck::{Options, fsck};
use crate::published::publish;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;
use crate::{anchors, logs};

async fn fill(cx: &Cx, from: u64, until: u64) {
    let new = |n| (NewReceipt::from_json(format!(r#"{{"reference":"r-{n}"}}"#).as_bytes()).unwrap(), format!("k-{n}"));
    let placed = receipts::issue_many(cx, (from..until).map(new).collect()).await.unwrap();
    assert!(placed.iter().all(Result::is_ok));
}

/// Two logs and the root log, anchored twice and published.
async fn scene() -> (World, Cx) {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    fill(&acme, 1, 600).await;
    fill(&other, 1, 10).await;
    anchors::anchor(&world.domain).await.unwrap();
    fill(&acme, 600, 700).await;
    anchors::anchor(&world.domain).await.unwrap();
    publish(&world.domain).await.unwrap();
    (world, acme)
}

async fn rows(world: &World, query: &str) -> Vec<String> {
    let text = format!("select row_to_json(row)::text from ({query}) as row");
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut world.superuser().await).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

async fn sql(world: &World, text: &str) {
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut world.superuser().await).await.unwrap();
}

async fn files(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for name in world.objects.list("").await.unwrap() {
        let bytes = world.objects.get(&name).await.unwrap().unwrap();
        files.push((name, bytes));
    }
    files
}

async fn is_right(world: &World) {
    let reports = fsck(world.domain.database(), &Options::default(), &|_, _, _| {}).await.unwrap();
    let found: Vec<_> = reports.iter().flat_map(|log| &log.findings).collect();
    assert!(found.is_empty(), "{found:?}");
}

const TILES: &str = "select * from tiles order by org_id, mode, level, tile_index";

#[tokio::test]
async fn the_database_alone_gives_back_every_tile_and_file() {
    let (world, _) = scene().await;
    let (tiles, before) = (rows(&world, TILES).await, files(&world).await);
    assert!(tiles.len() == 1 && before.len() > 12);
    for (name, _) in &before {
        world.objects.delete(name).await.unwrap();
    }
    sql(&world, "delete from tiles; insert into tiles select org_id, mode, 3, 5, root from logs where size > 0").await;
    let recovered = rebuild(world.domain.database(), None).await.unwrap();
    assert_eq!(recovered.iter().map(|log| log.size).sum::<u64>(), 700 + 10 + 4);
    publish(&world.domain).await.unwrap();
    assert_eq!(rows(&world, TILES).await, tiles);
    assert!(files(&world).await == before);
    is_right(&world).await;

    // A file that was damaged is mended, and nothing else is written.
    let (name, mut bytes) = before.iter().find(|(name, _)| name.ends_with("tile/entries/001")).unwrap().clone();
    bytes[20] ^= 1;
    world.objects.put(&name, bytes).await.unwrap();
    let recovered = rebuild(world.domain.database(), None).await.unwrap();
    assert_eq!(recovered.iter().map(|log| log.written).sum::<u64>(), 1 + 1, "the file, and the one tile of the table");
    publish(&world.domain).await.unwrap();
    assert!(files(&world).await == before);
}

#[tokio::test]
async fn a_log_that_grows_meanwhile_is_made_again_as_it_is_then_and_checked_as_it_was() {
    let (world, acme) = scene().await;
    let options = Options::default();
    let growing = async {
        for n in 0..40 {
            fill(&acme, 700 + n * 20, 720 + n * 20).await;
        }
    };
    let checking = async {
        for _ in 0..6 {
            rebuild(world.domain.database(), None).await.unwrap();
            let reports = fsck(world.domain.database(), &options, &|_, _, _| {}).await.unwrap();
            let found: Vec<_> = reports.iter().flat_map(|log| &log.findings).collect();
            assert!(found.iter().all(|finding| finding.problem.contains("object store")), "{found:?}");
        }
    };
    tokio::join!(growing, checking);
    rebuild(world.domain.database(), None).await.unwrap();
    publish(&world.domain).await.unwrap();
    assert_eq!(logs::head(&acme).await.unwrap().size, 1500);
    is_right(&world).await;
}

#[tokio::test]
async fn what_is_damaged_is_not_spread() {
    let (world, _) = scene().await;
    let before = files(&world).await;
    sql(&world, "update receipts set statement = statement || ' ', leaf_hash = sha256('\\x00'::bytea || statement || ' ') where log_index = 5 and mode = 'test'").await;
    let refused = rebuild(world.domain.database(), None).await.unwrap_err();
    assert!(refused.internal.unwrap().contains("do not give the root that was signed"));
    // The other logs were made again, and their edges follow.
    publish(&world.domain).await.unwrap();
    assert!(files(&world).await == before);
}

#[tokio::test]
async fn the_files_alone_give_back_the_logs() {
    let (world, acme) = scene().await;
    let fresh = World::new().await;
    let database = fresh.domain.database().clone().with_objects(world.objects.clone());
    let recovered = restore(&database, fresh.clock.now()).await.unwrap();
    assert_eq!(recovered.len(), 3);
    for query in [
        TILES,
        "select org_id, mode, origin, log_vkey, issuing_vkey, size, frontier, root, checkpoint from logs where size > 0 order by origin",
        "select org_id, mode, id, log_index, kind, issued_at, idempotency, leaf_hash, statement from receipts where kind <> 'checkpoint' order by org_id, mode, log_index",
        "select org_id, mode, log_index, kind, reference, idempotency, leaf_hash, statement from receipts where kind = 'checkpoint' order by log_index",
        "select org_id, mode, log_size, root_index from anchors order by org_id, mode, log_size",
    ] {
        assert_eq!(rows(&fresh, query).await, rows(&world, query).await, "{query}");
    }
    assert_eq!(rows(&fresh, "select * from payloads where length(payload) > 0").await.len(), 0, "they are in no file");
    is_right(&fresh).await;

    // It goes on: another receipt, its anchor, and a bundle that verifies; a key that was used is still taken.
    let (org_id, mode) = acme.tenant().unwrap();
    let cx = fresh.domain.system(org_id, mode);
    fill(&cx, 1000, 1001).await;
    assert_eq!(logs::head(&cx).await.unwrap().size, 701);
    assert_eq!(anchors::anchor(&fresh.domain).await.unwrap(), 1, "what was anchored is known");
    let page = receipts::list(&cx, &receipts::Filter::default(), &crate::page::Page::default()).await.unwrap();
    let bundle = receipts::bundle(&cx, page.data[0].id).await.unwrap();
    assert!(ledger::verify::verify(&bundle, None).is_verified());

    // Once is enough, and a file that was changed is refused.
    assert!(restore(&database, fresh.clock.now()).await.unwrap_err().internal.unwrap().contains("already"));
    let (name, mut bytes) =
        files(&world).await.into_iter().find(|(name, _)| name.contains("tile/entries/002.p")).unwrap();
    let mut entries = crate::published::gunzip(&bytes).unwrap();
    entries[40] ^= 1;
    bytes = crate::published::gzip(&entries);
    world.objects.put(&name, bytes).await.unwrap();
    let third = World::new().await;
    let database = third.domain.database().clone().with_objects(world.objects.clone());
    assert!(restore(&database, third.clock.now()).await.is_err());
    assert!(rows(&third, "select * from receipts where statement is not null and kind = 'transaction' and org_id = (select org_id from logs where size > 500)").await.is_empty());
}
