#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::hash::EMPTY_ROOT;
use ledger::tile::decode_entries;
use sqlx::AssertSqlSafe;

use super::*;
use crate::context::Cx;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;

/// Fills the actor's log up to a size, the log's own first statement included.
async fn fill(cx: &Cx, size: u64) {
    let have = logs::head(cx).await.unwrap().size.max(1);
    let new = |n| (NewReceipt::from_json(format!(r#"{{"reference":"r-{n}"}}"#).as_bytes()).unwrap(), format!("k-{n}"));
    for placed in receipts::issue_many(cx, (have..size).map(new).collect()).await.unwrap() {
        placed.unwrap();
    }
}

async fn sql(world: &World, text: &str) {
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut world.superuser().await).await.unwrap();
}

/// The names in the log's folder, and the folder.
async fn names(world: &World, cx: &Cx) -> (Vec<String>, String) {
    let head = logs::head(cx).await.unwrap();
    let folder = folder(&head.origin).to_owned();
    let names = world.objects.list(&folder).await.unwrap();
    (names.iter().map(|name| name[folder.len() + 1..].to_owned()).collect(), folder)
}

#[tokio::test]
async fn a_log_is_published_as_files_and_its_edge_follows() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    fill(&acme, 600).await;
    assert_eq!(publish(&world.domain).await.unwrap(), 1);
    assert_eq!(publish(&world.domain).await.unwrap(), 0, "nothing moved");
    let (files, folder) = names(&world, &acme).await;
    let expected = [
        "checkpoint",
        "log.json",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ];
    assert_eq!(files, expected);
    let checkpoint = world.objects.get(&format!("{folder}/checkpoint")).await.unwrap().unwrap();
    assert_eq!(String::from_utf8(checkpoint).unwrap(), logs::tiles::checkpoint(&acme).await.unwrap());
    // A stranger's arithmetic over the bundles gives the checkpoint's root.
    let mut frontier = ledger::tree::Frontier::empty();
    for name in &files[6..] {
        let bundle = gunzip(&world.objects.get(&format!("{folder}/{name}")).await.unwrap().unwrap()).unwrap();
        decode_entries(&bundle).unwrap().into_iter().for_each(|entry| frontier.push(leaf_hash(entry)));
    }
    assert!(logs::tiles::checkpoint(&acme).await.unwrap().contains(&frontier.root().to_base64()));

    fill(&acme, 770).await;
    publish(&world.domain).await.unwrap();
    let (files, _) = names(&world, &acme).await;
    assert!(files.contains(&"tile/0/002".to_owned()) && files.contains(&"tile/0/002.p/88".to_owned()), "{files:?}");
    world.clock.advance(EDGE_EVERY);
    publish(&world.domain).await.unwrap();
    let (files, _) = names(&world, &acme).await;
    assert!(files.contains(&"tile/0/003.p/2".to_owned()) && !files.iter().any(|name| name.contains(".p/88")));
}

#[tokio::test]
async fn a_crash_before_the_note_changes_nothing_and_another_file_is_never_written_over() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    fill(&acme, 300).await;
    publish(&world.domain).await.unwrap();
    let (before, folder) = names(&world, &acme).await;
    sql(&world, "delete from published_logs").await;
    publish(&world.domain).await.unwrap();
    assert_eq!(names(&world, &acme).await.0, before);

    let (_, strange) = names(&world, &other).await;
    assert_ne!(folder, strange);
    world.objects.put(&format!("{strange}/tile/0/000"), vec![7; 8192]).await.unwrap();
    fill(&other, 300).await;
    publish(&world.domain).await.unwrap();
    assert_eq!(world.objects.get(&format!("{strange}/tile/0/000")).await.unwrap().unwrap(), vec![7; 8192]);
    let refusals: Vec<String> = sqlx::query_scalar("select refusal from published_logs where refusal is not null")
        .fetch_all(&mut world.superuser().await)
        .await
        .unwrap();
    assert_eq!(refusals, ["tile/0/000 is in the object store already and differs: it is not written over"]);
    assert_eq!(publish(&world.domain).await.unwrap(), 0, "a refused log is left alone for a while");
}

#[tokio::test]
async fn an_entry_that_was_changed_in_the_database_is_not_published() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    fill(&acme, 256).await;
    sql(&world, "update receipts set statement = statement || ' ' where log_index = 17").await;
    publish(&world.domain).await.unwrap();
    assert!(names(&world, &acme).await.0.is_empty());
    let refusal: String =
        sqlx::query_scalar("select refusal from published_logs").fetch_one(&mut world.superuser().await).await.unwrap();
    assert_eq!(refusal, "entry 17 does not hash to its leaf");
}

#[tokio::test]
async fn full_files_are_read_from_the_store_and_a_damaged_tile_makes_no_proof() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    fill(&acme, 520).await;
    publish(&world.domain).await.unwrap();
    let (_, folder) = names(&world, &acme).await;
    let log = acme.tenant().unwrap();
    let tile = TileId { level: 0, index: 0, width: 256 };
    let read = async |domain: &Domain, tile| {
        let mut tx = domain.system(log.0, log.1).begin().await.unwrap();
        logs::tiles::read(&mut tx, log, tile).await
    };
    let right = read(&world.another_node(), tile).await.unwrap();
    let narrow = read(&world.another_node(), TileId { width: 3, ..tile }).await.unwrap();
    assert_eq!(narrow, right[..96]);

    // The store alone, then the database alone, then neither.
    sql(&world, "update receipts set leaf_hash = sha256(leaf_hash) where log_index = 5").await;
    assert_eq!(read(&world.another_node(), tile).await.unwrap(), right);
    let bundle = logs::tiles::file(&acme, "tile/entries/000", true).await.unwrap();
    assert!(
        bundle.gzip
            && gunzip(&bundle.bytes) == Some(logs::tiles::file(&acme, "tile/entries/000", false).await.unwrap().bytes)
    );
    world.objects.put(&format!("{folder}/tile/0/000"), EMPTY_ROOT.0.repeat(256)).await.unwrap();
    let refused = read(&world.another_node(), tile).await.unwrap_err();
    assert_eq!(refused.internal.as_deref(), Some("tile/0/000 is not what the tile above it says"));
    world.objects.delete(&format!("{folder}/tile/0/001")).await.unwrap();
    assert!(read(&world.another_node(), TileId { index: 1, ..tile }).await.is_ok(), "from the database");
    assert!(logs::tiles::file(&acme, "tile/0/003", true).await.is_err(), "beyond the log");
}

#[test]
fn gzip_gives_back_what_it_took_and_refuses_more_than_a_bundle() {
    let text = b"canonical ".repeat(1000);
    assert_eq!(gunzip(&gzip(&text)).unwrap(), text);
    assert_eq!(gzip(&text), gzip(&text));
    assert!(gunzip(b"no gzip").is_none() && gunzip(&gzip(&text)[..40]).is_none());
    assert!(gunzip(&gzip(&vec![0; 17 << 20])).is_none());
}

#[test]
fn what_is_not_full_of_a_tree_is_known_from_its_size() {
    let paths = |size| partial_tiles(size).iter().map(TileId::path).collect::<Vec<_>>();
    assert_eq!(paths(70_000), ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    assert_eq!(paths(256), ["tile/1/000.p/1"]);
    assert!(paths(0).is_empty());
}
