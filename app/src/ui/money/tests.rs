use super::*;

#[test]
fn amounts_are_written_as_people_read_them() {
    let written = |minor, currency: &str| format_money(&Money { minor, currency: currency.to_owned() });
    assert_eq!(written(123_456_789, "USD"), "$1,234,567.89");
    assert_eq!(written(-5, "EUR"), "−€0.05");
    assert_eq!(written(120_000, "JPY"), "¥120,000");
    assert_eq!(written(100, "CHF"), "1.00 CHF");
    assert_eq!(written(1, "BTC"), "₿0.00000001");
}
