//! A receipt that was changed in any bit is not verified, and no bytes make any parser panic.
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::bundle::Bundle;
use ledger::checkpoint::Checkpoint;
use ledger::commitment::commit;
use ledger::hash::{Hash, leaf_hash};
use ledger::jcs::canonical;
use ledger::json::{self, Value};
use ledger::key::IssuingKey;
use ledger::note::{Note, NoteSigner, SignatureLine, VerifierKey};
use ledger::policy::Policy;
use ledger::proof::{consistency_proof, inclusion_path, inclusion_proof, verify_consistency, verify_inclusion};
use ledger::statement::{Evidence, Ref, Relation, Signed, Statement};
use ledger::tile::{TileId, TileSet, decode_entries, parse_entries_path, tiles_for_inclusion};
use ledger::tlog_proof::TlogProof;
use ledger::tree::{Batch, Frontier};
use ledger::verify::{Outcome, STEPS, Verification, verify};
use proptest::prelude::*;

const ORIGIN: &str = "log.example/t/000102030405060708090a0b0c0d0e0f";
const ROOT: &str = "log.example/root";
const INDEX: usize = 5;

fn statement(payload: Hash) -> Statement {
    Statement {
        log: ORIGIN.to_owned(),
        id: "rcpt_01h455vb4pex5vsknk084sn02q".to_owned(),
        kind: "payment".to_owned(),
        issued_at: "2026-11-20T22:48:01.250Z".to_owned(),
        schema: "payment/1".to_owned(),
        payload,
        evidence: vec![Evidence {
            sha256: leaf_hash(b"1"),
            blake3: leaf_hash(b"2"),
            bytes: 1234,
            media: "application/pdf".to_owned(),
        }],
        refs: [Relation::RelatesTo, Relation::Supersedes]
            .map(|relation| Ref { id: "rcpt_01h455vb4pex5vsknk084sn02q".to_owned(), relation })
            .to_vec(),
        idempotency: Some(leaf_hash(b"3")),
    }
}

/// A checkpoint over other leaves and this one, signed, with the proof of this one.
fn proven(origin: &str, index: usize, leaf: Hash) -> TlogProof {
    let mut leaves: Vec<Hash> = (0..11_u8).map(|other| leaf_hash(&[other])).collect();
    leaves[index] = leaf;
    let batch = Batch::append(&Frontier::empty(), &leaves);
    let checkpoint = Checkpoint::new(origin, batch.frontier().size(), *batch.root());
    let signer = NoteSigner::from_seed(origin, &[1; 32]).unwrap();
    TlogProof {
        extra: None,
        index: index as u64,
        hashes: batch.inclusion_proof(index),
        checkpoint: checkpoint.sign(&signer),
    }
}

fn witness() -> NoteSigner {
    NoteSigner::cosigner("witness.example", &[4; 32]).unwrap()
}

fn policy() -> String {
    let log = |origin| {
        NoteSigner::from_seed(origin, &[if origin == ORIGIN { 1 } else { 2 }; 32]).unwrap().verifier().to_string()
    };
    format!("log {}\nlog {}\nwitness w {}\nquorum w\n", log(ORIGIN), log(ROOT), witness().verifier())
}

/// A receipt anchored in a root log that a witness saw.
fn bundle() -> Bundle {
    let payload = json::parse(br#"{"amount":"12.50","currency":"EUR","payee":"Caf\u00e9","lines":[1,2]}"#).unwrap();
    let issuer = IssuingKey::from_seed(ORIGIN, &[3; 32]).unwrap();
    let statement = statement(commit(&[7; 16], &canonical(&payload))).sign(&issuer).unwrap();
    let tenant_proof = proven(ORIGIN, INDEX, leaf_hash(&statement));
    let tenant_text = Note::parse(&tenant_proof.checkpoint).unwrap().text().to_owned();
    let mut root_proof = proven(ROOT, 3, leaf_hash(tenant_text.as_bytes()));
    let root_signer = NoteSigner::from_seed(ROOT, &[2; 32]).unwrap();
    let root_text = Note::parse(&root_proof.checkpoint).unwrap().text().to_owned();
    let mut root_note = Note::parse(&root_signer.sign(&root_text)).unwrap();
    root_note.push(witness().cosign(&root_text, 1_795_000_000).unwrap());
    root_proof.checkpoint = root_note.to_string();
    Bundle {
        statement,
        payload: Some(payload),
        salt: Some([7; 16]),
        tenant_proof: tenant_proof.text(),
        root_proof: Some(root_proof.text()),
        policy: policy(),
        issuing_keys: vec![(issuer.verifier().to_string(), 0)],
        revoked_keys: Vec::new(),
    }
}

fn outcome(bundle: &Bundle, policy: Option<&str>, step: &str) -> (bool, Outcome, String) {
    let report = verify(&bundle.to_bytes(), policy);
    let step = report.steps.iter().find(|taken| taken.id == step).unwrap();
    (report.is_verified(), step.outcome, step.detail.clone())
}

#[test]
fn an_untouched_receipt_passes_every_step() {
    let bytes = bundle().to_bytes();
    let mut verification = Verification::new(&bytes, None);
    for (id, title) in STEPS {
        let step = verification.next_step().unwrap();
        assert_eq!((step.id, step.title, step.outcome), (id, title, Outcome::Passed), "{}", step.detail);
    }
    assert_eq!(verification.next_step(), None);
    let report = verify(&bytes, Some(&policy()));
    assert!(report.is_verified() && report.trusted_policy);
    assert_eq!(report.witnesses, ["w"]);
    let signed = ["receipt", "log", "root log", "as a witness"];
    let names = [format!("{ORIGIN}/issuer"), ORIGIN.to_owned(), ROOT.to_owned(), "witness.example".to_owned()];
    for ((what, key), (signed, name)) in report.keys().into_iter().zip(signed.into_iter().zip(names)) {
        let (key_name, id) = key.split_once('+').unwrap();
        assert_eq!((what, key_name, id.len()), (signed, name.as_str(), 8), "{key}");
    }
    assert_eq!(report.keys().len(), 4);
    let named = report.to_json().get("keys").and_then(Value::as_array).map(<[Value]>::len);
    assert_eq!(named, Some(4));
    assert_eq!(report.path.last().map(|node| node.result), report.root);
    assert_eq!(report.to_json().get("verified"), Some(&Value::Bool(true)));
    assert_eq!(Bundle::parse(&bytes).unwrap().to_bytes(), bytes);
}

/// Each of the 8 bits of each byte. With the file's own policy, nothing in the file may change.
#[test]
fn no_bit_of_a_receipt_can_be_flipped() {
    let bytes = bundle().to_bytes();
    let mut flipped = 0;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut bent = bytes.clone();
            bent[at] ^= 1 << bit;
            let report = verify(&bent, None);
            assert!(
                !report.is_verified(),
                "bit {bit} of byte {at}: {}",
                String::from_utf8_lossy(&bent[at.saturating_sub(30)..=at])
            );
            flipped += 1;
        }
    }
    assert_eq!(flipped, bytes.len() * 8);
    assert!(flipped > 20_000);
}

/// With a policy of the verifier's own, the file's is a hint that nobody reads; everything else still counts.
#[test]
fn no_bit_outside_the_hint_can_be_flipped_under_the_verifiers_own_policy() {
    let (bytes, own) = (bundle().to_bytes(), policy());
    let text = String::from_utf8(bytes.clone()).unwrap();
    let hint = text.find("\"policy\":").unwrap()..text.find("\"root_proof\":").unwrap();
    for at in (0..bytes.len()).filter(|at| !hint.contains(at)) {
        let mut bent = bytes.clone();
        bent[at] ^= 1 << (at % 8);
        assert!(!verify(&bent, Some(&own)).is_verified(), "byte {at}");
    }
}

#[test]
fn a_cut_receipt_is_not_verified() {
    let bytes = bundle().to_bytes();
    for end in 0..bytes.len() {
        assert!(!verify(&bytes[..end], None).is_verified(), "{end} bytes");
    }
}

#[test]
fn an_erased_payload_leaves_the_receipt_verified() {
    let erased = Bundle { payload: None, salt: None, ..bundle() };
    assert_eq!(outcome(&erased, None, "payload").1, Outcome::NotPresent);
    assert!(outcome(&erased, None, "payload").0);
    let half = Bundle { salt: None, ..bundle() };
    assert!(!verify(&half.to_bytes(), None).is_verified());
}

#[test]
fn a_stranger_s_receipt_is_not_verified_by_the_verifiers_own_policy() {
    let stranger = NoteSigner::from_seed(ORIGIN, &[9; 32]).unwrap();
    let own = format!("log {}\nquorum none\n", stranger.verifier());
    let (verified, outcome, detail) = outcome(&bundle(), Some(&own), "checkpoint");
    assert_eq!((verified, outcome), (false, Outcome::Failed), "{detail}");
}

#[test]
fn a_quorum_that_the_verifier_asks_for_must_be_met() {
    let own = policy();
    let unanchored = Bundle { root_proof: None, ..bundle() };
    assert_eq!(outcome(&unanchored, Some(&own), "anchor").1, Outcome::NotPresent);
    let (verified, outcome, detail) = outcome(&unanchored, Some(&own), "witnesses");
    assert_eq!((verified, outcome), (false, Outcome::Failed), "{detail}");
    let none = own.replace("quorum w\n", "quorum none\n");
    assert!(verify(&unanchored.to_bytes(), Some(&none)).is_verified());
}

#[test]
fn a_key_signs_only_from_the_size_it_was_named_for() {
    let old = IssuingKey::from_seed(ORIGIN, &[8; 32]).unwrap().verifier().to_string();
    let new = IssuingKey::from_seed(ORIGIN, &[3; 32]).unwrap().verifier().to_string();
    let from = |size| Bundle { issuing_keys: vec![(old.clone(), 0), (new.clone(), size)], ..bundle() };
    assert!(verify(&from(INDEX as u64).to_bytes(), None).is_verified());
    assert_eq!(outcome(&from(INDEX as u64 + 1), None, "signature").1, Outcome::Failed);
    let unordered = Bundle { issuing_keys: vec![(new, 1)], ..bundle() };
    assert_eq!(outcome(&unordered, None, "format").1, Outcome::Failed);
}

#[test]
fn what_a_revoked_key_signed_is_not_believed_from_the_size_it_was_revoked_at() {
    let revoked = |vkey: &str, from| Bundle { revoked_keys: vec![(vkey.to_owned(), from)], ..bundle() };
    let issuer = bundle().issuing_keys[0].0.clone();
    let (verified, found, detail) = outcome(&revoked(&issuer, INDEX as u64), None, "signature");
    assert_eq!((verified, found), (false, Outcome::Failed));
    assert!(detail.contains("was revoked") && detail.contains("from entry 5 on"), "{detail}");
    let (verified, _, detail) = outcome(&revoked(&issuer, INDEX as u64 + 1), None, "signature");
    assert!(verified && detail.contains("revoked later: from entry 6 on"), "{detail}");

    let (log, root) = {
        let keys = Policy::parse(&policy()).unwrap();
        (keys.logs[0].key.to_string(), keys.logs[1].key.to_string())
    };
    for (key, step) in [(&log, "checkpoint"), (&root, "anchor")] {
        let (verified, found, detail) = outcome(&revoked(key, 11), None, step);
        assert_eq!((verified, found), (false, Outcome::Failed));
        assert!(detail.contains("keys that were revoked signed this state of 11 entries"), "{detail}");
        assert!(outcome(&revoked(key, 12), None, step).0, "it was good for a tree of 11");
    }
    let strange = String::from_utf8(bundle().to_bytes()).unwrap().replace("issuing_key", "another_event");
    assert!(Bundle::parse(strange.as_bytes()).is_err(), "an event that is not known could be one that matters");
}

#[test]
fn a_policy_that_cannot_be_read_trusts_nobody() {
    for own in ["", "quorum none", "log x\nquorum none\n", "quorum w\n"] {
        assert!(!verify(&bundle().to_bytes(), Some(own)).is_verified(), "{own}");
    }
}

/// Every parser, on these bytes.
fn read_all(bytes: &[u8]) {
    let _ = json::parse(bytes).map(|value| canonical(&value));
    let _ = (Bundle::parse(bytes), Signed::parse(bytes), decode_entries(bytes), verify(bytes, None));
    let _ = Frontier::from_bytes(bytes.len() as u64, bytes);
    let _ = TileSet::default().insert(TileId { level: 63, index: u64::MAX, width: bytes.len() as u16 }, bytes);
    let text = String::from_utf8_lossy(bytes);
    let _ = (Note::parse(&text), Checkpoint::parse(&text), TlogProof::parse(&text), Policy::parse(&text));
    let _ =
        (text.parse::<VerifierKey>(), text.parse::<SignatureLine>(), TileId::parse(&text), parse_entries_path(&text));
    let _ = (Hash::from_hex(&text), Hash::from_base64(&text), Hash::from_slice(bytes));
    let _ = verify(&bundle().to_bytes(), Some(&text));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_panic_nowhere(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_all(&bytes);
    }

    /// Pieces of what the parsers look for, in any order.
    #[test]
    fn random_pieces_panic_nowhere(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)) {
        read_all(pieces.concat().as_bytes());
    }

    #[test]
    fn random_sizes_panic_nowhere(index: u64, size: u64, near in 0_u64..4, level: u8, width: u16, count in 0_usize..70) {
        let proof = vec![leaf_hash(b""); count];
        let (leaf, nodes) = (leaf_hash(b""), Batch::append(&Frontier::empty(), &[leaf_hash(b""); 5]));
        for (index, size) in [(index, size), (index % 8, size), (u64::MAX - near, u64::MAX), (u64::MAX - near, u64::MAX - near)] {
            let _ = (verify_inclusion(&leaf, index, size, &proof, &leaf), inclusion_path(&leaf, index, size, &proof));
            let _ = verify_consistency(index, size, &proof, &leaf, &leaf);
            let _ = (inclusion_proof(index, size, &nodes), consistency_proof(index, size, &nodes));
            let _ = tiles_for_inclusion(index, size);
            let _ = TileId { level, index, width }.path();
            let _ = Frontier::from_parts(size, proof.clone());
        }
    }
}

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "d800",
    "\\udc00",
    "-",
    "0",
    "1e9",
    "9",
    ".",
    "true",
    "null",
    "\n",
    "\n\n",
    " ",
    "\u{2014} ",
    "log ",
    "witness ",
    "group ",
    "quorum ",
    "none",
    "any",
    "index ",
    "extra ",
    "c2sp.org/tlog-proof@v1\n",
    "example.com",
    "+",
    "=",
    "AAAA",
    "tile/",
    "entries/",
    "x001/",
    "000",
    ".p/",
    "\u{ffff}",
    "é",
    "\u{10ffff}",
    "\0",
];
