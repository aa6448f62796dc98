//! The signing keys of logs: in versions, each for a range of sizes.
//!
//! An issuing key signs entries, a checkpoint key the log's state; neither ever signs the other's. Validity goes by the
//! tree's size and never by a clock, so that whoever verifies needs none.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
pub(crate) mod store;
#[cfg(test)]
mod tests;

#[cfg(feature = "server")]
pub use service::{adopt, list, logs, record_events, retire_due, revoke, rotate};

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The log's state.
    Checkpoint,
    /// Receipts.
    Issuing,
}

impl Purpose {
    /// As in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Issuing => "issuing",
        }
    }

    /// The name that such a key of a log bears.
    pub fn key_name(self, origin: &str) -> String {
        match self {
            Self::Checkpoint => origin.to_owned(),
            Self::Issuing => format!("{origin}/issuer"),
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Purpose {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::Checkpoint, Self::Issuing].into_iter().find(|purpose| purpose.as_str() == text);
        known.ok_or_else(|| format!("{text} is no purpose of a key: checkpoint or issuing is wanted"))
    }
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It signs.
    Active,
    /// It signs beside the one that replaces it.
    Retiring,
    /// It signs no more; what it signed holds.
    Retired,
    /// What it signed from a size on is not to be believed.
    Revoked,
}

/// A version of a log's key; the public half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogKey {
    /// What it signs.
    pub purpose: Purpose,
    /// From 1.
    pub version: i32,
    /// A C2SP verifier key.
    pub vkey: String,
    /// The first size it signs: an entry's index for issuing, the tree's size for checkpoints.
    pub from_size: u64,
    /// The first size it no longer signs.
    pub until_size: Option<u64>,
    /// When it was made.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub added_at: OffsetDateTime,
    /// When it is to stop signing beside its successor.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub retires_at: Option<OffsetDateTime>,
    /// When it stopped.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub retired_at: Option<OffsetDateTime>,
    /// The first size at which it is not to be believed.
    pub revoked_from: Option<u64>,
    /// When that was said.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub revoked_at: Option<OffsetDateTime>,
}

/// A log's keys, and what the root log says of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The log's name.
    pub origin: String,
    /// Its keys, the oldest of each purpose first.
    pub keys: Vec<LogKey>,
    /// What happened to them: signed notes, the oldest first, each with its entry in the root log once it is there.
    pub events: Vec<(String, Option<u64>)>,
}

impl LogKey {
    /// How it stands.
    pub const fn state(&self) -> State {
        match (self.revoked_from, self.until_size, self.retires_at) {
            (Some(_), ..) => State::Revoked,
            (None, Some(_), _) => State::Retired,
            (None, None, Some(_)) => State::Retiring,
            (None, None, None) => State::Active,
        }
    }

    /// Whether it signs at a size.
    pub fn signs(&self, size: u64) -> bool {
        self.from_size <= size && self.until_size.is_none_or(|until| size < until)
    }

    /// Whether what it signed at a size is not to be believed.
    pub fn is_revoked_at(&self, size: u64) -> bool {
        self.revoked_from.is_some_and(|from| from <= size)
    }

    /// Whether it ever could sign anything: a key that was replaced before the log moved could not.
    pub fn is_used(&self) -> bool {
        self.until_size.is_none_or(|until| self.from_size < until)
    }
}
