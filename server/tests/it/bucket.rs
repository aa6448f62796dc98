//! Logs' files in a bucket: a service that speaks as much of S3 as is needed, in memory.

#![expect(clippy::disallowed_methods, reason = "a service of the test's own")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::context::{Clock as _, Domain, Options};
use domain::database::Database;
use domain::keyring::Keyring;
use domain::objects::{Bucket, Objects};
use domain::receipts::{self, NewReceipt};
use domain::testing::World;
use domain::{Mode, logs, published};
use ledger::policy::Policy;

#[derive(Clone, Default)]
struct Service {
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

async fn serve(State(service): State<Service>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=key-1/") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let path = parts.uri.path().to_owned();
    let tag = [("etag", "\"1\""), ("last-modified", "Fri, 20 Nov 2026 09:30:00 GMT")];
    match parts.method {
        Method::PUT => {
            let body = to_bytes(body, 1 << 20).await.unwrap();
            let mut objects = service.objects.lock().unwrap();
            if header("if-none-match") == "*" && objects.contains_key(&path) {
                return StatusCode::PRECONDITION_FAILED.into_response();
            }
            objects.insert(path, body.to_vec());
            (tag, "").into_response()
        }
        Method::GET if parts.uri.query().is_some_and(|query| query.contains("list-type=2")) => {
            let objects = service.objects.lock().unwrap();
            let listed = objects.iter().map(|(path, bytes)| {
                format!(
                    "<Contents><Key>{}</Key><LastModified>2026-11-20T09:30:00.000Z</LastModified><Size>{}</Size></Contents>",
                    path.trim_start_matches("/logs/"),
                    bytes.len()
                )
            });
            format!("<ListBucketResult>{}</ListBucketResult>", listed.collect::<String>()).into_response()
        }
        Method::GET => match service.objects.lock().unwrap().get(&path) {
            Some(bytes) => (tag, bytes.clone()).into_response(),
            None => (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response(),
        },
        // Deletes those whose keys the body names.
        Method::POST if parts.uri.query() == Some("delete") => {
            let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
            let keys = body.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap().to_owned());
            let deleted = keys.map(|key| {
                service.objects.lock().unwrap().remove(&format!("/logs/{key}"));
                format!("<Deleted><Key>{key}</Key></Deleted>")
            });
            format!("<DeleteResult>{}</DeleteResult>", deleted.collect::<String>()).into_response()
        }
        _ => (StatusCode::NOT_IMPLEMENTED, Body::empty()).into_response(),
    }
}

#[tokio::test]
async fn a_log_is_published_to_a_bucket_and_read_from_it() {
    let service = Service::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(serve).with_state(service.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let world = World::new().await;
    let bucket = Bucket {
        url: "s3://logs/certnode".to_owned(),
        endpoint: Some(endpoint),
        region: Some("eu-central-1".to_owned()),
        key_id: Some("key-1".to_owned()),
        secret: Some("secret".to_owned()),
    };
    let database = Database::open(&world.database_url, 4).unwrap().with_objects(Objects::bucket(&bucket).unwrap());
    let keyring = Keyring::new([7; 32], "log.example");
    let node = Domain::start(Options {
        database,
        keyring,
        clock: world.clock.clone(),
        hashes_at_once: 1,
        witnesses: Policy::default(),
        evidence: None,
    });
    let (org_id, mode) = match world.org("acme").await.actor() {
        domain::context::Actor::User { org_id, mode, .. } => (*org_id, *mode),
        actor => panic!("{actor:?}"),
    };
    let cx = node.system(org_id, mode);
    let new = |n| (NewReceipt::from_json(b"{}").unwrap(), format!("k-{n}"));
    for placed in receipts::issue_many(&cx, (1..300).map(new).collect()).await.unwrap() {
        placed.unwrap();
    }
    assert_eq!(published::publish(&node).await.unwrap(), 1);
    let origin = logs::head(&cx).await.unwrap().origin;
    let folder = format!("/logs/certnode/{}", origin.split_once('/').unwrap().1);
    let names: Vec<String> = service.objects.lock().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 8, "{names:?}");
    assert!(names.contains(&format!("{folder}/tile/entries/000")) && names.contains(&format!("{folder}/checkpoint")));
    // Full bundles come from the bucket: a change there is what a reader gets, and checks.
    let mark = published::gzip(b"from the bucket");
    service.objects.lock().unwrap().insert(format!("{folder}/tile/entries/000"), mark.clone());
    assert_eq!(logs::tiles::file(&cx, "tile/entries/000", true).await.unwrap().bytes, mark);
    // The next edge takes the place of the one before.
    receipts::issue(&cx, NewReceipt::from_json(b"{}").unwrap(), None).await.unwrap();
    world.clock.advance(time::Duration::MINUTE);
    assert_eq!(published::publish(&node).await.unwrap(), 1);
    let names: Vec<String> = service.objects.lock().unwrap().keys().cloned().collect();
    assert!(names.contains(&format!("{folder}/tile/0/001.p/45")), "{names:?}");
    assert!(!names.contains(&format!("{folder}/tile/0/001.p/44")), "{names:?}");

    // What is there is not written over, and the log says so.
    let other = node.system(org_id, Mode::Live);
    for placed in receipts::issue_many(&other, (1..256).map(new).collect()).await.unwrap() {
        placed.unwrap();
    }
    let origin = logs::head(&other).await.unwrap().origin;
    let strange = format!("/logs/certnode/{}/tile/0/000", origin.split_once('/').unwrap().1);
    service.objects.lock().unwrap().insert(strange.clone(), vec![7; 8192]);
    published::publish(&node).await.unwrap();
    assert_eq!(service.objects.lock().unwrap()[&strange], vec![7; 8192]);
    let state = domain::integrity::state(&other).await.unwrap();
    assert!(state.publishing_stopped.unwrap().starts_with("tile/0/000 is in the object store already"));

    // All of it is found again: the entries of a log that was changed give another root.
    let fresh = World::new().await;
    let database = Database::open(&fresh.database_url, 4).unwrap().with_objects(Objects::bucket(&bucket).unwrap());
    let refused = domain::recovery::restore(&database, world.clock.now()).await.unwrap_err();
    assert!(
        refused.internal.as_ref().unwrap().contains("holds 0 entries")
            || refused.internal.as_ref().unwrap().contains("ends in the middle"),
        "{refused:?}"
    );
}
