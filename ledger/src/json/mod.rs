//! Strict I-JSON (RFC 7493): one meaning for every document that is accepted, and a place and a sentence for every one that is not.
//!
//! Refused beyond what JSON itself refuses: duplicate names, lone surrogates, noncharacters, a byte-order mark, and more
//! depth or bytes than the limits.

use std::fmt;

mod parser;

/// The largest integer every reader counts exactly: 2⁵³−1.
pub const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// A JSON value. Objects keep their members as written; canonical order is [`crate::jcs`]'s.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number within ±(2⁵³−1), written without fraction or exponent.
    Integer(i64),
    /// Any other number, as the nearest double.
    Float(f64),
    /// Text.
    String(String),
    /// Values in order.
    Array(Vec<Value>),
    /// Names and values, each name once.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// An object of these members.
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The member of this name; none for anything that is not an object with it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is an integer.
    pub const fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The values of an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(values) => Some(values),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Checks that every number is an integer within ±(2⁵³−1): money and quantities in receipts are exact or text.
    ///
    /// Returns the path of the first one that is not, such as `items[2].price`.
    pub fn check_integers(&self) -> Result<(), String> {
        match self {
            Self::Float(_) => Err(String::new()),
            Self::Array(values) => values.iter().enumerate().try_for_each(|(index, value)| {
                value.check_integers().map_err(|rest| join(&format!("[{index}]"), &rest))
            }),
            Self::Object(members) => {
                members.iter().try_for_each(|(name, value)| value.check_integers().map_err(|rest| join(name, &rest)))
            }
            _ => Ok(()),
        }
    }
}

fn join(first: &str, rest: &str) -> String {
    let dot = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
    format!("{first}{dot}{rest}")
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

/// What is accepted at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the document.
    pub bytes: usize,
    /// Arrays and objects inside each other.
    pub depth: usize,
}

/// The limits of what goes into a receipt: 256 KiB, 32 deep.
pub const RECEIPT: Limits = Limits { bytes: 256 << 10, depth: 32 };

/// Where and why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// Bytes before the place.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The value it is in, such as `items[2].price`; empty for the document itself.
    pub path: String,
    /// What was wrong there: the second half of a sentence that begins with the place.
    pub reason: &'static str,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, ", in {}", self.path)?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for JsonError {}

/// Reads a document within the receipt limits.
pub fn parse(document: &[u8]) -> Result<Value, JsonError> {
    parse_with(document, RECEIPT)
}

/// Reads a document within limits.
pub fn parse_with(document: &[u8], limits: Limits) -> Result<Value, JsonError> {
    let mut parser = parser::Parser::new(document, limits);
    parser.document().map_err(|(offset, reason)| {
        let before = document.get(..offset).unwrap_or(document);
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        JsonError {
            offset,
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            column: String::from_utf8_lossy(&before[start..]).chars().count() + 1,
            path: parser.into_path(),
            reason,
        }
    })
}
