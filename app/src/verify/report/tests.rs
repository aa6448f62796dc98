#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::json::parse_with;
use ledger::json::{Limits, Value};
use ledger::period::{Failure, Found};

use super::{csv, json};

fn found() -> Found {
    let failure = |index, detail: &str| Failure {
        index,
        id: Some(format!("rcpt_{index}")),
        step: "payload",
        detail: detail.to_owned(),
    };
    Found { failures: vec![failure(7, "Changed, \"twice\"."), failure(9, "=1+1")], failed: 12, ..Found::default() }
}

#[test]
fn a_report_names_the_failures_first_and_ends_with_the_verdict() {
    let text = csv(&found(), "receipts.tar", "2026-11-21T09:00:00Z");
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines[0], "what,entry,receipt,step,outcome,detail");
    assert_eq!(lines[1], "receipt,7,rcpt_7,payload,failed,\"Changed, \"\"twice\"\".\"");
    assert_eq!(lines[2], "receipt,9,rcpt_9,payload,failed,'=1+1");
    assert_eq!(lines[3], "receipt,,,,failed,10 receipts more do not hold and are not named here.");
    assert!(lines[4].starts_with("file,,,,failed,\"receipts.tar, checked at 2026-11-21T09:00:00Z."), "{}", lines[4]);
}

#[test]
fn a_report_for_programs_says_which_file_and_when() {
    let text = json(&found(), "receipts.tar", "2026-11-21T09:00:00Z");
    let value = parse_with(text.as_bytes(), Limits { bytes: 1 << 20, depth: 8 }).unwrap();
    assert_eq!(value.get("file"), Some(&Value::from("receipts.tar")));
    assert_eq!((value.get("failed"), value.get("verified")), (Some(&Value::Integer(12)), Some(&Value::Bool(false))));
    assert_eq!(Found::from_json(text.as_bytes()), Some(found()));
}
