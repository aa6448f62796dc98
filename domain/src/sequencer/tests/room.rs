//! A log that fills the room there is for it keeps nobody else waiting.

use super::*;

const SMALL: Room = Room {
    own: Limits { all: 8, of_one: 1 },
    others: Limits { all: 16, of_one: 4 },
    patience: Duration::from_millis(100),
};

/// Organisations whose logs a node owns, one for each of its writers.
async fn one_of_each_writer(world: &World, owner: &Domain) -> [Cx; WRITERS] {
    let mut found: [Option<Cx>; WRITERS] = Default::default();
    for n in 0.. {
        let org = world.org(&format!("org-{n}")).await;
        let org_id = org.tenant().unwrap().0;
        if owner.sequencer.owns(org_id).await {
            found[usize::from(Node::shard_of(org_id)) % WRITERS].get_or_insert(org);
        }
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    found.map(Option::unwrap)
}

#[tokio::test]
async fn a_log_without_room_at_its_owner_holds_up_no_other_that_is_handed_over() {
    let world = World::new().await;
    let (owner, beside) = (world.node_with(SMALL), world.node_with(SMALL));
    let shards = |node: &Domain| node.sequencer.0.node.shards().len();
    owner.sequencer.0.node.join().await;
    beside.sequencer.0.node.join().await;
    while (shards(&owner), shards(&beside)) != (8, 8) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let [acme, other] = one_of_each_writer(&world, &owner).await;
    let mut issued = vec![insist(&at(&acme, &owner), "first").await, insist(&at(&other, &owner), "first").await];
    // Nothing is written into this log: what arrives for it waits.
    let held = world.hold_logs(&acme).await;
    let flood = {
        let acme = at(&acme, &beside);
        async move { join_all((0..12).map(|n| receipts::issue(&acme, new(&format!("flood-{n}")), None))).await }
    };
    let flood = tokio::spawn(flood);
    tokio::time::sleep(Duration::from_millis(300)).await;
    for n in 0..5 {
        let issue = async { receipts::issue(&at(&other, &beside), new(&format!("beside-{n}")), None).await };
        issued.push(tokio::time::timeout(Duration::from_secs(2), issue).await.expect("nobody else waits").unwrap());
    }
    drop(held);
    let (accepted, refused): (Vec<_>, Vec<_>) = flood.await.unwrap().into_iter().partition(Result::is_ok);
    issued.extend(accepted.into_iter().map(Result::unwrap));
    assert_eq!((issued.len(), refused.len()), (2 + 5 + 4, 8), "a log's share of what is on its way is four");
    for problem in refused.into_iter().map(Result::unwrap_err) {
        assert_eq!((problem.status, &*problem.code, problem.retry_after_s), (429, "too_busy", Some(1)));
    }
    nothing_lost_nothing_forked(&world, &issued).await;
}
