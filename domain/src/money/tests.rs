use super::*;

fn minor(value: &str, currency: &str) -> Result<i64, MoneyError> {
    Money::parse(value, currency).map(|money| money.minor)
}

#[test]
fn decimals_follow_the_currency() {
    assert_eq!(minor("11.77", "USD"), Ok(1177));
    assert_eq!(minor("12", "USD"), Ok(1200));
    assert_eq!(minor("1200", "JPY"), Ok(1200));
    assert_eq!(minor("1.5", "KWD"), Ok(1500));
    assert_eq!(minor("-0.00000001", "BTC"), Ok(-1));
}

#[test]
fn what_is_not_exact_is_refused() {
    assert_eq!(minor("11.777", "USD"), Err(MoneyError::Decimals));
    assert_eq!(minor("1.5", "JPY"), Err(MoneyError::Decimals));
    assert_eq!(minor("90071992547409.92", "USD"), Err(MoneyError::Range));
    for value in ["", "-", ".5", "5.", "1e3", "1,000.00", "+1", " 1", "--1", "١"] {
        assert_eq!(minor(value, "USD"), Err(MoneyError::Syntax), "{value:?}");
    }
    for currency in ["", "US", "usd", "DOLLAR", "U$D"] {
        assert_eq!(minor("1", currency), Err(MoneyError::Currency), "{currency:?}");
    }
}

#[test]
fn a_value_reads_back_as_the_same_amount() {
    for (minor, currency, value) in
        [(1177, "USD", "11.77"), (-5, "USD", "-0.05"), (0, "JPY", "0"), (1, "BTC", "0.00000001")]
    {
        let money = Money { minor, currency: currency.to_owned() };
        assert_eq!(money.value(), value);
        assert_eq!(Money::parse(value, currency), Ok(money));
    }
}
