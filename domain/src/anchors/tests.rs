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
