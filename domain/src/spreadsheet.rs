//! Rows that spreadsheets read (CSV, RFC 4180), in which no text is taken for a formula.

/// A row with its line break.
///
/// A cell that a spreadsheet would compute (CWE-1236) has `'` before it; a decimal such as `-11.77` is what it is.
pub fn row<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let mut row = String::with_capacity(128);
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            row.push(',');
        }
        push(&mut row, cell);
    }
    row.push_str("\r\n");
    row
}

fn push(row: &mut String, cell: &str) {
    let guarded = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_decimal(cell);
    let quoted = cell.contains([',', '"', '\r', '\n', '\t', ';']) || cell.starts_with(' ') || cell.ends_with(' ');
    if quoted {
        row.push('"');
    }
    if guarded {
        row.push('\'');
    }
    for (index, part) in cell.split('"').enumerate() {
        if index > 0 {
            row.push_str("\"\"");
        }
        row.push_str(part);
    }
    if quoted {
        row.push('"');
    }
}

/// `-11.77`: a number, and nothing else.
fn is_decimal(cell: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    digits(whole) && digits(fraction)
}

#[cfg(test)]
mod tests;
