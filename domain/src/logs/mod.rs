//! The logs: one per organisation and mode.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[cfg(feature = "server")]
pub(crate) mod identity;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
pub(crate) mod store;
#[cfg(feature = "server")]
pub mod tiles;

#[cfg(feature = "server")]
pub(crate) use identity::Identity;
#[cfg(feature = "server")]
pub(crate) use service::{Identities, create, identity, identity_now, identity_of_root};
#[cfg(feature = "server")]
pub use service::{head, make_public, public};

/// A log's public keys, as C2SP signed-note verifier keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Signs checkpoints.
    pub log: String,
    /// Signs receipts.
    pub issuing: String,
}

/// The state of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The log's name.
    pub origin: String,
    /// Entries, the log's own first statement included.
    pub size: u64,
    /// Receipts: the entries without that statement.
    pub receipts: u64,
    /// The latest signed checkpoint; none while the log is empty.
    pub checkpoint: Option<String>,
    /// The keys that sign for it.
    pub keys: Keys,
    /// Since when everyone may read it: its checkpoint and its statements, and never a payload. None while it is private.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub made_public_at: Option<OffsetDateTime>,
}
