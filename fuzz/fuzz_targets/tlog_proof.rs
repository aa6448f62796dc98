//! A proof in a file: C2SP tlog-proof.
#![no_main]

use ledger::tlog_proof::TlogProof;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(proof) = TlogProof::parse(text) {
        assert_eq!(TlogProof::parse(&proof.text()), Some(proof));
    }
});
