//! Schemas: what the payloads of a kind look like, in versions that never change.
//!
//! A schema is JSON Schema (draft 2020-12) about the payload as it is committed to: `kind`, `reference`, `occurred_at`,
//! `amount`, `data`. A receipt's statement names the version it was held against, as `kind/version`; a kind without a schema
//! is `receipt/1`.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[cfg(feature = "server")]
mod bounds;
#[cfg(feature = "server")]
mod service;
#[cfg(feature = "server")]
mod store;
#[cfg(all(test, feature = "server"))]
mod tests;
#[cfg(feature = "server")]
mod validator;

#[cfg(feature = "server")]
pub(crate) use service::{Cache, hold};
#[cfg(feature = "server")]
pub use service::{list, put, versions};

/// Bytes of a schema.
pub const MAX_BYTES: usize = 64 << 10;
/// Versions that an organisation may have in a mode, of all kinds.
pub const MAX_VERSIONS: i64 = 1_000;

/// A version of a kind's schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The kind of receipt.
    pub kind: String,
    /// From 1, and one more with each that is put. CertNode's own is 1.
    pub version: u32,
    /// The schema, as canonical JSON.
    pub document: String,
    /// When it was put; none for CertNode's own.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub created_at: Option<OffsetDateTime>,
}

/// The schemas that CertNode brings: what the members it knows look like where they are given.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("approval", include_str!("builtin/approval.json")),
    ("go_live", include_str!("builtin/go_live.json")),
    ("payment", include_str!("builtin/transaction.json")),
    ("transaction", include_str!("builtin/transaction.json")),
    ("value_calculation", include_str!("builtin/value_calculation.json")),
];

/// What a statement says of a payload whose kind has no schema.
pub const NONE: &str = "receipt/1";

/// Kinds that are CertNode's own, and have no schema of anybody's.
pub const RESERVED: [&str; 3] = ["log_created", "payload_erased", "revocation"];
