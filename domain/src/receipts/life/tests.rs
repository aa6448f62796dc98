#![expect(clippy::unwrap_used, reason = "tests")]

mod erasing;

use ledger::verify::verify;

use super::*;
use crate::context::{Actor, Cx};
use crate::page::Page;
use crate::permission::Role;
use crate::receipts::{Filter, Issued, NewReceipt, bundle, get, issue, list};
use crate::testing::World;
use crate::{Mode, Problem};

fn new(body: &str) -> NewReceipt {
    NewReceipt::from_json(body.as_bytes()).unwrap()
}

async fn one(cx: &Cx) -> ReceiptId {
    issue(cx, new(r#"{"reference":"order-1"}"#), None).await.unwrap().receipt.summary.id
}

async fn refer(cx: &Cx, id: ReceiptId, relation: &str, key: Option<&str>) -> Result<Issued, Problem> {
    let body = format!(r#"{{"kind":"correction","refs":[{{"id":"{id}","relation":"{relation}"}}]}}"#);
    issue(cx, new(&body), key).await
}

/// The same person with another role, or in the other mode.
fn acting_as(cx: &Cx, role: Role, mode: Mode) -> Cx {
    let Actor::User { user_id, session_id, org_id, .. } = *cx.actor() else { unreachable!("a person") };
    cx.acting(Actor::User { user_id, session_id, org_id, mode, role })
}

#[tokio::test]
async fn a_revoked_receipt_keeps_its_place_in_the_log_and_says_by_what_it_ended() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let id = one(&acme).await;
    let before = get(&acme, id).await.unwrap();
    let why = "Ünï 😀 \u{202e}wrong </script> amount";
    let revocation = revoke(&acme, id, why, None).await.unwrap().receipt;
    let after = get(&acme, id).await.unwrap();
    assert_eq!((before.summary.standing, after.summary.standing), (Standing::Active, Standing::Revoked));
    assert_eq!((&before.statement, &before.payload), (&after.statement, &after.payload));
    let by = Ref { id: revocation.summary.id, relation: Relation::Revokes };
    assert_eq!(after.life.ended_by(), Some(by));
    assert_eq!(revocation.life.refs, [Ref { id, relation: Relation::Revokes }]);
    assert!(revocation.statement.contains(&format!(r#""refs":[{{"id":"{id}","relation":"revokes"}}]"#)));
    assert!(revocation.payload.unwrap().contains(why));
    let listed = list(&acme, &Filter::default(), &Page::default()).await.unwrap().data;
    let standing: Vec<Standing> = listed.iter().map(|summary| summary.standing).collect();
    assert_eq!(standing, [Standing::Active, Standing::Revoked]);
    for id in [id, revocation.summary.id] {
        let report = verify(&bundle(&acme, id).await.unwrap(), None);
        assert!(report.is_verified(), "{:?}", report.steps);
    }
    let report = verify(&bundle(&acme, revocation.summary.id).await.unwrap(), None);
    assert!(report.steps[0].detail.ends_with(&format!("It revokes {id}.")), "{}", report.steps[0].detail);
}

#[tokio::test]
async fn a_receipt_ends_once_whoever_asks_and_however_often() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let id = one(&acme).await;
    let beside = one(&acme).await;
    let tries = (0..40).map(|n| {
        let acme = acme.clone();
        async move {
            // Others in the same batches go their way.
            let relation = ["revokes", "supersedes", "relates_to"][n % 3];
            (relation, refer(&acme, if n % 4 == 3 { beside } else { id }, relation, None).await)
        }
    });
    let outcomes = futures::future::join_all(tries).await;
    let ended = outcomes.iter().filter(|(relation, outcome)| *relation != "relates_to" && outcome.is_ok());
    assert_eq!(ended.count(), 2, "one end of each of the two");
    for (relation, outcome) in &outcomes {
        let code = outcome.as_ref().err().map(|problem| (problem.status, &*problem.code));
        assert!(outcome.is_ok() || (*relation != "relates_to" && code == Some((409, "receipt_ended"))), "{code:?}");
    }
    let late = revoke(&acme, id, "again", None).await.unwrap_err();
    assert!(late.detail.contains(&get(&acme, id).await.unwrap().life.ended_by().unwrap().id.to_string()));
}

#[tokio::test]
async fn two_nodes_cannot_both_end_a_receipt() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let beside = Cx { domain: world.another_node(), ..acme.clone() };
    let id = one(&acme).await;
    let (first, second) = tokio::join!(refer(&acme, id, "revokes", None), refer(&beside, id, "supersedes", None));
    assert!(first.is_ok() != second.is_ok());
    assert_eq!(get(&acme, id).await.unwrap().life.referred_by.len(), 1);
}

#[tokio::test]
async fn the_same_key_revokes_once_and_answers_twice() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let id = one(&acme).await;
    let first = revoke(&acme, id, "a mistake", Some("k")).await.unwrap();
    let again = revoke(&acme, id, "a mistake", Some("k")).await.unwrap();
    assert!(again.replayed);
    assert_eq!(first.receipt, again.receipt);
    let other = refer(&acme, id, "relates_to", Some("k")).await.unwrap_err();
    assert_eq!(&*other.code, "idempotency_conflict");
}

#[tokio::test]
async fn only_what_is_in_the_own_log_can_be_referred_to() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    let id = one(&acme).await;
    let live = acting_as(&acme, Role::Owner, Mode::Live);
    for cx in [&other, &live] {
        assert_eq!(revoke(cx, id, "mine", None).await.unwrap_err(), Problem::not_found());
        let refused = refer(cx, id, "relates_to", None).await.unwrap_err();
        assert_eq!((refused.status, &*refused.fields[0].location), (422, "refs[0].id"));
    }
    let genesis = sqlx::query_scalar("select id from receipts where kind = 'log_created'");
    let genesis = ReceiptId(genesis.fetch_one(&mut world.superuser().await).await.unwrap());
    assert_eq!(revoke(&acme, genesis, "the log itself", None).await.unwrap_err(), Problem::not_found());
    let viewer = acting_as(&acme, Role::Viewer, Mode::Test);
    assert_eq!(revoke(&viewer, id, "no", None).await.unwrap_err().status, 403);
    assert_eq!(get(&acme, id).await.unwrap().summary.standing, Standing::Active);
}

#[tokio::test]
async fn versions_follow_each_other_and_a_revocation_stands_for_good() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let first = one(&acme).await;
    let second = refer(&acme, first, "supersedes", None).await.unwrap().receipt.summary.id;
    let third = refer(&acme, second, "supersedes", None).await.unwrap().receipt.summary.id;
    let revocation = revoke(&acme, third, "withdrawn", None).await.unwrap().receipt.summary.id;
    for (id, standing) in [
        (first, Standing::Superseded),
        (second, Standing::Superseded),
        (third, Standing::Revoked),
        (revocation, Standing::Active),
    ] {
        assert_eq!(get(&acme, id).await.unwrap().summary.standing, standing);
    }
    let refused = revoke(&acme, revocation, "after all", None).await.unwrap_err();
    assert_eq!((refused.status, &*refused.code), (409, "receipt_final"));
    assert!(refer(&acme, revocation, "relates_to", None).await.is_ok());
}

#[test]
fn refusals_of_refs_name_the_place() {
    let refused = |refs: &str| {
        let problem = NewReceipt::from_json(format!(r#"{{"refs":{refs}}}"#).as_bytes()).unwrap_err();
        problem.fields[0].location.clone()
    };
    let id = "rcpt_01h455vb4pex5vsknk084sn02q";
    assert_eq!(refused("{}"), "refs");
    assert_eq!(refused(r#"["rcpt_01h455vb4pex5vsknk084sn02q"]"#), "refs[0].id");
    assert_eq!(refused(&format!(r#"[{{"id":"{id}","relation":"undoes"}}]"#)), "refs[0].relation");
    assert_eq!(refused(&format!(r#"[{{"id":"{id}","relation":"revokes","why":1}}]"#)), "refs[0]");
    let twice = format!(r#"{{"id":"{id}","relation":"revokes"}}"#);
    assert_eq!(refused(&format!("[{twice},{twice}]")), "refs[1].id");
    assert_eq!(refused(&format!("[{}]", vec![twice; 17].join(","))), "refs");
}

#[test]
fn kinds_of_certnodes_own_are_not_for_callers_who_are_told_what_makes_them() {
    for kind in crate::schemas::RESERVED {
        let refused = NewReceipt::from_json(format!(r#"{{"kind":"{kind}"}}"#).as_bytes()).unwrap_err();
        assert_eq!((&*refused.fields[0].location, &*refused.fields[0].code), ("kind", "reserved_kind"), "{kind}");
        let inside = format!(r#"{{"receipts":[{{}},{{"kind":"{kind}"}}]}}"#);
        let wanted = crate::receipts::batch::parse(inside.as_bytes()).unwrap().wanted;
        assert!(wanted[0].is_ok() && wanted[1].is_err());
    }
    let refused = NewReceipt::from_json(br#"{"kind":"revocation"}"#).unwrap_err();
    assert!(refused.fields[0].message.contains("/revoke"), "{refused}");
}
