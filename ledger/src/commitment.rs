//! What a log holds instead of a payload: a commitment that says nothing once the salt is erased.

use crate::hash::{Hash, sha256};

/// `SHA-256(salt ‖ payload)` over the payload's canonical JSON (RFC 8785).
pub fn commit(salt: &[u8; 16], payload: &[u8]) -> Hash {
    sha256(&[salt, payload])
}
