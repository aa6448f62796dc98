//! Public ids: a prefix that names the type, and a UUIDv7 in Crockford's base 32 (TypeID specification 0.3).
//!
//! The same string stands in addresses, the API, logs and receipts; the database holds the bare UUID.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SUFFIX_LEN: usize = 26;

/// The text is not an id of the expected type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this type")
    }
}

/// The 26 characters of a UUID: 130 bits, the first two zero.
pub fn encode_suffix(uuid: Uuid) -> String {
    let bits = uuid.as_u128();
    (0..SUFFIX_LEN).rev().map(|place| char::from(ALPHABET[((bits >> (place * 5)) & 31) as usize])).collect()
}

/// The UUID of 26 characters; lower case only, and no more than 128 bits.
pub fn decode_suffix(text: &str) -> Result<Uuid, InvalidId> {
    let bytes = text.as_bytes();
    if bytes.len() != SUFFIX_LEN || bytes[0] > b'7' {
        return Err(InvalidId);
    }
    let mut bits = 0_u128;
    for byte in bytes {
        let digit = ALPHABET.iter().position(|known| known == byte).ok_or(InvalidId)?;
        bits = (bits << 5) | digit as u128;
    }
    Ok(Uuid::from_u128(bits))
}

/// Splits `prefix_suffix`; the prefix may be empty, and is lower-case letters and inner underscores, 63 at most.
pub fn parse(text: &str) -> Result<(&str, Uuid), InvalidId> {
    let (prefix, suffix) = match text.rsplit_once('_') {
        Some(("", _)) => return Err(InvalidId),
        Some(parts) => parts,
        None => ("", text),
    };
    let letters = prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if !letters || prefix.len() > 63 || prefix.starts_with('_') || prefix.ends_with('_') {
        return Err(InvalidId);
    }
    Ok((prefix, decode_suffix(suffix)?))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What the id starts with, before the underscore.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, encode_suffix(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match parse(text)? {
                    ($prefix, uuid) => Ok(Self(uuid)),
                    _ => Err(InvalidId),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(|InvalidId| D::Error::custom(concat!("not a ", $prefix, "_… id")))
            }
        }
    )*};
}

ids! {
    /// An organisation: the tenant.
    OrgId = "org";
    /// A person.
    UserId = "user";
    /// A signed-in session.
    SessionId = "sess";
    /// An API key (its public name, not its secret).
    ApiKeyId = "key";
    /// A receipt.
    ReceiptId = "rcpt";
    /// An import.
    ImportId = "imp";
    /// A check of a log that was asked for.
    LogCheckId = "check";
    /// One request to the server.
    RequestId = "req";
}

#[cfg(test)]
mod tests;
