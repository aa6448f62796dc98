//! The whole verification of an offline file.
#![no_main]

use ledger::verify::verify;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let report = verify(data, None);
    assert!(!report.is_verified() || report.failed().is_none());
    assert!(report.steps.iter().all(|step| !step.detail.is_empty()), "every step says what it saw");
});
