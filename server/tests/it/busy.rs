//! What a caller hears when there is no room for its receipts.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use domain::sequencer::{Limits, Room};
use tokio::task::JoinSet;

use super::{Answer, Served};

/// Of each log one receipt waits, beside the one that is being written.
const SMALL: Room = Room {
    own: Limits { all: 4, of_one: 1 },
    others: Limits { all: 4, of_one: 1 },
    patience: Duration::from_millis(50),
};

fn refused(answer: &Answer) -> bool {
    if answer.status != StatusCode::TOO_MANY_REQUESTS {
        return false;
    }
    assert_eq!(answer.json()["code"], "too_busy");
    assert_eq!(answer.header("retry-after"), "1");
    true
}

#[tokio::test]
async fn a_full_queue_answers_429_and_when_to_come_back_and_keeps_others_their_place() {
    let served = Arc::new(Served::with_room(SMALL).await);
    let ((acme, key), (_, other)) = (served.org("acme").await, served.org("other").await);
    for key in [&key, &other] {
        assert_eq!(served.post_receipt(key, None, "{}").await.status, StatusCode::CREATED);
    }
    // Nothing is written into this log: what arrives for it waits.
    let held = served.world.hold_logs(&acme).await;
    let mut flood = JoinSet::new();
    for _ in 0..8 {
        let (served, key) = (served.clone(), key.clone());
        flood.spawn(async move { served.post_receipt(&key, None, "{}").await });
    }
    for _ in 0..6 {
        let first = tokio::time::timeout(Duration::from_secs(2), flood.join_next()).await;
        assert!(refused(&first.expect("a refusal does not wait").unwrap().unwrap()));
    }
    let mut beside = JoinSet::new();
    let (sender, of_other) = (served.clone(), other.clone());
    beside.spawn(async move { sender.post_receipt(&of_other, None, "{}").await });

    // In a batch, each is answered on its own, and the whole says when to come back.
    let mut batch = JoinSet::new();
    let (sender, of_acme) = (served.clone(), key.clone());
    batch.spawn(async move {
        let body = r#"{"receipts":[{},{"kind":7},{},{}]}"#;
        sender.api(&of_acme, "POST", "/v1/receipts/batch", &[], body).await
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(held);
    let answer = batch.join_next().await.unwrap().unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::OK, "1"));
    let results = answer.json()["data"].as_array().unwrap().clone();
    let busy = results.iter().filter(|result| result["status"] == 429 && result["problem"]["code"] == "too_busy");
    assert!((2..=3).contains(&busy.count()), "{results:?}");
    assert_eq!(results[1]["status"], 422);

    assert_eq!(beside.join_next().await.unwrap().unwrap().status, StatusCode::CREATED, "another's place is its own");
    let rest: Vec<Answer> = flood.join_all().await;
    let made = rest.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!(made + rest.iter().filter(|answer| refused(answer)).count(), 2);
    assert!(made >= 1, "what was accepted is written");
    assert_eq!(served.post_receipt(&key, None, "{}").await.status, StatusCode::CREATED);
}
