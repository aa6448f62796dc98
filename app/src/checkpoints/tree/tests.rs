use domain::checkpoints::Subtree;

use super::*;

#[test]
fn the_sentence_names_every_block() {
    let edge = |sizes: &[u64]| -> Vec<Subtree> {
        sizes.iter().map(|entries| Subtree { entries: *entries, hash: String::new() }).collect()
    };
    assert_eq!(said(0, &edge(&[])), "The log has no entries yet.");
    assert!(said(8, &edge(&[8])).starts_with("The 8 entries make one full block."));
    assert!(said(1028, &edge(&[1024, 4])).starts_with("The 1,028 entries stand in 2 full blocks: of 1,024 and 4."));
}

#[test]
fn large_blocks_have_short_names() {
    assert_eq!([short(1), short(524_288), short(1_048_576)], ["1", "524,288", "1.0 M"]);
}
