//! Recovery: tiles and files from the rows, and the rows from the files: all of them, or those that were damaged.

mod rebuild;
mod restore;
mod rows;
mod store;
#[cfg(test)]
mod tests;

pub use rebuild::rebuild;
pub use restore::restore;
pub use rows::{MendedLog, rebuild_rows};

/// A log that was made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Its name.
    pub origin: String,
    /// Its entries.
    pub size: u64,
    /// Files or rows that were written.
    pub written: u64,
}
