//! Rows of a file, read by a mapping.

use ledger::json::Value;
use time::macros::format_description;
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339};

use super::Mapping;
use crate::Problem;
use crate::receipts::NewReceipt;

/// A row with its line in the file: a receipt to be, or the reason why not.
pub struct Row {
    /// From 1.
    pub line: u64,
    /// The receipt, or a sentence.
    pub result: Result<NewReceipt, String>,
}

/// Reads every row. Errors only when the file as a whole cannot be read by the mapping.
pub fn read(source: &[u8], mapping: &Mapping) -> Result<Vec<Row>, Problem> {
    let mut records = records(source, mapping)?;
    let header = if mapping.header {
        if records.is_empty() {
            return Err(refuse("The file is empty."));
        }
        records.remove(0).1.map_err(|reason| refuse(&reason))?
    } else {
        let widest = records.iter().filter_map(|(_, record)| record.as_ref().ok().map(Vec::len)).max().unwrap_or(0);
        (1..=widest).map(|column| column.to_string()).collect()
    };
    let columns = Columns::new(&header, mapping)?;
    Ok(records
        .into_iter()
        .map(|(line, record)| Row { line, result: record.and_then(|record| columns.receipt(&record, header.len())) })
        .collect())
}

fn refuse(detail: &str) -> Problem {
    Problem::new(422, "unreadable_file", "").because(detail.to_owned())
}

type Record = (u64, Result<Vec<String>, String>);

fn records(source: &[u8], mapping: &Mapping) -> Result<Vec<Record>, Problem> {
    let source = source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source);
    if mapping.delimiter == "whitespace" {
        let lines = source.split(|byte| *byte == b'\n').enumerate();
        return Ok(lines
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .map(|(index, line)| {
                let fields = std::str::from_utf8(line).map(|line| line.split_whitespace().map(str::to_owned).collect());
                (index as u64 + 1, fields.map_err(|_| "The line is not UTF-8.".to_owned()))
            })
            .collect());
    }
    let [delimiter] = mapping.delimiter.as_bytes() else {
        return Err(refuse("The delimiter is one character, or `whitespace`."));
    };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(*delimiter).from_reader(source);
    let mut records = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(records),
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                records.push((line, Ok(record.iter().map(str::to_owned).collect())));
            }
            Err(_) => records.push((line, Err("The line is not UTF-8.".to_owned()))),
        }
    }
}

/// Which column is what.
struct Columns<'a> {
    mapping: &'a Mapping,
    reference: Option<usize>,
    occurred_at: Option<usize>,
    amount: Option<usize>,
    currency: Option<usize>,
    data: Vec<(String, usize)>,
}

impl<'a> Columns<'a> {
    fn new(header: &[String], mapping: &'a Mapping) -> Result<Self, Problem> {
        let find = |name: &str| {
            let missing = || refuse(&format!("There is no column {name:?}; the file has {}.", header.join(", ")));
            header.iter().position(|column| column.trim() == name).ok_or_else(missing)
        };
        let optional = |name: &Option<String>| name.as_deref().map(find).transpose();
        let (reference, occurred_at) = (optional(&mapping.reference)?, optional(&mapping.occurred_at)?);
        let (amount, currency) = (optional(&mapping.amount)?, optional(&mapping.currency_column)?);
        if amount.is_some() && currency.is_none() && mapping.currency.is_none() {
            return Err(refuse("An amount needs a currency: map `currency=USD`, or `currency_column=` to a column."));
        }
        let used = [reference, occurred_at, amount, currency];
        let data = if mapping.data.is_empty() {
            let rest = header.iter().enumerate().filter(|(index, _)| !used.contains(&Some(*index)));
            rest.map(|(index, name)| (name.trim().to_owned(), index)).collect()
        } else {
            let named = mapping.data.iter().map(|(name, column)| Ok((name.clone(), find(column)?)));
            named.collect::<Result<Vec<_>, Problem>>()?
        };
        Ok(Self { mapping, reference, occurred_at, amount, currency, data })
    }

    /// The receipt of a record. It goes through the same door as the API's, so the same things are refused.
    fn receipt(&self, record: &[String], width: usize) -> Result<NewReceipt, String> {
        if record.len() != width {
            return Err(format!("The line has {} columns instead of {width}.", record.len()));
        }
        let cell = |column: Option<usize>| {
            column.and_then(|column| record.get(column)).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
        };
        let mut members = vec![("kind".to_owned(), Value::from(self.mapping.kind.as_str()))];
        if let Some(reference) = cell(self.reference) {
            members.push(("reference".to_owned(), reference.into()));
        }
        if let Some(text) = cell(self.occurred_at) {
            let at = moment(text, &self.mapping.time_format)?;
            members.push(("occurred_at".to_owned(), at.format(&Rfc3339).map_err(|error| error.to_string())?.into()));
        } else if self.occurred_at.is_some() {
            return Err("The time is missing.".to_owned());
        }
        if let Some(value) = cell(self.amount) {
            let currency = cell(self.currency).or(self.mapping.currency.as_deref()).unwrap_or_default();
            members
                .push(("amount".to_owned(), Value::object([("value", value.into()), ("currency", currency.into())])));
        } else if self.amount.is_some() {
            return Err("The amount is missing.".to_owned());
        }
        let data = self.data.iter().filter_map(|(name, column)| Some((name.clone(), cell(Some(*column))?.into())));
        members.push(("data".to_owned(), Value::Object(data.collect())));
        NewReceipt::from_value(Value::Object(members)).map_err(|problem| {
            let reasons = problem.fields.iter().map(|field| format!("{}: {}", field.location, field.message));
            reasons.collect::<Vec<_>>().join(" ")
        })
    }
}

fn moment(text: &str, format: &str) -> Result<OffsetDateTime, String> {
    let day = |date: Date| date.midnight().assume_utc();
    let parsed = match format {
        "compact" => Date::parse(text, format_description!("[year][month][day]")).ok().map(day),
        "rfc3339" => OffsetDateTime::parse(text, &Rfc3339).ok(),
        "unix" => text.parse().ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
        _ => Date::parse(text, format_description!("[year]-[month]-[day]")).ok().map(day),
    };
    parsed.ok_or_else(|| format!("{text:?} is not a time written as `{format}`."))
}
