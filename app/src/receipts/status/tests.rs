use super::*;

#[test]
fn witnesses_are_counted_and_named() {
    let status = |names: &[&str], asked| Status {
        anchored: None,
        witnesses: names.iter().map(|&name| name.to_owned()).collect(),
        asked,
    };
    assert!(witnesses(&status(&[], 0), State::Anchored).contains("asks no witnesses"));
    assert!(witnesses(&status(&[], 3), State::Anchored).starts_with("None of 3"));
    assert_eq!(witnesses(&status(&["w1"], 3), State::Anchored), "By 1 of 3 so far: w1. More are needed.");
    assert!(witnesses(&status(&["w1", "w3"], 3), State::Witnessed).starts_with("By 2 of 3: w1, w3 signed"));
}
