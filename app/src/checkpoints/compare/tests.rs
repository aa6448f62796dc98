use super::*;

#[test]
fn sizes_that_cannot_be_compared_are_answered_in_a_sentence() {
    let said = |from: &str, to: &str| refusal(Some(&(from.to_owned(), to.to_owned())), 1_200);
    assert!(said("x", "3").starts_with("Give both sizes as whole numbers"));
    assert!(said("", "").starts_with("Give both sizes as whole numbers"));
    assert!(said("-1", "3").starts_with("Give both sizes as whole numbers"));
    assert_eq!(said("0", "3"), "The smallest state has 1 entry.");
    assert!(said("1100", "3").starts_with("The earlier state cannot be the larger one: 1,100 is more than 3."));
    assert_eq!(said("3", "1201"), "Your log has 1,200 entries now, and 1,201 were asked for.");
    assert!(said("3", "4").starts_with("Nothing is signed at the moment"));
}
