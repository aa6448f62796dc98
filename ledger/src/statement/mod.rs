//! Receipt statements: the entries of a log.
//!
//! Canonical JSON (RFC 8785), stored and hashed as it is: who says (`log`, `kid`), what (`type`, `id`, `payload` by
//! commitment), when (`issued_at`), and an Ed25519 signature over `certnode/receipt/v1\n` and the statement without `sig`.

mod forms;
mod refs;

pub use refs::{Ref, Relation};

use crate::encoding::{base64, from_base64};
use crate::hash::Hash;
use crate::jcs::{canonical, write_string};
use crate::json::{self, MAX_SAFE_INTEGER, Value};
use crate::key::IssuingKey;
use crate::note::{NoteError, VerifierKey};

/// A log's entry is 65,535 bytes at most (C2SP `tlog-tiles`).
pub const MAX_BYTES: usize = 65_535;
const CONTEXT: &[u8] = b"certnode/receipt/v1\n";

/// A file that goes with a receipt, by its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// SHA-256, so that anyone's tool checks it.
    pub sha256: Hash,
    /// BLAKE3 of the same bytes.
    pub blake3: Hash,
    /// How many.
    pub bytes: u64,
    /// The media type.
    pub media: String,
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The log's origin.
    pub log: String,
    /// `rcpt_…`: a TypeID, a UUIDv7 inside.
    pub id: String,
    /// The receipt's kind.
    pub kind: String,
    /// RFC 3339, UTC, milliseconds, `Z`.
    pub issued_at: String,
    /// What the payload looks like: a schema's name and version.
    pub schema: String,
    /// The commitment to the payload ([`crate::commitment`]).
    pub payload: Hash,
    /// Files that go with it.
    pub evidence: Vec<Evidence>,
    /// Receipts it refers to.
    pub refs: Vec<Ref>,
    /// The hash of log and idempotency key, if the caller gave one.
    pub idempotency: Option<Hash>,
}

/// Why a statement was not signed or not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementError {
    /// Over 65,535 bytes.
    TooLarge,
    /// Not canonical JSON with just the members a statement has, or an id, time or length that is not one.
    Malformed,
    /// The key signs for another log.
    WrongKey,
}

impl Statement {
    /// Writes the canonical bytes; `sig` sorts between `schema` and `type`, so it goes in without writing the rest anew.
    fn write(&self, kid: &str, signature: Option<&[u8; 64]>) -> Vec<u8> {
        let mut out = Vec::with_capacity(768);
        out.extend(b"{\"evidence\":[");
        for (index, file) in self.evidence.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend(b"{\"blake3\":");
            write_string(&file.blake3.to_hex(), &mut out);
            out.extend(format!(",\"bytes\":{},\"media\":", file.bytes).as_bytes());
            write_string(&file.media, &mut out);
            out.extend(b",\"sha256\":");
            write_string(&file.sha256.to_hex(), &mut out);
            out.push(b'}');
        }
        out.extend(b"],\"id\":");
        write_string(&self.id, &mut out);
        if let Some(hash) = &self.idempotency {
            out.extend(b",\"idem\":");
            write_string(&hash.to_hex(), &mut out);
        }
        for (name, text) in [("issued_at", self.issued_at.as_str()), ("kid", kid), ("log", &self.log)] {
            out.extend(format!(",\"{name}\":").as_bytes());
            write_string(text, &mut out);
        }
        out.extend(b",\"payload\":{\"sha256\":");
        write_string(&self.payload.to_hex(), &mut out);
        out.extend(b"},\"refs\":[");
        for (index, other) in self.refs.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            other.write(&mut out);
        }
        out.extend(b"],\"schema\":");
        write_string(&self.schema, &mut out);
        if let Some(signature) = signature {
            out.extend(b",\"sig\":");
            write_string(&base64(signature), &mut out);
        }
        out.extend(b",\"type\":");
        write_string(&self.kind, &mut out);
        out.extend(b",\"v\":1}");
        out
    }

    /// Whether ids are TypeIDs around UUIDv7, the time is one, and lengths are within 2⁵³−1.
    fn is_well_formed(&self) -> bool {
        let countable = |file: &Evidence| file.bytes <= MAX_SAFE_INTEGER.unsigned_abs();
        forms::is_time(&self.issued_at)
            && forms::is_id(&self.id)
            && self.refs.iter().all(Ref::is_well_formed)
            && self.evidence.iter().all(countable)
    }

    /// The signed statement: the bytes of the log's entry.
    ///
    /// Errors: [`StatementError::WrongKey`] unless the key is that of `log`; [`StatementError::Malformed`];
    /// [`StatementError::TooLarge`] over [`MAX_BYTES`].
    pub fn sign(&self, key: &IssuingKey) -> Result<Vec<u8>, StatementError> {
        if key.verifier().name().strip_suffix("/issuer") != Some(self.log.as_str()) {
            return Err(StatementError::WrongKey);
        }
        if !self.is_well_formed() {
            return Err(StatementError::Malformed);
        }
        let signature = key.sign(&message(&self.write(key.id(), None)));
        let bytes = self.write(key.id(), Some(&signature));
        if bytes.len() > MAX_BYTES { Err(StatementError::TooLarge) } else { Ok(bytes) }
    }
}

fn message(unsigned: &[u8]) -> Vec<u8> {
    [CONTEXT, unsigned].concat()
}

/// The id of the key that an entry says it was signed with, found without reading the rest; none where there is none.
///
/// For entries we wrote: in canonical JSON a quotation mark inside a text is escaped, so the name is found only as a name.
pub fn kid_of(entry: &[u8]) -> Option<&str> {
    const NAME: &[u8] = b",\"kid\":\"";
    let at = entry.windows(NAME.len()).position(|bytes| bytes == NAME)? + NAME.len();
    std::str::from_utf8(entry.get(at..at + 8)?).ok()
}

/// A statement that was read, with what its signature is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What it says.
    pub statement: Statement,
    /// The issuing key's id.
    pub kid: String,
    signature: Vec<u8>,
    message: Vec<u8>,
}

impl Signed {
    /// Reads an entry's bytes. They must be canonical, and hold what a statement holds and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        if bytes.len() > MAX_BYTES {
            return Err(StatementError::TooLarge);
        }
        let value = json::parse(bytes).map_err(|_| StatementError::Malformed)?;
        let read = read(&value).ok_or(StatementError::Malformed)?;
        let signature: &[u8; 64] = read.signature.as_slice().try_into().map_err(|_| StatementError::Malformed)?;
        if !read.statement.is_well_formed() {
            return Err(StatementError::Malformed);
        }
        // Whatever is not exactly as we would write it is not a statement: no unknown members, no second spelling.
        if canonical(&value) != bytes || read.statement.write(&read.kid, Some(signature)) != bytes {
            return Err(StatementError::Malformed);
        }
        Ok(Self { message: message(&read.statement.write(&read.kid, None)), ..read })
    }

    /// Checks the signature by a key whose id is the statement's `kid`.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        if key.id_hex() != self.kid || key.name().strip_suffix("/issuer") != Some(self.statement.log.as_str()) {
            return Err(NoteError::Unknown);
        }
        key.verify(&self.message, &self.signature)
    }
}

fn read(value: &Value) -> Option<Signed> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let evidence = value.get("evidence")?.as_array()?.iter().map(read_evidence).collect::<Option<_>>()?;
    let refs = value.get("refs")?.as_array()?.iter().map(Ref::read).collect::<Option<_>>()?;
    let idempotency = match value.get("idem") {
        Some(hash) => Some(Hash::from_hex(hash.as_str()?)?),
        None => None,
    };
    let statement = Statement {
        log: text("log")?,
        id: text("id")?,
        kind: text("type")?,
        issued_at: text("issued_at")?,
        schema: text("schema")?,
        payload: Hash::from_hex(value.get("payload")?.get("sha256")?.as_str()?)?,
        evidence,
        refs,
        idempotency,
    };
    Some(Signed { statement, kid: text("kid")?, signature: from_base64(&text("sig")?)?, message: Vec::new() })
}

fn read_evidence(value: &Value) -> Option<Evidence> {
    Some(Evidence {
        sha256: Hash::from_hex(value.get("sha256")?.as_str()?)?,
        blake3: Hash::from_hex(value.get("blake3")?.as_str()?)?,
        bytes: u64::try_from(value.get("bytes")?.as_i64()?).ok()?,
        media: value.get("media")?.as_str()?.to_owned(),
    })
}
