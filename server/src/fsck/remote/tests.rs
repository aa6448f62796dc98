#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::context::Cx;
use domain::log_keys::{self, Purpose};
use domain::logs;
use domain::receipts::{self, NewReceipt};
use domain::testing::World;
use ledger::note::NoteSigner;
use ledger::tile::encode_entries;

use super::*;
use crate::AppState;
use crate::config::Config;
use crate::router::router;

async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn fill(cx: &Cx, size: u64) {
    let new = |n| (NewReceipt::from_json(b"{}").unwrap(), format!("k-{n}"));
    let placed = receipts::issue_many(cx, (1..size).map(new).collect()).await.unwrap();
    assert!(placed.iter().all(Result::is_ok));
}

async fn found(settings: Settings) -> Result<LogReport, String> {
    let checked = tokio::task::spawn_blocking(move || {
        check(&settings, &Client::new(&settings), &Meter::new(Instant::now())).map_err(|error| error.to_string())
    });
    checked.await.unwrap()
}

async fn settings(cx: &Cx, url: String, token: Option<String>) -> Settings {
    let keys = logs::head(cx).await.unwrap().keys;
    let (keys, issuing) = (vec![keys.log.parse().unwrap()], vec![keys.issuing.parse().unwrap()]);
    let signatures = Signatures::All;
    Settings { url, token, keys, issuing, published_keys: false, signatures, since: None, root: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_checked_over_http_with_a_key_or_once_it_is_public() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let token = world.key(&acme, domain::Mode::Test).await;
    fill(&acme, 300).await;
    let config = Arc::new(Config::read("", &|_| None).unwrap());
    let url = serve(router(AppState::new(world.domain.clone(), config))).await;

    let origin = logs::head(&acme).await.unwrap().origin;
    let path = origin.split_once('/').unwrap().1;
    let private = found(settings(&acme, format!("{url}/v1/log"), Some(token)).await).await.unwrap();
    assert_eq!((private.size, private.checked.files, private.findings.len()), (300, 6, 0));
    assert!(found(settings(&acme, format!("{url}/v1/log"), None).await).await.unwrap_err().contains("--token"));
    assert!(
        found(settings(&acme, format!("{url}/{path}"), None).await).await.unwrap_err().contains("there is no log here")
    );
    logs::make_public(&acme, true).await.unwrap();
    domain::published::publish(&world.domain).await.unwrap();
    let public = found(settings(&acme, format!("{url}/{path}"), None).await).await.unwrap();
    assert_eq!((public.size, public.findings.len()), (300, 0));
    // By another's key it is not the log that was meant.
    let mut other = settings(&acme, format!("{url}/{path}"), None).await;
    other.keys = vec![logs::head(&world.org("other").await).await.unwrap().keys.log.parse().unwrap()];
    assert_eq!(found(other).await.unwrap().findings[0].problem, "is that of another log");
}

type Files = Arc<RwLock<HashMap<String, Vec<u8>>>>;

async fn file(State(files): State<Files>, uri: Uri) -> Response {
    let found = files.read().unwrap().get(&uri.path()[1..]).cloned();
    found.map_or(StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_shows_wrongly_is_named() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    fill(&acme, 300).await;
    let files = Files::default();
    let names = ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"];
    for name in names {
        let bytes = logs::tiles::file(&acme, name, false).await.unwrap().bytes;
        files.write().unwrap().insert(name.to_owned(), bytes);
    }
    let checkpoint = logs::tiles::checkpoint(&acme).await.unwrap().into_bytes();
    files.write().unwrap().insert("checkpoint".to_owned(), checkpoint);
    let url = serve(axum::Router::new().fallback(file).with_state(files.clone())).await;
    let subjects = async || {
        let report = found(settings(&acme, url.clone(), None).await).await.unwrap();
        report.findings.into_iter().map(|finding| finding.subject).collect::<Vec<_>>()
    };
    assert!(subjects().await.is_empty());
    for (name, byte, subject) in [
        ("tile/0/000", 64, "entry 2"),
        ("tile/0/001.p/44", 43 * 32, "entry 299"),
        ("tile/1/000.p/1", 31, "tile/1/000.p/1"),
        ("tile/entries/000", 0, "tile/entries/000"),
        ("tile/entries/000", 9, "entry 0"),
        ("tile/entries/001.p/44", 1, "tile/entries/001.p/44"),
        ("checkpoint", 3, "checkpoint"),
    ] {
        let right = files.read().unwrap()[name].clone();
        let mut bytes = right.clone();
        bytes[byte] ^= 1;
        files.write().unwrap().insert(name.to_owned(), bytes);
        let found = subjects().await;
        assert!(found.contains(&subject.to_owned()), "{name}: {found:?}");
        files.write().unwrap().remove(name);
        if name != "checkpoint" {
            assert!(subjects().await.contains(&name.to_owned()), "{name} is gone");
        }
        files.write().unwrap().insert(name.to_owned(), right);
    }
    assert!(subjects().await.is_empty());
}

/// Where the test log of another implementation is, and the key that signed it.
const TESSERA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ledger/testdata/tessera/log");
const TESSERA_VKEY: &str = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_tessera_wrote_is_read_over_http() {
    let mut all = HashMap::new();
    let mut folders = vec![std::path::PathBuf::from(TESSERA)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(TESSERA).unwrap().to_str().unwrap().to_owned();
                all.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    let files: Files = Arc::new(RwLock::new(all.clone()));
    let url = serve(axum::Router::new().fallback(file).with_state(files.clone())).await;
    let look = async || {
        let (keys, issuing, signatures) = (vec![TESSERA_VKEY.parse().unwrap()], Vec::new(), Signatures::None);
        let (url, token) = (url.clone(), None);
        found(Settings { url, token, keys, issuing, published_keys: false, signatures, since: None, root: None }).await
    };
    // Every size that it had, each with the checkpoint of its time.
    for size in 1..=15 {
        files.write().unwrap().insert("checkpoint".to_owned(), all[&format!("checkpoint.{size}")].clone());
        let report = look().await.unwrap();
        assert_eq!((report.origin.as_str(), report.size), ("example.com/log/testdata", size));
        assert!(report.findings.is_empty(), "{size}: {:?}", report.findings);
        assert_eq!((report.checked.leaves, report.checked.files), (size, 3));
    }
    for (name, byte, subject) in [("tile/entries/000.p/15", 2, "entry 0"), ("tile/0/000.p/15", 14 * 32, "entry 14")] {
        files.write().unwrap().get_mut(name).unwrap()[byte] ^= 1;
        let report = look().await.unwrap();
        assert!(report.findings.iter().any(|finding| finding.subject == subject), "{name}: {:?}", report.findings);
        files.write().unwrap().insert(name.to_owned(), all[name].clone());
    }
}

/// Replaces both keys at 300 entries, those of checkpoints with an overlap, and fills the log up to 600.
async fn rotated(world: &World, cx: &Cx) -> (Vec<VerifierKey>, Vec<VerifierKey>) {
    fill(cx, 300).await;
    for purpose in [Purpose::Issuing, Purpose::Checkpoint] {
        log_keys::rotate(cx, purpose, time::Duration::DAY).await.unwrap();
    }
    let new = |n| (NewReceipt::from_json(b"{}").unwrap(), format!("k-{n}"));
    assert!(receipts::issue_many(cx, (300..600).map(new).collect()).await.unwrap().iter().all(Result::is_ok));
    world.clock.advance(time::Duration::DAY);
    log_keys::retire_due(&world.domain).await.unwrap();
    assert!(receipts::issue_many(cx, (600..602).map(new).collect()).await.unwrap().iter().all(Result::is_ok));
    let keys = log_keys::list(cx).await.unwrap().keys;
    let of = |purpose| keys.iter().filter(|key| key.purpose == purpose).map(|key| key.vkey.parse().unwrap()).collect();
    (of(Purpose::Checkpoint), of(Purpose::Issuing))
}

/// What a server shows of a log's keys.
async fn shown(cx: &Cx) -> serde_json::Value {
    let key = |key: log_keys::LogKey| {
        serde_json::json!({ "purpose": key.purpose, "version": key.version, "key": key.vkey, "from_size": key.from_size,
            "until_size": key.until_size, "revoked_from": key.revoked_from })
    };
    let keys: Vec<_> = log_keys::list(cx).await.unwrap().keys.into_iter().map(key).collect();
    serde_json::json!({ "object": "log_keys", "keys": keys })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_keys_were_replaced_is_checked_by_all_of_them_or_with_the_servers_hint() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let (keys, issuing) = rotated(&world, &acme).await;
    let files = Files::default();
    for name in ["0/000", "0/001", "0/002.p/90", "1/000.p/2", "entries/000", "entries/001", "entries/002.p/90"] {
        let name = format!("tile/{name}");
        let bytes = logs::tiles::file(&acme, &name, false).await.unwrap().bytes;
        files.write().unwrap().insert(name, bytes);
    }
    let checkpoint = logs::tiles::checkpoint(&acme).await.unwrap().into_bytes();
    files.write().unwrap().insert("checkpoint".to_owned(), checkpoint);
    let url = serve(axum::Router::new().fallback(file).with_state(files.clone())).await;
    let check = async |keys: &[VerifierKey], issuing: &[VerifierKey], published_keys| {
        let (keys, issuing, url) = (keys.to_vec(), issuing.to_vec(), url.clone());
        let signatures = Signatures::All;
        let settings =
            Settings { url, token: None, keys, issuing, published_keys, signatures, since: None, root: None };
        found(settings).await.unwrap()
    };
    let report = check(&keys, &issuing, false).await;
    assert_eq!((report.size, &report.findings[..], &report.remarks[..]), (602, &[][..], &[][..]));
    let report = check(&keys[..1], &issuing, false).await;
    assert_eq!(report.findings[0].problem, "is not signed by the log's key");
    let report = check(&keys, &issuing[1..], false).await;
    assert_eq!(report.findings.len(), 300, "the entries before the new key");
    assert_eq!(report.findings[299].problem, "is signed by a key that the log does not name");

    // With the hint the old keys alone lead through, and the answer says whose word that is.
    let report = check(&keys[..1], &issuing[..1], true).await;
    assert!(report.remarks[0].contains("the server shows no keys here"));
    let keys_now = shown(&acme).await.to_string().into_bytes();
    files.write().unwrap().insert("keys".to_owned(), keys_now);
    let report = check(&keys[..1], &issuing[..1], true).await;
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let said = report.remarks.join("\n");
    for words in [
        "which sizes each key signs is the server's own word",
        &format!("checkpoint key 2 was not named, and is believed on the server's own word: {}", keys[1]),
        &format!("issuing key 2 was not named, and is believed on the server's own word: {}", issuing[1]),
        "the checkpoint is signed by none of the named keys",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // A hint that does not fit the log is found out.
    let mut wrong = shown(&acme).await;
    wrong["keys"][3]["from_size"] = 301.into();
    files.write().unwrap().insert("keys".to_owned(), wrong.to_string().into_bytes());
    let report = check(&keys, &issuing, true).await;
    let found: Vec<_> =
        report.findings.iter().map(|finding| format!("{}: {}", finding.subject, finding.problem)).collect();
    assert_eq!(found, ["entry 300: is signed by issuing key 2, which does not sign at this place"]);
    // A revocation is said in words.
    log_keys::revoke(&acme, Purpose::Issuing, 1, Some(290)).await.unwrap();
    let keys_now = shown(&acme).await.to_string().into_bytes();
    files.write().unwrap().insert("keys".to_owned(), keys_now);
    let report = check(&keys, &issuing, true).await;
    assert_eq!((report.findings.len(), report.findings[0].subject.as_str()), (1, "issuing key 1"));
    assert!(report.findings[0].problem.contains("entries 290 to 299, which it signed, are not to be believed"));
}

#[test]
fn the_root_logs_keys_are_read_from_the_well_known_address() {
    let body = br#"{"format":"certnode/keys/v1","policy":"","root_log":{"object":"log_keys","origin":"o","events":[],
        "keys":[{"purpose":"issuing","version":2,"state":"active","key":"o/issuer+","from_size":7,"added_at":""}]}}"#;
    assert_eq!(keys::read(body).unwrap().len(), 1);
    assert!(keys::read(b"{}").is_err());
}

const ORIGIN: &str = "log.example/t/1";

/// Puts a log of these entries into the files, signed by one key of the test's own.
fn publish(files: &Files, origin: &str, entries: &[String]) -> VerifierKey {
    let signer = NoteSigner::from_seed(origin, &[1; 32]).unwrap();
    let (mut tree, mut made) = (Rebuilt::default(), HashMap::new());
    for (index, part) in (0..).zip(entries.chunks(256)) {
        let part = part.iter().map(String::as_bytes);
        let (bundle, width) = (Bundle::of(part.clone()), part.len() as u16);
        let tile = TileId { level: 0, index, width };
        made.insert(tile.path(), bundle.leaves.iter().flat_map(|leaf| leaf.0).collect());
        made.insert(entries_path(index, width), encode_entries(part).unwrap());
        tree.push(bundle);
    }
    made.extend(tree.tiles().map(|(id, hashes)| (id.path(), hashes.iter().flat_map(|hash| hash.0).collect())));
    let checkpoint = Checkpoint::new(signer.verifier().name(), tree.size(), tree.root());
    made.insert("checkpoint".to_owned(), checkpoint.sign(&signer).into_bytes());
    *files.write().unwrap() = made;
    signer.verifier().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_rewritten_since_the_last_look_is_found_out() {
    let folder = std::env::temp_dir().join(format!("certnode-since-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (kept, new) = (folder.join("kept"), folder.join("kept.new"));
    let entries: Vec<String> = (0..800).map(|n| format!("entry {n}")).collect();
    let files = Files::default();
    let url = serve(axum::Router::new().fallback(file).with_state(files.clone())).await;
    let look = async |entries: &[String]| {
        let keys = vec![publish(&files, ORIGIN, entries)];
        let (issuing, signatures, since) = (Vec::new(), Signatures::None, Some(kept.clone()));
        let url = url.clone();
        found(Settings { url, token: None, keys, issuing, published_keys: false, signatures, since, root: None }).await
    };
    // From nothing, within a bundle, to the ends of bundles, and over them; and when nothing was added.
    let mut last = None;
    for size in [0, 1, 200, 256, 256, 300, 512, 800] {
        let report = look(&entries[..size]).await.unwrap();
        assert_eq!((report.size, &report.findings[..]), (size as u64, &[][..]));
        let said = match last {
            None => "is begun, with 0 entries".to_owned(),
            Some(last) => format!("continues the {last} entries of {}", kept.display()),
        };
        assert!(report.remarks[0].contains(&said), "{size}: {:?}", report.remarks);
        assert!(kept.exists() && !new.exists());
        last = Some(size);
    }
    // An old entry is another; the log is shorter; it is as long and another; each with a signature that holds.
    let (mut other, right) = (entries.clone(), std::fs::read_to_string(&kept).unwrap());
    other[100] = "another".to_owned();
    let longer: Vec<String> = other.iter().cloned().chain(["more".to_owned()]).collect();
    for (entries, words) in [
        (&longer[..], "does not begin with the 800 entries of"),
        (&entries[..799], "has 799 entries, and had 800 when"),
        (&other[..], "for the same 800 entries"),
    ] {
        let report = look(entries).await.unwrap();
        let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
        assert_eq!(finding.subject, "checkpoint");
        assert!(finding.problem.contains(words) && finding.problem.contains("the log was rewritten"), "{finding:?}");
        // Both states stay.
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), right);
        assert_eq!(std::fs::read(&new).unwrap(), files.read().unwrap()["checkpoint"]);
    }
    // A file of another log is no ground to say anything of this one.
    std::fs::write(&kept, right.replace("log.example/t/1", "log.example/t/2")).unwrap();
    assert!(look(&entries).await.unwrap_err().contains("is of another log: log.example/t/2"));
    std::fs::write(&kept, "").unwrap();
    assert!(look(&entries).await.unwrap_err().contains("does not hold a checkpoint"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_the_root_log_knows_otherwise_is_found_out() {
    let (log, root) = (Files::default(), Files::default());
    let serve = async |files: &Files| serve(axum::Router::new().fallback(file).with_state(files.clone())).await;
    let (url, root_url) = (serve(&log).await, serve(&root).await);
    let entries: Vec<String> = (0..600).map(|n| format!("entry {n}")).collect();
    let keys = vec![publish(&log, ORIGIN, &entries)];
    // States of this log between those of others, as `n` entries of which the first may be another.
    let state = |n: usize, first: &str| {
        let leaves = [first].into_iter().chain(entries[1..n].iter().map(String::as_str));
        let leaves: Vec<_> = leaves.map(|entry| ledger::hash::leaf_hash(entry.as_bytes())).collect();
        let root = *ledger::tree::Batch::append(&ledger::tree::Frontier::empty(), &leaves).root();
        Checkpoint::new(ORIGIN, n as u64, root).text()
    };
    let look = async |states: &[String]| {
        let other = Checkpoint::new("log.example/t/2", 9, Hash([9; 32])).text();
        let said =
            ["about the root log".to_owned(), other.clone()].into_iter().chain(states.iter().cloned()).chain([other]);
        let root_keys = vec![publish(&root, "log.example/root", &said.collect::<Vec<_>>())];
        let (keys, url, signatures) = (keys.clone(), url.clone(), Signatures::None);
        let root = Some(Root { url: root_url.clone(), keys: root_keys });
        let (issuing, since) = (Vec::new(), None);
        found(Settings { url, token: None, keys, issuing, published_keys: false, signatures, since, root }).await
    };
    let right: Vec<String> = [1, 255, 256, 257, 512, 599, 600].map(|n| state(n, "entry 0")).to_vec();
    let report = look(&right).await.unwrap();
    assert_eq!((&report.findings[..], report.remarks.len()), (&[][..], 1));
    assert_eq!(report.remarks[0], "7 states of it are in the root log, the newest of 600 entries");
    assert_eq!(look(&[]).await.unwrap().remarks, ["no state of it is in the root log"]);
    for (at, size) in [(0, 1), (2, 256), (3, 257), (6, 600)] {
        let mut wrong = right.clone();
        wrong[at] = state(size, "another");
        let report = look(&wrong).await.unwrap();
        let [finding] = &report.findings[..] else { panic!("{size}: {:?}", report.findings) };
        assert_eq!(finding.subject, format!("anchor {size}"));
        assert_eq!(
            finding.problem,
            format!("is entry {} of the root log with another root: the log has two histories", at + 2)
        );
    }
    // The root log has seen more than is shown here.
    let more = Checkpoint::new(ORIGIN, 601, Hash([1; 32])).text();
    let report = look(&[right[0].clone(), more]).await.unwrap();
    assert_eq!(report.findings[0].problem, "is entry 3 of the root log, and the log shows 600 entries");
    // One that is not right itself is no ground to say anything.
    look(&right).await.unwrap();
    root.write().unwrap().get_mut("tile/entries/000.p/10").unwrap()[20] ^= 1;
    let root_keys = vec![NoteSigner::from_seed("log.example/root", &[1; 32]).unwrap().verifier().clone()];
    let root = Some(Root { url: root_url, keys: root_keys });
    let (issuing, since, signatures) = (Vec::new(), None, Signatures::None);
    let settings = Settings { url, token: None, keys, issuing, published_keys: false, signatures, since, root };
    assert!(found(settings).await.unwrap_err().contains("the root log is not right: "));
}
