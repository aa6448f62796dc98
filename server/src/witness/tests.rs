#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::Request;
use domain::testing::FixedClock;
use ledger::hash::{Hash, leaf_hash, node_hash};
use tower::ServiceExt as _;

use super::*;

const ORIGIN: &str = "log.example/root";

fn log() -> NoteSigner {
    NoteSigner::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(format!("/tmp/certnode-witness-{}-{number}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    folder
}

fn witness(data: &Path) -> Result<Witness, Failure> {
    let settings =
        Settings { name: "witness.example/w1".to_owned(), logs: vec![log().verifier().clone()], data: data.to_owned() };
    Witness::open(settings, Arc::new(FixedClock::default()))
}

async fn ask(router: &Router, method: &str, path: &str, body: String) -> (StatusCode, String, String) {
    let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let kind = response.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let status = response.status();
    let text = String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap();
    (status, kind, text)
}

fn leaf(n: u8) -> Hash {
    leaf_hash(&[n])
}

/// The tree of one leaf or of two, and the proof between them.
fn body(old: u64, size: u64, second: u8) -> String {
    let (root, proof) = match size {
        1 => (leaf(0), String::new()),
        _ if old == 1 => (node_hash(&leaf(0), &leaf(second)), format!("{}\n", leaf(second).to_base64())),
        _ => (node_hash(&leaf(0), &leaf(second)), String::new()),
    };
    format!("old {old}\n{proof}\n{}", Checkpoint::new(ORIGIN, size, root).sign(&log()))
}

#[tokio::test]
async fn it_cosigns_what_continues_and_keeps_its_word_over_a_restart() {
    let data = folder();
    let opened = witness(&data).unwrap();
    let key = opened.verifier().clone();
    let router = opened.router();
    let (status, _, line) = ask(&router, "POST", "/add-checkpoint", body(0, 1, 1)).await;
    assert_eq!(status, StatusCode::OK, "{line}");
    let (status, _, line) = ask(&router, "POST", "/add-checkpoint", body(1, 2, 1)).await;
    assert_eq!(status, StatusCode::OK, "{line}");
    let mut note = Note::parse(body(1, 2, 1).split_once("\n\n").unwrap().1).unwrap();
    note.push(line.trim_end().parse().unwrap());
    let cosigned = note.verify_any(std::slice::from_ref(&key)).unwrap();
    assert_eq!(cosigned[0].1, Some(1_795_167_000), "the clock's time, in seconds");
    drop(router);

    let router = witness(&data).unwrap().router();
    let (status, kind, size) = ask(&router, "POST", "/add-checkpoint", body(1, 2, 9)).await;
    assert_eq!((status, &*kind, &*size), (StatusCode::CONFLICT, "text/x.tlog.size", "2\n"), "the fork is refused");
    let (status, ..) = ask(&router, "POST", "/add-checkpoint", body(2, 2, 9)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, ..) = ask(&router, "POST", "/add-checkpoint", body(2, 2, 1)).await;
    assert_eq!(status, StatusCode::OK, "the same again is cosigned again");
    let (_, _, last) = ask(&router, "GET", &format!("/{}/checkpoint", file_name(ORIGIN)), String::new()).await;
    assert_eq!(read_last(&last).unwrap().size, 2);
    assert_eq!(Note::parse(&last).unwrap().verify_any(&[key]).unwrap().len(), 1);
    for path in
        ["/../witness.key/checkpoint", "/witness.key/checkpoint", &format!("/{}/checkpoint", file_name("other"))]
    {
        assert_eq!(ask(&router, "GET", path, String::new()).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    drop(router);
    fs::remove_dir_all(data).unwrap();
}

#[tokio::test]
async fn of_two_histories_at_once_one_is_cosigned() {
    let data = folder();
    let router = witness(&data).unwrap().router();
    ask(&router, "POST", "/add-checkpoint", body(0, 1, 0)).await;
    let asked =
        futures::future::join_all((1..9).map(|second| ask(&router, "POST", "/add-checkpoint", body(1, 2, second))));
    let statuses: Vec<StatusCode> = asked.await.into_iter().map(|(status, ..)| status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{statuses:?}");
    drop(router);
    fs::remove_dir_all(data).unwrap();
}

#[tokio::test]
async fn a_witness_that_lost_its_mind_says_nothing() {
    let data = folder();
    let opened = witness(&data).unwrap();
    assert!(witness(&data).is_err(), "one process a folder");
    let router = opened.router();
    fs::write(data.join(format!("{}.checkpoint", file_name(ORIGIN))), "spoilt").unwrap();
    assert_eq!(ask(&router, "POST", "/add-checkpoint", body(0, 1, 1)).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(ask(&router, "POST", "/add-checkpoint", "nonsense".to_owned()).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(ask(&router, "POST", "/add-checkpoint", "x".repeat(100 << 10)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    drop(router);
    fs::remove_dir_all(data).unwrap();
}
