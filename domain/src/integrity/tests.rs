#![expect(clippy::unwrap_used, reason = "tests")]

mod flips;
mod lives;

use std::collections::BTreeSet;

use ledger::note::NoteSigner;
use sqlx::AssertSqlSafe;

use super::LogReport;
use super::fsck::{Options, Signatures, fsck};
use crate::anchors;
use crate::context::Cx;
use crate::published::publish;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;

const SIZE: u64 = 600;

/// A world with a published, anchored, witnessed log of 600 entries.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) acme: Cx,
    witness: NoteSigner,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let world = World::new().await;
        let acme = world.org("acme").await;
        let body = |n| {
            format!(
                r#"{{"reference":"r-{n}","occurred_at":"2026-11-19T08:00:00Z","amount":{{"value":"1.{:02}","currency":"USD"}}}}"#,
                n % 100
            )
        };
        let new = |n| (NewReceipt::from_json(body(n).as_bytes()).unwrap(), format!("k-{n}"));
        let placed = receipts::issue_many(&acme, (1..SIZE).map(new).collect()).await.unwrap();
        assert!(placed.iter().all(Result::is_ok));
        anchors::anchor(&world.domain).await.unwrap();
        let witness = NoteSigner::cosigner("witness.example/w1", &[9; 32]).unwrap();
        let (size, request) = anchors::submission(&world.domain, 0).await.unwrap().unwrap();
        let text = ledger::note::Note::parse(&request.checkpoint).unwrap().text().to_owned();
        let line = witness.cosign(&text, 1_795_167_000).unwrap();
        anchors::keep(&world.domain, size, &request, witness.verifier(), &format!("{line}\n")).await.unwrap();
        publish(&world.domain).await.unwrap();
        Self { world, acme, witness }
    }

    pub(super) async fn sql(&self, text: &str) -> u64 {
        let done = sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(&mut self.world.superuser().await).await;
        done.unwrap_or_else(|error| panic!("{text}: {error}")).rows_affected()
    }

    async fn check(&self) -> Vec<LogReport> {
        let options = Options {
            signatures: Signatures::Sampled,
            witnesses: vec![self.witness.verifier().clone()],
            ..Options::default()
        };
        fsck(self.world.domain.database(), &options, &|_, _, _| {}).await.unwrap()
    }

    /// Every subject that is found, of any log.
    async fn subjects(&self) -> BTreeSet<String> {
        self.check().await.into_iter().flat_map(|log| log.findings).map(|finding| finding.subject).collect()
    }
}

#[tokio::test]
async fn a_log_that_is_right_has_no_findings() {
    let scene = Scene::new().await;
    let reports = scene.check().await;
    let found: Vec<_> = reports.iter().flat_map(|log| &log.findings).collect();
    assert!(found.is_empty(), "{found:?}");
    let sizes: Vec<u64> = reports.iter().map(|log| log.size).collect();
    assert!(sizes.contains(&SIZE) && sizes.contains(&2), "tenant and root: {sizes:?}");
    // Two full bundles and their tiles; the checkpoint, what is not full, log.json and keys.json; the root log's likewise.
    assert_eq!(reports.iter().map(|log| log.checked.files).sum::<u64>(), 4 + 6 + 5);
    assert_eq!(reports.iter().map(|log| log.unknown_cosignatures).sum::<u64>(), 0);
}

/// A change of rows and how it is undone: by itself, unless said otherwise.
fn flips() -> Vec<(String, String, &'static str)> {
    let flip = |table: &str, column: &str, at: &str| {
        let text = format!("update {table} set {column} = set_byte({column}, {at}, get_byte({column}, {at}) # 1)");
        (text.clone(), text)
    };
    let mut all = Vec::new();
    // Another byte in every row, so that all of them are hit.
    for (table, column, length) in [
        ("receipts", "leaf_hash", "32"),
        ("receipts", "statement", "length(statement)"),
        ("receipts", "idempotency", "32"),
    ] {
        let (make, undo) = flip(table, column, &format!("(log_index * 7 % {length})::int"));
        let filter = " where mode = 'test' and idempotency is not null";
        all.push((make + filter, undo + filter, "entries"));
    }
    for (column, length) in [("payload", "length(payload)"), ("salt", "16")] {
        let at = format!("(get_byte(uuid_send(receipt_id), 15) % {length})::int");
        let (make, undo) = flip("payloads", column, &at);
        let filter = " where mode = 'test' and payload not like '%log.example%'::bytea";
        // The change must leave who is hit as it was.
        let filter = if column == "payload" { " where mode = 'test' and length(payload) > 60" } else { filter };
        all.push((make + filter, undo + filter, "entries"));
    }
    let entries = " where mode = 'test' and idempotency is not null";
    for (column, make, undo) in [
        ("tree_size", "log_index", "tree_size"),
        ("kind", "reverse(kind)", "reverse(kind)"),
        ("reference", "reverse(reference) || 'x'", "reverse(left(reference, -1))"),
        ("occurred_at", "occurred_at + interval '1 ms'", "occurred_at - interval '1 ms'"),
        ("issued_at", "issued_at + interval '1 ms'", "issued_at - interval '1 ms'"),
        ("amount_minor", "amount_minor # 1", "amount_minor # 1"),
        ("currency", "'EUR'", "'USD'"),
        ("id", "encode(set_byte(uuid_send(id), 15, get_byte(uuid_send(id), 15) # 1), 'hex')::uuid", ""),
    ] {
        let undo = if undo.is_empty() { make } else { undo };
        if column == "tree_size" {
            all.push((
                format!("create table was as select id, tree_size from receipts; update receipts set tree_size = {make}{entries}"),
                "update receipts r set tree_size = was.tree_size from was where was.id = r.id; drop table was".to_owned(),
                "entries",
            ));
            continue;
        }
        all.push((
            format!("update receipts set {column} = {make}{entries}"),
            format!("update receipts set {column} = {undo}{entries}"),
            "entries",
        ));
    }
    for byte in [0, 31, 32, 63] {
        let (make, undo) = flip("tiles", "hashes", &byte.to_string());
        all.push((make, undo, "tile/1/000.p/2"));
    }
    all.push(("update tiles set level = 2".to_owned(), "update tiles set level = 1".to_owned(), "tile/1/000.p/2"));
    for (column, at) in [("root", 0), ("root", 31), ("frontier", 0), ("frontier", 31)] {
        let (make, undo) = flip("logs", column, &at.to_string());
        let filter = " where size = 600";
        all.push((make + filter, undo + filter, "checkpoint"));
    }
    for place in [1, 20, 50, 60, 100, 150, 200] {
        // A letter of the text, of the root, of the signature.
        let text = format!(
            "update logs set checkpoint = overlay(checkpoint placing chr(ascii(substr(checkpoint, {place}, 1)) # 1) from {place}) where size = 600"
        );
        all.push((text.clone(), text, "checkpoint"));
    }
    for column in ["origin", "log_vkey", "issuing_vkey"] {
        let text = format!("update logs set {column} = reverse({column}) where size = 600");
        all.push((text.clone(), text, "checkpoint"));
    }
    let more = |column: &str| {
        (format!("update anchors set {column} = {column} + 1"), format!("update anchors set {column} = {column} - 1"))
    };
    let (make, undo) = more("log_size");
    all.push((make, undo, "anchor 601"));
    let (make, undo) = more("root_index");
    all.push((make, undo, "anchor 600"));
    for place in [3, 10, 30, 80, 120] {
        let text = format!(
            "update root_cosignatures set line = overlay(line placing chr(ascii(substr(line, {place}, 1)) # 2) from {place})"
        );
        all.push((text.clone(), text, "cosignature of witness.example/w1 at 2"));
    }
    all.push((
        "update root_cosignatures set root_size = 3".to_owned(),
        "update root_cosignatures set root_size = 2".to_owned(),
        "cosignature of witness.example/w1 at 3",
    ));
    all
}

#[tokio::test]
async fn whatever_is_changed_in_any_column_is_named() {
    let scene = Scene::new().await;
    for (make, undo, subject) in flips() {
        let changed = scene.sql(&make).await;
        assert!(changed > 0, "{make}");
        let found = scene.subjects().await;
        if subject == "entries" {
            // All but the log's own first statement.
            let missed: Vec<u64> = (1..SIZE).filter(|index| !found.contains(&format!("entry {index}"))).collect();
            assert!(missed.is_empty(), "{make}: missed {missed:?}");
        } else {
            assert!(found.contains(subject), "{make}: {found:?}");
        }
        scene.sql(&undo).await;
    }
    assert!(scene.subjects().await.is_empty(), "all of it was undone");
}

#[tokio::test]
async fn rows_that_are_gone_or_too_many_are_named() {
    let scene = Scene::new().await;
    scene.sql("delete from receipts where log_index in (17, 599) and mode = 'test'").await;
    scene.sql("delete from tiles").await;
    scene.sql("update receipts set log_index = 700 where log_index = 300 and mode = 'test'").await;
    let found = scene.subjects().await;
    for subject in ["entry 17", "entry 300", "entry 599", "entry 700", "tile/1/000.p/2", "checkpoint"] {
        assert!(found.contains(subject), "{subject}: {found:?}");
    }
}

#[tokio::test]
async fn a_change_of_a_file_is_named() {
    let scene = Scene::new().await;
    let head = crate::logs::head(&scene.acme).await.unwrap();
    let folder = crate::published::folder(&head.origin).to_owned();
    let objects = &scene.world.objects;
    let name = |name: &str| format!("{folder}/{name}");
    for (file, byte, subject) in [
        ("tile/0/000", 33, "entry 1"),
        ("tile/0/001", 8191, "entry 511"),
        ("tile/entries/001", 40, "tile/entries/001"),
        ("checkpoint", 5, "checkpoint"),
        ("checkpoint", 120, "checkpoint"),
    ] {
        let right = objects.get(&name(file)).await.unwrap().unwrap();
        let mut bytes = right.clone();
        bytes[byte] ^= 1;
        objects.put(&name(file), bytes).await.unwrap();
        assert_eq!(scene.subjects().await, BTreeSet::from([subject.to_owned()]), "{file}");
        objects.delete(&name(file)).await.unwrap();
        let gone = if file == "tile/0/000" || file == "tile/0/001" { file } else { subject };
        assert_eq!(scene.subjects().await, BTreeSet::from([gone.to_owned()]), "{file} is gone");
        objects.put(&name(file), right).await.unwrap();
    }
    assert!(scene.subjects().await.is_empty());
}

#[tokio::test]
async fn a_log_that_is_shorter_than_the_root_log_has_seen_is_named() {
    let scene = Scene::new().await;
    scene.sql("delete from anchors; delete from published_logs; update logs set size = 0, frontier = '', root = sha256(''), checkpoint = '' where size = 600; delete from payloads where mode = 'test'; delete from receipts where mode = 'test'; delete from tiles").await;
    let reports = scene.check().await;
    let found: Vec<String> =
        reports.iter().flat_map(|log| &log.findings).map(|finding| finding.problem.clone()).collect();
    assert_eq!(found, ["is of 0 entries, and the root log has seen 600"]);
}

#[tokio::test]
async fn the_check_that_goes_round_keeps_what_it_finds_until_it_is_mended() {
    let scene = Scene::new().await;
    let round = async || super::scrub::round(&scene.world.domain, std::time::Duration::ZERO).await.unwrap();
    let state = async || super::state(&scene.acme).await.unwrap();
    round().await;
    let right = state().await;
    assert!(right.findings.is_empty() && right.checked_at.is_some() && right.publishing_stopped.is_none());
    assert_eq!((right.size, right.published_size, right.saved_size), (600, 512, 600));

    // A row that was changed together with its leaf hash: only the tile above knows.
    scene.sql("update receipts set statement = statement || ' ', leaf_hash = sha256('\\x00'::bytea || statement || ' ') where log_index = 3 and mode = 'test'").await;
    scene.world.clock.advance(time::Duration::MINUTE);
    round().await;
    let subjects: Vec<String> = state().await.findings.into_iter().map(|finding| finding.subject).collect();
    assert_eq!(subjects, ["entry 3", "tile/entries/000"]);
    scene.sql("update receipts set statement = left(convert_from(statement, 'utf8'), -1)::bytea where log_index = 3 and mode = 'test'; update receipts set leaf_hash = sha256('\\x00'::bytea || statement) where log_index = 3").await;
    scene.world.clock.advance(time::Duration::MINUTE);
    round().await;
    assert!(state().await.findings.is_empty(), "{:?}", state().await.findings);
    let other = scene.world.org("other").await;
    assert_eq!(super::state(&other).await.unwrap().size, 0, "another tenant sees its own");
}

/// Fills a log with rows made by arithmetic and measures the check: `cargo test --release -p domain -- --ignored entries_a_second`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn entries_a_second() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let (org_id, mode) = acme.tenant().unwrap();
    let entries = 1_000_000_u64;
    let sql = format!(
        "insert into receipts (org_id, mode, id, log_index, tree_size, kind, occurred_at, issued_at, leaf_hash, statement)
        select '{}', '{mode}', gen_random_uuid(), n, n + 1, 'transaction', now(), now(), sha256('\\x00'::bytea || s), s
        from (select n, convert_to(repeat(md5(n::text), 16), 'utf8') as s from generate_series(0, {entries} - 1) as n) as made;
        update logs set size = {entries} where org_id = '{}' and mode = '{mode}'; analyze receipts",
        org_id.0, org_id.0
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut world.superuser().await).await.unwrap();
    for leaves_only in [true, true] {
        let started = std::time::Instant::now();
        let options = Options { leaves_only, signatures: Signatures::None, ..Options::default() };
        let reports = fsck(world.domain.database(), &options, &|_, _, _| {}).await.unwrap();
        let seconds = started.elapsed().as_secs_f64();
        eprintln!("{entries} entries in {seconds:.2} s: {:.0} a second", entries as f64 / seconds);
        assert!(reports.iter().any(|log| log.size == entries));
    }
    // Everything, of receipts that were issued.
    let other = world.org("other").await;
    let entries = 100_000;
    let body = br#"{"reference":"order-1001","amount":{"value":"49.90","currency":"EUR"},"data":{"customer":"c-17","items":2}}"#;
    let new = |n| (NewReceipt::from_json(body).unwrap(), format!("k-{n}"));
    receipts::issue_many(&other, (1..entries).map(new).collect()).await.unwrap();
    sqlx::raw_sql("analyze").execute(&mut world.superuser().await).await.unwrap();
    let origin = Some(crate::logs::head(&other).await.unwrap().origin);
    for signatures in [Signatures::None, Signatures::Sampled, Signatures::All] {
        let started = std::time::Instant::now();
        let options = Options { signatures, origin: origin.clone(), ..Options::default() };
        let reports = fsck(world.domain.database(), &options, &|_, _, _| {}).await.unwrap();
        assert!(reports[0].findings.is_empty());
        eprintln!(
            "everything, signatures {signatures:?}: {:.0} a second",
            entries as f64 / started.elapsed().as_secs_f64()
        );
    }
}

#[tokio::test]
async fn whatever_becomes_of_receipts_their_columns_are_what_they_say() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let issue = async |body: String| {
        let new = NewReceipt::from_json(body.as_bytes()).unwrap();
        receipts::issue(&acme, new, None).await.unwrap().receipt.summary.id
    };
    let order =
        r#""reference":"order","occurred_at":"2026-11-19T08:00:00Z","amount":{"value":"1.10","currency":"EUR"}"#;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(issue(format!("{{{order}}}")).await);
    }
    receipts::life::revoke(&acme, ids[0], "a mistake", None).await.unwrap();
    for (id, relation) in [(ids[1], "supersedes"), (ids[2], "relates_to")] {
        issue(format!(r#"{{{order},"refs":[{{"id":"{id}","relation":"{relation}"}}]}}"#)).await;
    }
    world.clock.advance(time::Duration::seconds(7));
    let erased = receipts::life::erase(&acme, ids[3], "the person asked for it").await.unwrap();
    let record = erased.life.erasure.unwrap().record.unwrap();
    world.clock.advance(time::Duration::seconds(7));
    receipts::life::erase(&acme, record, "the reason named somebody").await.unwrap();
    let reports = fsck(world.domain.database(), &Options::default(), &|_, _, _| {}).await.unwrap();
    let found: Vec<_> = reports.iter().flat_map(|log| &log.findings).collect();
    assert!(found.is_empty(), "{found:?}");
    let swapped =
        "update receipts set occurred_at = occurred_at - interval '1 s' where kind = 'payload_erased' and log_index =
        (select max(log_index) from receipts where kind = 'payload_erased')";
    sqlx::raw_sql(swapped).execute(&mut world.superuser().await).await.unwrap();
    let reports = fsck(world.domain.database(), &Options::default(), &|_, _, _| {}).await.unwrap();
    let found: Vec<_> = reports.iter().flat_map(|log| &log.findings).collect();
    assert_eq!(found.len(), 1, "and a record of an erasure that was changed is found: {found:?}");
}
