//! A log of many days, and the archive of some of them.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests and a benchmark use it")]

use ledger::checkpoint::Checkpoint;
use ledger::commitment::commit;
use ledger::hash::{Hash, leaf_hash, sha256};
use ledger::key::IssuingKey;
use ledger::note::NoteSigner;
use ledger::period::{END, HEAD, Head, MANIFEST, Manifest, entries_name, line, member};
use ledger::proof::Nodes as _;
use ledger::statement::Statement;
use ledger::tree::{Batch, Frontier, subtrees};

/// The log of the scene.
pub const LOG: &str = "log.example/t/1";

/// An entry with what it is committed to.
pub struct Entry {
    pub statement: Vec<u8>,
    pub salt: [u8; 16],
    payload: Vec<u8>,
}

/// The n-th day, of months that all have 28.
fn day(n: u64) -> String {
    format!("{}-{:02}-{:02}", 2026 + (n - 1) / 336, 1 + (n - 1) / 28 % 12, 1 + (n - 1) % 28)
}

/// A log of which entries `n` was signed on day 1, 2, 3 …, ten a day.
pub fn log(size: u64) -> Vec<Entry> {
    let key = IssuingKey::from_seed(LOG, &[1; 32]).unwrap();
    let entry = |n: u64| {
        let (salt, payload) = ([n as u8; 16], format!(r#"{{"reference":"order-{n}"}}"#).into_bytes());
        let statement = Statement {
            log: LOG.to_owned(),
            id: format!("rcpt_01kaqm7n4ef8zs9v0yq2p{n:05}"),
            kind: "transaction".to_owned(),
            issued_at: format!("{}T09:30:00.000Z", day(1 + n / 10)),
            schema: "receipt/1".to_owned(),
            payload: commit(&salt, &payload),
            evidence: Vec::new(),
            refs: Vec::new(),
            idempotency: None,
        };
        Entry { statement: statement.sign(&key).unwrap(), salt, payload }
    };
    (0..size).map(entry).collect()
}

/// The archive of days, with the entries on either side; `spoil` may change the lines.
pub fn archive(log: &[Entry], days: (u64, u64), spoil: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let size = log.len() as u64;
    let leaves: Vec<Hash> = log.iter().map(|entry| leaf_hash(&entry.statement)).collect();
    let batch = Batch::append(&Frontier::empty(), &leaves);
    let (first, after) = ((days.0 - 1) * 10, (days.1 * 10).min(size));
    let (from_index, until_index) = (first.saturating_sub(1), (after + 1).min(size));
    let nodes = |from, until| {
        subtrees(from, until).into_iter().map(|(level, index)| batch.node(level, index).unwrap()).collect()
    };
    let signer = NoteSigner::from_seed(LOG, &[2; 32]).unwrap();
    let issuer = IssuingKey::from_seed(LOG, &[1; 32]).unwrap();
    let head = Head {
        from: day(days.0),
        until: day(days.1),
        from_index,
        until_index,
        checkpoint: Checkpoint::new(LOG, size, *batch.root()).sign(&signer),
        left: nodes(0, from_index),
        right: nodes(until_index, size),
        root_proof: None,
        policy: format!("log {}\nquorum none\n", signer.verifier()),
        issuing_keys: vec![(issuer.verifier().to_string(), 0)],
        revoked_keys: Vec::new(),
    };
    let mut lines: Vec<Vec<u8>> = (from_index..until_index)
        .map(|n| {
            let entry = &log[n as usize];
            line(&entry.statement, (first..after).contains(&n).then_some((&entry.salt, entry.payload.as_slice())))
        })
        .collect();
    spoil(&mut lines);
    let mut bytes = member(HEAD, &head.to_bytes());
    for (chunk, lines) in lines.chunks(4).enumerate() {
        bytes.extend(member(&entries_name(from_index + 4 * chunk as u64), &lines.concat()));
    }
    let payloads = lines.iter().filter(|line| !line.ends_with(b"\t\n")).count() as u64;
    let manifest = Manifest { entries: lines.len() as u64, payloads, sha256: sha256(&[&bytes]) };
    bytes.extend(member(MANIFEST, &manifest.to_bytes()));
    bytes.extend(END);
    bytes
}
