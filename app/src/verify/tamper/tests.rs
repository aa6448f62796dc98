use super::*;

#[test]
fn a_file_that_is_no_bundle_is_left_as_it_is() {
    assert_eq!(tamper("not a bundle", "payload"), "not a bundle");
}

#[test]
fn only_the_wanted_line_changes() {
    assert_eq!(change_line("one\ntwo\nthree\n", 1), "one\nAwo\nthree\n");
    assert_eq!(grow_size("log\n7\nroot\n", 1), "log\n8\nroot\n");
    assert_eq!(grow_size("log\nx\n", 1), "log\nx\n");
}
