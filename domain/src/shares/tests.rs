#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::verify::{Outcome, verify};
use sqlx::Row as _;

use super::*;
use crate::context::Cx;
use crate::id::ReceiptId;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;

async fn issue(cx: &Cx) -> ReceiptId {
    let new = NewReceipt::from_json(br#"{"reference":"secret-42"}"#).unwrap();
    receipts::issue(cx, new, None).await.unwrap().receipt.summary.id
}

#[tokio::test]
async fn whoever_has_the_link_sees_what_its_owner_chose_and_no_more() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let id = issue(&acme).await;
    assert_eq!(find(&acme, id).await.unwrap(), None);
    let without = share(&acme, id, false).await.unwrap();
    assert_eq!(without.token.len(), 22);
    let opened = open(&world.domain, &without.token).await.unwrap();
    assert!(!opened.bundle.contains("secret-42") && !opened.bundle.contains("\"salt\""), "{}", opened.bundle);
    let report = verify(opened.bundle.as_bytes(), None);
    assert!(report.is_verified() && report.steps[1].outcome == Outcome::NotPresent, "{:?}", report.steps);

    let with = share(&acme, id, true).await.unwrap();
    assert_eq!((&with.token, with.with_contents), (&without.token, true), "the link stays, what it shows changes");
    assert_eq!(find(&acme, id).await.unwrap(), Some(with.clone()));
    assert!(open(&world.domain, &with.token).await.unwrap().bundle.contains("secret-42"));

    withdraw(&acme, id).await.unwrap();
    withdraw(&acme, id).await.unwrap();
    assert_eq!(open(&world.domain, &with.token).await.unwrap_err().status, 404);
    let again = share(&acme, id, true).await.unwrap();
    assert_ne!(again.token, with.token, "a link that was withdrawn never comes back");
    assert_eq!(open(&world.domain, "1111111111111111111111").await.unwrap_err().status, 404);
    assert_eq!(open(&world.domain, "").await.unwrap_err().status, 404);
}

#[tokio::test]
async fn whoever_has_the_link_learns_that_a_receipt_holds_no_longer() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let (revoked, replaced) = (issue(&acme).await, issue(&acme).await);
    let standing = async |token: &str| open(&world.domain, token).await.unwrap().standing;
    let first = share(&acme, revoked, false).await.unwrap().token;
    let second = share(&acme, replaced, true).await.unwrap().token;
    assert_eq!((standing(&first).await, standing(&second).await), (Standing::Active, Standing::Active));
    receipts::life::revoke(&acme, revoked, "entered twice", None).await.unwrap();
    let new = format!(r#"{{"refs":[{{"id":"{replaced}","relation":"supersedes"}}]}}"#);
    receipts::issue(&acme, NewReceipt::from_json(new.as_bytes()).unwrap(), None).await.unwrap();
    assert_eq!((standing(&first).await, standing(&second).await), (Standing::Revoked, Standing::Superseded));
}

#[tokio::test]
async fn whoever_has_the_link_learns_when_the_contents_were_erased_and_not_by_whom() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let id = issue(&acme).await;
    let token = share(&acme, id, true).await.unwrap().token;
    assert_eq!(open(&world.domain, &token).await.unwrap().erased_at, None);
    world.clock.advance(time::Duration::DAY);
    receipts::life::erase(&acme, id, "asked to under Art. 17").await.unwrap();
    let opened = open(&world.domain, &token).await.unwrap();
    assert_eq!(opened.erased_at, Some(time::macros::datetime!(2026-11-21 09:30 UTC)));
    let all = format!("{opened:?}");
    assert!(!all.contains("Art. 17") && !all.contains("Owner of acme"), "{all}");
}

#[tokio::test]
async fn strangers_share_nothing_and_the_database_does_not_know_the_link() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    let id = issue(&acme).await;
    let token = share(&acme, id, true).await.unwrap().token;
    assert_eq!(share(&other, id, true).await.unwrap_err().status, 404);
    assert_eq!(find(&other, id).await.unwrap_err().status, 404);
    assert_eq!(withdraw(&other, id).await.unwrap_err().status, 404);
    assert_eq!(share(&world.nobody(), id, true).await.unwrap_err().status, 401);
    assert!(open(&world.domain, &token).await.is_ok());
    let row = sqlx::query("select shared_receipts::text as row from shared_receipts")
        .fetch_one(&mut world.superuser().await)
        .await
        .unwrap();
    assert!(!row.get::<String, _>("row").contains(&token));
}
