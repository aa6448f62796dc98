#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::path::PathBuf;

use ledger::hash::leaf_hash;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::*;
use ledger::policy::Policy;

use crate::context::Options;
use crate::database::Database;
use crate::keyring::Keyring;
use crate::objects::Objects;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;
use crate::{Mode, anchors};

fn folder_of(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("fence-{}-{name}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_file_keeps_the_last_of_every_log_and_passes_over_a_torn_line() {
    let folder = folder_of("file");
    let path = folder.join("fence");
    let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
    let fence = Fence::open(&path).unwrap();
    fence.record([("log.example/t/1", 1, a), ("log.example/t/2", 7, b)]);
    fence.record([("log.example/t/1", 2, b)]);
    fence.sync().unwrap();
    let mut text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 3);
    text.push_str("log.example/t/1 99");
    std::fs::write(&path, text).unwrap();

    let shared = Fence::open(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 4, "another process appends to it");
    shared.record([("log.example/t/4", 1, a)]);
    drop((fence, shared));
    let fence = Fence::open(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3, "written anew: one line a log");
    assert!(fence.check("log.example/t/4", 1, &a).is_ok());
    assert!(fence.check("log.example/t/1", 2, &b).is_ok() && fence.check("log.example/t/1", 3, &a).is_ok());
    assert!(fence.check("log.example/t/3", 0, &a).is_ok());
    let refused = fence.check("log.example/t/2", 6, &a).unwrap_err();
    assert_eq!((refused.status, refused.code.as_ref()), (503, "log_rolled_back"));
    assert!(
        refused.detail.contains("log.example/t/2 has 6 entries in the database, but 7 were signed"),
        "{}",
        refused.detail
    );
    assert!(fence.check("log.example/t/1", 2, &b).is_err(), "one is enough to stop all");

    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(Fence::open(&path).is_err(), "a file that is no text is not passed over");
    std::fs::remove_dir_all(folder).unwrap();
}

fn domain(world: &World, url: &str, fence: &Fence, objects: &Objects) -> Domain {
    let database = Database::open(url, 4).unwrap().with_objects(objects.clone()).with_fence(fence.clone());
    let keyring = Keyring::new([7; 32], "log.example");
    Domain::start(Options {
        database,
        keyring,
        clock: world.clock.clone(),
        hashes_at_once: 1,
        witnesses: Policy::default(),
        evidence: None,
    })
}

async fn issue(domain: &Domain, org_id: crate::id::OrgId, reference: &str) -> Result<u64, Problem> {
    let new = NewReceipt::from_json(format!(r#"{{"reference":"{reference}"}}"#).as_bytes()).unwrap();
    let issued = receipts::issue(&domain.system(org_id, Mode::Test), new, None).await?;
    Ok(issued.receipt.proof.tree_size)
}

/// A world whose database can be put back to what it was.
struct Snapshot {
    world: World,
    org_id: crate::id::OrgId,
    url: String,
    admin: PgConnection,
}

impl Snapshot {
    /// Three receipts, anchored, and then a copy of the database.
    async fn new() -> Self {
        let world = World::new().await;
        let (org_id, _) = world.org("acme").await.tenant().unwrap();
        for reference in ["a", "b", "c"] {
            issue(&world.domain, org_id, reference).await.unwrap();
        }
        anchors::anchor(&world.domain).await.unwrap();
        world.domain.drain().await;
        let (server, name) = world.database_url.rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let mut admin = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
        world.domain.database().close().await;
        let copy = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
        let url = format!("{server}/{name}_old");
        for _ in 0..100 {
            sqlx::raw_sql(AssertSqlSafe(copy.clone())).execute(&mut admin).await.unwrap();
            let make = format!("create database {name}_old template {name}");
            if sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut admin).await.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Self { world, org_id, url, admin }
    }

    async fn drop(mut self) {
        let name = self.url.rsplit_once('/').unwrap().1.to_owned();
        let text = format!("drop database {name} with (force)");
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut self.admin).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_was_put_back_signs_nothing_and_says_why() {
    let snapshot = Snapshot::new().await;
    let (folder, objects) = (folder_of("restore"), Objects::memory());
    let path = folder.join("fence");
    let fence = Fence::open(&path).unwrap();
    let node = domain(&snapshot.world, &snapshot.world.database_url, &fence, &objects);
    inspect(&node).await.unwrap();
    assert_eq!(issue(&node, snapshot.org_id, "d").await.unwrap(), 5);
    assert_eq!(issue(&node, snapshot.org_id, "e").await.unwrap(), 6);
    anchors::anchor(&node).await.unwrap();
    node.database().close().await;

    // The same data directory, the older database.
    for inspected in [true, false] {
        let fence = Fence::open(&path).unwrap();
        let node = domain(&snapshot.world, &snapshot.url, &fence, &objects);
        if inspected {
            inspect(&node).await.unwrap();
            assert!(fence.rolled_back().is_some());
        }
        let refused = issue(&node, snapshot.org_id, "another d").await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_ref()), (503, "log_rolled_back"));
        assert!(
            refused.detail.contains("this server's own file") && refused.detail.contains("certnode restore"),
            "{}",
            refused.detail
        );
        if !inspected {
            assert!(refused.detail.contains("has 4 entries in the database, but 6 were signed"), "{}", refused.detail);
        }
        assert!(anchors::anchor(&node).await.is_ok_and(|moved| moved == 0), "nothing moved, so nothing is anchored");
        // Reading goes on, and nothing was forked.
        let cx = node.system(snapshot.org_id, Mode::Test);
        assert_eq!(crate::logs::head(&cx).await.unwrap().size, 4);
        node.database().close().await;
    }
    // The database as it was goes on.
    let fence = Fence::open(&path).unwrap();
    let node = domain(&snapshot.world, &snapshot.world.database_url, &fence, &objects);
    inspect(&node).await.unwrap();
    assert_eq!(issue(&node, snapshot.org_id, "f").await.unwrap(), 7);
    std::fs::remove_dir_all(folder).unwrap();
    snapshot.drop().await;
}

#[tokio::test]
async fn the_object_store_and_a_witness_know_it_too_when_the_file_is_lost() {
    let snapshot = Snapshot::new().await;
    let objects = Objects::memory();
    let node = domain(&snapshot.world, &snapshot.world.database_url, &Fence::default(), &objects);
    issue(&node, snapshot.org_id, "d").await.unwrap();
    anchors::anchor(&node).await.unwrap();
    let root = node.system(anchors::ROOT.0, anchors::ROOT.1);
    let witnessed = crate::logs::tiles::checkpoint(&root).await.unwrap();
    crate::published::publish(&node).await.unwrap();
    node.database().close().await;

    let restored = domain(&snapshot.world, &snapshot.url, &Fence::default(), &objects);
    inspect(&restored).await.unwrap();
    let refused = issue(&restored, snapshot.org_id, "another d").await.unwrap_err();
    assert!(refused.detail.contains("the object store"), "{}", refused.detail);
    restored.database().close().await;

    let empty = Objects::memory();
    let restored = domain(&snapshot.world, &snapshot.url, &Fence::default(), &empty);
    inspect(&restored).await.unwrap();
    assert!(restored.database().fence().rolled_back().is_none(), "nobody says so");
    let forger = ledger::note::NoteSigner::from_seed("log.example/root", &[5; 32]).unwrap();
    let forged = Checkpoint::new("log.example/root", 99, leaf_hash(b"")).sign(&forger);
    assert!(compare_with(&restored, &forged, "witness.example/w1").await.is_err());
    assert!(restored.database().fence().rolled_back().is_none(), "nobody else can stop it");
    compare_with(&restored, &witnessed, "witness.example/w1").await.unwrap();
    let rolled_back = restored.database().fence().rolled_back().unwrap();
    assert_eq!((rolled_back.origin.as_str(), rolled_back.stored, rolled_back.signed), ("log.example/root", 2, 3));
    restored.database().close().await;
    snapshot.drop().await;
}

#[tokio::test]
async fn another_history_of_the_same_length_or_longer_is_refused() {
    let snapshot = Snapshot::new().await;
    let (folder, objects) = (folder_of("fork"), Objects::memory());
    let path = folder.join("fence");
    let node = domain(&snapshot.world, &snapshot.world.database_url, &Fence::open(&path).unwrap(), &objects);
    issue(&node, snapshot.org_id, "d").await.unwrap();
    node.database().close().await;
    // A process without the file goes on with the old database, past what was signed.
    let other = domain(&snapshot.world, &snapshot.url, &Fence::default(), &Objects::memory());
    for reference in ["x", "y", "z"] {
        issue(&other, snapshot.org_id, reference).await.unwrap();
    }
    other.database().close().await;
    let fence = Fence::open(&path).unwrap();
    let node = domain(&snapshot.world, &snapshot.url, &fence, &objects);
    inspect(&node).await.unwrap();
    let refused = issue(&node, snapshot.org_id, "w").await.unwrap_err();
    assert!(
        refused.detail.contains("holds another history in the database, of 7 entries, than was signed at 5"),
        "{}",
        refused.detail
    );
    node.database().close().await;
    std::fs::remove_dir_all(folder).unwrap();
    snapshot.drop().await;
}
