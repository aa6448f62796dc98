#![expect(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use ledger::checkpoint::Checkpoint;
use ledger::hash::Hash;
use ledger::note::Note;
use ledger::tree::{Batch, Frontier};
use sqlx::Executor as _;

use super::node::inbox;
use super::queue::Queue;
use super::*;
use crate::context::{Cx, Domain};
use crate::receipts::{self, Issued, NewReceipt};
use crate::testing::World;

mod faults;
mod room;

fn new(reference: &str) -> NewReceipt {
    NewReceipt::from_json(format!(r#"{{"reference":"{reference}"}}"#).as_bytes()).unwrap()
}

/// The same actor, at another node.
fn at(cx: &Cx, node: &Domain) -> Cx {
    Cx { domain: node.clone(), ..cx.clone() }
}

/// Issues as a client does that was told to keep its promise: again with the same key until there is an answer.
async fn insist(cx: &Cx, reference: &str) -> Issued {
    insist_on(cx, new(reference), reference).await
}

async fn insist_on(cx: &Cx, new: NewReceipt, key: &str) -> Issued {
    loop {
        match receipts::issue(cx, new.clone(), Some(key)).await {
            Ok(issued) => return issued,
            Err(problem) => assert!(matches!(problem.status, 429 | 503), "{problem:?}"),
        }
    }
}

/// Every acknowledged receipt is at its index, and every checkpoint that was given out is the root of the log's own beginning:
/// so any two of them agree.
async fn nothing_lost_nothing_forked(world: &World, issued: &[Issued]) {
    let rows: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(
        "select origin, log_index, leaf_hash from receipts join logs using (org_id, mode) order by origin, log_index",
    )
    .fetch_all(&mut world.superuser().await)
    .await
    .unwrap();
    let mut logs: BTreeMap<String, Vec<Hash>> = BTreeMap::new();
    for (origin, index, leaf) in rows {
        let leaves = logs.entry(origin).or_default();
        assert_eq!(leaves.len() as i64, index, "every index is taken once");
        leaves.push(Hash::from_slice(&leaf).unwrap());
    }
    for Issued { receipt, .. } in issued {
        let leaves = &logs[&receipt.proof.origin];
        let index = usize::try_from(receipt.proof.log_index).unwrap();
        assert_eq!(leaves[index].to_hex(), receipt.proof.leaf_hash);
        let note = Note::parse(&receipt.proof.checkpoint).unwrap();
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        let beginning = &leaves[..usize::try_from(checkpoint.size).unwrap()];
        assert_eq!(*Batch::append(&Frontier::empty(), beginning).root(), checkpoint.root);
    }
}

#[tokio::test]
async fn a_fault_at_any_step_of_a_commit_loses_nothing_and_forks_nothing() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let mut issued = vec![insist(&acme, "before").await];
    for fault in [Fault::Load, Fault::Append, Fault::Commit, Fault::CommitAnswer] {
        world.domain.plan_fault(fault);
        let tries: Vec<String> = (0..40).map(|n| format!("{fault:?}-{n}")).collect();
        issued.extend(join_all(tries.iter().map(|reference| insist(&acme, reference))).await);
        issued.push(insist(&acme, &format!("after-{fault:?}")).await);
    }
    assert_eq!(issued.len(), 165);
    nothing_lost_nothing_forked(&world, &issued).await;
    assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, 165, "and nothing is there twice");
}

#[tokio::test]
async fn without_a_key_too_a_lost_answer_is_no_second_receipt() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    for fault in [Fault::Commit, Fault::CommitAnswer] {
        world.domain.plan_fault(fault);
        receipts::issue(&acme, new("order"), None).await.unwrap();
    }
    assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, 2);
}

#[tokio::test]
async fn three_nodes_share_the_shards_and_answer_for_every_tenant() {
    let world = World::new().await;
    let nodes = [world.domain.clone(), world.another_node(), world.another_node()];
    let mut orgs = Vec::new();
    for n in 0..6 {
        orgs.push(world.org(&format!("org-{n}")).await);
    }
    let round = async |round: usize| {
        let tries = (0..90).map(|n| {
            let cx = at(&orgs[n % orgs.len()], &nodes[n % nodes.len()]);
            async move { insist(&cx, &format!("order-{round}-{n}")).await }
        });
        join_all(tries).await
    };
    let mut issued = round(0).await;
    // Within a few rounds of leases everyone has a share.
    let shares = async || {
        let counts: Vec<i64> =
            sqlx::query_scalar("select count(*) from shard_leases where owner is not null group by owner")
                .fetch_all(&mut world.superuser().await)
                .await
                .unwrap();
        counts
    };
    let mut seen = Vec::new();
    for n in 1..60 {
        issued.extend(round(n).await);
        seen = shares().await;
        if seen.len() == 3 && seen.iter().sum::<i64>() == 16 {
            break;
        }
    }
    assert_eq!((seen.len(), seen.iter().sum::<i64>()), (3, 16), "{seen:?}");
    assert!(seen.iter().all(|share| *share <= 6), "{seen:?}");
    issued.extend(round(99).await);
    nothing_lost_nothing_forked(&world, &issued).await;
}

#[tokio::test]
async fn when_a_node_dies_the_others_go_on_with_its_shards() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let dying = world.another_node();
    let mut issued = vec![insist(&at(&acme, &dying), "owned-by-the-dying-node").await];
    let busy = {
        let cx = at(&acme, &dying);
        tokio::spawn(async move { join_all((0..50).map(|_| receipts::issue(&cx, new("lost or not"), None))).await })
    };
    tokio::task::yield_now().await;
    busy.abort();
    drop(dying);
    let tries: Vec<String> = (0..40).map(|n| format!("after-{n}")).collect();
    issued.extend(join_all(tries.iter().map(|reference| insist(&acme, reference))).await);
    nothing_lost_nothing_forked(&world, &issued).await;
}

#[tokio::test]
async fn a_session_that_nobody_speaks_for_any_more_has_no_share() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    insist(&acme, "first").await;
    // A node that was killed behind a wire that tells nobody: PostgreSQL keeps its session, and its lock, for a while.
    let mut ghost = world.domain.database().connect_as_sequencer().await.unwrap();
    super::node::store::announce(&mut ghost, 4242).await.unwrap();
    let node = &world.domain.sequencer.0.node;
    node.look().await;
    assert_eq!(node.shards().len(), 16, "nothing waits for a ghost");
    // While it speaks, it has its half.
    super::node::store::be_heard(&mut ghost, 4242).await.unwrap();
    node.look().await;
    assert_eq!(node.shards().len(), 8);
}

#[tokio::test]
async fn a_node_that_slept_does_not_write_over_its_successor() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let beside = at(&acme, &world.another_node());
    let mut issued = vec![insist(&acme, "first").await];
    // The lease runs out while its owner sleeps; another node takes it and writes.
    world
        .superuser()
        .await
        .execute("update shard_leases set owner = -1, epoch = epoch + 1, expires_at = '-infinity'")
        .await
        .unwrap();
    issued.push(insist(&beside, "second").await);
    // The first still believes that the shard is its own: what it writes is refused, and reaches the successor.
    let (third, fourth) = tokio::join!(insist(&acme, "third"), insist(&beside, "fourth"));
    issued.extend([third, fourth]);
    nothing_lost_nothing_forked(&world, &issued).await;
    assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, 4);
}

#[tokio::test]
async fn what_is_handed_to_another_node_is_placed_once_and_keys_hold() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let beside = at(&acme, &world.another_node());
    let first = insist(&acme, "order").await;
    let again = insist(&beside, "order").await;
    assert!(again.replayed);
    assert_eq!(first.receipt, again.receipt);
    let conflict = receipts::issue(&beside, new("another"), Some("order")).await.unwrap_err();
    assert_eq!((conflict.status, &*conflict.code), (409, "idempotency_conflict"));
    let handed = receipts::issue(&beside, new("handed over"), None).await.unwrap();
    assert!(!handed.replayed, "it is new, whoever placed it");
    let left: i64 =
        sqlx::query_scalar("select count(*) from inbox").fetch_one(&mut world.superuser().await).await.unwrap();
    assert_eq!(left, 0);
    nothing_lost_nothing_forked(&world, &[first, handed]).await;
}

#[tokio::test]
async fn a_key_sent_five_times_at_once_is_one_receipt_whatever_breaks_meanwhile() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let nodes = [world.domain.clone(), world.another_node(), world.another_node()];
    let keys = 200;
    for round in 0..4 {
        let faults = [Fault::Commit, Fault::CommitAnswer, Fault::Append, Fault::Load];
        nodes.iter().for_each(|node| node.plan_fault(faults[round]));
        let tries = (0..keys / 4 * 5).map(|n| {
            let (key, cx) = (format!("key-{round}-{}", n / 5), at(&acme, &nodes[n % nodes.len()]));
            async move { insist(&cx, &key).await }
        });
        let issued = join_all(tries).await;
        for five in issued.chunks(5) {
            assert!(five.iter().all(|one| one.receipt.summary.id == five[0].receipt.summary.id));
            let news = five.iter().filter(|one| !one.replayed).count();
            assert!(news <= 1, "{news} of five were told that theirs is new");
        }
        nothing_lost_nothing_forked(&world, &issued).await;
    }
    assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, keys as u64);
    // Two bodies under one key at once: one of them is it, and stays it.
    for n in 0..20 {
        let key = format!("quarrel-{n}");
        let tries = (0..6).map(|try_| {
            let (cx, key) = (at(&acme, &nodes[try_ % 3]), key.clone());
            async move { receipts::issue(&cx, new(&format!("{key}-{}", try_ % 2)), Some(&key)).await }
        });
        let answers = join_all(tries).await;
        let won = answers.iter().position(Result::is_ok).unwrap() % 2;
        for (try_, answer) in answers.iter().enumerate() {
            let code = answer.as_ref().err().map(|problem| (problem.status, &*problem.code));
            assert_eq!(code, (try_ % 2 != won).then_some((409, "idempotency_conflict")), "{key} {try_}");
        }
    }
    assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, keys as u64 + 20);
}

#[tokio::test]
async fn an_entry_that_comes_a_second_time_is_where_it_was() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    insist(&acme, "first").await;
    let (org_id, mode) = acme.tenant().unwrap();
    let (waiting, _) = entry(7);
    let once = Entry { org_id, mode, issued_at: acme.now(), ..waiting.entry };
    let Outcome::Placed(placed) = world.domain.sequencer.place(once.clone()).await.unwrap() else { panic!("taken") };
    assert_eq!(placed.log_index, 2);
    // As when a COMMIT that was given up arrives after all: with its key, and without.
    for again in [once.clone(), Entry { idempotency: None, ..once.clone() }] {
        let started = std::time::Instant::now();
        let others = (0..20).map(|n| insist(&acme, if n % 2 == 0 { "beside" } else { "other" }));
        let (outcome, _) = tokio::join!(world.domain.sequencer.place(again), join_all(others));
        assert!(matches!(outcome.unwrap(), Outcome::Taken(id) if id == once.id));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, 4);
}

#[tokio::test]
async fn an_hour_back_nothing_is_signed_and_a_day_on_the_log_goes_on() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let mut issued = vec![insist(&acme, "before").await];
    world.clock.advance(time::Duration::hours(-1));
    for key in [None, Some("key")] {
        let refused = receipts::issue(&acme, new("in the past"), key).await.unwrap_err();
        assert_eq!((refused.status, &*refused.code, refused.retry_after_s), (503, "clock_behind", Some(30)));
    }
    // A node that begins with such a clock does no better.
    let beside = at(&acme, &world.another_node());
    assert_eq!(&*receipts::issue(&beside, new("in the past"), None).await.unwrap_err().code, "clock_behind");
    let again = insist(&acme, "before").await;
    assert!(again.replayed && again.receipt == issued[0].receipt, "what was issued is answered as ever");
    world.clock.advance(time::Duration::hours(1) + time::Duration::days(1));
    issued.push(insist(&acme, "a-day-later").await);
    issued.push(insist(&beside, "by-the-other").await);
    // The day was wrong: the log has seen it, and waits until it has come.
    world.clock.advance(time::Duration::days(-1));
    assert_eq!(&*receipts::issue(&acme, new("today"), None).await.unwrap_err().code, "clock_behind");
    world.clock.advance(time::Duration::days(1));
    issued.push(insist(&acme, "tomorrow").await);
    nothing_lost_nothing_forked(&world, &issued).await;
    let times: Vec<time::OffsetDateTime> = sqlx::query_scalar("select issued_at from receipts order by log_index")
        .fetch_all(&mut world.superuser().await)
        .await
        .unwrap();
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn a_clock_that_fell_behind_signs_nothing() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let beside = at(&acme, &world.another_node());
    let first = insist(&acme, "first").await;
    world.clock.advance(time::Duration::seconds(-30));
    let second = insist(&beside, "second").await;
    world.clock.advance(time::Duration::seconds(-31));
    for cx in [&acme, &beside] {
        let refused = receipts::issue(cx, new("third"), None).await.unwrap_err();
        assert_eq!(
            (refused.status, &*refused.code),
            (503, "clock_behind"),
            "from the node that writes, and through it"
        );
    }
    assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, 2);
    // A writer that knows nothing yet reads the newest time there is, and not that of the last entry.
    let mut tx = acme.begin().await.unwrap();
    let (org_id, mode) = acme.tenant().unwrap();
    let newest = crate::logs::store::newest(tx.connection(), org_id, mode, 3).await.unwrap();
    assert_eq!(newest, first.receipt.summary.issued_at);
    drop(tx);
    world.clock.advance(time::Duration::seconds(61));
    let third = insist(&acme, "third").await;
    nothing_lost_nothing_forked(&world, &[first, second, third]).await;
}

#[tokio::test]
async fn whoever_takes_a_shard_over_notices_a_clock_that_fell_behind() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let dying = world.another_node();
    let before = at(&acme, &dying);
    insist(&before, "first").await;
    world.clock.advance(time::Duration::seconds(-30));
    insist(&before, "second").await;
    drop((before, dying));
    world.clock.advance(time::Duration::seconds(-31));
    let refused = loop {
        match receipts::issue(&acme, new("third"), None).await {
            Err(problem) if problem.code != "clock_behind" => assert_eq!(problem.status, 503, "{problem:?}"),
            answer => break answer.unwrap_err(),
        }
    };
    assert_eq!(&*refused.code, "clock_behind", "by the newest entry, which is not the last");
}

#[tokio::test]
async fn a_log_that_cannot_be_signed_for_holds_up_no_other() {
    let world = World::new().await;
    let (acme, broken) = (world.org("acme").await, world.org("broken").await);
    let org_id = broken.tenant().unwrap().0;
    sqlx::query("update logs set frontier = '\\x00', size = 3 where org_id = $1")
        .bind(org_id.0)
        .execute(&mut world.superuser().await)
        .await
        .unwrap();
    let tries = (0..20).map(|n| {
        let cx = if n % 2 == 0 { acme.clone() } else { broken.clone() };
        async move { receipts::issue(&cx, new(&format!("order-{n}")), None).await.is_ok() }
    });
    let issued = join_all(tries).await;
    assert!(issued.iter().enumerate().all(|(n, issued)| *issued == (n % 2 == 0)), "{issued:?}");
}

fn entry(org: u128) -> (Waiting, Answer) {
    let at = time::macros::datetime!(2026-11-20 09:30 UTC);
    let entry = Entry {
        org_id: OrgId(uuid::Uuid::from_u128(org)),
        mode: Mode::Test,
        id: ReceiptId(uuid::Uuid::from_u128(7)),
        kind: "transaction".to_owned(),
        reference: Some("order-1".to_owned()),
        occurred_at: at,
        issued_at: at,
        amount: Some(Money { minor: -5, currency: "EUR".to_owned() }),
        idempotency: Some(Hash([3; 32])),
        refs: Vec::new(),
        statement: b"{}".to_vec(),
        payload: b"{\"a\":1}".to_vec(),
        salt: [9; 16],
    };
    Waiting::of_caller(entry, Vec::new())
}

/// Entries that belong together.
fn entries(org: u128, count: usize) -> Waiting {
    let (one, _) = entry(org);
    Waiting { others: vec![one.entry.clone(); count - 1], ..one }
}

#[tokio::test]
async fn a_tenant_with_much_to_say_keeps_nobody_waiting_and_finds_an_end() {
    let queue = Arc::new(Queue::new(Room::default().own));
    let mut accepted = 0;
    while queue.push(entry(1).0).is_ok() {
        accepted += 1;
    }
    assert_eq!(accepted, 4_096, "one tenant fills half of the queue");
    queue.push(entry(2).0).map_err(drop).unwrap();
    queue.push(entry(3).0).map_err(drop).unwrap();
    let first = queue.take(0).await;
    let of = |org: u128| first.iter().filter(|waiting| waiting.entry.org_id.0.as_u128() == org).count();
    assert_eq!((first.len(), of(2), of(3)), (BATCH, 1, 1));
    let mut rest = 0;
    while rest < 4_096 + 2 - BATCH {
        rest += queue.take(0).await.len();
    }
    assert!(!queue.is_idle(), "taken, and not answered");
    queue.answered(4_098);
    assert!(queue.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_batch_gathers_only_where_more_is_about_to_come() {
    let queue = Queue::new(Room::default().own);
    let push = |org| queue.push(entry(org).0).map_err(drop).unwrap();
    let waited = async |before| {
        let began = tokio::time::Instant::now();
        (queue.take(before).await.len(), began.elapsed().as_millis())
    };
    push(1);
    assert_eq!(waited(1).await, (1, 0), "little is going on");
    push(1);
    assert_eq!(waited(200).await, (1, 3), "more may come, and did not");
    (0..4).for_each(|_| push(1));
    assert_eq!(waited(200).await, (4, 0), "enough for a checkpoint");
    (0..5).for_each(push);
    let (taken, ()) = tokio::join!(waited(200), async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        (0..15).for_each(|n| push(n % 5));
    });
    assert_eq!(taken, (20, 1), "four of each of five logs");
}

#[test]
fn an_entry_survives_its_way_through_the_inbox() {
    let (waiting, _) = entry(1);
    let bytes = inbox::pack(&waiting).unwrap();
    assert_eq!(inbox::unpack(&bytes).unwrap(), (waiting.entry.clone(), Vec::new()));
    assert_eq!(bytes, postcard::to_allocvec(&waiting.entry).unwrap(), "as earlier releases wrote it");
    let together = entries(1, 3);
    let several = inbox::pack(&together).unwrap();
    assert_eq!(inbox::unpack(&several).unwrap(), (waiting.entry, together.others));
    assert!(postcard::from_bytes::<Entry>(&several).is_err(), "which do not take one for all of them");
    for bytes in [bytes, several] {
        for cut in 0..bytes.len() {
            assert!(inbox::unpack(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }
    assert!(inbox::unpack(&[0, 0]).is_err(), "none");
}

#[tokio::test]
async fn what_belongs_together_is_taken_together_and_keeps_nobody_waiting_for_long() {
    let queue = Queue::new(Room::default().own);
    let push = |waiting| queue.push(waiting).map_err(drop).unwrap();
    let take = async || {
        let taken = queue.take(0).await;
        let sizes = taken.iter().map(|waiting| (waiting.entry.org_id.0.as_u128(), waiting.len()));
        sizes.collect::<Vec<_>>()
    };
    push(entries(1, 200));
    push(entries(2, 200));
    (0..3).for_each(|_| push(entry(3).0));
    push(entries(2, 100));
    push(entries(1, BATCH));
    assert_eq!(take().await, [(1, 200), (3, 1), (3, 1), (3, 1)], "there is no room for the second");
    push(entry(3).0);
    assert_eq!(take().await, [(2, 200), (3, 1)], "whose turn is the next");
    push(entry(3).0);
    assert_eq!(take().await, [(1, BATCH)], "a whole batch, when it is its turn");
    assert_eq!(take().await, [(2, 100), (3, 1)]);
    queue.answered(203 + 201 + BATCH + 101);
    assert!(queue.is_idle());
    // The bounds count entries; what is over them by less than a batch is one request's.
    (0..17).for_each(|n| assert_eq!(queue.push(entries(1, BATCH - 1)).is_ok(), n < 17));
    assert!(queue.push(entry(1).0).is_err());
}
