//! The archive of a period, whole and in pieces.
#![no_main]

use ledger::period::PeriodVerification;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let check = |pieces: usize| {
        let mut verification = PeriodVerification::new(None);
        data.chunks(pieces).for_each(|piece| verification.push(piece));
        verification.finish().to_json()
    };
    let whole = check(usize::MAX);
    assert_eq!(check(97), whole, "it does not matter how the bytes come");
});
