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
async fn two_nodes_anchor_a_state_once() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    issue(&acme, "a").await;
    let another = world.another_node();
    let (one, two) = tokio::join!(anchor(&world.domain), anchor(&another));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 1));
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
