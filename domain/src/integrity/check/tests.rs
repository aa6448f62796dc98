#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::context::Actor;
use crate::id::{SessionId, UserId};
use crate::integrity::tests::Scene;
use crate::integrity::{Counts, Stage};
use crate::permission::Role;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;

/// The job of the check that was asked for last, as its worker gets it.
async fn job(world: &World, cx: &Cx) -> RunLogCheck {
    let (org_id, mode) = cx.tenant().unwrap();
    let id = sqlx::query_scalar("select id from log_checks where org_id = $1 and mode = $2");
    let id = id.bind(org_id.0).bind(mode.as_str()).fetch_one(&mut world.superuser().await).await.unwrap();
    RunLogCheck { org_id, mode, check_id: LogCheckId(id) }
}

async fn check(world: &World, cx: &Cx) -> Outcome {
    assert_eq!(start(cx).await.unwrap().latest.unwrap().stage, Stage::Waiting);
    run(&world.domain, &job(world, cx).await).await.unwrap();
    let checks = find(cx).await.unwrap();
    assert_eq!(checks.latest.unwrap().stage, Stage::Over);
    checks.outcome.unwrap()
}

fn acting(cx: &Cx, role: Role) -> Cx {
    let (org_id, mode) = cx.tenant().unwrap();
    let (user_id, session_id) = (UserId(cx.new_id()), SessionId(cx.new_id()));
    cx.acting(Actor::User { user_id, session_id, org_id, mode, role })
}

fn subjects(outcome: &Outcome) -> Vec<&str> {
    outcome.report.findings.iter().map(|finding| finding.subject.as_str()).collect()
}

#[tokio::test]
async fn a_check_says_what_was_looked_at_and_comes_to_its_end() {
    let scene = Scene::new().await;
    let (world, acme) = (&scene.world, &scene.acme);
    assert_eq!(find(acme).await.unwrap(), Checks::default());
    assert_eq!(report(acme).await.unwrap_err().status, 404);
    let outcome = check(world, acme).await;
    assert_eq!((outcome.found, subjects(&outcome)), (0, vec![]));
    let counts = Counts {
        rows: 600,
        leaves: 600,
        signatures: 600,
        tiles: 1,
        // Two full bundles and their tiles; the checkpoint, what is not full, log.json and keys.json.
        files: 10,
        checkpoints: 2,
        anchors: 1,
        keys: 2,
    };
    assert_eq!(outcome.report.checked, counts);
    let latest = find(acme).await.unwrap().latest.unwrap();
    assert_eq!((latest.done, latest.total), (600, 600));
    let report: serde_json::Value = serde_json::from_str(&report(acme).await.unwrap()).unwrap();
    assert_eq!(report["format"], "certnode-log-check/1");
    assert_eq!((&report["ok"], &report["log"]["checked"]["rows"]), (&true.into(), &600.into()));
    assert_eq!(report["began_at"], "2026-11-20T09:30:00Z");
}

#[tokio::test]
async fn what_is_damaged_is_named_on_demand() {
    let scene = Scene::new().await;
    scene.sql("update receipts set statement = set_byte(statement, 40, get_byte(statement, 40) # 1) where log_index = 17 and mode = 'test'").await;
    let outcome = check(&scene.world, &scene.acme).await;
    assert_eq!((outcome.found, subjects(&outcome)), (1, vec!["entry 17"]));
    let report = report(&scene.acme).await.unwrap();
    assert!(report.contains(r#""ok": false"#) && report.contains("does not hash to its leaf"), "{report}");
    // What is damaged all over is told from its beginning.
    scene.sql("update receipts set leaf_hash = sha256(leaf_hash)").await;
    scene.sql("update payloads set salt = set_byte(salt, 0, get_byte(salt, 0) # 1)").await;
    let outcome = check(&scene.world, &scene.acme).await;
    assert!(outcome.found >= 599 && outcome.report.findings.len() <= NAMED, "{}", outcome.found);
}

#[tokio::test]
async fn the_record_of_an_erasure_that_came_later_is_as_it_was_signed() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let happened = acme.now();
    world.clock.advance(time::Duration::seconds(3));
    let record = NewReceipt { occurred_at: Some(happened), ..NewReceipt::of_kind("payload_erased") };
    receipts::issue(&acme, record, None).await.unwrap();
    assert_eq!(subjects(&check(&world, &acme).await), Vec::<&str>::new());
}

#[tokio::test]
async fn a_log_that_lost_its_end_and_every_note_of_it_is_known_from_the_root_log() {
    let scene = Scene::new().await;
    scene.sql("delete from anchors; delete from published_logs; update logs set size = 0, frontier = '', root = sha256(''), checkpoint = '' where size = 600; delete from payloads where mode = 'test'; delete from receipts where mode = 'test'; delete from tiles").await;
    let outcome = check(&scene.world, &scene.acme).await;
    let problems: Vec<&str> = outcome.report.findings.iter().map(|finding| finding.problem.as_str()).collect();
    assert_eq!(problems, ["is of 0 entries, and the root log has seen 600"]);
}

#[tokio::test]
async fn asking_takes_a_permission_and_is_for_ones_own_log() {
    let scene = Scene::new().await;
    let (world, acme) = (&scene.world, &scene.acme);
    assert_eq!(start(&world.nobody()).await.unwrap_err().status, 401);
    for (role, may) in [
        (Role::Viewer, false),
        (Role::Billing, false),
        (Role::Finance, true),
        (Role::Technical, true),
        (Role::Developer, true),
        (Role::Admin, true),
    ] {
        let asked = start(&acting(acme, role)).await;
        assert_eq!(asked.map_err(|problem| problem.status).err(), (!may).then_some(403), "{role:?}");
    }
    run(&world.domain, &job(world, acme).await).await.unwrap();
    assert!(find(&acting(acme, Role::Viewer)).await.unwrap().outcome.is_some(), "whoever sees receipts sees it");
    let stranger = world.org("other").await;
    assert_eq!(find(&stranger).await.unwrap(), Checks::default());
    assert_eq!(report(&stranger).await.unwrap_err().status, 404);
    let own = check(world, &stranger).await;
    assert_eq!((own.report.size, own.found), (0, 0), "its own log is empty");
    assert_ne!(own.report.origin, find(acme).await.unwrap().outcome.unwrap().report.origin);
    // A job that names a check of another log finds none.
    let (org_id, mode) = stranger.tenant().unwrap();
    start(acme).await.unwrap();
    let mixed = RunLogCheck { org_id, mode, ..job(world, acme).await };
    run(&world.domain, &mixed).await.unwrap();
    assert_eq!(find(acme).await.unwrap().latest.unwrap().stage, Stage::Waiting);
}

#[tokio::test]
async fn one_runs_at_a_time_and_one_whose_server_died_makes_way() {
    let scene = Scene::new().await;
    let (world, acme) = (&scene.world, &scene.acme);
    let first = start(acme).await.unwrap().latest.unwrap();
    let dying = job(world, acme).await;
    let far = Far::default();
    far.set(256, 600);
    assert!(note(acme, &dying, &far).await.unwrap());
    world.clock.advance(time::Duration::seconds(29));
    let second = start(acme).await.unwrap().latest.unwrap();
    assert_eq!((second.stage, second.done, second.total), (Stage::Reading, 256, 600));
    assert_eq!(second.asked_at, first.asked_at, "the same one is shown");

    world.clock.advance(time::Duration::seconds(2));
    assert_eq!(find(acme).await.unwrap().latest.unwrap().stage, Stage::BrokenOff);
    let third = start(acme).await.unwrap().latest.unwrap();
    assert_eq!((third.stage, third.done), (Stage::Waiting, 0));
    // The first one's server was only slow: it notices, and leaves no word.
    run(&world.domain, &dying).await.unwrap();
    assert_eq!(find(acme).await.unwrap().latest.unwrap().stage, Stage::Waiting);
    world.clock.advance(time::Duration::minutes(9));
    run(&world.domain, &job(world, acme).await).await.unwrap();
    assert_eq!(find(acme).await.unwrap().outcome.unwrap().found, 0);
}

#[tokio::test]
async fn a_check_that_fails_says_so_and_the_last_outcome_stays() {
    let scene = Scene::new().await;
    let (world, acme) = (&scene.world, &scene.acme);
    let before = check(world, acme).await;
    start(acme).await.unwrap();
    scene.sql("revoke select on tiles from certnode_sequencer").await;
    run(&world.domain, &job(world, acme).await).await.unwrap();
    let checks = find(acme).await.unwrap();
    assert_eq!((checks.latest.unwrap().stage, checks.outcome.unwrap()), (Stage::BrokenOff, before));
}

#[tokio::test]
async fn a_log_may_grow_while_it_is_checked() {
    let scene = Scene::new().await;
    let (world, acme) = (&scene.world, &scene.acme);
    start(acme).await.unwrap();
    let job = job(world, acme).await;
    let grow = async {
        for _ in 0..40 {
            receipts::issue(acme, NewReceipt::from_json(b"{}").unwrap(), None).await.unwrap();
        }
        crate::anchors::anchor(&world.domain).await.unwrap();
        crate::published::publish(&world.domain).await.unwrap();
    };
    let (ran, ()) = tokio::join!(run(&world.domain, &job), grow);
    ran.unwrap();
    let outcome = find(acme).await.unwrap().outcome.unwrap();
    assert_eq!(subjects(&outcome), Vec::<&str>::new());
    assert!((600..=640).contains(&outcome.report.size), "{}", outcome.report.size);
}
