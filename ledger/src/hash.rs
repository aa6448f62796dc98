//! The tree's hashes (RFC 6962 §2.1): SHA-256 with a byte in front that keeps leaves and nodes apart.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::encoding;

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

/// The root of the tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

impl Hash {
    /// The hash in 32 bytes; none for any other length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The hash in 44 characters of base64.
    pub fn from_base64(text: &str) -> Option<Self> {
        Self::from_slice(&encoding::from_base64(text)?)
    }

    /// The hash in 64 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::from_slice(&encoding::from_hex(text)?)
    }

    /// 44 characters of base64.
    pub fn to_base64(&self) -> String {
        encoding::base64(&self.0)
    }

    /// 64 lower-case hex digits.
    pub fn to_hex(&self) -> String {
        encoding::hex(&self.0)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

/// SHA-256 of the parts, one after the other.
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

/// `SHA-256(0x00 ‖ entry)`.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256(&[&[0], entry])
}

/// `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut block = [1; 65];
    block[1..33].copy_from_slice(&left.0);
    block[33..].copy_from_slice(&right.0);
    sha256(&[&block])
}
