//! The offline file, `.certnode`.
#![no_main]

use ledger::bundle::Bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(bundle) = Bundle::parse(data) {
        let bytes = bundle.to_bytes();
        assert_eq!(Bundle::parse(&bytes).map(|again| again.to_bytes()), Ok(bytes), "what is written is read again");
    }
});
