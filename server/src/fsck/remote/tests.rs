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
    Settings { url, token, keys, issuing, published_keys: false, signatures: Signatures::All }
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
    files.write().unwrap().insert("checkpoint".to_owned(), logs::tiles::checkpoint(&acme).await.unwrap().into_bytes());
    let url = serve(axum::Router::new().fallback(file).with_state(files.clone())).await;
    let check = async |keys: &[VerifierKey], issuing: &[VerifierKey], published_keys| {
        let (keys, issuing, url) = (keys.to_vec(), issuing.to_vec(), url.clone());
        found(Settings { url, token: None, keys, issuing, published_keys, signatures: Signatures::All }).await.unwrap()
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
    let said = shown(&acme).await.to_string().into_bytes();
    files.write().unwrap().insert("keys".to_owned(), said);
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
    let said = shown(&acme).await.to_string().into_bytes();
    files.write().unwrap().insert("keys".to_owned(), said);
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
