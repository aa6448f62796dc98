//! API keys: shown once, kept as a hash.
//!
//! The form is `cn_<mode>_<43 base-58 characters><6 check characters>` (see [`PATTERN`]): the prefix says what it is and
//! which mode, the checksum lets secret scanners tell a key from noise without asking us.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::Mode;
use crate::id::ApiKeyId;

#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod store;
#[cfg(all(test, feature = "server"))]
mod tests;
#[cfg(feature = "server")]
pub mod token;

#[cfg(feature = "server")]
pub(crate) use service::Cache;
#[cfg(feature = "server")]
pub use service::{authenticate, create, list, record_uses, revoke};

/// The published pattern of a key, for secret scanners.
pub const PATTERN: &str = "cn_(live|test)_[1-9A-HJ-NP-Za-km-z]{49}";

/// A key as it is listed; the secret is never here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// `key_…`.
    pub id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// Live or test.
    pub mode: Mode,
    /// The start of the secret: `cn_live_abc123…`.
    pub preview: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub created_at: OffsetDateTime,
    /// When it was last used, to the minute.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub used_at: Option<OffsetDateTime>,
    /// From which address.
    pub used_from: Option<String>,
    /// How often.
    pub uses: u64,
    /// When it was revoked, if it was.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub revoked_at: Option<OffsetDateTime>,
}

/// A new key, with the one look at its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The key.
    pub key: ApiKey,
    /// The secret: shown now and never again.
    pub secret: String,
}
