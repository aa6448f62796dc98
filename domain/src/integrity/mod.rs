//! Integrity: rows, leaves, tiles, checkpoints, anchors and cosignatures, checked against each other.
//!
//! [`fsck`] checks everything at once; the scrubber goes round for ever at a bounded pace and keeps what it finds.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[cfg(feature = "server")]
mod columns;
#[cfg(feature = "server")]
mod files;
#[cfg(feature = "server")]
pub mod fsck;
#[cfg(feature = "server")]
pub(crate) mod keys;
#[cfg(feature = "server")]
mod rows;
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

/// How the actor's log is kept, and what checking it over found.
#[cfg(feature = "server")]
pub async fn state(cx: &crate::context::Cx) -> Result<State, crate::Problem> {
    let log = cx.require(crate::permission::Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let mut state = store::state(&mut tx, log).await?;
    state.signing_stopped = cx.domain.database.fence().rolled_back().map(|rolled_back| rolled_back.to_string());
    Ok(state)
}
