//! What a log holds instead of a payload: a commitment that says nothing once the salt is erased.

use crate::hash::{Hash, sha256};

/// `SHA-256(salt ‖ payload)` over the payload's canonical JSON (RFC 8785).
pub fn commit(salt: &[u8; 16], payload: &[u8]) -> Hash {
    sha256(&[salt, payload])
}

/// `SHA-256(log ‖ key)`: which request a receipt answers, without the caller's key.
pub fn idempotency_hash(log: &str, key: &str) -> Hash {
    sha256(&[log.as_bytes(), key.as_bytes()])
}
