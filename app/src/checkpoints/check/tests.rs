use super::lasted;

#[test]
fn a_time_is_as_exact_as_a_reader_wants_it() {
    let said = [0, 449, 9_999, 10_000, 59_999, 200_500, 3_600_000].map(lasted);
    assert_eq!(said, ["0.0 s", "0.4 s", "9.9 s", "10 s", "59 s", "3 min 20 s", "60 min 0 s"]);
}
