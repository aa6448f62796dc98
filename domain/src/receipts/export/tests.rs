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
    let mut export = export(cx, (from, until), None).await.unwrap();
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

const DAY: (&str, &str) = ("2026-11-20", "2026-11-20");

/// An archive's tag and bytes; as many as it said.
async fn made(cx: &Cx, tag: Option<&str>) -> (String, Vec<u8>) {
    let export = export(cx, DAY, tag).await.unwrap();
    let bytes = export.archive.try_concat().await.unwrap();
    assert_eq!(bytes.len() as u64, export.length, "{tag:?}");
    (export.tag, bytes)
}

fn verified(bytes: &[u8]) -> Found {
    let mut verification = PeriodVerification::new(None);
    verification.push(bytes);
    let found = verification.finish();
    assert!(found.is_verified(), "{:?}", found.steps);
    found
}

#[tokio::test]
async fn the_same_archive_is_made_again_however_much_the_log_grew() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    issue(&acme, 700, "a").await;
    let (young, first) = made(&acme, None).await;
    issue(&acme, 300, "b").await;
    anchors::anchor(&world.domain).await.unwrap();
    let (anchored, second) = made(&acme, None).await;
    assert!(first != second && young != anchored);
    issue(&acme, 10, "c").await;
    anchors::anchor(&world.domain).await.unwrap();
    issue(&acme, 10, "d").await;
    let (now, third) = made(&acme, None).await;
    assert!(now != anchored, "it has more receipts");
    for (tag, bytes, receipts) in [(young, first, 700), (anchored, second, 1_000), (now, third, 1_020)] {
        let (again, same) = made(&acme, Some(&tag)).await;
        assert!(again == tag && same == bytes, "{tag}");
        assert_eq!(verified(&bytes).receipts, receipts);
    }
}

#[tokio::test]
async fn the_same_archive_is_made_again_with_as_many_cosignatures_as_it_had() {
    let signer = |(name, seed)| ledger::note::NoteSigner::cosigner(name, &[seed; 32]).unwrap();
    let witnesses = [("w1.example", 4), ("w2.example", 5)].map(signer);
    let mut policy = String::new();
    for (n, witness) in witnesses.iter().enumerate() {
        policy += &format!("witness w{n} {}\n", witness.verifier());
    }
    let policy = ledger::policy::Policy::parse(&format!("{policy}group g any w0 w1\nquorum g\n")).unwrap();
    let world = World::new().await;
    let acme = world.org("acme").await;
    let acme = Cx { domain: world.watched_by(policy), ..acme };
    issue(&acme, 3, "a").await;
    anchors::anchor(acme.domain()).await.unwrap();
    let cosign = async |witness: &ledger::note::NoteSigner| {
        let (size, sent) = anchors::submission(acme.domain(), 0).await.unwrap().unwrap();
        let text = ledger::note::Note::parse(&sent.checkpoint).unwrap().text().to_owned();
        let line = format!("{}\n", witness.cosign(&text, 1_795_000_000).unwrap());
        anchors::keep(acme.domain(), size, &sent, witness.verifier(), &line).await.unwrap();
    };
    cosign(&witnesses[1]).await;
    let (tag, bytes) = made(&acme, None).await;
    world.clock.advance(time::Duration::SECOND);
    cosign(&witnesses[0]).await;
    // So many later states that the one of then is not among the newest.
    for n in 0..70 {
        issue(&acme, 1, &format!("b{n}")).await;
        anchors::anchor(acme.domain()).await.unwrap();
        cosign(&witnesses[0]).await;
    }
    let (again, same) = made(&acme, Some(&tag)).await;
    assert!(again == tag && same == bytes, "{tag} {again}");
    verified(&bytes);
}

#[tokio::test]
async fn an_archive_that_cannot_be_made_again_is_another_one() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    issue(&acme, 520, "a").await;
    issue(&other, 520, "a").await;
    let (tag, bytes) = made(&acme, None).await;
    let number = tag.split_once('.').unwrap().0;
    for strange in
        ["", "1.2.3", "a.b.c.d", &tag.replacen(number, "9999", 1), &tag.replacen(number, "7", 1), &format!("{tag}.0")]
    {
        assert_eq!(made(&acme, Some(strange)).await, (tag.clone(), bytes.clone()), "{strange}: the one of now");
    }
    assert_ne!(made(&other, Some(&tag)).await.0, tag, "the log of another");
    // An erasure after the first part: what is under way ends before its end, and the tag is no one's any more.
    let mut under_way = export(&acme, DAY, Some(&tag)).await.unwrap();
    assert_eq!(under_way.tag, tag);
    let mut arrived = under_way.archive.try_next().await.unwrap().unwrap();
    arrived.extend(under_way.archive.try_next().await.unwrap().unwrap());
    let filter = crate::receipts::Filter { search: Some("a-500".to_owned()), ..Default::default() };
    let listed = crate::receipts::list(&acme, &filter, &crate::page::Page::default()).await.unwrap();
    crate::receipts::life::erase(&acme, listed.data[0].id, "asked to").await.unwrap();
    assert!(bytes.starts_with(&arrived));
    assert!(under_way.archive.try_concat().await.is_err(), "it is not what it said it would be");
    let (now, whole) = made(&acme, Some(&tag)).await;
    assert_ne!(now, tag);
    let found = verified(&whole);
    assert_eq!((found.receipts, found.without_contents), (521, 1));
}

#[tokio::test]
async fn what_is_no_period_is_refused_in_words() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let refused = async |from: &str, until: &str| {
        let problem = export(&acme, (from, until), None).await.err().unwrap();
        (problem.status, problem.fields.into_iter().map(|field| field.location).collect::<Vec<_>>())
    };
    let places = |places: &[&str]| (422, places.iter().map(|&place| place.to_owned()).collect::<Vec<_>>());
    assert_eq!(refused("2026-11-20", "2026-11-20").await, places(&["from"]), "the log is empty");
    issue(&acme, 1, "a").await;
    assert_eq!(refused("2026-11-21", "2026-11-22").await, places(&["from"]), "nothing was issued then");
    assert_eq!(refused("yesterday", "").await, places(&["from", "until"]));
    assert_eq!(refused("2026-11-20", "2026-11-19").await, places(&["until"]));
    assert_eq!(export(&world.nobody(), ("2026-11-20", "2026-11-20"), None).await.err().unwrap().status, 401);
}
