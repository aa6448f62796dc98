//! What becomes of a receipt: others refer to it, and its contents may be erased. Its place in the log never changes.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::id::ReceiptId;

#[cfg(feature = "server")]
mod erase;
#[cfg(feature = "server")]
mod refer;
#[cfg(feature = "server")]
pub(super) mod store;
#[cfg(all(test, feature = "server"))]
mod tests;

#[cfg(feature = "server")]
pub(crate) use erase::eraser;
#[cfg(feature = "server")]
pub use erase::{RecordErasure, erase, record};
#[cfg(feature = "server")]
pub(super) use refer::check;
#[cfg(feature = "server")]
pub use refer::revoke;

/// Characters of a reason.
pub const REASON_MAX: usize = 1_000;

/// How a receipt stands to one that it refers to; signed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It has to do with it.
    RelatesTo,
    /// The other one no longer holds.
    Revokes,
    /// This one holds in the other's place.
    Supersedes,
}

impl Relation {
    /// As in the statement and the database.
    pub const fn as_str(self) -> &'static str {
        self.signed().as_str()
    }

    /// As the statement has it.
    pub const fn signed(self) -> ledger::statement::Relation {
        match self {
            Self::RelatesTo => ledger::statement::Relation::RelatesTo,
            Self::Revokes => ledger::statement::Relation::Revokes,
            Self::Supersedes => ledger::statement::Relation::Supersedes,
        }
    }

    /// Whether the receipt that is referred to holds no longer.
    pub const fn ends(self) -> bool {
        self.signed().ends()
    }

    /// The relation of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::RelatesTo, Self::Revokes, Self::Supersedes].into_iter().find(|relation| relation.as_str() == name)
    }
}

/// A receipt that another refers to, or that refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ref {
    /// `rcpt_…`, of the same log.
    pub id: ReceiptId,
    /// How.
    pub relation: Relation,
}

/// Whether a receipt still holds, by what its log says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No later receipt revokes or supersedes it.
    #[default]
    Active,
    /// A later receipt revokes it.
    Revoked,
    /// A later receipt holds in its place.
    Superseded,
}

impl Standing {
    /// What an ending relation makes of a receipt.
    pub fn after(relation: Option<Relation>) -> Self {
        match relation {
            Some(Relation::Revokes) => Self::Revoked,
            Some(Relation::Supersedes) => Self::Superseded,
            Some(Relation::RelatesTo) | None => Self::Active,
        }
    }

    /// As in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
        }
    }
}

/// That the contents of a receipt were erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// When.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub erased_at: OffsetDateTime,
    /// By whom: a person's name, or an API key's id; empty, as the reason, once the record itself was erased.
    pub erased_by: String,
    /// Why, in their words.
    pub reason: String,
    /// The receipt of kind `payload_erased` that tells of it; none for the moment before it is in the log.
    pub record: Option<ReceiptId>,
}

/// What a receipt refers to, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// The receipts it refers to, as signed.
    pub refs: Vec<Ref>,
    /// The receipts that refer to it: the one that ended it first, then the newest, 100 at most.
    pub referred_by: Vec<Ref>,
    /// Whether its contents were erased.
    pub erasure: Option<Erasure>,
}

impl Life {
    /// The receipt that revoked or superseded this one.
    pub fn ended_by(&self) -> Option<Ref> {
        self.referred_by.iter().copied().find(|other| other.relation.ends())
    }
}
