#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::context::Cx;
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
    let (key, issuing) = (keys.log.parse().unwrap(), Some(keys.issuing.parse().unwrap()));
    Settings { url, token, key, issuing, signatures: Signatures::All }
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
    assert_eq!((private.size, private.files, private.findings.len()), (300, 6, 0));
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
    other.key = logs::head(&world.org("other").await).await.unwrap().keys.log.parse().unwrap();
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
