//! A signed statement: an entry of a log.
#![no_main]

use ledger::statement::Signed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(signed) = Signed::parse(data) {
        assert_eq!(Signed::parse(data), Ok(signed), "reading is a function of the bytes");
    }
});
