//! How far a receipt has come: signed, in the log, in the root log, seen by witnesses.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// How far a receipt has come; each state includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Signed, and on its way into the log. Nobody is answered before the next state.
    Issued,
    /// The log holds it, durably.
    #[default]
    Included,
    /// The root log, which everyone can read, holds a state of the log that has it.
    Anchored,
    /// As many witnesses as the policy asks for signed that they saw the root log in such a state.
    Witnessed,
}

impl State {
    /// Every state, in order.
    pub const ALL: [Self; 4] = [Self::Issued, Self::Included, Self::Anchored, Self::Witnessed];

    /// As in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Included => "included",
            Self::Anchored => "anchored",
            Self::Witnessed => "witnessed",
        }
    }
}

/// What a receipt's state rests on, beyond its own log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Where the root log has it.
    pub anchored: Option<Anchored>,
    /// The witnesses of the policy that saw it, by their names there.
    pub witnesses: Vec<String>,
    /// How many witnesses the policy names; 0 when none is asked.
    pub asked: u32,
}

/// A place in the root log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchored {
    /// The entry of the root log that is the state of the receipt's log.
    pub root_index: u64,
    /// When it became one.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub at: OffsetDateTime,
}
