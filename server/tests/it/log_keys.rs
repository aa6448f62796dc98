//! What is published of keys, and of states.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::log_keys::{Purpose, rotate};
use ledger::key_event::{Change, KeyEvent};
use ledger::note::{Note, VerifierKey};
use ledger::policy::Policy;
use time::Duration;

use super::Served;

#[tokio::test]
async fn the_root_logs_keys_are_everyones_and_a_logs_own_are_its_owners() {
    let served = Served::new().await;
    let known =
        async || served.send(Request::get("/.well-known/certnode-keys.json").body(Body::empty()).unwrap()).await;
    let early = known().await;
    assert_eq!((early.status, early.json()["root_log"]["keys"].as_array().unwrap().len()), (StatusCode::OK, 2));

    let (owner, key) = served.org("acme").await;
    served.post_receipt(&key, None, "{}").await;
    domain::anchors::anchor(&served.world.domain).await.unwrap();
    let answer = known().await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("content-type"), "application/json");
    let published = answer.json();
    assert_eq!(published["root_log"]["origin"], "log.example/root");
    let policy = Policy::parse(published["policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy.log_keys("log.example/root").len(), 1);
    assert_eq!(early.json()["policy"], published["policy"], "before there is a root log, its key is known");

    let old = served.api(&key, "GET", "/v1/log/keys", &[], Body::empty()).await.json();
    rotate(&owner, Purpose::Checkpoint, Duration::days(30)).await.unwrap();
    domain::anchors::anchor(&served.world.domain).await.unwrap();
    let keys = served.api(&key, "GET", "/v1/log/keys", &[], Body::empty()).await.json();
    let states: Vec<&str> = keys["keys"].as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["retiring", "active", "active"]);
    let before: VerifierKey = old["keys"][0]["key"].as_str().unwrap().parse().unwrap();
    let event = &keys["events"][0];
    let opened = KeyEvent::open(event["note"].as_str().unwrap(), &[before]).unwrap();
    assert_eq!((opened.change, event["root_index"].as_u64().is_some()), (Change::Added, true));
    let log = served.api(&key, "GET", "/v1/log", &[], Body::empty()).await.json();
    assert_eq!(log["log_key"], keys["keys"][1]["key"], "the newest is the one that is named");
}

#[tokio::test]
async fn a_log_proves_that_it_only_grew() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    for _ in 0..3 {
        served.post_receipt(&key, None, "{}").await;
        domain::anchors::anchor(&served.world.domain).await.unwrap();
    }
    let get =
        async |query: &str| served.api(&key, "GET", &format!("/v1/log/consistency{query}"), &[], Body::empty()).await;
    let proof = get("?from=2&to=4").await.json();
    assert_eq!((proof["object"].as_str(), proof["hashes"].as_array().unwrap().len()), (Some("consistency_proof"), 1));
    for (side, size) in [("from", 2), ("to", 4)] {
        assert_eq!(proof[side]["tree_size"], size);
        assert!(proof[side]["checkpoint"].as_str().unwrap().contains(&format!("\n{size}\n")));
    }
    for query in ["", "?from=2", "?from=a&to=4", "?from=0&to=4", "?from=3&to=2", "?from=2&to=5", "?from=-1&to=4"] {
        let refused = get(query).await;
        assert_eq!(
            (refused.status, refused.json()["code"].as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, Some("invalid")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_served_checkpoint_carries_a_signature_that_nobody_knows() {
    let served = Served::new().await;
    let (_, key) = served.org("acme").await;
    served.post_receipt(&key, None, "{}").await;
    let log = served.api(&key, "GET", "/v1/log", &[], Body::empty()).await.json();
    let known: VerifierKey = log["log_key"].as_str().unwrap().parse().unwrap();
    let mut strangers = Vec::new();
    for _ in 0..2 {
        let served = served.api(&key, "GET", "/v1/log/checkpoint", &[], Body::empty()).await.body;
        let note = Note::parse(std::str::from_utf8(&served).unwrap()).unwrap();
        assert_eq!(note.verify(std::slice::from_ref(&known)).unwrap(), [&known]);
        let stranger = note.signatures().iter().find(|line| line.name.starts_with("grease.invalid/")).unwrap();
        strangers.push(stranger.clone());
    }
    assert_ne!(strangers[0], strangers[1], "never the same twice");
}
