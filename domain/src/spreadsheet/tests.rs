use super::row;

#[test]
fn cells_are_quoted_where_they_must_be() {
    assert_eq!(
        row(["plain", "a,b", "say \"hi\"", "two\nlines", " spaced", ""]),
        "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\" spaced\",\r\n"
    );
}

#[test]
fn no_text_is_a_formula() {
    for evil in ["=1+1", "+1", "@SUM(A1)", "-1+cmd|' /C calc'!A0", "-", "--1", "-1.2.3", "-.5", "-5."] {
        assert_eq!(row([evil]), format!("'{evil}\r\n"), "{evil}");
    }
    assert_eq!(row(["\t=1"]), "\"'\t=1\"\r\n");
    assert_eq!(row(["\r=1"]), "\"'\r=1\"\r\n");
    assert_eq!(row(["=HYPERLINK(\"x\",\"y\")"]), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"\r\n");
}

#[test]
fn decimals_are_numbers() {
    for number in ["-11.77", "-5", "11.77", "0"] {
        assert_eq!(row([number]), format!("{number}\r\n"));
    }
}
