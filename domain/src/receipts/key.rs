//! By what a repeated request is known to be one.

use ledger::hash::Hash;

use super::{NewReceipt, Relation};
use crate::Problem;
use crate::keyring::Seed;

#[cfg(test)]
mod tests;

/// Characters of a caller's key.
const MAX: usize = 255;

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

const fn relation(relation: Relation) -> u8 {
    match relation {
        Relation::RelatesTo => 0,
        Relation::Revokes => 1,
        Relation::Supersedes => 2,
    }
}
