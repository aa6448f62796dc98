use super::*;

#[test]
fn a_link_never_leads_to_another_site() {
    for next in
        ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/fn/x", "/a\nb"]
    {
        assert_eq!(own_path(next), "/dashboard", "{next:?}");
    }
    assert_eq!(own_path("/receipts?kind=approval"), "/receipts?kind=approval");
}

#[test]
fn what_is_kept_of_a_form_cannot_break_out_of_the_query() {
    assert_eq!(encode("a&b=c d/é"), "a%26b%3Dc%20d%2F%C3%A9");
}

#[test]
fn another_mode_starts_at_the_list() {
    for (from, to) in [
        ("/receipts/rcpt_1?kind=approval", "/receipts"),
        ("/receipts?after=x", "/receipts"),
        ("/imports/imp_1", "/dashboard"),
        ("/keys", "/keys"),
    ] {
        assert_eq!(section(from), to);
    }
}
