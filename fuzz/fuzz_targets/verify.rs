//! The whole verification of an offline file: as it says itself, and by the key of a log that signed one receipt.
#![no_main]

use std::sync::LazyLock;

use ledger::bundle::Bundle;
use ledger::verify::verify;
use libfuzzer_sys::fuzz_target;

static SAMPLE: LazyLock<Option<Bundle>> =
    LazyLock::new(|| Bundle::parse(include_bytes!("../../app/src/verify/sample.certnode")).ok());

fuzz_target!(|data: &[u8]| {
    let report = verify(data, None);
    assert!(!report.is_verified() || report.failed().is_none());
    assert!(report.steps.iter().all(|step| !step.detail.is_empty()), "every step says what it saw");
    let Some(sample) = &*SAMPLE else { panic!("the sample is a bundle") };
    if verify(data, Some(&sample.policy)).is_verified() {
        let bundle = Bundle::parse(data);
        let is_it = |bundle: &Bundle| {
            let says_the_same = bundle.payload.is_none() || bundle.payload == sample.payload;
            bundle.statement == sample.statement && says_the_same
        };
        assert!(bundle.as_ref().is_ok_and(is_it), "nothing else is believed by that log's key");
    }
});
