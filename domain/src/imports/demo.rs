//! The demo's data: real purchases of a real shop.

use super::Mapping;

/// The published 1/10 sample of the CDNOW purchases (see data/ORIGIN.md).
pub(super) const SAMPLE: &[u8] = include_bytes!("../../data/CDNOW_sample.txt");

/// Columns: customer, number in the sample, day, CDs, dollars.
pub(super) fn mapping() -> Mapping {
    Mapping {
        kind: "transaction".to_owned(),
        delimiter: "whitespace".to_owned(),
        header: false,
        reference: None,
        occurred_at: Some("3".to_owned()),
        time_format: "compact".to_owned(),
        amount: Some("5".to_owned()),
        currency_column: None,
        currency: Some("USD".to_owned()),
        data: [("customer", "1"), ("sample", "2"), ("cds", "4")]
            .map(|(name, column)| (name.to_owned(), column.to_owned()))
            .to_vec(),
    }
}
