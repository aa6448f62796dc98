//! Checkpoints: the states of a log that it signed, and that each continues the one before.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::log_keys::LogKey;
use crate::logs::Head;

mod check;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod store;
#[cfg(test)]
mod tests;

pub use check::{Check, check};
#[cfg(feature = "server")]
pub use service::{consistency, picture};

/// How a log stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Its name, its size, its newest checkpoint.
    pub head: Head,
    /// The root over all entries, in hex.
    pub root: String,
    /// The full subtrees that the tree consists of, largest first: each doubles until two of a size make one.
    pub edge: Vec<Subtree>,
    /// The newest checkpoints that the root log holds, newest first.
    pub history: Vec<Anchored>,
    /// Who is asked to sign the root log's states.
    pub witnesses: Vec<Witness>,
    /// How many of them are asked for, and of how many; none while none is.
    pub quorum: Option<(usize, usize)>,
}

/// A full subtree of a log's tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subtree {
    /// Entries in it: a power of two.
    pub entries: u64,
    /// The first digits of its root.
    pub hash: String,
}

/// A checkpoint that the root log holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchored {
    /// Entries of the log then.
    pub size: u64,
    /// The root over them, in base64, as the checkpoint has it; none for a checkpoint that was not kept word for word.
    pub root: Option<String>,
    /// Its entry in the root log.
    pub root_index: u64,
    /// Since when.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub at: OffsetDateTime,
    /// The witnesses that signed a state of the root log with it.
    pub witnesses: Vec<String>,
}

/// Someone who signs the root log's states, each only if it continues the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Its name.
    pub name: String,
    /// Its C2SP verifier key.
    pub vkey: String,
    /// The size of the root log that it signed last, and when we got it.
    pub seen: Option<(u64, Moment)>,
}

/// A time in a tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment(#[serde(with = "time::serde::timestamp::milliseconds_i64")] pub OffsetDateTime);

/// A state of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Entries.
    pub size: u64,
    /// The checkpoint, word for word, if it was kept.
    pub checkpoint: Option<String>,
}

/// What shows that one state of a log continues another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consistency {
    /// The log's name.
    pub origin: String,
    /// The earlier state.
    pub from: Signed,
    /// The later one.
    pub to: Signed,
    /// The proof (RFC 6962), in base64.
    pub hashes: Vec<String>,
    /// The log's keys.
    pub keys: Vec<LogKey>,
}
