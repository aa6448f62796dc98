//! Imports: a file of business events, each row a receipt that carries the day it happened.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::Mode;
use crate::id::ImportId;

#[cfg(feature = "server")]
mod demo;
#[cfg(feature = "server")]
mod jobs;
#[cfg(feature = "parsers")]
pub mod rows;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod store;
#[cfg(all(test, feature = "server"))]
mod tests;

mod mapping;

#[cfg(feature = "server")]
pub(crate) use jobs::fail_dead;
#[cfg(feature = "server")]
pub use jobs::{RunImport, run};
pub use mapping::{Mapping, MappingError};
#[cfg(feature = "server")]
pub use service::{get, latest, list, refusals, start, start_demo};

/// The largest file: 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waiting for a worker.
    Queued,
    /// Rows are becoming receipts.
    Running,
    /// Every row is a receipt or named as refused.
    Finished,
    /// It gave up, and its file is gone; the same file sent again goes on where it stopped.
    Failed,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// `imp_…`.
    pub id: ImportId,
    /// The file's name.
    pub name: String,
    /// Where its receipts go.
    pub mode: Mode,
    /// How far it is.
    pub state: State,
    /// Rows in the file.
    pub rows_total: u64,
    /// Rows that are receipts now.
    pub rows_done: u64,
    /// Rows that were refused.
    pub rows_refused: u64,
    /// Why it gave up; while it is under way, why it had to begin again.
    pub failure: Option<String>,
    /// When it was started.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub created_at: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub finished_at: Option<OffsetDateTime>,
}

/// A row that did not become a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Why, in a sentence.
    pub reason: String,
}
