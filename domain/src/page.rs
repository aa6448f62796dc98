//! Keyset pages: a list is walked by the last thing seen, never by counting.

use serde::{Deserialize, Serialize};

/// Rows a page holds unless asked otherwise.
pub const DEFAULT_LIMIT: u32 = 50;
/// Rows a page holds at most.
pub const MAX_LIMIT: u32 = 200;

/// Which page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Rows wanted; 0 means [`DEFAULT_LIMIT`], more than [`MAX_LIMIT`] is [`MAX_LIMIT`].
    pub limit: u32,
    /// The rows that follow this cursor.
    pub after: Option<String>,
    /// The rows just before this cursor.
    pub before: Option<String>,
}

impl Page {
    /// The number of rows, within bounds.
    pub const fn rows(&self) -> u32 {
        match self.limit {
            0 => DEFAULT_LIMIT,
            limit if limit > MAX_LIMIT => MAX_LIMIT,
            limit => limit,
        }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// The rows, in the list's order.
    pub data: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
    /// The cursor of the previous page, if there is one.
    pub previous: Option<String>,
}
