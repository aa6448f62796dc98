//! By what a repeated request is known to be one.

use crate::Problem;
#[cfg(feature = "server")]
use crate::keyring::Seed;
#[cfg(feature = "server")]
use crate::receipts::{NewReceipt, Relation};
#[cfg(feature = "server")]
use ledger::hash::Hash;

#[cfg(all(test, feature = "server"))]
mod tests;

/// Characters of a caller's key.
#[cfg(feature = "server")]
const MAX: usize = 255;

/// By what a repetition of a request is known, as a caller chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// By nothing: it is another receipt.
    #[default]
    Anew,
    /// By this key.
    Key(String),
    /// By its contents.
    Content,
}

impl Repeat {
    /// From what a request says: a key, or that it is idempotent by `content`.
    ///
    /// Errors: 422 for another word, and for both.
    pub fn of(key: Option<String>, idempotent: Option<&str>) -> Result<Self, Problem> {
        let refused = |message| Err(Problem::invalid().field("idempotent", "idempotent", message));
        match (key, idempotent) {
            (None, None) => Ok(Self::Anew),
            (Some(key), None) => Ok(Self::Key(key)),
            (None, Some("content")) => Ok(Self::Content),
            (Some(_), Some("content")) => {
                refused("A repetition is known by a key or by its content: send one of them.")
            }
            (_, Some(_)) => refused("`content` is wanted, or nothing."),
        }
    }

    #[cfg(feature = "server")]
    pub(super) fn key(&self) -> Option<Key<'_>> {
        match self {
            Self::Anew => None,
            Self::Key(key) => Some(Key::Caller(key)),
            Self::Content => Some(Key::Content),
        }
    }
}

#[cfg(feature = "server")]
/// What makes a repeated request the same one, and whose word that is: nothing a caller says is ever a key of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    /// A caller's own.
    Caller(&'a str),
    /// Ours, such as that of an import's row or of an erasure's record.
    Own(&'a str),
    /// The contents.
    Content,
}

#[cfg(feature = "server")]
impl<'a> Key<'a> {
    /// Errors: 422 unless a caller's key is 1 to 255 visible ASCII characters.
    pub(super) fn check(self) -> Result<Self, Problem> {
        match self {
            Key::Caller(key)
                if key.is_empty() || key.len() > MAX || !key.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                let message = "An idempotency key has 1 to 255 visible ASCII characters.";
                Err(Problem::invalid().field("Idempotency-Key", "idempotency_key", message))
            }
            Key::Caller(_) | Key::Own(_) | Key::Content => Ok(self),
        }
    }

    /// What the statement says of it: BLAKE3, keyed with a secret of the log's, so that nobody who lacks the master key can
    /// tell whether a guess of the key, or of contents that were erased, is right.
    ///
    /// Under a first byte for each kind of key: the key; or of the contents the length and bytes of the payload, the number
    /// of references with the id and relation of each, and the hashes of the files.
    pub(super) fn hash(self, secret: &Seed, new: &NewReceipt, payload: &[u8]) -> Hash {
        let mut hasher = blake3::Hasher::new_keyed(secret);
        match self {
            Key::Caller(key) => hasher.update(&[1]).update(key.as_bytes()),
            Key::Own(key) => hasher.update(&[2]).update(key.as_bytes()),
            Key::Content => {
                hasher.update(&[3]).update(&(payload.len() as u64).to_be_bytes()).update(payload);
                hasher.update(&(new.refs.len() as u64).to_be_bytes());
                for other in &new.refs {
                    hasher.update(other.id.0.as_bytes()).update(&[relation(other.relation)]);
                }
                new.evidence.iter().fold(&mut hasher, |hasher, file| hasher.update(&file.0))
            }
        };
        Hash(*hasher.finalize().as_bytes())
    }
}

#[cfg(feature = "server")]
const fn relation(relation: Relation) -> u8 {
    match relation {
        Relation::RelatesTo => 0,
        Relation::Revokes => 1,
        Relation::Supersedes => 2,
    }
}
