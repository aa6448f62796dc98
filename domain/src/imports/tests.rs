#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::context::Cx;
use crate::logs;
use crate::page::Page;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;

async fn run_now(cx: &Cx, import: &Import) -> Import {
    let (org_id, mode) = cx.tenant().unwrap();
    run(cx.domain(), &RunImport { org_id, mode, import_id: import.id }).await.unwrap();
    get(cx, import.id).await.unwrap()
}

fn mapping(pairs: &[&str]) -> Mapping {
    let mut mapping = Mapping::default();
    pairs.iter().for_each(|pair| mapping.set(pair).unwrap());
    mapping
}

#[tokio::test]
async fn the_sample_becomes_6919_receipts_and_twice_is_once() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let import = start_demo(&acme).await.unwrap();
    assert_eq!(import.rows_total, 6_919);
    let done = run_now(&acme, &import).await;
    assert_eq!((done.state, done.rows_done, done.rows_refused), (State::Finished, 6_919, 0));
    assert_eq!(logs::head(&acme).await.unwrap().receipts, 6_919);
    let again = start_demo(&acme).await.unwrap();
    assert_eq!(again.id, import.id);
    run_now(&acme, &again).await;
    assert_eq!(logs::head(&acme).await.unwrap().receipts, 6_919);
}

#[tokio::test]
async fn a_run_that_was_cut_off_goes_on_without_doubling() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let import = start_demo(&acme).await.unwrap();
    let (org_id, mode) = acme.tenant().unwrap();
    let job = RunImport { org_id, mode, import_id: import.id };
    let cut = tokio::time::timeout(std::time::Duration::from_millis(700), run(acme.domain(), &job)).await;
    let _ = cut;
    assert_eq!(run_now(&acme, &import).await.rows_done, 6_919);
    assert_eq!(logs::head(&acme).await.unwrap().receipts, 6_919);
}

/// As when a worker has tried as often as it may.
async fn exhaust(world: &World) {
    let exhaust = "update graphile_worker._private_jobs set attempts = max_attempts, locked_at = null";
    sqlx::query(exhaust).execute(&mut world.superuser().await).await.unwrap();
}

async fn kept_bytes(world: &World) -> i64 {
    let kept = "select coalesce(sum(length(source)), 0)::bigint from imports";
    sqlx::query_scalar(kept).fetch_one(&mut world.superuser().await).await.unwrap()
}

#[tokio::test]
async fn an_import_whose_job_gave_up_fails_keeps_no_file_and_is_in_no_erasures_way() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let start = async || {
        let map = mapping(&["reference=order", "amount=total", "currency=USD"]);
        start(&acme, "a.csv", map, "order,total\nA,1\nB,2\n".into()).await.unwrap()
    };
    let import = start().await;
    fail_dead(&world.domain).await.unwrap();
    assert_eq!(get(&acme, import.id).await.unwrap().state, State::Queued, "its job lives");
    world.domain.plan_fault(crate::sequencer::Fault::Load);
    let (org_id, mode) = acme.tenant().unwrap();
    let job = RunImport { org_id, mode, import_id: import.id };
    (0..8).for_each(|_| world.domain.plan_fault(crate::sequencer::Fault::Load));
    run(&world.domain, &job).await.unwrap_err();
    let waiting = get(&acme, import.id).await.unwrap();
    assert!(waiting.state != State::Failed && waiting.failure.is_some(), "it is tried again");
    let receipt = NewReceipt::from_json(b"{}").unwrap();
    let id = receipts::issue(&acme, receipt, None).await.unwrap().receipt.summary.id;
    assert_eq!(&*receipts::life::erase(&acme, id, "asked to").await.unwrap_err().code, "import_running");

    exhaust(&world).await;
    fail_dead(&world.domain).await.unwrap();
    let failed = get(&acme, import.id).await.unwrap();
    assert_eq!((failed.state, &failed.failure), (State::Failed, &waiting.failure));
    assert!(failed.finished_at.is_some());
    assert_eq!(kept_bytes(&world).await, 0);
    receipts::life::erase(&acme, id, "asked to").await.unwrap();
    run(&world.domain, &job).await.unwrap();
    assert_eq!(get(&acme, import.id).await.unwrap().state, State::Failed, "a late run changes nothing");

    let again = start().await;
    assert_eq!((again.id, again.state, again.failure.clone()), (import.id, State::Queued, None));
    fail_dead(&world.domain).await.unwrap();
    let done = run_now(&acme, &again).await;
    assert_eq!((done.state, done.rows_done, done.failure), (State::Finished, 2, None));
}

#[tokio::test]
async fn an_import_that_was_cut_off_each_time_says_so_and_a_file_that_cannot_be_read_is_given_up_at_once() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let cut_off = start(&acme, "a.csv", Mapping::default(), "a\n1\n".into()).await.unwrap();
    exhaust(&world).await;
    // Sent again before it was given up: its job lives anew.
    start(&acme, "a.csv", Mapping::default(), "a\n1\n".into()).await.unwrap();
    fail_dead(&world.domain).await.unwrap();
    assert_eq!(get(&acme, cut_off.id).await.unwrap().state, State::Queued);
    exhaust(&world).await;
    fail_dead(&world.domain).await.unwrap();
    let failed = get(&acme, cut_off.id).await.unwrap();
    assert_eq!((failed.state, failed.failure.as_deref()), (State::Failed, Some("It was cut off too often.")));
    let unreadable = start(&acme, "b.csv", Mapping::default(), "b\n1\n".into()).await.unwrap();
    let damage = "update imports set source = '' where id = $1";
    sqlx::query(damage).bind(unreadable.id.0).execute(&mut world.superuser().await).await.unwrap();
    let failed = run_now(&acme, &unreadable).await;
    assert_eq!((failed.state, failed.failure.as_deref()), (State::Failed, Some("The file is empty.")));
}

#[tokio::test]
async fn a_bad_row_is_named_with_its_line_and_the_good_ones_are_kept() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let csv = "order,day,total\nA-1,2026-01-02,10.00\nA-2,2026-13-02,10.00\nA-3,2026-01-03,ten\nA-4,2026-01-04\n\"A-5\",2026-01-05,5\n";
    let map = mapping(&["reference=order", "occurred_at=day:date", "amount=total", "currency=USD"]);
    let import = start(&acme, "orders.csv", map, csv.into()).await.unwrap();
    let done = run_now(&acme, &import).await;
    assert_eq!((done.rows_done, done.rows_refused), (2, 3));
    let refused = refusals(&acme, import.id, &Page::default()).await.unwrap().data;
    assert_eq!(refused.iter().map(|refusal| refusal.line).collect::<Vec<_>>(), [3, 4, 5]);
    assert!(refused[0].reason.contains("2026-13-02"));
    assert!(refused[1].reason.contains("amount.value"));
    assert!(refused[2].reason.contains("2 columns instead of 3"));
}

#[tokio::test]
async fn equal_rows_are_as_many_receipts_and_moved_rows_are_the_same_ones() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let map = || mapping(&["reference=order", "amount=total", "currency=USD"]);
    let first = start(&acme, "a.csv", map(), "order,total\nA,1\nA,1\nB,2\n".into()).await.unwrap();
    assert_eq!(run_now(&acme, &first).await.rows_done, 3);
    let second = start(&acme, "b.csv", map(), "order,total\nB,2\nC,3\nA,1\nA,1\n".into()).await.unwrap();
    assert_eq!(run_now(&acme, &second).await.rows_done, 4);
    assert_eq!(logs::head(&acme).await.unwrap().receipts, 4);
}

#[tokio::test]
async fn a_mapping_that_does_not_fit_is_refused_before_anything_is_issued() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    for (pairs, csv) in [
        (vec!["reference=nothing"], "order,total\nA,1\n"),
        (vec!["amount=total"], "order,total\nA,1\n"),
        (vec!["delimiter=::"], "order,total\nA,1\n"),
        (vec![], ""),
    ] {
        assert_eq!(start(&acme, "x", mapping(&pairs), csv.into()).await.unwrap_err().status, 422, "{pairs:?}");
    }
    assert!(Mapping::default().set("colour=blue").is_err());
}
