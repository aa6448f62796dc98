//! Secrets a person or program holds: random bytes, of which only a hash is kept.
//!
//! A token has 256 bits of entropy, so one fast hash is enough; passwords go through Argon2id instead.

/// BLAKE3 of a secret, with the purpose in the hash so that one table's hashes mean nothing in another.
pub fn hash(purpose: &str, secret: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(purpose);
    hasher.update(secret.as_bytes());
    *hasher.finalize().as_bytes()
}

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The bytes as a number in base 58 with Bitcoin's alphabet, left-padded with `1` to `width` characters.
///
/// 32 bytes need 44 characters, 4 bytes need 6; fewer would drop the leading digits.
pub fn base58(bytes: &[u8], width: usize) -> String {
    let mut digits: Vec<u8> = Vec::with_capacity(width);
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    digits.resize(digits.len().max(width), 0);
    digits.iter().rev().map(|digit| char::from(BASE58[usize::from(*digit)])).collect()
}
