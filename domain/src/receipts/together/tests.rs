#![expect(clippy::unwrap_used, reason = "tests")]

use futures::future::join_all;
use ledger::verify::verify;

use super::*;
use crate::id::ReceiptId;
use crate::page::Page;
use crate::receipts::batch::{self, Batch};
use crate::receipts::{Filter, NewReceipt, Repeat, bundle, issue, issue_as, life, list};
use crate::sequencer::Fault;
use crate::testing::World;

fn new(reference: &str) -> NewReceipt {
    NewReceipt::from_json(format!(r#"{{"reference":"{reference}"}}"#).as_bytes()).unwrap()
}

/// Receipts with these references, and keys of the same name.
fn wanted<'a>(references: impl IntoIterator<Item = &'a str>) -> Vec<Wanted> {
    let one = |reference: &str| Ok((new(reference), Repeat::Key(reference.to_owned())));
    references.into_iter().map(one).collect()
}

fn read(body: &str) -> Vec<Wanted> {
    let Batch { wanted, atomic } = batch::parse(body.as_bytes()).unwrap();
    assert!(atomic);
    wanted
}

async fn receipts(cx: &Cx) -> u64 {
    logs::head(cx).await.unwrap().receipts
}

fn places(issued: &[Issued]) -> Vec<u64> {
    issued.iter().map(|one| one.receipt.summary.log_index).collect()
}

fn refusals(problem: &Problem) -> Vec<(&str, &str)> {
    assert_eq!((problem.status, &*problem.code), (422, "batch_refused"), "{problem}");
    problem.fields.iter().map(|field| (&*field.location, &*field.code)).collect()
}

#[tokio::test]
async fn all_get_their_places_together_and_the_same_request_has_the_same_answers() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let references: Vec<String> = (0..batch::ATOMIC_MAX).map(|n| format!("order-{n}")).collect();
    let all = || wanted(references.iter().map(String::as_str));
    let issued = issue_together(&acme, all()).await.unwrap();
    assert_eq!(places(&issued), (1..=256).collect::<Vec<u64>>());
    assert!(issued.iter().all(|one| one.receipt.proof.tree_size == 257 && !one.replayed));
    let report = verify(&bundle(&acme, issued[255].receipt.summary.id).await.unwrap(), None);
    assert!(report.is_verified(), "{:?}", report.steps);
    issue(&acme, new("later"), None).await.unwrap();
    let again = issue_together(&acme, all()).await.unwrap();
    assert!(again.iter().all(|one| one.replayed));
    assert!(issued.iter().zip(&again).all(|(first, again)| first.receipt == again.receipt));
    assert_eq!(receipts(&acme).await, 257);
}

#[tokio::test]
async fn one_that_is_refused_refuses_all_and_is_named_by_its_place() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let ended = issue(&acme, new("ended"), Some("ended")).await.unwrap().receipt.summary.id;
    let lasting = issue(&acme, new("lasting"), None).await.unwrap().receipt.summary.id;
    life::revoke(&acme, ended, "wrong", None).await.unwrap();
    let end = |id: ReceiptId| format!(r#"{{"refs":[{{"id":"{id}","relation":"supersedes"}}]}}"#);
    let body = format!(
        r#"{{"atomic":true,"receipts":[{{}},{{"amount":{{"value":"1.234","currency":"USD"}}}},{},{{"idempotency_key":"k"}},
            {{"idempotency_key":"k","kind":"approval"}},{},{},{{"kind":"revocation"}},{{"idempotency_key":""}}]}}"#,
        end(ended),
        end(lasting),
        end(lasting)
    );
    let refused = issue_together(&acme, read(&body)).await.unwrap_err();
    let expected = [
        ("receipts[1].amount.value", "decimals"),
        ("receipts[2]", "receipt_ended"),
        ("receipts[4]", "idempotency_conflict"),
        ("receipts[6]", "receipt_ended"),
        ("receipts[7].kind", "reserved_kind"),
        ("receipts[8].Idempotency-Key", "idempotency_key"),
    ];
    assert_eq!(refusals(&refused), expected);
    // A key that is taken by other content is found out where the places are given.
    let body = r#"{"atomic":true,"receipts":[{},{"idempotency_key":"ended"},{"idempotency_key":"free"}]}"#;
    let refused = issue_together(&acme, read(body)).await.unwrap_err();
    assert_eq!(refusals(&refused), [("receipts[1]", "idempotency_conflict")]);
    assert_eq!(receipts(&acme).await, 3);
    let free = issue(&acme, new("anything"), Some("free")).await.unwrap();
    assert!(!free.replayed, "no key was taken either");
}

#[tokio::test]
async fn what_was_issued_before_is_answered_again_and_the_rest_is_placed_together() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let before = issue(&acme, new("b"), Some("b")).await.unwrap();
    issue(&acme, new("between"), None).await.unwrap();
    let issued = issue_together(&acme, wanted(["a", "b", "c", "a"])).await.unwrap();
    assert_eq!(places(&issued), [3, 1, 4, 3]);
    assert_eq!(issued.iter().map(|one| one.replayed).collect::<Vec<_>>(), [false, true, false, true]);
    assert_eq!(issued[1].receipt, before.receipt);
    assert_eq!(issued[3].receipt, issued[0].receipt, "twice in one request is once");
    let again = issue_together(&acme, wanted(["a", "b", "c", "a"])).await.unwrap();
    assert!(again.iter().zip(&issued).all(|(again, first)| again.receipt == first.receipt && again.replayed));
}

#[tokio::test]
async fn a_fault_at_any_step_leaves_all_or_none() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    issue(&acme, new("first"), None).await.unwrap();
    for fault in [Fault::Load, Fault::Append, Fault::Commit, Fault::CommitAnswer] {
        world.domain.plan_fault(fault);
        let references: Vec<String> = (0..20).map(|n| format!("{fault:?}-{n}")).collect();
        let all = || wanted(references.iter().map(String::as_str));
        let before = receipts(&acme).await;
        // Others are in the same batches.
        let beside = (0..10).map(|n| issue(&acme, new(&format!("{fault:?}-beside-{n}")), None));
        let (issued, beside) = tokio::join!(issue_together(&acme, all()), join_all(beside));
        let places = places(&issued.unwrap());
        assert!(places.windows(2).all(|two| two[1] == two[0] + 1), "{fault:?}: next to each other, {places:?}");
        assert!(beside.iter().all(Result::is_ok));
        assert_eq!(receipts(&acme).await, before + 30, "{fault:?}");
    }
    // As often as it is tried: none of it is there, and the same request goes through later.
    for fault in [Fault::Append, Fault::Commit] {
        let before = receipts(&acme).await;
        (0..8).for_each(|_| world.domain.plan_fault(fault));
        let all = || wanted(["x", "y", "z"]).into_iter().map(move |one| one.map(|(new, _)| (new, Repeat::Content)));
        let failed = issue_together(&acme, all().collect()).await.unwrap_err();
        assert_eq!(failed.status, 503, "{failed}");
        assert_eq!(receipts(&acme).await, before, "{fault:?}");
    }
    assert_eq!(issue_together(&acme, wanted(["x", "y", "z"])).await.unwrap().len(), 3);
}

#[tokio::test]
async fn two_nodes_that_are_sent_the_same_at_once_place_it_once_and_together() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let nodes = [world.domain.clone(), world.another_node()];
    for round in 0..6_usize {
        if round > 2 {
            nodes
                .iter()
                .for_each(|node| node.plan_fault([Fault::CommitAnswer, Fault::Commit, Fault::Append][round - 3]));
        }
        let references: Vec<String> = (0..30).map(|n| format!("{round}-{n}")).collect();
        let tries = (0..6).map(|n| {
            let cx = Cx { domain: nodes[n % 2].clone(), ..acme.clone() };
            // Each lacks some: what one places, another finds.
            let some: Vec<&str> = references.iter().map(String::as_str).skip(n * 2).collect();
            async move {
                loop {
                    match issue_together(&cx, wanted(some.iter().copied())).await {
                        Ok(issued) => return issued,
                        Err(problem) => assert!(matches!(problem.status, 429 | 503), "{problem:?}"),
                    }
                }
            }
        });
        let answers = join_all(tries).await;
        for (n, issued) in answers.iter().enumerate() {
            for (one, first) in issued.iter().zip(&answers[0][n * 2..]) {
                assert_eq!(one.receipt.summary.id, first.receipt.summary.id);
            }
            let news: Vec<Issued> = issued.iter().filter(|one| !one.replayed).cloned().collect();
            assert!(places(&news).windows(2).all(|two| two[1] == two[0] + 1), "{:?}", places(&news));
        }
        assert_eq!(receipts(&acme).await, 30 * (round as u64 + 1));
    }
    let left: i64 =
        sqlx::query_scalar("select count(*) from inbox").fetch_one(&mut world.superuser().await).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn two_requests_that_end_the_same_receipt_are_told_apart_and_one_leaves_nothing() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let beside = Cx { domain: world.another_node(), ..acme.clone() };
    for round in 0..5 {
        let id = issue(&acme, new("to be ended"), None).await.unwrap().receipt.summary.id;
        let body = format!(
            r#"{{"atomic":true,"receipts":[{{"reference":"with-{round}"}},{{"refs":[{{"id":"{id}","relation":"revokes"}}]}}]}}"#
        );
        let (one, other) = tokio::join!(issue_together(&acme, read(&body)), issue_together(&beside, read(&body)));
        let (won, lost): (Vec<_>, Vec<_>) = [one, other].into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 1));
        assert_eq!(refusals(lost[0].as_ref().unwrap_err()), [("receipts[1]", "receipt_ended")]);
        let filter = Filter { search: Some(format!("with-{round}")), ..Filter::default() };
        assert_eq!(list(&acme, &filter, &Page::default()).await.unwrap().data.len(), 1);
    }
}

#[test]
fn more_than_get_their_places_in_one_step_are_refused_clearly() {
    let body =
        |count: usize, atomic: &str| format!(r#"{{"atomic":{atomic},"receipts":[{}]}}"#, vec!["{}"; count].join(","));
    let refused = |body: String| batch::parse(body.as_bytes()).unwrap_err().fields.remove(0);
    assert!(refused(body(257, "true")).message.contains("256"));
    assert_eq!(batch::parse(body(257, "false").as_bytes()).unwrap().wanted.len(), 257);
    assert_eq!(batch::parse(body(256, "true").as_bytes()).unwrap().wanted.len(), 256);
    assert_eq!(refused(body(1, "1")).location, "atomic");
    assert_eq!(refused(body(0, "true")).location, "receipts");
}

#[tokio::test]
async fn the_same_content_is_one_receipt_for_ever_where_that_is_asked_for() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let nodes = [world.domain.clone(), world.another_node()];
    let tries = (0..40).map(|n| {
        let cx = Cx { domain: nodes[n % 2].clone(), ..acme.clone() };
        async move { issue_as(&cx, new(&format!("order-{}", n % 4)), &Repeat::Content).await.unwrap() }
    });
    let issued = join_all(tries).await;
    let ids: HashSet<ReceiptId> = issued.iter().map(|one| one.receipt.summary.id).collect();
    assert_eq!((ids.len(), receipts(&acme).await), (4, 4));
    let first = issue_as(&acme, new("order-0"), &Repeat::Content).await.unwrap();
    // Under a key, or without one, the same content is another receipt.
    for repeat in [Repeat::Anew, Repeat::Key("order-0".to_owned())] {
        assert!(!issue_as(&acme, new("order-0"), &repeat).await.unwrap().replayed);
    }
    let again =
        issue_together(&acme, read(r#"{"atomic":true,"receipts":[{"reference":"order-0","idempotent":"content"}]}"#));
    assert_eq!(again.await.unwrap()[0].receipt, first.receipt);
    let id = first.receipt.summary.id;
    life::erase(&acme, id, "asked to").await.unwrap();
    let erased = issue_as(&acme, new("order-0"), &Repeat::Content).await.unwrap();
    assert!(erased.replayed && erased.receipt.payload.is_none() && erased.receipt.summary.id == id);
    let filter = Filter { search: Some("order-0".to_owned()), ..Filter::default() };
    let kept = list(&acme, &filter, &Page::default()).await.unwrap().data;
    assert_eq!(kept.len(), 2, "and its contents are not back");
}

#[test]
fn a_repetition_is_known_by_one_thing() {
    let refused = |key: Option<&str>, word| Repeat::of(key.map(str::to_owned), word).is_err();
    assert!(refused(Some("k"), Some("content")) && refused(None, Some("key")) && refused(None, Some("")));
    let parsed = batch::parse(br#"{"receipts":[{"idempotent":"content"},{"idempotent":"x"},{"idempotent":1},{}]}"#);
    let repeats: Vec<_> = parsed.unwrap().wanted.into_iter().map(|one| one.map(|(_, repeat)| repeat).ok()).collect();
    assert_eq!(repeats, [Some(Repeat::Content), None, None, Some(Repeat::Anew)]);
}
