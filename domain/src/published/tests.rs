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
        "keys.json",
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
    let checkpoint = String::from_utf8(checkpoint).unwrap();
    assert!(logs::tiles::checkpoint(&acme).await.unwrap().starts_with(&checkpoint), "{checkpoint}");
    // A stranger's arithmetic over the bundles gives the checkpoint's root.
    let mut frontier = ledger::tree::Frontier::empty();
    for name in &files[7..] {
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

#[tokio::test]
async fn no_checkpoint_is_signed_again_over_leaves_that_were_damaged() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    fill(&acme, 300).await;
    let page = receipts::list(&acme, &receipts::Filter::default(), &crate::page::Page::default()).await.unwrap();
    let id = page.data[0].id;
    assert!(receipts::get(&acme, id).await.is_ok());
    // At the edge, where no tile above says what the leaves are.
    sql(&world, "update receipts set leaf_hash = sha256(leaf_hash) where log_index = 270").await;
    assert!(receipts::get(&acme, id).await.unwrap_err().internal.unwrap().contains("are damaged"));
    sql(&world, "update tiles set hashes = sha256(hashes)").await;
    assert!(receipts::get(&acme, id).await.is_err());
}

/// Fills a log by arithmetic and measures: `cargo test --release -p domain -- --ignored --nocapture a_million_leaves`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn a_million_leaves() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let (org_id, mode) = acme.tenant().unwrap();
    let size = 1_000_000_u64;
    sql(&world, &format!(
        "insert into receipts (org_id, mode, id, log_index, tree_size, kind, occurred_at, issued_at, leaf_hash, statement)
        select '{}', '{mode}', gen_random_uuid(), n, n + 1, 'transaction', now(), now(), sha256('\\x00'::bytea || s), s
        from (select n, convert_to(repeat(md5(n::text), 16), 'utf8') as s from generate_series(0, {size} - 1) as n) as made",
        org_id.0
    )).await;
    let leaves: Vec<Vec<u8>> = sqlx::query_scalar("select leaf_hash from receipts order by log_index")
        .fetch_all(&mut world.superuser().await)
        .await
        .unwrap();
    let mut frontier = ledger::tree::Frontier::empty();
    leaves.iter().for_each(|leaf| frontier.push(Hash::from_slice(leaf).unwrap()));
    let identity = logs::identity(&acme).await.unwrap();
    let checkpoint = ledger::checkpoint::Checkpoint::new(&identity.origin, size, frontier.root());
    sqlx::query("update logs set size = $1, root = $2, frontier = $3, checkpoint = $4 where org_id = $5 and mode = $6")
        .bind(size.cast_signed())
        .bind(frontier.root().0.as_slice())
        .bind(frontier.to_bytes())
        .bind(identity.sign(&checkpoint))
        .bind(org_id.0)
        .bind(mode.as_str())
        .execute(&mut world.superuser().await)
        .await
        .unwrap();
    let clock = std::time::Instant::now;
    let started = clock();
    crate::recovery::rebuild(world.domain.database(), None).await.unwrap();
    sql(&world, "analyze receipts").await;
    eprintln!("rebuild: {:.0} entries a second", size as f64 / started.elapsed().as_secs_f64());
    let started = clock();
    while publish(&world.domain).await.unwrap() > 0 {}
    eprintln!("publish: {:.0} entries a second", size as f64 / started.elapsed().as_secs_f64());
    for round in ["cold", "warm"] {
        let started = clock();
        for n in 0..500_u64 {
            let index = n * 7_919 % size;
            let mut tx = acme.begin().await.unwrap();
            let proved = receipts::prove(&mut tx, (org_id, mode), &identity, index, size).await.unwrap();
            let leaf = Hash::from_slice(&leaves[index as usize]).unwrap();
            ledger::proof::verify_inclusion(&leaf, index, size, &proved.hashes, &frontier.root()).unwrap();
        }
        eprintln!("proofs, {round}: {:.2} ms each", started.elapsed().as_secs_f64() * 1e3 / 500.0);
    }
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
