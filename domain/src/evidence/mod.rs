//! Evidence: files that go with receipts. A receipt's statement holds their hashes; the files are in an object store, below
//! their tenant, named by their SHA-256.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[cfg(feature = "server")]
mod files;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod store;
#[cfg(all(test, feature = "server"))]
mod tests;

#[cfg(feature = "server")]
pub use files::{Content, Files, FilesError};
#[cfg(feature = "server")]
pub(crate) use service::{Whether, mark, of_statement, resolve};
#[cfg(feature = "server")]
pub use service::{erase, keep, open};

/// Files that one receipt may have.
pub const MAX: usize = 16;
/// The largest file, unless the configuration says otherwise: 25 MiB.
pub const MAX_BYTES: u64 = 25 << 20;

/// A file, by what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// SHA-256 in hex: its name here, and what anyone's tool checks it with.
    pub sha256: String,
    /// BLAKE3 in hex.
    pub blake3: String,
    /// How many bytes.
    pub bytes: u64,
    /// The media type, by the sender's word.
    pub media: String,
    /// What the sender called it; empty if nothing, and where a statement tells of it.
    pub name: String,
    /// Since when its bytes are gone, if they were erased. What was signed of it stays.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub erased_at: Option<OffsetDateTime>,
}
