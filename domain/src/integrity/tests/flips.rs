//! Every byte: of the files, of the columns. What is changed is found, and named.

use ledger::fsck::{Bundle, Finding, Rebuilt};
use ledger::hash::Hash;
use ledger::tile::WIDTH;
use time::OffsetDateTime;
use uuid::Uuid;

use super::*;
use crate::id::ReceiptId;
use crate::integrity::batches;
use crate::integrity::files::{Edge, Files, Kept};
use crate::integrity::keys::Keys;
use crate::integrity::rows::store::{EntryRow, around, entries};
use crate::integrity::rows::{self, Against};
use crate::integrity::store::{LogRow, logs};
use crate::published::{folder, unpack};
use crate::receipts::life::{erase, revoke};

/// Entries: four full bundles, and some that are not full, of the files and of the tile above.
const SIZE: u64 = 1_034;

/// A published, anchored log in which receipts were revoked and erased.
async fn scene() -> (World, Cx) {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let body = |n| {
        format!(
            r#"{{"reference":"r-{n}","occurred_at":"2026-11-19T08:00:00Z","amount":{{"value":"1.{:02}","currency":"USD"}}}}"#,
            n % 100
        )
    };
    let new = |n| (NewReceipt::from_json(body(n).as_bytes()).unwrap(), format!("k-{n}"));
    let placed = receipts::issue_many(&acme, (1..SIZE - 4).map(new).collect()).await.unwrap();
    let ids: Vec<ReceiptId> = placed.into_iter().map(Result::unwrap).collect();
    revoke(&acme, ids[300], "wrong", None).await.unwrap();
    erase(&acme, ids[301], "asked to").await.unwrap();
    revoke(&acme, ids[302], "wrong", None).await.unwrap();
    erase(&acme, ids[303], "asked to").await.unwrap();
    anchors::anchor(&world.domain).await.unwrap();
    publish(&world.domain).await.unwrap();
    (world, acme)
}

async fn log_of(world: &World, cx: &Cx) -> LogRow {
    let id = cx.tenant().unwrap();
    let all = logs(world.domain.database().sequencer()).await.unwrap();
    all.into_iter().find(|log| (log.org_id, log.mode) == id).unwrap()
}

/// What the files of a log are held against.
struct Held {
    log: LogRow,
    keys: Keys,
    files: Files,
    bundles: Vec<Bundle>,
    rebuilt: Rebuilt,
}

impl Held {
    async fn new(world: &World, cx: &Cx) -> Self {
        let log = log_of(world, cx).await;
        let mut tx = cx.begin().await.unwrap();
        let rows = entries(tx.connection(), cx.tenant().unwrap(), 0, log.size).await.unwrap();
        let (mut rebuilt, mut bundles) = (Rebuilt::default(), Vec::new());
        for rows in rows.chunks(WIDTH as usize) {
            bundles.push(Bundle::of(rows.iter().map(|row| row.statement.as_slice())));
            rebuilt.push(bundles.last().unwrap().clone());
        }
        let (keys, found) = Keys::of(&log);
        assert!(found.is_empty() && log.size == SIZE && log.edge_size == SIZE);
        let objects = world.objects.clone();
        let files = Files { objects, folder: folder(&log.origin).to_owned(), published_size: log.published_size };
        Self { log, keys, files, bundles, rebuilt }
    }

    /// What is found of the files beside the tree, for one of them, and of those that are not full, for another.
    async fn small(&self, world: &World, name: &str) -> Vec<Finding> {
        let mut found = Vec::new();
        if name.ends_with(".json") {
            self.files.beside(world.domain.database(), &self.log, &mut found).await.unwrap();
            return found;
        }
        let root: Hash = self.rebuilt.root();
        let leaves = &self.bundles.last().unwrap().leaves;
        let edge = Edge { root: &root, leaves, rebuilt: &self.rebuilt };
        self.files.edge(&self.log, &self.keys.checkpoint, &edge, &mut found).await.unwrap();
        found
    }

    /// What is found of two files of 256 entries.
    fn full(&self, index: u64, tile: &[u8], bundle: &[u8]) -> Vec<Finding> {
        let mut found = Vec::new();
        let kept = Kept::new(index, tile.to_vec(), bundle.to_vec());
        kept.compare(index * WIDTH, &self.bundles[index as usize..=index as usize], &mut found);
        found
    }
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1 << (at % 8);
    bytes
}

fn subjects(found: &[Finding]) -> Vec<String> {
    found.iter().map(|finding| finding.subject.to_string()).collect()
}

/// Flips one byte in so many of the full files, and all of the others.
async fn flip_files(step: usize) {
    let (world, acme) = scene().await;
    let held = Held::new(&world, &acme).await;
    let folder = held.files.folder.clone();
    let (mut names, mut unnoticed, mut flips) = (BTreeSet::new(), 0, 0);
    for path in world.objects.list(&folder).await.unwrap() {
        let name = path.strip_prefix(&format!("{folder}/")).unwrap().to_owned();
        let bytes = world.objects.get(&path).await.unwrap().unwrap();
        names.insert(name.clone());
        let bundle: Option<u64> = name.strip_prefix("tile/entries/").and_then(|n| n[..3].parse().ok());
        let leaves: Option<u64> = name.strip_prefix("tile/0/").and_then(|n| n[..3].parse().ok());
        let is_full = name.starts_with("tile/") && !name.contains(".p/");
        let other = match (bundle, leaves) {
            (Some(index), _) => world.objects.get(&format!("{folder}/tile/0/{index:03}")).await.unwrap(),
            (_, Some(index)) => world.objects.get(&format!("{folder}/tile/entries/{index:03}")).await.unwrap(),
            _ => None,
        };
        for at in (0..bytes.len()).step_by(if is_full { step } else { 1 }) {
            flips += 1;
            let damaged = flipped(&bytes, at);
            let found = match (is_full, bundle, leaves) {
                (true, Some(index), _) => held.full(index, other.as_ref().unwrap(), &damaged),
                (true, _, Some(index)) => held.full(index, &damaged, other.as_ref().unwrap()),
                _ => {
                    world.objects.put(&path, damaged.clone()).await.unwrap();
                    held.small(&world, &name).await
                }
            };
            let found = subjects(&found);
            let is_named = match (bundle, leaves) {
                (_, Some(index)) => found == [format!("entry {}", index * WIDTH + at as u64 / 32)],
                (Some(index), _) => found.iter().all(|subject| {
                    let entry = subject.strip_prefix("entry ").and_then(|entry| entry.parse::<u64>().ok());
                    *subject == name || entry.is_some_and(|entry| entry / WIDTH == index)
                }),
                _ => found == [name.clone()],
            };
            assert!(is_named, "{name}, byte {at}: {found:?}");
            if found.is_empty() {
                // What says the same in another way: the entries are those, to the byte.
                assert!(bundle.is_some() && (10..bytes.len() - 8).contains(&at), "{name}, byte {at}");
                assert_eq!(unpack(&damaged), unpack(&bytes), "{name}, byte {at}");
                unnoticed += 1;
            }
        }
        world.objects.put(&path, bytes).await.unwrap();
        assert!(held.small(&world, &name).await.is_empty(), "{name} is as it was");
    }
    for name in ["checkpoint", "keys.json", "log.json", "tile/0/003", "tile/0/004.p/10", "tile/1/000.p/4"] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    assert!(names.contains("tile/entries/003") && names.contains("tile/entries/004.p/10") && names.len() == 14);
    assert!(unnoticed * 1_000 <= flips, "{unnoticed} of {flips}");
}

#[tokio::test]
async fn a_flipped_byte_of_any_file_is_found_and_named() {
    flip_files(499).await;
}

/// `cargo test --release -p domain -- --ignored every_byte_of_every_file`
#[tokio::test]
#[ignore = "the same, of every byte: minutes"]
async fn every_byte_of_every_file() {
    flip_files(1).await;
}

/// Every value that differs from this one by a bit of one byte.
fn flips_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    (0..bytes.len()).map(|at| flipped(bytes, at)).collect()
}

fn texts(text: &str) -> Vec<String> {
    // Bits that leave a text a text.
    let flips = (0..text.len()).map(|at| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 1 << (at % 7);
        bytes
    });
    flips.filter_map(|bytes| String::from_utf8(bytes).ok()).collect()
}

fn numbers(number: i64) -> Vec<i64> {
    flips_of(&number.to_le_bytes()).into_iter().map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn moments(at: OffsetDateTime) -> Vec<OffsetDateTime> {
    let micros = i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap();
    let moment = |micros: i64| OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok();
    numbers(micros).into_iter().filter_map(moment).collect()
}

fn ids(id: ReceiptId) -> Vec<ReceiptId> {
    flips_of(id.0.as_bytes()).into_iter().map(|bytes| ReceiptId(Uuid::from_slice(&bytes).unwrap())).collect()
}

/// The row with another byte in one of its columns, each with the column's name.
fn damaged(row: &EntryRow) -> Vec<(&'static str, EntryRow)> {
    let right = row.columns.as_ref().unwrap();
    let mut all = Vec::new();
    let mut with = |name, change: &dyn Fn(&mut EntryRow)| {
        let mut row = row.clone();
        change(&mut row);
        all.push((name, row));
    };
    macro_rules! column {
        ($name:literal, $values:expr, $field:ident) => {
            for value in $values {
                with($name, &|row| row.columns.as_mut().unwrap().$field = ToOwned::to_owned(&value));
            }
        };
    }
    flips_of(&row.statement).into_iter().for_each(|bytes| with("statement", &|row| row.statement = bytes.clone()));
    flips_of(&row.leaf_hash).into_iter().for_each(|bytes| with("leaf_hash", &|row| row.leaf_hash = bytes.clone()));
    column!("id", ids(right.id), id);
    column!("tree_size", numbers(right.tree_size.cast_signed()).into_iter().map(i64::cast_unsigned), tree_size);
    column!("kind", texts(&right.kind), kind);
    column!("reference", right.reference.iter().flat_map(|it| texts(it)).map(Some), reference);
    column!("occurred_at", moments(right.occurred_at), occurred_at);
    column!("issued_at", moments(right.issued_at), issued_at);
    column!("amount_minor", right.amount_minor.iter().flat_map(|it| numbers(*it)).map(Some), amount_minor);
    column!("currency", right.currency.iter().flat_map(|it| texts(it)).map(Some), currency);
    column!("idempotency", right.idempotency.iter().flat_map(|it| flips_of(it)).map(Some), idempotency);
    if let Some((payload, salt)) = &right.payload {
        column!("payload", flips_of(payload).into_iter().map(|it| Some((it, salt.clone()))), payload);
        column!("salt", flips_of(salt).into_iter().map(|it| Some((payload.clone(), it))), payload);
        column!("payload", [None], payload);
    }
    if let Some(erasure) = &right.erasure {
        let mut other = |change: &dyn Fn(&mut crate::integrity::rows::store::Erasure)| {
            with("erasure", &|row| change(row.columns.as_mut().unwrap().erasure.as_mut().unwrap()));
        };
        // To the millisecond, as the record says it.
        let then = erasure.erased_at;
        for at in [then - time::Duration::DAY, then + time::Duration::MILLISECOND] {
            other(&|it| it.erased_at = at);
        }
        texts(&erasure.erased_by).into_iter().for_each(|text| other(&|it| it.erased_by = text.clone()));
        texts(&erasure.reason).into_iter().for_each(|text| other(&|it| it.reason = text.clone()));
        other(&|it| it.statement = None);
        column!("erasure", [None], erasure);
    }
    for at in 0..right.refs.len() {
        for id in ids(right.refs[at].0) {
            with("refs", &|row| row.columns.as_mut().unwrap().refs[at].0 = id);
        }
        with("refs", &|row| row.columns.as_mut().unwrap().refs[at].1 = "supersedes".to_owned());
        with("refs", &|row| drop(row.columns.as_mut().unwrap().refs.remove(at)));
    }
    with("refs", &|row| row.columns.as_mut().unwrap().refs.push((ReceiptId(Uuid::nil()), "revokes".to_owned())));
    all
}

#[tokio::test]
async fn a_flipped_byte_of_any_column_is_found_and_named() {
    let (world, acme) = scene().await;
    let log = log_of(&world, &acme).await;
    let root = logs(world.domain.database().sequencer()).await.unwrap().remove(0);
    let revoked = [1_030, 1_031, 1_032, 1_033];
    let of_acme = [0, 1, 128, 255, 256, 301, 302, 303, 304].into_iter().chain(revoked).map(|index| (&log, index));
    let mut columns = BTreeSet::new();
    for (log, index) in of_acme.chain([(&root, 1)]) {
        let id = (log.org_id, log.mode);
        let cx = world.domain.system(id.0, id.1);
        let mut tx = cx.begin().await.unwrap();
        let row = entries(tx.connection(), id, index, index + 1).await.unwrap().remove(0);
        let beside = around(tx.connection(), id, (index, index + 1, log.size)).await.unwrap();
        let against = Against {
            origin: log.origin.clone(),
            keys: Keys::of(log).0.issuing,
            size: log.size,
            restored_size: 0,
            signatures: Signatures::All,
        };
        let found =
            |row: &EntryRow| rows::check(&against, (index, index + 1), std::slice::from_ref(row), &beside).findings;
        assert!(found(&row).is_empty(), "{index}: {:?}", found(&row));
        let right = row.columns.clone().unwrap();
        for (column, damaged) in damaged(&row) {
            columns.insert(column);
            let found = subjects(&found(&damaged));
            if found.contains(&format!("entry {index}")) {
                assert!(found.iter().all(|subject| *subject == found[0]), "{column} of {index}: {found:?}");
                continue;
            }
            let now = damaged.columns.unwrap();
            // Below the millisecond nothing is signed, and of two sizes that the log had none is more right.
            let is_below = crate::moment::timestamp(now.issued_at) == crate::moment::timestamp(right.issued_at);
            let could_be = now.tree_size == index + 1 || beside.contains(&(index + 1, now.tree_size));
            match column {
                "issued_at" => assert!(is_below, "{index}: {}", now.issued_at),
                "tree_size" => assert!(could_be, "{index}: {}", now.tree_size),
                // The root log's ids are in no entry; they are what its contents, which are empty, are found by.
                "id" => assert_eq!(log.origin, root.origin),
                _ => panic!("{column} of {index}: {now:?} is not noticed"),
            }
        }
    }
    assert_eq!(columns.len(), 15, "{columns:?}");
}

#[test]
fn the_tree_that_an_entry_was_answered_with_is_held_against_its_neighbours() {
    // Committed as 0–2, 3, 4–7.
    let right = [3, 3, 3, 4, 8, 8, 8, 8];
    let odd = |index: u64, tree: u64| {
        let mut trees = right;
        trees[index as usize] = tree;
        let known: Vec<(u64, u64)> = (0..).zip(trees).collect();
        batches::odd(0, 8, 8, &known)
    };
    assert!(odd(0, 3).is_empty());
    let mut ambiguous = Vec::new();
    for index in 0..8 {
        for tree in (0..=12).filter(|tree| *tree != right[index as usize]) {
            let odd = odd(index, tree);
            if odd.is_empty() {
                ambiguous.push((index, tree));
            } else {
                assert!(odd.contains(&index), "{index} with {tree}: {odd:?}");
            }
        }
    }
    // The first of several answered alone; the one that was alone answered with those after it.
    assert_eq!(ambiguous, [(0, 1), (3, 8), (4, 5)]);
}
