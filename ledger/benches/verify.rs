//! How long verifying takes: one receipt with 57 nodes and five signatures, and a period of ten thousand. Prints figures for
//! `make bench`; gates nothing.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::hint::black_box;
use std::time::Instant;

use ledger::bundle::Bundle;
use ledger::commitment::commit;
use ledger::json;
use ledger::key::IssuingKey;
use ledger::period::PeriodVerification;
use ledger::statement::Statement;
use ledger::verify::verify;

#[path = "../tests/support/days.rs"]
mod days;
#[path = "../tests/support/deep.rs"]
mod deep;

const RUNS: usize = 2_000;
const RECEIPTS: u64 = 10_000;

fn main() {
    one();
    period();
}

/// A receipt of a tenant with 10^8 of them, in a root log of 10^9 entries, with three cosignatures.
fn one() {
    let issuer = IssuingKey::from_seed(deep::LOG, &[4; 32]).unwrap();
    let (salt, payload) =
        ([5; 16], br#"{"amount":{"currency":"EUR","value":"49.90"},"kind":"transaction","reference":"order-1001"}"#);
    let statement = Statement {
        log: deep::LOG.to_owned(),
        id: "rcpt_01kaqm7n4ef8zs9v0yq2p00001".to_owned(),
        kind: "transaction".to_owned(),
        issued_at: "2026-11-20T09:30:00.000Z".to_owned(),
        schema: "transaction/1".to_owned(),
        payload: commit(&salt, payload),
        evidence: Vec::new(),
        refs: Vec::new(),
        idempotency: None,
    };
    let statement = statement.sign(&issuer).unwrap();
    let (tenant, root, witnesses) = deep::witnessed(&statement);
    let key = |origin: &str| deep::signer(origin).verifier().to_string();
    let mut policy = format!("log {}\nlog {}\n", key(deep::LOG), key(deep::ROOT));
    for (n, witness) in witnesses.iter().enumerate() {
        policy += &format!("witness w{n} {}\n", witness.verifier());
    }
    policy += "group enough 2 w0 w1 w2\nquorum enough\n";
    let proofs = tenant.text().len() + root.text().len();
    let bundle = Bundle {
        statement,
        payload: Some(json::parse(payload).unwrap()),
        salt: Some(salt),
        tenant_proof: tenant.text(),
        root_proof: Some(root.text()),
        policy,
        issuing_keys: vec![(issuer.verifier().to_string(), 0)],
        revoked_keys: Vec::new(),
    };
    let bundle = bundle.to_bytes();
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            let report = verify(black_box(&bundle), None);
            let took = started.elapsed().as_secs_f64() * 1e3;
            assert!(report.is_verified() && report.witnesses.len() == 3, "{:?}", report.failed());
            took
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "proofs at 10^8 and 10^9 entries: {proofs} bytes, three cosignatures included; the whole file: {} bytes",
        bundle.len()
    );
    println!("verify, one receipt: p50 {:.3} ms, p99 {:.3} ms", times[RUNS / 2], times[RUNS * 99 / 100]);
}

/// A period of a log that is in no tree as deep.
fn period() {
    let log = days::log(RECEIPTS);
    let archive = days::archive(&log, (1, RECEIPTS / 10), |_| ());
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let started = Instant::now();
            let mut verification = PeriodVerification::new(None);
            verification.push(black_box(&archive));
            let found = verification.finish();
            assert!(found.is_verified(), "{:?}", found.steps);
            started.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("verify, a period of {RECEIPTS}: {:.0} receipts/s", RECEIPTS as f64 / times[2]);
}
