#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::note::NoteSigner;
use ledger::policy::Policy;
use time::Duration;

use super::*;
use crate::anchors::{anchor, keep, submission};
use crate::context::Cx;
use crate::log_keys::{self, Purpose};
use crate::receipts::{self, NewReceipt};
use crate::testing::World;

async fn issue(cx: &Cx, count: usize) {
    for _ in 0..count {
        receipts::issue(cx, NewReceipt::from_json(b"{}").unwrap(), None).await.unwrap();
    }
}

fn holds(proof: &Consistency) -> Vec<bool> {
    check(proof).iter().map(|check| check.holds).collect()
}

#[tokio::test]
async fn any_two_sizes_are_shown_to_continue_one_another() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    assert_eq!(consistency(&acme, 1, 1).await.unwrap_err().status, 422, "an empty log has no states");
    for more in [1, 2, 4] {
        issue(&acme, more).await;
        anchor(&world.domain).await.unwrap();
    }
    log_keys::rotate(&acme, Purpose::Checkpoint, Duration::days(30)).await.unwrap();
    issue(&acme, 3).await;
    let sizes: Vec<u64> = picture(&acme).await.unwrap().history.iter().map(|anchored| anchored.size).collect();
    assert_eq!(sizes, [8, 4, 2]);
    for (from, to) in [(2, 4), (2, 8), (4, 8), (8, 8), (4, 11), (11, 11)] {
        let proof = consistency(&acme, from, to).await.unwrap();
        assert_eq!(holds(&proof), [true; 3], "{from} to {to}: {:?}", check(&proof));
    }
    assert!(check(&consistency(&acme, 4, 11).await.unwrap())[1].detail.contains(" and "), "both keys signed");
    // A size between is signed for the answer, by the keys of its time.
    for (from, to) in [(3, 8), (1, 10), (5, 7), (9, 9), (1, 11)] {
        let proof = consistency(&acme, from, to).await.unwrap();
        assert_eq!(holds(&proof), [true; 3], "{from} to {to}: {:?}", check(&proof));
    }
    let keys =
        |proof: &Consistency| check(proof).iter().map(|check| check.detail.contains(" and ")).collect::<Vec<_>>();
    assert_eq!(keys(&consistency(&acme, 7, 10).await.unwrap())[..2], [false, true], "one key, then both");
    for (from, to) in [(0, 4), (5, 4), (4, 12)] {
        assert_eq!(consistency(&acme, from, to).await.unwrap_err().status, 422, "{from} to {to}");
    }
    let stranger = world.org("other").await;
    assert_eq!(consistency(&stranger, 2, 4).await.unwrap_err().status, 422, "its own log is empty");
    assert_eq!(consistency(&world.nobody(), 2, 4).await.unwrap_err().status, 401);
}

#[tokio::test]
async fn what_was_changed_is_named() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    for more in [4, 4] {
        issue(&acme, more).await;
        anchor(&world.domain).await.unwrap();
    }
    let good = consistency(&acme, 5, 9).await.unwrap();
    let spoilt = |spoil: &dyn Fn(&mut Consistency)| {
        let mut proof = good.clone();
        spoil(&mut proof);
        holds(&proof)
    };
    let grow = |text: &mut Option<String>| *text = text.as_ref().map(|text| text.replacen("\n5\n", "\n6\n", 1));
    assert_eq!(spoilt(&|_| ()), [true, true, true]);
    assert_eq!(spoilt(&|proof| grow(&mut proof.from.checkpoint)), [false, true, false]);
    assert_eq!(spoilt(&|proof| proof.hashes.reverse()), [true, true, false]);
    assert_eq!(spoilt(&|proof| drop(proof.hashes.pop())), [true, true, false]);
    assert_eq!(spoilt(&|proof| proof.keys.clear()), [false, false, true]);
    assert_eq!(spoilt(&|proof| proof.origin.push('x')), [false, false, true]);
    assert_eq!(spoilt(&|proof| proof.keys[0].revoked_from = Some(6)), [true, false, true]);
    assert_eq!(spoilt(&|proof| std::mem::swap(&mut proof.from, &mut proof.to)), [true, true, false]);
}

#[tokio::test]
async fn the_picture_shows_the_tree_and_who_has_seen_it() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let empty = picture(&acme).await.unwrap();
    assert_eq!((empty.head.size, empty.edge.len(), empty.history.len()), (0, 0, 0));
    assert_eq!((empty.witnesses.len(), empty.quorum), (0, None));

    let witness = NoteSigner::cosigner("witness.example/w1", &[9; 32]).unwrap();
    let other = NoteSigner::cosigner("witness.example/w2", &[8; 32]).unwrap();
    let policy = format!(
        "witness w1 {}\nwitness w2 {}\ngroup enough 2 w1 w2\nquorum enough\n",
        witness.verifier(),
        other.verifier()
    );
    let watched = world.watched_by(Policy::parse(&policy).unwrap());
    let acme = Cx { domain: watched.clone(), ..acme };
    issue(&acme, 10).await;
    anchor(&watched).await.unwrap();
    let (size, request) = submission(&watched, 0).await.unwrap().unwrap();
    let text = ledger::note::Note::parse(&request.checkpoint).unwrap().text().to_owned();
    let line = witness.cosign(&text, 1_795_167_000).unwrap();
    keep(&watched, size, &request, witness.verifier(), &format!("{line}\n")).await.unwrap();
    issue(&acme, 1).await;
    anchor(&watched).await.unwrap();
    let shown = picture(&acme).await.unwrap();
    assert_eq!(shown.edge.iter().map(|part| part.entries).collect::<Vec<_>>(), [8, 4]);
    assert!(shown.head.checkpoint.unwrap().contains("\n12\n"));
    assert_eq!(shown.quorum, Some((2, 2)));
    let names: Vec<Vec<String>> = shown.history.into_iter().map(|anchored| anchored.witnesses).collect();
    assert_eq!(names, [Vec::new(), vec!["w1".to_owned()]], "the newest state is still on its way to the witness");
    assert_eq!(
        shown.witnesses.iter().map(|witness| witness.seen.map(|(size, _)| size)).collect::<Vec<_>>(),
        [Some(2), None]
    );
}
