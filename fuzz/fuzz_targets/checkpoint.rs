//! A checkpoint: C2SP tlog-checkpoint.
#![no_main]

use ledger::checkpoint::Checkpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(checkpoint) = Checkpoint::parse(text) {
        assert!(text.starts_with(&checkpoint.text()), "only extension lines may follow");
        assert_eq!(Checkpoint::parse(&checkpoint.text()).as_ref(), Some(&checkpoint));
    }
});
