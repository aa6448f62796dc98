//! Which column of a file becomes which part of a receipt.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a file is read. Columns are named by the header, or `1`, `2` … when there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// The receipts' kind.
    pub kind: String,
    /// Between columns: one character, or `whitespace` for runs of blanks.
    pub delimiter: String,
    /// Whether the first line names the columns.
    pub header: bool,
    /// The column with the caller's own name for the event.
    pub reference: Option<String>,
    /// The column with the time it happened.
    pub occurred_at: Option<String>,
    /// How that column is written: `date` (YYYY-MM-DD), `compact` (YYYYMMDD), `rfc3339` or `unix` (seconds).
    pub time_format: String,
    /// The column with a decimal amount.
    pub amount: Option<String>,
    /// The column with the currency, or …
    pub currency_column: Option<String>,
    /// … the one currency of the whole file.
    pub currency: Option<String>,
    /// Columns that go into the receipt's data: `(name, column)`. Empty: every column not mapped above, by its own name.
    pub data: Vec<(String, String)>,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            kind: "transaction".to_owned(),
            delimiter: ",".to_owned(),
            header: true,
            reference: None,
            occurred_at: None,
            time_format: "date".to_owned(),
            amount: None,
            currency_column: None,
            currency: None,
            data: Vec::new(),
        }
    }
}

/// A `--map` that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingError(pub String);

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Mapping {
    /// Takes one `TARGET=COLUMN`: `reference=order`, `occurred_at=date:compact`, `amount=total`, `currency=USD`,
    /// `currency_column=ccy`, `kind=transaction`, `delimiter=whitespace`, `header=no`, `data.items=number_of_cds`.
    pub fn set(&mut self, pair: &str) -> Result<(), MappingError> {
        let wanted = || MappingError(format!("`{pair}` is not TARGET=COLUMN"));
        let (target, value) = pair.split_once('=').ok_or_else(wanted)?;
        if value.is_empty() {
            return Err(wanted());
        }
        let value = value.to_owned();
        match target {
            "kind" => self.kind = value,
            "delimiter" => self.delimiter = value,
            "header" => self.header = value == "yes",
            "reference" => self.reference = Some(value),
            "amount" => self.amount = Some(value),
            "currency" => self.currency = Some(value),
            "currency_column" => self.currency_column = Some(value),
            "occurred_at" => match value.split_once(':') {
                Some((column, format)) if ["date", "compact", "rfc3339", "unix"].contains(&format) => {
                    self.occurred_at = Some(column.to_owned());
                    self.time_format = format.to_owned();
                }
                Some((_, format)) => {
                    return Err(MappingError(format!("`{format}` is not one of date, compact, rfc3339, unix")));
                }
                None => self.occurred_at = Some(value),
            },
            _ => match target.strip_prefix("data.") {
                Some(name) if !name.is_empty() => self.data.push((name.to_owned(), value)),
                _ => {
                    return Err(MappingError(format!(
                        "`{target}` is not one of kind, delimiter, header, reference, occurred_at, amount, currency, currency_column, data.NAME"
                    )));
                }
            },
        }
        Ok(())
    }
}
