//! What a witness is asked: C2SP tlog-witness.
#![no_main]

use ledger::witness::AddCheckpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(request) = AddCheckpoint::parse(text) {
        assert_eq!(AddCheckpoint::parse(&request.text()), Some(request));
    }
});
