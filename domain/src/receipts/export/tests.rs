#![expect(clippy::unwrap_used, reason = "tests")]

use futures::TryStreamExt as _;
use ledger::period::{Found, PeriodVerification};
use ledger::verify::Outcome;

use super::*;
use crate::receipts::{NewReceipt, issue_many};
use crate::testing::World;

async fn issue(cx: &Cx, count: usize, name: &str) {
    let new = |n| NewReceipt::from_json(format!(r#"{{"reference":"{name}-{n}"}}"#).as_bytes()).unwrap();
    let wanted = (0..count).map(|n| (new(n), format!("{name}-{n}"))).collect();
    assert!(issue_many(cx, wanted).await.unwrap().iter().all(Result::is_ok));
}

async fn found(cx: &Cx, from: &str, until: &str) -> Found {
    let mut export = export(cx, from, until).await.unwrap();
    assert_eq!(export.name, format!("receipts-{from}-to-{until}.tar"));
    let mut verification = PeriodVerification::new(None);
    while let Some(bytes) = export.archive.try_next().await.unwrap() {
        verification.push(&bytes);
    }
    verification.finish()
}

#[tokio::test]
async fn a_period_leaves_whole_and_verifies_by_itself() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    for (day, count) in [("a", 300), ("b", 520), ("c", 7)] {
        issue(&acme, count, day).await;
        issue(&other, 1, day).await;
        world.clock.advance(time::Duration::DAY);
    }
    for (from, until, receipts) in [
        ("2026-11-20", "2026-11-20", 300),
        ("2026-11-21", "2026-11-21", 520),
        ("2026-11-21", "2026-11-30", 527),
        ("2026-11-01", "2026-11-30", 827),
    ] {
        let found = found(&acme, from, until).await;
        assert!(found.is_verified(), "{from} {until}: {:?}", found.steps);
        assert_eq!((found.receipts, found.without_contents), (receipts, 0), "{from} {until}");
    }
    anchors::anchor(&world.domain).await.unwrap();
    let anchored = found(&acme, "2026-11-21", "2026-11-21").await;
    let step = anchored.steps.iter().find(|step| step.id == "anchor").unwrap();
    assert!(anchored.is_verified() && step.outcome == Outcome::Passed, "{:?}", anchored.steps);
}

#[tokio::test]
async fn a_payload_that_was_erased_is_counted_and_nothing_else_is_missing() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    issue(&acme, 10, "a").await;
    let mut database = world.superuser().await;
    sqlx::raw_sql("delete from payloads where receipt_id in (select id from receipts where log_index in (3, 4))")
        .execute(&mut database)
        .await
        .unwrap();
    let found = found(&acme, "2026-11-20", "2026-11-20").await;
    assert!(found.is_verified(), "{:?}", found.steps);
    assert_eq!((found.receipts, found.without_contents), (10, 2));
}

#[tokio::test]
async fn what_is_no_period_is_refused_in_words() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let refused = async |from: &str, until: &str| {
        let problem = export(&acme, from, until).await.err().unwrap();
        (problem.status, problem.fields.into_iter().map(|field| field.location).collect::<Vec<_>>())
    };
    let places = |places: &[&str]| (422, places.iter().map(|&place| place.to_owned()).collect::<Vec<_>>());
    assert_eq!(refused("2026-11-20", "2026-11-20").await, places(&["from"]), "the log is empty");
    issue(&acme, 1, "a").await;
    assert_eq!(refused("2026-11-21", "2026-11-22").await, places(&["from"]), "nothing was issued then");
    assert_eq!(refused("yesterday", "").await, places(&["from", "until"]));
    assert_eq!(refused("2026-11-20", "2026-11-19").await, places(&["until"]));
    assert_eq!(export(&world.nobody(), "2026-11-20", "2026-11-20").await.err().unwrap().status, 401);
}
