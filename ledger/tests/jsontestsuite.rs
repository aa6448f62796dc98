//! nst/JSONTestSuite: what a JSON parser must accept, must refuse and may choose; and where I-JSON (RFC 7493) is stricter.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use ledger::json::{Limits, parse_with};

/// Deep and large enough for every document of the suite that is to be accepted.
const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 512 };

/// Valid JSON that I-JSON refuses: a name twice (RFC 7493 §2.3), and noncharacters (§2.1).
const REFUSED: [&str; 10] = [
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_string_escaped_noncharacter.json",
    "y_string_last_surrogates_1_and_2.json",
    "y_string_nonCharacterInUTF-8_U+10FFFF.json",
    "y_string_nonCharacterInUTF-8_U+FFFF.json",
    "y_string_unicode_U+10FFFE_nonchar.json",
    "y_string_unicode_U+1FFFE_nonchar.json",
    "y_string_unicode_U+FDD0_nonchar.json",
    "y_string_unicode_U+FFFE_nonchar.json",
];

/// Of the documents left to the parser: numbers that a double holds, rounded if need be, and nesting within the limits given here.
const CHOSEN: [&str; 6] = [
    "i_number_double_huge_neg_exp.json",
    "i_number_real_underflow.json",
    "i_number_too_big_neg_int.json",
    "i_number_too_big_pos_int.json",
    "i_number_very_big_negative_int.json",
    "i_structure_500_nested_arrays.json",
];

/// Names and verdicts of the documents with this prefix.
fn verdicts(prefix: &str) -> Vec<(String, bool)> {
    let named = support::files("jsontestsuite/test_parsing").into_iter().filter_map(|path| {
        let name = path.file_name()?.to_str()?.to_owned();
        name.starts_with(prefix).then_some((path, name))
    });
    named.map(|(path, name)| (name, parse_with(&std::fs::read(path).unwrap(), LIMITS).is_ok())).collect()
}

fn with(verdicts: &[(String, bool)], accepted: bool) -> Vec<&str> {
    verdicts.iter().filter(|(_, verdict)| *verdict == accepted).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn valid_documents_are_accepted_except_what_i_json_forbids() {
    let verdicts = verdicts("y_");
    assert_eq!(verdicts.len(), 95);
    assert_eq!(with(&verdicts, false), REFUSED);
    assert_eq!(with(&verdicts, true).len(), 85);
}

#[test]
fn invalid_documents_are_refused() {
    let verdicts = verdicts("n_");
    assert_eq!(verdicts.len(), 188);
    assert_eq!(with(&verdicts, true), Vec::<&str>::new());
}

#[test]
fn documents_left_to_the_parser_have_stated_verdicts() {
    let verdicts = verdicts("i_");
    assert_eq!(verdicts.len(), 35);
    assert_eq!(with(&verdicts, true), CHOSEN);
}
