//! Faults at each step of a commit that is a transaction: where receipts refer to others, and where a tile grows.

use super::*;
use crate::integrity::fsck::{Options, Signatures, fsck};

const STEPS: [Fault; 6] =
    [Fault::Load, Fault::Append, Fault::References, Fault::Tile, Fault::Commit, Fault::CommitAnswer];

fn related(reference: &str, relation: &str, target: &Issued) -> NewReceipt {
    let id = target.receipt.summary.id;
    let body = format!(r#"{{"reference":"{reference}","refs":[{{"id":"{id}","relation":"{relation}"}}]}}"#);
    NewReceipt::from_json(body.as_bytes()).unwrap()
}

fn happened(world: &World) -> bool {
    world.domain.sequencer.0.faults.left() == 0
}

/// Rows, tiles, head and checkpoint of every log agree.
async fn nothing_torn(world: &World) {
    let options = Options { signatures: Signatures::All, ..Options::default() };
    for log in fsck(world.domain.database(), &options, &|_, _, _| {}).await.unwrap() {
        assert!(log.findings.is_empty(), "{:?}", log.findings);
    }
}

#[tokio::test]
async fn a_fault_while_receipts_refer_to_others_loses_no_receipt_and_no_reference() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let (mut issued, mut expected) = (Vec::new(), Vec::new());
    for fault in STEPS.into_iter().filter(|fault| *fault != Fault::Tile) {
        let target = insist(&acme, &format!("{fault:?}")).await;
        world.domain.plan_fault(fault);
        let tries = (0..20).map(|n| {
            let reference = format!("{fault:?}-{n}");
            let relation = if n == 7 { "revokes" } else { "relates_to" };
            let (new, acme) = (related(&reference, relation, &target), &acme);
            async move { insist_on(acme, new, &reference).await }
        });
        let referring = join_all(tries).await;
        assert!(happened(&world), "{fault:?}");
        expected.extend(referring.iter().map(|one| (one.receipt.summary.id.0, target.receipt.summary.id.0)));
        issued.extend(referring);
        issued.push(target);
    }
    nothing_lost_nothing_forked(&world, &issued).await;
    assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, 105, "and nothing is there twice");
    let mut kept: Vec<(uuid::Uuid, uuid::Uuid)> = sqlx::query_as("select receipt_id, target_id from receipt_refs")
        .fetch_all(&mut world.superuser().await)
        .await
        .unwrap();
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
    nothing_torn(&world).await;
}

#[tokio::test]
async fn a_fault_where_a_tile_grows_loses_nothing_and_tears_no_tile() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let target = insist(&acme, "target").await;
    let (mut issued, mut receipts) = (Vec::new(), 1);
    for (round, fault) in (1..).zip(STEPS) {
        // One entry short of a full tile, the log's own first included: whatever comes next makes it full.
        let fill = 256 * round - 2 - receipts;
        let wanted = (0..fill).map(|n| (new("fill"), format!("fill-{round}-{n}"))).collect();
        assert!(receipts::issue_many(&acme, wanted).await.unwrap().iter().all(Result::is_ok));
        world.domain.plan_fault(fault);
        let tries = (0..20).map(|n| {
            let reference = format!("{fault:?}-{n}");
            let new = if n % 2 == 0 { new(&reference) } else { related(&reference, "relates_to", &target) };
            let acme = &acme;
            async move { insist_on(acme, new, &reference).await }
        });
        issued.extend(join_all(tries).await);
        assert!(happened(&world), "{fault:?}");
        receipts += fill + 20;
        assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, receipts, "{fault:?}");
    }
    nothing_lost_nothing_forked(&world, &issued).await;
    let tiles: Vec<(i16, i64, i32)> = sqlx::query_as("select level, tile_index, length(hashes) / 32 from tiles")
        .fetch_all(&mut world.superuser().await)
        .await
        .unwrap();
    assert_eq!(tiles, [(1, 0, 6)], "a hash for each full tile below");
    nothing_torn(&world).await;
}
