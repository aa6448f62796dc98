use super::*;
use crate::imports;
use crate::receipts::Receipt;

const SECRET: &str = "Zoë Müßiggang 😀";

async fn secret(cx: &Cx, key: Option<&str>) -> ReceiptId {
    let body = format!(
        r#"{{"reference":"{SECRET}","occurred_at":"1999-12-31T00:00:00Z","amount":{{"value":"11.77","currency":"XQZ"}},"data":{{"{SECRET}":["{SECRET}"]}}}}"#
    );
    issue(cx, new(&body), key).await.unwrap().receipt.summary.id
}

/// Every table and column of the database in which the text is, as text, as JSON or as bytes.
async fn holders(world: &World, needle: &str) -> Vec<String> {
    let mut superuser = world.superuser().await;
    let columns: Vec<(String, String, String)> = sqlx::query_as(
        "select format('%I.%I', table_schema, table_name), format('%I', column_name), data_type from information_schema.columns
        join pg_class on oid = format('%I.%I', table_schema, table_name)::regclass and not relispartition
        where table_schema in ('public', 'archive', 'graphile_worker') and data_type in ('text', 'bytea', 'jsonb', 'json', 'ARRAY', 'character varying')
        order by 1, 2",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    assert!(columns.len() > 60, "{columns:?}");
    let mut holders = Vec::new();
    for (table, column, kind) in columns {
        let found = if kind == "bytea" {
            format!("select exists (select from {table} where position($1::text::bytea in {column}) > 0)")
        } else {
            format!("select exists (select from {table} where position($1::text in {column}::text) > 0)")
        };
        let found: bool =
            sqlx::query_scalar(sqlx::AssertSqlSafe(found)).bind(needle).fetch_one(&mut superuser).await.unwrap();
        if found {
            holders.push(format!("{table}.{column}"));
        }
    }
    holders
}

fn without_contents(receipt: &Receipt) -> (String, String, u64) {
    (receipt.statement.clone(), receipt.proof.leaf_hash.clone(), receipt.proof.log_index)
}

#[tokio::test]
async fn erased_contents_are_nowhere_in_the_database_and_every_proof_is_as_it_was() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let id = secret(&acme, Some("k")).await;
    let others = [one(&acme).await, one(&acme).await];
    let (org_id, mode) = acme.tenant().unwrap();
    let mut proofs = Vec::new();
    for id in [id, others[0], others[1]] {
        proofs.push((id, without_contents(&get(&acme, id).await.unwrap()), at(&acme, id, 4).await));
    }
    let salt = get(&acme, id).await.unwrap().salt.unwrap();
    let bytes = ledger::encoding::from_base64(&salt).unwrap();
    assert_eq!(holders(&world, SECRET).await, ["public.payloads.payload", "public.receipts.reference"]);

    let erased = erase(&acme, id, "asked to under Art. 17").await.unwrap();
    assert_eq!((erased.payload.as_ref(), erased.salt.as_ref(), &erased.summary.reference), (None, None, &None));
    assert_eq!((&erased.summary.amount, erased.summary.occurred_at), (&None, erased.summary.issued_at));
    let erasure = erased.life.erasure.unwrap();
    assert_eq!((&*erasure.erased_by, &*erasure.reason), ("Owner of acme", "asked to under Art. 17"));
    assert_eq!(holders(&world, SECRET).await, [""; 0]);
    assert_eq!(holders(&world, "XQZ").await, [""; 0]);
    let salted: bool = sqlx::query_scalar("select exists (select from payloads where salt = $1)")
        .bind(bytes)
        .fetch_one(&mut world.superuser().await)
        .await
        .unwrap();
    assert!(!salted);

    for (id, receipt, proof) in proofs {
        assert_eq!(without_contents(&get(&acme, id).await.unwrap()), receipt);
        assert_eq!(at(&acme, id, 4).await, proof, "byte for byte, at the size of then");
    }
    let file = bundle(&acme, id).await.unwrap();
    assert!(!String::from_utf8(file.clone()).unwrap().contains("\"salt\""));
    let report = verify(&file, None);
    assert!(report.is_verified(), "{:?}", report.steps);
    let record = get(&acme, erasure.record.unwrap()).await.unwrap();
    assert_eq!((&*record.summary.kind, record.life.refs[0].id), ("payload_erased", id));
    assert_eq!(erased.life.referred_by[0].id, record.summary.id);
    assert_eq!(crate::logs::head(&acme).await.unwrap().receipts, 4);
    let again = erase(&acme, id, "once more").await.unwrap();
    assert_eq!(again.life.erasure.unwrap(), erasure, "erasing again changes nothing");
    record_twice(&world, org_id, mode, id).await;
}

async fn at(cx: &Cx, id: ReceiptId, size: u64) -> crate::receipts::Proof {
    crate::receipts::service::at_size(cx, cx.begin().await.unwrap(), id, size).await.unwrap().proof
}

async fn record_twice(world: &World, org_id: crate::id::OrgId, mode: Mode, id: ReceiptId) {
    let job = RecordErasure { org_id, mode, receipt_id: id };
    record(&world.domain, &job).await.unwrap();
    let records: i64 = sqlx::query_scalar("select count(*) from receipts where kind = 'payload_erased'")
        .fetch_one(&mut world.superuser().await)
        .await
        .unwrap();
    assert_eq!(records, 1);
}

#[tokio::test]
async fn the_file_of_an_import_is_no_copy_of_what_was_erased() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let mut mapping = imports::Mapping::default();
    mapping.set("reference=who").unwrap();
    let file = format!("who,what\n{SECRET},cd\nother,cd\n");
    let import = imports::start(&acme, "orders.csv", mapping.clone(), file.clone().into_bytes()).await.unwrap();
    let (org_id, mode) = acme.tenant().unwrap();
    let issued = one(&acme).await;
    let early = erase(&acme, issued, "too early").await.unwrap_err();
    assert_eq!((early.status, &*early.code), (409, "import_running"));
    imports::run(&world.domain, &imports::RunImport { org_id, mode, import_id: import.id }).await.unwrap();
    let filter = Filter { search: Some(SECRET.to_owned()), ..Filter::default() };
    let id = list(&acme, &filter, &Page::default()).await.unwrap().data[0].id;
    erase(&acme, id, "asked to").await.unwrap();
    assert_eq!(holders(&world, SECRET).await, [""; 0]);
    assert!(list(&acme, &filter, &Page::default()).await.unwrap().data.is_empty());
    let again = imports::start(&acme, "orders.csv", mapping, file.into_bytes()).await.unwrap();
    assert_eq!((again.id, again.rows_done), (import.id, 2), "the same file is still known");
}

#[tokio::test]
async fn a_reason_that_should_not_have_been_said_is_erased_with_its_record() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let id = one(&acme).await;
    let record =
        erase(&acme, id, &format!("{SECRET} asked for it")).await.unwrap().life.erasure.unwrap().record.unwrap();
    assert_eq!(holders(&world, SECRET).await, ["public.payload_erasures.reason", "public.payloads.payload"]);
    let erased = erase(&acme, record, "it named a person").await.unwrap();
    assert_eq!(holders(&world, SECRET).await, [""; 0]);
    assert_eq!(erased.life.refs[0].id, id, "the record still says whose contents");
    assert_eq!(get(&acme, id).await.unwrap().life.erasure.unwrap().record, Some(record));
    let revoked = one(&acme).await;
    let revocation = revoke(&acme, revoked, SECRET, None).await.unwrap().receipt.summary.id;
    erase(&acme, revocation, "it named a person").await.unwrap();
    assert_eq!(holders(&world, SECRET).await, [""; 0]);
    assert_eq!(get(&acme, revoked).await.unwrap().summary.standing, Standing::Revoked);
}

#[tokio::test]
async fn a_replay_after_the_erasure_is_the_receipt_without_its_contents() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let id = secret(&acme, Some("k")).await;
    erase(&acme, id, "asked to").await.unwrap();
    let again = issue(&acme, new(r#"{"data":{"other":"contents"}}"#), Some("k")).await.unwrap();
    assert!(again.replayed && again.receipt.payload.is_none() && again.receipt.summary.id == id);
    assert_eq!(holders(&world, SECRET).await, [""; 0]);
}

#[tokio::test]
async fn a_caller_who_takes_our_keys_first_does_not_keep_an_erasure_from_its_record() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let id = one(&acme).await;
    let taken = issue(&acme, new(r#"{"reference":"mine"}"#), Some(&format!("erasure/{id}"))).await.unwrap();
    let erasure = erase(&acme, id, "asked to").await.unwrap().life.erasure.unwrap();
    let record = get(&acme, erasure.record.unwrap()).await.unwrap();
    assert_eq!((&*record.summary.kind, record.life.refs[0].id), ("payload_erased", id));
    assert_ne!(record.summary.id, taken.receipt.summary.id);
}

#[tokio::test]
async fn only_owners_and_admins_erase_and_only_their_keys() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    let id = one(&acme).await;
    for cx in [&other, &acting_as(&acme, Role::Owner, Mode::Live)] {
        assert_eq!(erase(cx, id, "mine").await.unwrap_err(), Problem::not_found());
    }
    for role in [Role::Developer, Role::Finance, Role::Technical, Role::Billing, Role::Viewer] {
        let refused = erase(&acting_as(&acme, role, Mode::Test), id, "no").await.unwrap_err();
        assert_eq!(refused.status, 403, "{role:?}");
    }
    let key = world.key(&acme, Mode::Test).await;
    let by_key = crate::api_keys::authenticate(&world.domain, &key, world.request()).await.unwrap();
    let role = async |role: &str| {
        let change = sqlx::query("update memberships set role = $1").bind(role);
        change.execute(&mut world.superuser().await).await.unwrap();
    };
    role("developer").await;
    assert_eq!(erase(&by_key, id, "through a key").await.unwrap_err().status, 403);
    role("admin").await;
    for why in ["", " \n", &"x".repeat(1_001), "nul \0"] {
        assert_eq!(erase(&by_key, id, why).await.unwrap_err().fields[0].location, "reason", "{why:?}");
    }
    let erased = erase(&by_key, id, "through a key").await.unwrap();
    assert!(erased.life.erasure.unwrap().erased_by.starts_with("key_"));
}
