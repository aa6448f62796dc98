//! Receipts: what happened, signed, and kept in the organisation's log.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::id::ReceiptId;
use crate::money::Money;
use crate::{Mode, evidence, logs};

#[cfg(feature = "parsers")]
pub mod batch;
#[cfg(feature = "server")]
mod export;
#[cfg(feature = "server")]
mod files;
#[cfg(feature = "parsers")]
mod key;
pub mod life;
#[cfg(feature = "parsers")]
mod new;
#[cfg(feature = "server")]
mod place;
#[cfg(feature = "server")]
mod proofs;
#[cfg(feature = "server")]
mod service;
mod status;
#[cfg(feature = "server")]
mod store;
#[cfg(all(test, feature = "server"))]
mod tests;
#[cfg(feature = "server")]
mod together;
#[cfg(feature = "server")]
mod walk;

#[cfg(feature = "server")]
pub use export::{Export, export};
#[cfg(feature = "server")]
pub use files::{bundle, bundle_without_contents, cose, proof, root_proof};
#[cfg(feature = "parsers")]
pub use key::Repeat;
pub use life::{Ref, Relation, Standing};
#[cfg(feature = "parsers")]
pub use new::NewReceipt;
#[cfg(feature = "server")]
pub(crate) use new::is_kind;
#[cfg(feature = "server")]
pub(crate) use proofs::{checkpoint_at, prove, root_at};
#[cfg(feature = "server")]
pub(crate) use service::standing;
#[cfg(feature = "server")]
pub use service::{get, issue, issue_as, issue_many, list, neighbours};
pub use status::{Anchored, State, Status};
#[cfg(feature = "server")]
pub use together::issue_together;
#[cfg(feature = "server")]
pub use walk::{Walk, walk};

/// The kinds CertNode knows; any other name of the same shape is accepted and verifies the same.
pub const KINDS: &[&str] = &["transaction", "value_calculation", "approval", "go_live"];

/// A row of the receipts list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// `rcpt_…`.
    pub id: ReceiptId,
    /// `transaction`, `approval` …
    pub kind: String,
    /// The caller's own name for the event, such as an order number.
    pub reference: Option<String>,
    /// When it happened, by the caller's word.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub occurred_at: OffsetDateTime,
    /// When we signed it.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub issued_at: OffsetDateTime,
    /// How much, if money moved.
    pub amount: Option<Money>,
    /// Its place in the log.
    pub log_index: u64,
    /// How far it has come.
    pub state: State,
    /// Whether it still holds.
    pub standing: Standing,
}

/// A receipt with everything that proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What the list shows.
    pub summary: Summary,
    /// Live or test.
    pub mode: Mode,
    /// What its state rests on.
    pub status: Status,
    /// What it refers to, and what became of it.
    pub life: life::Life,
    /// The files that go with it, by its statement.
    pub evidence: Vec<evidence::File>,
    /// The payload as canonical JSON (RFC 8785); none once erased.
    pub payload: Option<String>,
    /// What the payload is committed to with, in base64; none once erased.
    pub salt: Option<String>,
    /// The signed statement: the bytes of the log's entry, canonical JSON.
    pub statement: String,
    /// Where and how the log includes it.
    pub proof: Proof,
}

/// An inclusion proof (RFC 6962 §2.1.1) and the checkpoint it leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The log's name: the checkpoint's first line.
    pub origin: String,
    /// The leaf's index.
    pub log_index: u64,
    /// The hash of the leaf, in hex.
    pub leaf_hash: String,
    /// The size of the tree the proof is for.
    pub tree_size: u64,
    /// Sibling hashes from the leaf upwards, in base64.
    pub hashes: Vec<String>,
    /// The signed checkpoint (C2SP tlog-checkpoint), verbatim.
    pub checkpoint: String,
    /// The keys that sign for this log.
    pub keys: logs::Keys,
}

/// A receipt just issued, or found again by its idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The receipt, with its proof in the tree it was first answered with.
    pub receipt: Receipt,
    /// It had been issued before, by the same key and body.
    pub replayed: bool,
}

/// What a list is narrowed to; every part is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Only this kind.
    pub kind: Option<String>,
    /// Only this reference, or this `rcpt_…`, exactly.
    pub search: Option<String>,
    /// Occurred on or after this day (UTC, `YYYY-MM-DD`).
    pub from: Option<String>,
    /// Occurred on or before this day (UTC, `YYYY-MM-DD`).
    pub until: Option<String>,
    /// At least this much, as a decimal string; with `currency`.
    pub min: Option<String>,
    /// At most this much, as a decimal string; with `currency`.
    pub max: Option<String>,
    /// Only this currency.
    pub currency: Option<String>,
    /// The order: a name of [`ORDERS`], with `-` before it for the greatest first; `-issued` if not said.
    pub sort: Option<String>,
}

/// What receipts can be sorted by; `amount` in one currency.
pub const ORDERS: &[&str] = &["issued", "happened", "amount"];

/// The receipts on either side of one, within the same filter and order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbours {
    /// The one before it in the list.
    pub previous: Option<ReceiptId>,
    /// The one after it in the list.
    pub next: Option<ReceiptId>,
}
