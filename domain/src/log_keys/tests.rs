#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::key_event::{Change, KeyEvent};
use ledger::note::{Note, VerifierKey};
use ledger::verify::{Report, verify};
use sqlx::Executor as _;
use time::Duration;

use super::*;
use crate::anchors::{ROOT, anchor};
use crate::context::{Actor, Cx, Domain, Options};
use crate::id::ReceiptId;
use crate::keyring::{Keyring, SealedFor, Seed};
use crate::logs::identity::signer;
use crate::permission::Role;
use crate::receipts::{self, NewReceipt};
use crate::testing::World;

const MONTH: Duration = Duration::days(30);

fn new(reference: &str) -> NewReceipt {
    NewReceipt::from_json(format!(r#"{{"reference":"{reference}"}}"#).as_bytes()).unwrap()
}

async fn issue(cx: &Cx, reference: &str) -> ReceiptId {
    receipts::issue(cx, new(reference), Some(reference)).await.unwrap().receipt.summary.id
}

async fn report(cx: &Cx, id: ReceiptId) -> Report {
    verify(&receipts::bundle(cx, id).await.unwrap(), None)
}

/// The same organisation, on another node.
fn on(node: &Domain, cx: &Cx) -> Cx {
    Cx { domain: node.clone(), ..cx.clone() }
}

#[tokio::test]
async fn an_issuing_key_takes_over_at_an_entry_and_running_nodes_follow() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let elsewhere = on(&world.another_node(), &acme);
    let (before, there) = (issue(&acme, "a").await, issue(&elsewhere, "b").await);
    anchor(&world.domain).await.unwrap();
    let old_bundle = receipts::bundle(&acme, before).await.unwrap();

    let key = rotate(&acme, Purpose::Issuing, MONTH).await.unwrap();
    assert_eq!((key.version, key.from_size), (2, 3), "the log's own statement and two receipts came before");
    // The other node still has the old key, and signs with it: the sequencer notices.
    let after = receipts::issue(&elsewhere, new("c"), Some("c")).await.unwrap();
    let answered = ledger::statement::Signed::parse(after.receipt.statement.as_bytes()).unwrap();
    assert_eq!((answered.kid, after.receipt.proof.log_index), (key.vkey.split('+').nth(1).unwrap().to_owned(), 3));
    assert_eq!(after.receipt.proof.keys.issuing, key.vkey);
    assert_eq!(
        receipts::get(&acme, after.receipt.summary.id).await.unwrap().statement,
        after.receipt.statement,
        "what was answered is what the log has"
    );
    anchor(&world.domain).await.unwrap();
    assert!(verify(&old_bundle, None).is_verified(), "a file from before still holds");
    for id in [before, there, after.receipt.summary.id] {
        let bundle = receipts::bundle(&acme, id).await.unwrap();
        assert!(verify(&bundle, None).is_verified());
        let keys = ledger::bundle::Bundle::parse(&bundle).unwrap().issuing_keys;
        assert_eq!(keys.iter().map(|(_, from)| *from).collect::<Vec<_>>(), [0, 3], "both keys are in the file");
    }
}

#[tokio::test]
async fn checkpoints_are_signed_by_both_keys_until_the_overlap_is_over() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let first = receipts::issue(&acme, new("a"), Some("a")).await.unwrap().receipt;
    let elsewhere = on(&world.another_node(), &acme);
    issue(&elsewhere, "b").await;
    let key = rotate(&acme, Purpose::Checkpoint, MONTH).await.unwrap();
    let states = async || list(&acme).await.unwrap().keys.iter().map(|key| key.state()).collect::<Vec<_>>();
    assert_eq!(states().await, [State::Retiring, State::Active, State::Active]);
    let signatures = async |cx: &Cx, reference: &str| {
        let receipt = receipts::issue(cx, new(reference), None).await.unwrap().receipt;
        assert!(report(cx, receipt.summary.id).await.is_verified());
        Note::parse(&receipt.proof.checkpoint).unwrap().signatures().len()
    };
    assert_eq!(signatures(&elsewhere, "c").await, 2, "the other node signs with both at once");
    assert_eq!(signatures(&acme, "d").await, 2);
    retire_due(&world.domain).await.unwrap();
    assert_eq!(signatures(&acme, "e").await, 2, "not before its time");
    world.clock.advance(MONTH);
    retire_due(&world.domain).await.unwrap();
    assert_eq!(states().await, [State::Retired, State::Active, State::Active]);
    assert_eq!(signatures(&elsewhere, "f").await, 1);
    assert_eq!(signatures(&acme, "g").await, 1);
    // What was answered once is answered again, byte for byte.
    let again = receipts::issue(&acme, new("a"), Some("a")).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.receipt.proof.checkpoint, first.proof.checkpoint);
    assert_eq!(key.from_size, 4);
    anchor(&world.domain).await.unwrap();
    assert!(report(&acme, first.summary.id).await.is_verified());
}

#[tokio::test]
async fn what_happened_to_keys_is_in_the_root_log_signed_by_the_key_before() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    issue(&acme, "a").await;
    let old: VerifierKey = list(&acme).await.unwrap().keys[0].vkey.parse().unwrap();
    let key = rotate(&acme, Purpose::Checkpoint, Duration::ZERO).await.unwrap();
    anchor(&world.domain).await.unwrap();
    anchor(&world.domain).await.unwrap();
    let events = list(&acme).await.unwrap().events;
    assert_eq!(events.len(), 2);
    let root = world.domain.system(ROOT.0, ROOT.1);
    for ((note, index), change) in events.iter().zip([Change::Added, Change::Retired]) {
        let event = KeyEvent::open(note, std::slice::from_ref(&old)).unwrap();
        assert_eq!((event.change, event.from_size), (change, 3));
        let entries = crate::logs::tiles::file(&root, "tile/entries/000.p/4", false).await.unwrap();
        let entries = ledger::tile::decode_entries(&entries.bytes).unwrap();
        assert_eq!(entries[usize::try_from(index.unwrap()).unwrap()], note.as_bytes());
    }
    assert_eq!(key.version, 2);
    // The root log's own keys are like every other's.
    let key = rotate(&root, Purpose::Checkpoint, MONTH).await.unwrap();
    issue(&acme, "b").await;
    anchor(&world.domain).await.unwrap();
    assert!(report(&acme, issue(&acme, "c").await).await.is_verified());
    let note = crate::logs::tiles::checkpoint(&root).await.unwrap();
    let new: VerifierKey = key.vkey.parse().unwrap();
    assert!(Note::parse(&note).unwrap().verify(std::slice::from_ref(&new)).is_ok());
    assert!(list(&root).await.unwrap().events.len() == 1);
}

#[tokio::test]
async fn a_revoked_key_is_believed_only_for_what_came_before() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let (good, doubtful) = (issue(&acme, "a").await, issue(&acme, "b").await);
    anchor(&world.domain).await.unwrap();
    let revoked = revoke(&acme, Purpose::Issuing, 1, Some(2)).await.unwrap();
    assert_eq!((revoked.state(), revoked.until_size), (State::Revoked, Some(3)));
    let said = |report: &Report, step: &str| {
        report.steps.iter().find(|found| found.id == step).map(|found| found.detail.clone()).unwrap()
    };
    let (kept, refused) = (report(&acme, good).await, report(&acme, doubtful).await);
    assert!(kept.is_verified() && said(&kept, "signature").contains("revoked later: from entry 2 on"));
    assert!(!refused.is_verified() && said(&refused, "signature").contains("was revoked"));
    let after = issue(&acme, "c").await;
    assert!(report(&acme, after).await.is_verified(), "another key signs now");
    assert_eq!(revoke(&acme, Purpose::Issuing, 1, None).await.unwrap_err().status, 422);
    assert_eq!(revoke(&acme, Purpose::Issuing, 9, None).await.unwrap_err().status, 404);
    assert_eq!(revoke(&acme, Purpose::Issuing, 2, Some(99)).await.unwrap_err().status, 422);

    // A stolen checkpoint key: the state it signed last is signed anew, and files lead to a state that is believed.
    anchor(&world.domain).await.unwrap();
    let old = list(&acme).await.unwrap().keys[0].vkey.clone();
    revoke(&acme, Purpose::Checkpoint, 1, Some(3)).await.unwrap();
    let found = report(&acme, after).await;
    assert!(found.is_verified() && found.log_key != Some(old.clone()), "{:?}", found.steps);
    issue(&acme, "d").await;
    anchor(&world.domain).await.unwrap();
    let bundle = receipts::bundle(&acme, after).await.unwrap();
    let found = verify(&bundle, None);
    assert!(found.is_verified() && found.log_key != Some(old.clone()), "{:?}", found.steps);
    assert_eq!(ledger::bundle::Bundle::parse(&bundle).unwrap().revoked_from(&old), Some(3));
    assert!(said(&found, "anchor").starts_with("The root log log.example/root includes this checkpoint as entry "));
}

#[tokio::test]
async fn logs_from_before_versions_keep_their_keys_and_get_them_sealed() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let (keyring, (org_id, mode)) = (Keyring::new([7; 32], "log.example"), acme.tenant().unwrap());
    let mut owner = world.superuser().await;
    // As the release before left it: public keys in the log's row, derived from the master key.
    let origin = list(&acme).await.unwrap().origin;
    let derived = |purpose| {
        let seed = keyring.inherited(org_id, mode, purpose);
        signer(purpose, &origin, &seed).unwrap().verifier().to_string()
    };
    owner.execute("delete from log_keys").await.unwrap();
    sqlx::query("delete from logs where org_id <> $1 or mode <> $2")
        .bind(org_id.0)
        .bind(mode.as_str())
        .execute(&mut owner)
        .await
        .unwrap();
    sqlx::query("update logs set log_vkey = $1, issuing_vkey = $2")
        .bind(derived(Purpose::Checkpoint))
        .bind(derived(Purpose::Issuing))
        .execute(&mut owner)
        .await
        .unwrap();
    let node = on(&world.another_node(), &acme);
    let first = issue(&node, "a").await;
    let unsealed = "select count(*) from log_keys where sealed is null";
    let count: i64 = sqlx::query_scalar(unsealed).fetch_one(&mut owner).await.unwrap();
    assert_eq!(count, 2);

    let stranger = |master| {
        let (database, keyring) = (world.domain.database().clone(), Keyring::new(master, "log.example"));
        Domain::start(Options {
            database,
            keyring,
            clock: world.clock.clone(),
            hashes_at_once: 1,
            witnesses: Default::default(),
            evidence: None,
        })
    };
    let said = adopt(&stranger([8; 32])).await.unwrap_err().internal.unwrap();
    assert!(said.contains("is not the one that the signing keys of"), "{said}");
    adopt(&world.domain).await.unwrap();
    adopt(&world.domain).await.unwrap();
    let count: i64 = sqlx::query_scalar(unsealed).fetch_one(&mut owner).await.unwrap();
    assert_eq!(count, 0);
    assert!(report(&node, first).await.is_verified());
    assert_eq!(list(&acme).await.unwrap().keys[0].vkey, derived(Purpose::Checkpoint), "it is the key it was");
    let said = adopt(&stranger([8; 32])).await.unwrap_err().internal.unwrap();
    assert!(said.contains("start with the master key that belongs to this database"), "{said}");
}

#[test]
fn a_sealed_key_opens_only_where_it_belongs() {
    let keyring = Keyring::new([7; 32], "log.example");
    let of = |org: u128, purpose, version, vkey| SealedFor {
        org_id: crate::id::OrgId(uuid::Uuid::from_u128(org)),
        mode: crate::Mode::Live,
        purpose,
        version,
        vkey,
    };
    let seed = Seed::new([5; 32]);
    let own = || of(1, Purpose::Issuing, 1, "key");
    let sealed = keyring.seal([9; 24], &seed, &own());
    assert_eq!(sealed.len(), 24 + 32 + 16);
    assert_eq!(keyring.unseal(&sealed, &own()).as_deref(), Some(&[5; 32]));
    assert!(Keyring::new([8; 32], "log.example").unseal(&sealed, &own()).is_none(), "another master key");
    for other in [
        of(2, Purpose::Issuing, 1, "key"),
        of(1, Purpose::Checkpoint, 1, "key"),
        of(1, Purpose::Issuing, 2, "key"),
        of(1, Purpose::Issuing, 1, "another"),
        SealedFor { mode: crate::Mode::Test, ..own() },
    ] {
        assert!(keyring.unseal(&sealed, &other).is_none());
    }
    for at in 0..sealed.len() {
        let mut spoilt = sealed.clone();
        spoilt[at] ^= 1;
        assert!(keyring.unseal(&spoilt, &own()).is_none(), "byte {at}");
    }
    assert!(keyring.unseal(&sealed[..20], &own()).is_none());
}

#[tokio::test]
async fn only_owners_admins_and_the_server_itself_change_keys() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let Actor::User { user_id, session_id, org_id, mode, .. } = *acme.actor() else { panic!("a person") };
    let role = |role| acme.acting(Actor::User { user_id, session_id, org_id, mode, role });
    for refused in [Role::Developer, Role::Finance, Role::Viewer].map(role) {
        assert_eq!(rotate(&refused, Purpose::Issuing, MONTH).await.unwrap_err().status, 403);
        assert_eq!(revoke(&refused, Purpose::Issuing, 1, None).await.unwrap_err().status, 403);
        assert!(list(&refused).await.is_ok(), "public keys are no secret");
    }
    assert!(rotate(&role(Role::Admin), Purpose::Issuing, MONTH).await.is_ok());
    assert_eq!(list(&world.nobody()).await.unwrap_err().status, 401);
    assert!(logs(&acme, None).await.is_err(), "all logs are for whoever runs the server");
    let other = world.org("other").await;
    assert_eq!(list(&other).await.unwrap().keys.len(), 2, "of its own, none of which was replaced");
}
