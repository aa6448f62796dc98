#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::hash::sha256;
use ledger::statement::Signed;

use super::*;
use crate::Mode;
use crate::id::OrgId;
use crate::keyring::Keyring;
use crate::receipts::{bundle_without_contents, issue};
use crate::testing::World;

fn new(body: &str) -> NewReceipt {
    NewReceipt::from_json(body.as_bytes()).unwrap()
}

fn hash(master: u8, org: u128, mode: Mode, key: Key<'_>, new: &NewReceipt) -> Hash {
    let keyring = Keyring::new([master; 32], "log.example");
    key.hash(&keyring.idempotency(OrgId(uuid::Uuid::from_u128(org)), mode), new, &new.payload())
}

#[test]
fn a_key_is_another_hash_under_another_master_key_in_another_log_and_from_another_mouth() {
    let receipt = new(r#"{"reference":"order-1"}"#);
    let key = "erasure/rcpt_01h455vb4pex5vsknk084sn02q";
    let of = |master, org, mode, key| hash(master, org, mode, key, &receipt);
    let all = [
        of(7, 1, Mode::Test, Key::Caller(key)),
        of(8, 1, Mode::Test, Key::Caller(key)),
        of(7, 2, Mode::Test, Key::Caller(key)),
        of(7, 1, Mode::Live, Key::Caller(key)),
        of(7, 1, Mode::Test, Key::Own(key)),
        of(7, 1, Mode::Test, Key::Content),
        of(8, 1, Mode::Test, Key::Content),
    ];
    let different: std::collections::HashSet<[u8; 32]> = all.iter().map(|hash| hash.0).collect();
    assert_eq!(different.len(), all.len());
    assert_eq!(all[0], of(7, 1, Mode::Test, Key::Caller(key)), "and the same again where all is the same");
}

#[test]
fn contents_are_the_same_where_payload_references_and_files_are() {
    let (id, other) = ("rcpt_01h455vb4pex5vsknk084sn02q", "rcpt_01kaqm7n4ef8zs9v0yq2p3r5tw");
    let file = |digit: &str| format!(r#"{{"sha256":"{}"}}"#, digit.repeat(64));
    let bodies = [
        r#"{"data":{"a":1,"b":2}}"#.to_owned(),
        r#"{"data":{"a":1,"b":3}}"#.to_owned(),
        r#"{"kind":"approval","data":{"a":1,"b":2}}"#.to_owned(),
        r#"{"reference":"r","data":{"a":1,"b":2}}"#.to_owned(),
        format!(r#"{{"data":{{"a":1,"b":2}},"refs":[{{"id":"{id}","relation":"relates_to"}}]}}"#),
        format!(r#"{{"data":{{"a":1,"b":2}},"refs":[{{"id":"{id}","relation":"revokes"}}]}}"#),
        format!(r#"{{"data":{{"a":1,"b":2}},"refs":[{{"id":"{other}","relation":"revokes"}}]}}"#),
        format!(r#"{{"data":{{"a":1,"b":2}},"evidence":[{}]}}"#, file("a")),
        format!(r#"{{"data":{{"a":1,"b":2}},"evidence":[{},{}]}}"#, file("a"), file("b")),
    ];
    let of = |body: &str| hash(7, 1, Mode::Test, Key::Content, &new(body));
    let different: std::collections::HashSet<[u8; 32]> = bodies.iter().map(|body| of(body).0).collect();
    assert_eq!(different.len(), bodies.len());
    assert_eq!(of(&bodies[0]), of("{ \"data\" : {\"b\":2, \"a\":1} }"), "however it is written");
}

#[tokio::test]
async fn nothing_that_leaves_lets_a_guess_of_the_key_or_the_contents_be_confirmed() {
    let world = World::new().await;
    let acme = world.org("acme").await;
    let receipt = issue(&acme, new(r#"{"reference":"order-1001"}"#), Some("order-1001")).await.unwrap().receipt;
    let idem = Signed::parse(receipt.statement.as_bytes()).unwrap().statement.idempotency.unwrap();
    let (log, payload) = (receipt.proof.origin.as_bytes(), receipt.payload.as_ref().unwrap().as_bytes());
    // Whatever can be made of what a holder of the statement knows or guesses is not it.
    for guess in [b"order-1001".as_slice(), payload] {
        for parts in [&[log, guess][..], &[guess], &[log, &[1], guess], &[&[1], guess], &[&[3], guess]] {
            let said = parts.concat();
            assert_ne!(idem, sha256(parts));
            assert_ne!(idem.0, *blake3::hash(&said).as_bytes());
            let keys = [*blake3::hash(log).as_bytes(), sha256(&[log]).0, [0; 32]];
            assert!(keys.iter().all(|key| idem.0 != *blake3::keyed_hash(key, &said).as_bytes()));
        }
    }
    // With the master key it is found again: nothing of it is left to chance.
    let (org_id, mode) = acme.tenant().unwrap();
    let secret = Keyring::new([7; 32], "log.example").idempotency(org_id, mode);
    let wanted = new(r#"{"reference":"order-1001"}"#);
    assert_eq!(idem, Key::Caller("order-1001").hash(&secret, &wanted, &wanted.payload()));
    let shared = bundle_without_contents(&acme, receipt.summary.id).await.unwrap();
    assert!(!String::from_utf8(shared).unwrap().contains("order-1001"));
}
