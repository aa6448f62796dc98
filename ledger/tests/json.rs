//! What the strict reader refuses, and where it says the fault is; and what keys are derived from.
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::json::{self, Limits, Value};
use ledger::key::{derive_key, opaque_id};

fn place(document: &str) -> (usize, usize, usize, String) {
    let error = json::parse(document.as_bytes()).unwrap_err();
    assert!(error.to_string().contains(error.reason));
    (error.offset, error.line, error.column, error.path)
}

#[test]
fn a_fault_is_placed_by_offset_line_column_and_path() {
    for (document, expected) in [
        ("", (0, 1, 1, "")),
        ("\u{feff}1", (0, 1, 1, "")),
        ("{} x", (3, 1, 4, "")),
        ("{\"a\":1,\n \"a\":2}", (9, 2, 2, "a")),
        ("{\"items\":[1,{\"é\":\"\\ud800\"}]}", (19, 1, 19, "items[1].é")),
        ("[[1,2],[3,1e999]]", (10, 1, 11, "[1][1]")),
        ("[1,\"\u{ffff}\"]", (4, 1, 5, "[1]")),
        ("{\"a\" 1}", (5, 1, 6, "")),
    ] {
        let (offset, line, column, path) = expected;
        assert_eq!(place(document), (offset, line, column, path.to_owned()), "{document}");
    }
}

#[test]
fn limits_hold_to_the_byte_and_level() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(json::parse(deep(32).as_bytes()).is_ok());
    assert!(json::parse(deep(33).as_bytes()).is_err());
    let long = |bytes: usize| format!("\"{}\"", "a".repeat(bytes - 2));
    assert!(json::parse(long(256 << 10).as_bytes()).is_ok());
    assert!(json::parse(long((256 << 10) + 1).as_bytes()).is_err());
    assert!(json::parse_with(b"[[1]]", Limits { bytes: 5, depth: 1 }).is_err());
}

#[test]
fn a_name_given_twice_is_found_in_objects_of_any_size() {
    for count in [1, 2, 15, 16, 17, 18, 2000] {
        let mut members: Vec<String> = (0..count).map(|member| format!("\"{member}\":0")).collect();
        assert!(json::parse(format!("{{{}}}", members.join(",")).as_bytes()).is_ok());
        for twin in [0, count / 2, count - 1] {
            // Escaped, a name is still the same name.
            members.push(format!(
                "\"\\u00{:02x}{}\":0",
                0x30 + twin.to_string().as_bytes()[0] - b'0',
                &twin.to_string()[1..]
            ));
            assert!(json::parse(format!("{{{}}}", members.join(",")).as_bytes()).is_err(), "{twin} of {count}");
            members.pop();
        }
    }
}

#[test]
fn receipts_hold_integers_that_every_reader_counts_exactly() {
    let check = |document: &str| json::parse(document.as_bytes()).unwrap().check_integers();
    for exact in ["0", "-1", "9007199254740991", "-9007199254740991", "[1,{\"a\":2}]", "\"1.5\""] {
        assert_eq!(check(exact), Ok(()), "{exact}");
    }
    for (inexact, path) in [
        ("1.0", ""),
        ("1e2", ""),
        ("9007199254740992", ""),
        ("-9007199254740992", ""),
        ("18446744073709551615", ""),
        ("{\"items\":[0,0,{\"price\":0.1}]}", "items[2].price"),
    ] {
        assert_eq!(check(inexact), Err(path.to_owned()), "{inexact}");
    }
    assert_eq!(json::parse(b"9007199254740991").unwrap(), Value::Integer(json::MAX_SAFE_INTEGER));
}

#[test]
fn keys_differ_by_master_purpose_and_tenant() {
    let keys = [
        *derive_key(&[1; 32], "certnode 2026-11-20 tenant checkpoint v1", b"acme"),
        *derive_key(&[2; 32], "certnode 2026-11-20 tenant checkpoint v1", b"acme"),
        *derive_key(&[1; 32], "certnode 2026-11-20 tenant issuing v1", b"acme"),
        *derive_key(&[1; 32], "certnode 2026-11-20 tenant checkpoint v1", b"other"),
    ];
    assert!((1..keys.len()).all(|index| !keys[..index].contains(&keys[index])));
    assert_eq!(
        keys[0],
        blake3::derive_key("certnode 2026-11-20 tenant checkpoint v1", &[&[1; 32][..], b"acme"].concat())
    );
    assert_eq!(opaque_id(&[1; 32], b"acme"), blake3::keyed_hash(&[1; 32], b"acme").as_bytes()[..16]);
}
