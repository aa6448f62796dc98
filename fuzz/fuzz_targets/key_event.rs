//! What the root log says of a key.
#![no_main]

use ledger::key_event::KeyEvent;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(event) = KeyEvent::parse(text) {
        assert_eq!(event.to_string(), text, "an event is written as it was read");
        assert_eq!(KeyEvent::open(text, std::slice::from_ref(&event.key)), None, "and is believed of no one unsigned");
    }
    let _ = KeyEvent::open(text, &[]);
});
