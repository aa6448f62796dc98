use super::*;

#[test]
fn a_kind_counts_for_the_pages_that_show_it_only() {
    let mut counts = Counts::default();
    counts.add("receipts.issued");
    counts.add("receipts.issued");
    counts.add("api_key.created");
    assert_eq!(counts.of(&["receipts"]), 2);
    assert_eq!(counts.of(&["receipts", "api_key"]), 3);
    assert_eq!(counts.of(&["import"]), 0);
}

#[test]
fn after_a_gap_everything_counts_as_happened() {
    let mut counts = Counts::default();
    counts.add(RESYNC);
    assert_eq!(counts.of(&["receipts"]), 1);
    assert_eq!(counts.of(&["import"]), 1);
}
