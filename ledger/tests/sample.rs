//! A receipt with all that a file can have, made by fixed keys: what other verifiers are held against (`docs/verify_test.py`,
//! `scripts/foreign`). In the log and the root log, seen by witnesses, with keys that were replaced and revoked.
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::bundle::Bundle;
use ledger::checkpoint::Checkpoint;
use ledger::commitment::commit;
use ledger::hash::leaf_hash;
use ledger::jcs::canonical;
use ledger::json;
use ledger::key::IssuingKey;
use ledger::note::{Note, NoteSigner};
use ledger::statement::{Evidence, Ref, Relation, Statement};
use ledger::tlog_proof::TlogProof;
use ledger::tree::{Batch, Frontier};
use ledger::verify::{Outcome, verify};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/bundle/whole.certnode");
const ORIGIN: &str = "log.example/t/000102030405060708090a0b0c0d0e0f";
const ROOT: &str = "log.example/root";
const INDEX: u8 = 5;

/// An entry among others in a log of some size, and the log's state, signed by these keys.
fn proven(origin: &str, (index, size): (u8, u8), entry: &[u8], keys: [u8; 2]) -> (TlogProof, Note) {
    let leaf = |at: u8| if at == index { leaf_hash(entry) } else { leaf_hash(&[at]) };
    let leaves: Vec<_> = (0..size).map(leaf).collect();
    let batch = Batch::append(&Frontier::empty(), &leaves);
    let state = Checkpoint::new(origin, batch.frontier().size(), *batch.root());
    let signers = keys.map(|seed| NoteSigner::from_seed(origin, &[seed; 32]).unwrap());
    let note = Note::parse(&state.sign_by(signers.iter())).unwrap();
    let hashes = batch.inclusion_proof(usize::from(index));
    (TlogProof { extra: None, index: u64::from(index), hashes, checkpoint: note.to_string() }, note)
}

fn whole() -> Bundle {
    let payload = br#"{"amount":{"currency":"EUR","value":"12.50"},"data":{"lines":[1,-2],"payee":"Caf\u00e9 \ud83d\ude00"},"kind":"payment"}"#;
    let payload = json::parse(payload).unwrap();
    let [first, issuer] = [2, 3].map(|seed| IssuingKey::from_seed(ORIGIN, &[seed; 32]).unwrap());
    let id = |last: char| format!("rcpt_01h455vb4pex5vsknk084sn02{last}");
    let statement = Statement {
        log: ORIGIN.to_owned(),
        id: id('q'),
        kind: "payment".to_owned(),
        issued_at: "2026-11-20T22:48:01.250Z".to_owned(),
        schema: "receipt/1".to_owned(),
        payload: commit(&[7; 16], &canonical(&payload)),
        evidence: vec![Evidence {
            sha256: leaf_hash(b"1"),
            blake3: leaf_hash(b"2"),
            bytes: 1_234,
            media: "application/pdf".to_owned(),
        }],
        refs: vec![
            Ref { id: id('a'), relation: Relation::RelatesTo },
            Ref { id: id('b'), relation: Relation::Supersedes },
        ],
        idempotency: Some(leaf_hash(b"3")),
    };
    let statement = statement.sign(&issuer).unwrap();
    // The log's keys 10 and 11 sign while the one replaces the other; 10 was revoked for later sizes.
    let (tenant, state) = proven(ORIGIN, (INDEX, 11), &statement, [10, 11]);
    let (mut root, seen) = proven(ROOT, (3, 13), state.text().as_bytes(), [20, 21]);
    let witnesses = [("w1.example", 30), ("w2.example", 31)];
    let witnesses = witnesses.map(|(name, seed)| NoteSigner::cosigner(name, &[seed; 32]).unwrap());
    for witness in &witnesses {
        let mut note = Note::parse(&root.checkpoint).unwrap();
        note.push(witness.cosign(seen.text(), 1_795_000_000).unwrap());
        root.checkpoint = note.to_string();
    }
    let key = |origin: &str, seed| NoteSigner::from_seed(origin, &[seed; 32]).unwrap().verifier().to_string();
    let mut policy: String = [(ORIGIN, 10), (ORIGIN, 11), (ROOT, 20), (ROOT, 21)]
        .map(|(origin, seed)| format!("log {}\n", key(origin, seed)))
        .concat();
    for (name, witness) in ["w1", "w2"].iter().zip(&witnesses) {
        policy += &format!("witness {name} {}\n", witness.verifier());
    }
    policy += "group both all w1 w2\nquorum both\n";
    Bundle {
        statement,
        payload: Some(payload),
        salt: Some([7; 16]),
        tenant_proof: tenant.text(),
        root_proof: Some(root.text()),
        policy,
        issuing_keys: vec![(first.verifier().to_string(), 0), (issuer.verifier().to_string(), 4)],
        revoked_keys: vec![
            (first.verifier().to_string(), 3),
            (issuer.verifier().to_string(), 40),
            (key(ORIGIN, 10), 11),
            (key(ROOT, 21), 12),
        ],
    }
}

#[test]
fn the_sample_is_the_one_that_its_keys_make_and_verifies_in_every_step() {
    let bytes = whole().to_bytes();
    let report = verify(&bytes, None);
    assert!(report.is_verified(), "{:?}", report.steps);
    assert!(report.steps.iter().all(|step| step.outcome == Outcome::Passed), "nothing is missing in it");
    assert_eq!(report.keys().len(), 5);
    assert!(std::fs::read(FILE).unwrap() == bytes, "cargo test -p ledger --test sample -- --ignored writes it anew");
}

/// The old keys must not be believed again: neither for this entry nor for a state of this size.
#[test]
fn a_key_of_the_sample_that_was_revoked_is_not_enough() {
    for key in 0..2 {
        let mut alone = whole();
        let lines: Vec<&str> = alone.policy.lines().collect();
        // The line of the key of each log that is still believed.
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != [1, 2][key]).map(|(_, line)| format!("{line}\n"));
        alone.policy = kept.collect();
        let report = verify(&alone.to_bytes(), None);
        let failed = report.failed().map(|step| step.id);
        assert_eq!(failed, Some(["checkpoint", "anchor"][key]));
    }
}

#[test]
#[ignore = "writes the sample"]
fn write_the_sample() {
    std::fs::create_dir_all(std::path::Path::new(FILE).parent().unwrap()).unwrap();
    std::fs::write(FILE, whole().to_bytes()).unwrap();
}
