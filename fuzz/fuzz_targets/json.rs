//! Strict I-JSON (RFC 7493) and its canonical form (RFC 8785).
#![no_main]

use ledger::jcs::canonical;
use ledger::json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(value) = json::parse(data) else { return };
    // What we accept, everybody accepts; and canonical form is a fixed point.
    assert!(serde_json::from_slice::<serde_json::Value>(data).is_ok());
    let bytes = canonical(&value);
    let again = json::parse_with(&bytes, json::Limits { bytes: usize::MAX, depth: 64 });
    assert_eq!(again.map(|value| canonical(&value)), Ok(bytes));
});
