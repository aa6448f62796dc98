use ledger::period::{Failure, Found};
use ledger::verify::{Outcome, STEPS, Step};

use super::{summary, verdict};

fn found(failed: &[(u64, &'static str)], broken: &[&str]) -> Found {
    let ids = ["format", "payload", "signature", "inclusion", "period", "checkpoint", "anchor", "witnesses"];
    let title = |id| STEPS.iter().find(|(known, _)| *known == id).map_or("The period is all there", |(_, title)| title);
    let outcome = |id| if broken.contains(&id) { Outcome::Failed } else { Outcome::Passed };
    let step = |id| Step { id, title: title(id), outcome: outcome(id), detail: String::new() };
    let failure =
        |(index, step): &(u64, &'static str)| Failure { index: *index, id: None, step, detail: String::new() };
    Found {
        steps: ids.map(step).to_vec(),
        failures: failed.iter().map(failure).collect(),
        failed: failed.len() as u64,
        receipts: 10_000,
        period: ("2026-11-01".to_owned(), "2026-11-30".to_owned()),
        ..Found::default()
    }
}

#[test]
fn a_whole_period_is_said_to_be_whole() {
    let found = found(&[], &[]);
    assert_eq!(verdict(&found), "Verified, on this machine: 10,000 receipts of 2026-11-01 to 2026-11-30");
    assert!(summary(&found)[0].contains("10,000 in total. Each is as it was certified; none was left out"));
}

#[test]
fn what_does_not_hold_is_counted_by_what_is_wrong_with_it() {
    let contents = found(&[(3, "payload"), (9, "payload")], &["format", "payload"]);
    assert_eq!(verdict(&contents), "Not verified: 2 receipts do not hold");
    let said = summary(&contents);
    assert!(said[0].contains("2 with other contents than were certified. They are named above"), "{said:?}");
    assert!(said[1].starts_with("Every other receipt is as it was certified, and none was left out"), "{said:?}");
    let signed = summary(&found(&[(3, "signature")], &["format", "signature", "inclusion"]));
    assert!(signed[0].contains("1 receipt in this file does not hold: 1 without a signature that fits"), "{signed:?}");
    assert!(signed[1].contains("whether some were left out cannot be told"), "{signed:?}");
}

#[test]
fn a_file_that_was_cut_off_is_not_to_be_relied_on() {
    let found = found(&[], &["format", "inclusion"]);
    assert_eq!(verdict(&found), "Not verified: “The file is a receipt bundle” does not hold");
    assert!(summary(&found)[0].contains("ask whoever gave it to you for a new export"));
}
