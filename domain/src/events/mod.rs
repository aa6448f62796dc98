//! The outbox: an event per change, written in the change's own transaction.

use serde::{Deserialize, Serialize};

use crate::Mode;

#[cfg(feature = "server")]
pub mod feed;
#[cfg(feature = "server")]
mod store;

#[cfg(feature = "server")]
pub use store::{emit, latest_id};

/// What the live feed says: that something happened, so that a page fetches it; never the thing itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The offset: grows within an organisation.
    pub id: i64,
    /// In which mode.
    pub mode: Mode,
    /// `receipts.issued`, `api_key.created`, `import.progressed` …
    #[serde(rename = "type")]
    pub kind: String,
}
