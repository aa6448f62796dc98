//! Integrity: rows, leaves, tiles, checkpoints, anchors and cosignatures, checked against each other.
//!
//! [`fsck`] checks everything at once, [`check`] one log when its owner asks; the scrubber goes round for ever at a bounded
//! pace and keeps what it finds.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[cfg(feature = "server")]
pub(crate) mod batches;
#[cfg(feature = "server")]
pub mod check;
#[cfg(feature = "server")]
pub(crate) mod columns;
#[cfg(feature = "server")]
mod files;
#[cfg(feature = "server")]
pub mod fsck;
#[cfg(feature = "server")]
pub(crate) mod keys;
#[cfg(feature = "server")]
pub(crate) mod rows;
#[cfg(feature = "server")]
pub mod scrub;
#[cfg(feature = "server")]
pub(crate) mod store;
#[cfg(test)]
mod tests;

/// Something that was found wrong and not yet found right again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What: `entry 17`, `tile/0/002`, `checkpoint`.
    pub subject: String,
    /// How: a sentence without its end.
    pub problem: String,
    /// When it was first found.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub found_at: OffsetDateTime,
    /// When it was last found.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub seen_at: OffsetDateTime,
}

/// How a log is kept, and what checking it over found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Entries of the log.
    pub size: u64,
    /// Entries whose full tiles and bundles are in the object store and were read back.
    pub published_size: u64,
    /// Entries that the object store alone could give back: the size of its checkpoint.
    pub saved_size: u64,
    /// When that was written.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub saved_at: Option<OffsetDateTime>,
    /// Why nothing more is written there, if that is so.
    pub publishing_stopped: Option<String>,
    /// Entries looked at in the round under way; 0 between two rounds.
    pub checked_size: u64,
    /// When the last round began.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub check_started_at: Option<OffsetDateTime>,
    /// When the last whole round ended.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub checked_at: Option<OffsetDateTime>,
    /// What is wrong, oldest first, 100 at most.
    pub findings: Vec<Finding>,
    /// Why nothing is signed any more, if that is so: a sentence.
    pub signing_stopped: Option<String>,
}

/// How much of a log was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Entries read from the database, with what is stored beside them.
    pub rows: u64,
    /// Entries whose hash went into the tree.
    pub leaves: u64,
    /// Signatures of statements.
    pub signatures: u64,
    /// Tiles of the database.
    pub tiles: u64,
    /// Files of the object store, or of a server.
    pub files: u64,
    /// Signed states: the newest, and those that were kept with their anchors.
    pub checkpoints: u64,
    /// States that the root log holds.
    pub anchors: u64,
    /// Versions of keys.
    pub keys: u64,
}

/// What was found of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogReport {
    /// Its name.
    pub origin: String,
    /// Its entries, as its head says.
    pub size: u64,
    /// How much was looked at.
    pub checked: Counts,
    /// Cosignatures of witnesses that were not named, which nobody can check.
    pub unknown_cosignatures: u64,
    /// What the answer rests on and whoever reads it should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// What is wrong.
    pub findings: Vec<NamedFinding>,
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedFinding {
    /// What: `entry 17`, `tile/1/000`, `checkpoint`.
    pub subject: String,
    /// How.
    pub problem: String,
}

/// How far a check that was asked for is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// It waits for a worker.
    Waiting,
    /// Entries are being read.
    Reading,
    /// It came to its end.
    Over,
    /// It did not: something failed, or the server that ran it is gone. Another may be asked for.
    BrokenOff,
}

/// The latest check that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// How far it is.
    pub stage: Stage,
    /// Since when.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub asked_at: OffsetDateTime,
    /// Entries read.
    pub done: u64,
    /// Entries in all; 0 until it is known.
    pub total: u64,
}

impl Check {
    /// Whether it is waiting or reading.
    pub fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Waiting | Stage::Reading)
    }
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// When it began to read.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub began_at: OffsetDateTime,
    /// When it was over.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub ended_at: OffsetDateTime,
    /// Findings in all, of which the report names the first.
    pub found: u64,
    /// What was found.
    pub report: LogReport,
}

/// The checks of a log that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// The latest one.
    pub latest: Option<Check>,
    /// What the last whole one came to.
    pub outcome: Option<Outcome>,
}

/// How the actor's log is kept, and what checking it over found.
#[cfg(feature = "server")]
pub async fn state(cx: &crate::context::Cx) -> Result<State, crate::Problem> {
    let log = cx.require(crate::permission::Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let mut state = store::state(&mut tx, log).await?;
    state.signing_stopped = cx.domain.database.fence().rolled_back().map(|rolled_back| rolled_back.to_string());
    Ok(state)
}
