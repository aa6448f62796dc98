use super::*;

#[test]
fn members_and_elements_stand_on_lines_of_their_own() {
    assert_eq!(
        pretty(r#"{"a":[1,2],"b":{"c":null}}"#),
        "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {\n    \"c\": null\n  }\n}"
    );
}

#[test]
fn what_is_empty_stays_on_its_line() {
    assert_eq!(pretty(r#"{"a":[],"b":{}}"#), "{\n  \"a\": [],\n  \"b\": {}\n}");
}

#[test]
fn the_words_are_untouched() {
    assert_eq!(pretty(r#"{"a":"{,:}\"[","b":"\\"}"#), "{\n  \"a\": \"{,:}\\\"[\",\n  \"b\": \"\\\\\"\n}");
}
