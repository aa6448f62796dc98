//! Key events are read as they were written, and believed only from a key of their own log.
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::key_event::{Change, KeyEvent};
use ledger::note::NoteSigner;

const ORIGIN: &str = "log.example/t/00";

fn key(name: &str, seed: u8) -> NoteSigner {
    NoteSigner::from_seed(name, &[seed; 32]).unwrap()
}

fn event(change: Change) -> KeyEvent {
    let key = key(ORIGIN, 2).verifier().clone();
    KeyEvent { change, log: ORIGIN.to_owned(), key, from_size: 17, at: "2026-11-20T09:30:00.000Z".to_owned() }
}

#[test]
fn an_event_is_read_as_it_was_written() {
    for change in [Change::Added, Change::Retired, Change::Revoked] {
        let old = key(ORIGIN, 1);
        let entry = event(change).sign(&old);
        assert!(entry.starts_with("certnode/key-event/v1\nlog log.example/t/00\nevent key_"));
        assert_eq!(KeyEvent::open(&entry, std::slice::from_ref(old.verifier())), Some(event(change)));
    }
}

#[test]
fn an_event_of_another_logs_key_or_with_a_changed_byte_is_none() {
    let (old, other) = (key(ORIGIN, 1), key("log.example/t/01", 1));
    let known = [old.verifier().clone(), other.verifier().clone()];
    assert_eq!(KeyEvent::open(&event(Change::Added).sign(&other), &known), None);
    assert_eq!(KeyEvent::open(&event(Change::Added).sign(&key(ORIGIN, 3)), &known), None);
    let strange = KeyEvent { key: key("log.example/t/02", 2).verifier().clone(), ..event(Change::Added) };
    assert_eq!(KeyEvent::open(&strange.sign(&old), &known), None, "a key of a log that the event is not of");
    let entry = event(Change::Revoked).sign(&old);
    for at in 0..entry.len() {
        let mut spoilt = entry.clone().into_bytes();
        spoilt[at] ^= 1;
        if let Ok(spoilt) = String::from_utf8(spoilt) {
            assert_eq!(KeyEvent::open(&spoilt, &known), None, "byte {at}");
        }
    }
}
