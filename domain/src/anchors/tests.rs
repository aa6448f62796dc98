#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::verify::{Outcome, verify};

use super::*;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;

async fn issue(cx: &Cx, reference: &str) -> ReceiptId {
    let new = NewReceipt::from_json(format!(r#"{{"reference":"{reference}"}}"#).as_bytes()).unwrap();
    receipts::issue(cx, new, None).await.unwrap().receipt.summary.id
}

fn anchored(bundle: &[u8]) -> (bool, Outcome) {
    let report = verify(bundle, None);
    let step = report.steps.iter().find(|step| step.id == "anchor").unwrap();
    (report.is_verified(), step.outcome)
}

#[tokio::test]
async fn a_receipt_is_proved_up_to_the_root_log() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    let first = issue(&acme, "a").await;
    assert_eq!(anchored(&receipts::bundle(&acme, first).await.unwrap()), (true, Outcome::NotPresent));
    assert_eq!(anchor(&world.domain).await.unwrap(), 1, "one log has entries");
    assert_eq!(anchor(&world.domain).await.unwrap(), 0, "and has not moved since");
    assert_eq!(anchored(&receipts::bundle(&acme, first).await.unwrap()), (true, Outcome::Passed));

    let (second, third) = (issue(&acme, "b").await, issue(&other, "c").await);
    assert_eq!(anchored(&receipts::bundle(&acme, second).await.unwrap()), (true, Outcome::NotPresent));
    assert_eq!(anchor(&world.domain).await.unwrap(), 2);
    for (cx, id) in [(&acme, first), (&acme, second), (&other, third)] {
        assert_eq!(anchored(&receipts::bundle(cx, id).await.unwrap()), (true, Outcome::Passed));
    }
    let head = head(&world.domain).await.unwrap().unwrap();
    assert_eq!((head.origin.as_str(), head.size), ("log.example/root", 4), "its own first entry and three checkpoints");
}

#[tokio::test]
async fn a_round_has_all_that_moved_however_many() {
    let world = World::new().await;
    for name in ["a", "b", "c", "d", "e"] {
        issue(&world.org(name).await, name).await;
    }
    assert_eq!(anchor(&world.domain).await.unwrap(), 5);
    assert_eq!(anchor(&world.domain).await.unwrap(), 0);
}

#[tokio::test]
async fn two_nodes_anchor_a_state_once() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    issue(&acme, "a").await;
    let another = world.another_node();
    let (one, two) = tokio::join!(anchor(&world.domain), anchor(&another));
    // Whether the second looked before or after the first was done, it is one entry.
    assert!((1..=2).contains(&(one.unwrap() + two.unwrap())));
    assert_eq!(head(&world.domain).await.unwrap().unwrap().size, 2, "the second found the first's entry");
}

#[tokio::test]
async fn a_witness_follows_the_root_log_and_its_word_is_in_the_bundle() {
    use ledger::note::NoteSigner;
    use ledger::witness::Trusted;

    let world = World::new().await;
    let acme = world.org("acme").await;
    assert!(submission(&world.domain, 0).await.unwrap().is_none(), "there is no root log yet");
    let witness = NoteSigner::cosigner("witness.example/w1", &[9; 32]).unwrap();
    let log = |bundle: &[u8]| {
        let text = String::from_utf8(bundle.to_vec()).unwrap();
        text.split("log log.example/root")
            .nth(1)
            .map(|rest| format!("log.example/root{}", &rest[..rest.find("\\n").unwrap()]))
    };
    let (mut last, mut id) = (None::<ledger::checkpoint::Checkpoint>, None);
    for reference in ["a", "b", "c"] {
        let receipt = issue(&acme, reference).await;
        id = id.or(Some(receipt));
        anchor(&world.domain).await.unwrap();
        let key = log(&receipts::bundle(&acme, receipt).await.unwrap()).unwrap().parse().unwrap();
        let old = last.as_ref().map_or(0, |last| last.size);
        let (size, request) = submission(&world.domain, old).await.unwrap().unwrap();
        // What a witness does.
        let trusted = Trusted::read(&request.text(), &[key]).unwrap();
        trusted.continues(last.as_ref()).unwrap();
        let line = witness.cosign(trusted.note().text(), 1_795_167_000).unwrap();
        let forged = witness.cosign("another\n", 1_795_167_000).unwrap();
        assert!(keep(&world.domain, size, &request, witness.verifier(), &format!("{forged}\n")).await.is_err());
        keep(&world.domain, size, &request, witness.verifier(), &format!("{line}\n")).await.unwrap();
        last = Some(trusted.checkpoint().clone());
        assert!(submission(&world.domain, size).await.unwrap().is_none(), "nothing newer");
    }
    let bundle = receipts::bundle(&acme, id.unwrap()).await.unwrap();
    let text = String::from_utf8(bundle.clone()).unwrap();
    assert!(text.contains("witness.example/w1 "), "its line is in the file");
    let policy = format!(
        "log {}\nlog {}\nwitness w1 {}\nquorum w1\n",
        logs::identity(&acme).await.unwrap().public.log,
        log(&bundle).unwrap(),
        witness.verifier()
    );
    let report = verify(&bundle, Some(&policy));
    let witnesses = report.steps.iter().find(|step| step.id == "witnesses").unwrap();
    assert!(report.is_verified() && witnesses.outcome == Outcome::Passed, "{:?}", report.steps);
}

#[tokio::test]
async fn a_receipt_says_how_far_it_has_come_and_its_owner_is_told() {
    use ledger::note::NoteSigner;
    use ledger::policy::Policy;

    use crate::page::Page;
    use crate::receipts::{Filter, State};

    let world = World::new().await;
    let acme = world.org("acme").await;
    let (org_id, mode) = acme.tenant().unwrap();
    let signers: Vec<NoteSigner> =
        (1..=3_u8).map(|n| NoteSigner::cosigner(&format!("w.example/w{n}"), &[n; 32]).unwrap()).collect();
    let mut text = String::new();
    for (n, signer) in (1..).zip(&signers) {
        text.push_str(&format!("witness w{n} {} https://w{n}.example\n", signer.verifier()));
    }
    let watched = world.watched_by(Policy::parse(&format!("{text}group g 2 w1 w2 w3\nquorum g\n")).unwrap());
    let acme = watched.system(org_id, mode);
    let mut feed = watched.feed().subscribe(org_id, mode);
    let id = issue(&acme, "a").await;
    let state = async || {
        let receipt = receipts::get(&acme, id).await.unwrap();
        let listed = receipts::list(&acme, &Filter::default(), &Page::default()).await.unwrap().data[0].state;
        assert_eq!(listed, receipt.summary.state, "the list and the page say the same");
        (listed, receipt.status.witnesses.join(" "), receipt.status.asked)
    };
    assert_eq!(state().await, (State::Included, String::new(), 3));
    anchor(&watched).await.unwrap();
    assert_eq!(state().await, (State::Anchored, String::new(), 3));
    let young = verify(&receipts::bundle(&acme, id).await.unwrap(), None);
    assert!(young.is_verified(), "a file that is too young for its witnesses is not a wrong one");

    let (size, request) = submission(&watched, 0).await.unwrap().unwrap();
    for (signer, expected) in signers.iter().zip([(State::Anchored, "w1"), (State::Witnessed, "w1 w2")]) {
        let line = signer.cosign(Note::parse(&request.checkpoint).unwrap().text(), 1_795_167_000).unwrap();
        keep(&watched, size, &request, signer.verifier(), &format!("{line}\n")).await.unwrap();
        assert_eq!(state().await, (expected.0, expected.1.to_owned(), 3));
    }
    let report = verify(&receipts::bundle(&acme, id).await.unwrap(), None);
    let witnesses = report.steps.last().unwrap();
    assert!(report.is_verified() && witnesses.outcome == Outcome::Passed, "{:?}", report.steps);
    assert!(witnesses.detail.starts_with("2 of 3 witnesses signed"), "{}", witnesses.detail);

    let mut kinds = Vec::new();
    while kinds.iter().filter(|kind| *kind == "receipts.witnessed").count() < 2 {
        let event = tokio::time::timeout(std::time::Duration::from_secs(5), feed.recv()).await.unwrap().unwrap();
        kinds.push(event.kind);
    }
    assert_eq!(kinds, ["receipts.issued", "receipts.anchored", "receipts.witnessed", "receipts.witnessed"]);
}
