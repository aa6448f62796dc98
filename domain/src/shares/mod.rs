//! Shared receipts: a link that its owner gives away, and can withdraw.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::Mode;
use crate::receipts::Standing;

#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod store;
#[cfg(all(test, feature = "server"))]
mod tests;

#[cfg(feature = "server")]
pub use service::{find, open, share, withdraw};

/// A receipt's link, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// What the link ends in: 22 characters that nobody guesses.
    pub token: String,
    /// Whether the contents are shown, or only that the receipt is there.
    pub with_contents: bool,
    /// Since when.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub shared_at: OffsetDateTime,
}

/// What whoever has the link gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The offline file, with the contents or without, as its owner chose.
    pub bundle: String,
    /// Whether the contents were left out on purpose.
    pub with_contents: bool,
    /// Live or test.
    pub mode: Mode,
    /// Whether it still holds: no file made before can tell.
    pub standing: Standing,
    /// Since when its contents are erased. By whom is not for everyone to know.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub erased_at: Option<OffsetDateTime>,
}
