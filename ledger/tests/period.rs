//! A period's archive: complete or refused.
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::note::NoteSigner;
use ledger::period::{Found, PeriodVerification};

#[path = "support/days.rs"]
mod days;

use days::{LOG, archive, log};

fn check(archive: &[u8]) -> Found {
    let mut verification = PeriodVerification::new(None);
    // In pieces that begin and end anywhere.
    archive.chunks(97).for_each(|piece| verification.push(piece));
    verification.finish()
}

fn failed(found: &Found) -> Vec<&str> {
    found.steps.iter().filter(|step| step.outcome == ledger::verify::Outcome::Failed).map(|step| step.id).collect()
}

#[test]
fn a_period_verifies_wherever_it_lies_in_the_log() {
    for size in [41, 64, 100] {
        let log = log(size);
        for days in [(1, 1), (2, 3), (4, 5), (1, 9), (5, 28)] {
            let found = check(&archive(&log, days, |_| ()));
            assert!(found.is_verified(), "{size} {days:?}: {:?}", found.steps);
            let (first, after) = (((days.0 - 1) * 10).max(1), (days.1 * 10).min(size));
            assert_eq!((found.receipts, found.without_contents), (after - first, 0), "{size} {days:?}");
        }
    }
}

#[test]
fn what_was_found_is_passed_on_as_json_and_an_entry_counts_once() {
    let twice = |lines: &mut Vec<Vec<u8>>| {
        // Another log's statement, with contents that are not its own.
        let line = String::from_utf8(lines[3].clone()).unwrap();
        lines[3] = line.replace(r#""log":"log."#, r#""log":"lag."#).replace("order-", "ordem-").into_bytes();
    };
    let found = check(&archive(&log(40), (2, 3), twice));
    assert_eq!(
        found.failures.iter().map(|failure| (failure.index, failure.step)).collect::<Vec<_>>(),
        [(12, "signature"), (12, "payload")]
    );
    assert_eq!((found.failed, found.untold()), (1, 0));
    for found in [found, check(&archive(&log(40), (2, 3), |_| ()))] {
        let json = ledger::jcs::canonical(&found.to_json());
        assert_eq!(Found::from_json(&json), Some(found));
    }
    assert_eq!(Found::from_json(b"{}"), None);
}

#[test]
fn no_byte_of_an_archive_can_be_another() {
    let whole = archive(&log(20), (1, 1), |_| ());
    for at in (0..whole.len()).step_by(3) {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 1 << (at % 8);
        assert!(!check(&spoilt).is_verified(), "byte {at}");
    }
    for end in (0..whole.len()).step_by(61) {
        let found = check(&whole[..end]);
        assert!(!found.is_verified() && failed(&found).contains(&"format"), "cut at {end}");
    }
}

#[test]
fn what_is_missing_changed_or_added_is_named() {
    let log = log(60);
    let spoilt = |spoil: &dyn Fn(&mut Vec<Vec<u8>>)| check(&archive(&log, (2, 3), spoil));
    let missing = spoilt(&|lines| drop(lines.remove(7)));
    assert_eq!(failed(&missing)[0], "inclusion", "{:?}", missing.steps);
    let swapped = spoilt(&|lines| lines.swap(3, 4));
    assert_eq!((failed(&swapped), swapped.failed), (vec!["inclusion"], 0));
    let changed = spoilt(&|lines| {
        let text = String::from_utf8(lines[5].clone()).unwrap().replace("order-14", "order-15");
        lines[5] = text.into_bytes();
    });
    assert_eq!((failed(&changed), changed.failed), (vec!["payload"], 1));
    assert_eq!(
        (changed.failures[0].index, changed.failures[0].id.as_deref()),
        (14, Some("rcpt_01kaqm7n4ef8zs9v0yq2p00014"))
    );
    let erased =
        spoilt(&|lines| lines[5] = [lines[5].split(|byte| *byte == b'\t').next().unwrap(), b"\t\t\n"].concat());
    assert!(erased.is_verified() && erased.without_contents == 1, "{:?}", erased.steps);
    let narrow = check(&archive(&log, (2, 3), |lines| lines.truncate(4)));
    assert!(!narrow.is_verified());
}

#[test]
fn a_policy_of_ones_own_is_asked() {
    let archive = archive(&log(20), (1, 1), |_| ());
    let with = |policy: &str| {
        let mut verification = PeriodVerification::new(Some(policy));
        verification.push(&archive);
        assert_eq!(verification.progress(), (11, 11));
        verification.finish()
    };
    let key = NoteSigner::from_seed(LOG, &[2; 32]).unwrap().verifier().to_string();
    let other = NoteSigner::from_seed(LOG, &[3; 32]).unwrap().verifier().to_string();
    assert!(with(&format!("log {key}\nquorum none\n")).is_verified());
    assert_eq!(failed(&with(&format!("log {other}\nquorum none\n"))), ["checkpoint"]);
}
