//! What receipts refer to, and contents that are gone: the rows against what was signed, both ways.

use super::*;
use crate::id::ReceiptId;
use crate::receipts::issue;
use crate::receipts::life::{erase, revoke};

/// Entries 1 to 5 of a log: one that the second revokes, one whose contents were erased, the record of that, and another.
async fn scene() -> (World, Cx, Vec<ReceiptId>) {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let new = || NewReceipt::from_json(br#"{"reference":"r"}"#).unwrap();
    let first = issue(&acme, new(), None).await.unwrap().receipt.summary.id;
    revoke(&acme, first, "wrong", None).await.unwrap();
    let erased = issue(&acme, new(), None).await.unwrap().receipt.summary.id;
    erase(&acme, erased, "asked to").await.unwrap();
    let last = issue(&acme, new(), None).await.unwrap().receipt.summary.id;
    (world, acme, vec![first, erased, last])
}

async fn sql(world: &World, text: &str) -> u64 {
    let text = format!("set session_replication_role = replica; {text}");
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut world.superuser().await).await.unwrap().rows_affected()
}

async fn found(world: &World) -> Vec<String> {
    let reports = fsck(world.domain.database(), &Options::default(), &|_, _, _| {}).await.unwrap();
    let found = reports.into_iter().flat_map(|log| log.findings);
    found.map(|finding| format!("{}: {}", finding.subject, finding.problem)).collect()
}

#[tokio::test]
async fn a_row_of_a_reference_that_is_missing_or_too_many_or_another_is_named_with_its_entry() {
    let (world, _, ids) = scene().await;
    assert_eq!(found(&world).await, [""; 0]);
    let (first, last) = (ids[0], ids[2]);
    let missing = format!("entry 2: revokes {first}, and the row that says so is missing");
    sql(&world, "create table kept as select * from receipt_refs; delete from receipt_refs where relation = 'revokes'")
        .await;
    assert_eq!(found(&world).await, std::slice::from_ref(&missing));
    let other = "insert into receipt_refs select * from kept where relation = 'revokes'";
    sql(&world, &format!("{other}; update receipt_refs set relation = 'supersedes' where relation = 'revokes'")).await;
    let extra = format!("entry 2: has a row that says supersedes {first}, which was not signed");
    assert_eq!(found(&world).await, [extra, missing.clone()]);
    sql(
        &world,
        &format!(
            "update receipt_refs set relation = 'revokes', target_id = '{}' where relation = 'supersedes'",
            last.0
        ),
    )
    .await;
    let extra = format!("entry 2: has a row that says revokes {last}, which was not signed");
    assert_eq!(found(&world).await, [extra, missing]);
    sql(&world, "truncate receipt_refs; insert into receipt_refs select * from kept").await;
    assert_eq!(found(&world).await, [""; 0]);
    let id = "select id from receipts where log_index = 5 and mode = 'test'";
    sql(&world, &format!("insert into receipt_refs select org_id, mode, ({id}), receipt_id, 'relates_to' from kept where relation = 'revokes'")).await;
    let found = found(&world).await;
    assert!(found.len() == 1 && found[0].starts_with("entry 5: has a row that says relates_to rcpt_"), "{found:?}");
}

#[tokio::test]
async fn contents_that_are_gone_without_a_record_or_there_in_spite_of_one_are_named() {
    let (world, _, ids) = scene().await;
    let (erased, last) = (ids[1].0, ids[2].0);
    sql(&world, &format!("delete from payloads where receipt_id = '{last}'")).await;
    assert_eq!(
        found(&world).await,
        [
            "entry 5: has another reference stored than was signed",
            "entry 5: has no contents, and no note that they were erased",
        ]
    );
    sql(&world, &format!("update receipts set reference = null where id = '{last}'")).await;
    assert_eq!(found(&world).await, ["entry 5: has no contents, and no note that they were erased"]);
    // A note that no receipt bears out is none.
    sql(&world, &format!("insert into payload_erasures select org_id, mode, '{last}', erased_at, erased_by, reason, record_id from payload_erasures")).await;
    assert_eq!(
        found(&world).await,
        ["entry 5: was erased, and the receipt that is noted as the record of it is not that"]
    );
    sql(&world, &format!("delete from payload_erasures where receipt_id = '{last}'")).await;

    sql(&world, "update payload_erasures set reason = 'another', erased_at = erased_at + interval '1 s'").await;
    assert!(
        found(&world)
            .await
            .contains(&"entry 3: was erased with another erased_at, reason than the record of it says".to_owned())
    );
    sql(&world, "update payload_erasures set reason = 'asked to', erased_at = erased_at - interval '1 s'").await;
    // Contents that came back, as from a backup.
    sql(&world, &format!("insert into payloads select org_id, mode, '{erased}', payload, salt from payloads where org_id = (select org_id from payload_erasures limit 1) and mode = 'test' limit 1"))
        .await;
    assert!(found(&world).await.contains(&"entry 3: has contents, and a note that they were erased".to_owned()));
    sql(&world, "delete from payload_erasures").await;
    assert!(
        found(&world)
            .await
            .contains(&"entry 3: has contents, and a later receipt records that they were erased".to_owned())
    );
    sql(&world, &format!("delete from payloads where receipt_id = '{erased}'")).await;
    assert!(found(&world).await.contains(&"entry 3: has no contents, and no note that they were erased".to_owned()));
}
