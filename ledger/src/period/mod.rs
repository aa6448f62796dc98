//! A period's receipts in one archive that is written, read and checked in a stream: `certnode/period/v1`.
//!
//! A tar file, because each member's length stands before it, so that neither side ever holds more than a line, and because
//! every system opens it. Its members, in this order:
//!
//! 1. `period.json`: the log's checkpoint, which entries follow, and the hashes of what stands beside them in the tree;
//! 2. `entries/<first index>.tsv`: a line an entry: its statement, its salt and its payload, parted by tabs, byte for byte as
//!    they were hashed. Salt and payload are empty where the payload was erased, and for the entries on either side of the
//!    period, which show that it is all there;
//! 3. `manifest.json`: how many, and the SHA-256 of everything before it. An archive that was cut off has none.
//!
//! All leaves together with the hashes beside them give the checkpoint's root: no entry is missing, changed or added, and
//! the proofs of all of them are a few hashes.

mod check;
mod found;
mod tar;
mod write;

pub use check::PeriodVerification;
pub use found::{Failure, Found};
pub use tar::{END, member, member_length};
pub use write::Writer;

use crate::bundle::{key_events, read_key_events};
use crate::encoding::{base64, from_base64};
use crate::hash::Hash;
use crate::jcs::canonical;
use crate::json::{self, Limits, MAX_SAFE_INTEGER, Value};

/// The value of `format`.
pub const FORMAT: &str = "certnode/period/v1";
/// The first member.
pub const HEAD: &str = "period.json";
/// The last member.
pub const MANIFEST: &str = "manifest.json";
/// Head and manifest: a policy, proofs and 128 hashes.
const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 8 };

/// `period.json`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The first day of the period (UTC, `YYYY-MM-DD`).
    pub from: String,
    /// The last day of the period.
    pub until: String,
    /// The first entry in the archive: the one before the period's first, if there is one.
    pub from_index: u64,
    /// The entry after the last in the archive, which is the one after the period's last, if there is one.
    pub until_index: u64,
    /// The log's signed checkpoint, verbatim.
    pub checkpoint: String,
    /// The roots of [`crate::tree::subtrees`] from 0 to `from_index`.
    pub left: Vec<Hash>,
    /// The roots of [`crate::tree::subtrees`] from `until_index` to the checkpoint's size.
    pub right: Vec<Hash>,
    /// A `.tlog-proof` of the checkpoint's text in the root log, once there is one.
    pub root_proof: Option<String>,
    /// A C2SP `tlog-policy`: a hint; a verifier may bring its own.
    pub policy: String,
    /// As a bundle's.
    pub issuing_keys: Vec<(String, u64)>,
    /// As a bundle's.
    pub revoked_keys: Vec<(String, u64)>,
}

impl Head {
    /// The member's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let hashes = |hashes: &[Hash]| Value::Array(hashes.iter().map(|hash| base64(&hash.0).into()).collect());
        let mut members = vec![
            ("format", FORMAT.into()),
            ("from", self.from.as_str().into()),
            ("until", self.until.as_str().into()),
            ("from_index", number(self.from_index)),
            ("until_index", number(self.until_index)),
            ("checkpoint", self.checkpoint.as_str().into()),
            ("left", hashes(&self.left)),
            ("right", hashes(&self.right)),
            ("policy", self.policy.as_str().into()),
            ("key_events", key_events(&self.issuing_keys, &self.revoked_keys)),
        ];
        members.extend(self.root_proof.as_deref().map(|proof| ("root_proof", proof.into())));
        canonical(&Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
    }

    /// Reads the member; none for anything else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let value = json::parse_with(bytes, LIMITS).ok()?;
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let count = |name: &str| u64::try_from(value.get(name)?.as_i64()?).ok();
        let hashes = |name: &str| {
            let hashes = value.get(name)?.as_array()?.iter();
            hashes.map(|hash| Hash::from_slice(&from_base64(hash.as_str()?)?)).collect::<Option<Vec<_>>>()
        };
        let expected = 10 + usize::from(value.get("root_proof").is_some());
        if text("format")? != FORMAT || value.as_object()?.len() != expected {
            return None;
        }
        let (issuing_keys, revoked_keys) = read_key_events(value.get("key_events")?)?;
        Some(Self {
            from: text("from")?,
            until: text("until")?,
            from_index: count("from_index")?,
            until_index: count("until_index")?,
            checkpoint: text("checkpoint")?,
            left: hashes("left")?,
            right: hashes("right")?,
            root_proof: match value.get("root_proof") {
                Some(proof) => Some(proof.as_str()?.to_owned()),
                None => None,
            },
            policy: text("policy")?,
            issuing_keys,
            revoked_keys,
        })
    }
}

/// `manifest.json`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Entries in the archive.
    pub entries: u64,
    /// Of them, those with a payload.
    pub payloads: u64,
    /// SHA-256 of the archive's bytes before this member.
    pub sha256: Hash,
}

impl Manifest {
    /// The member's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical(&Value::object([
            ("format", FORMAT.into()),
            ("entries", number(self.entries)),
            ("payloads", number(self.payloads)),
            ("sha256", self.sha256.to_hex().into()),
        ]))
    }

    /// Reads the member; none for anything else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let value = json::parse_with(bytes, LIMITS).ok()?;
        let count = |name: &str| u64::try_from(value.get(name)?.as_i64()?).ok();
        if value.get("format")?.as_str()? != FORMAT || value.as_object()?.len() != 4 {
            return None;
        }
        let sha256 = Hash::from_hex(value.get("sha256")?.as_str()?)?;
        Some(Self { entries: count("entries")?, payloads: count("payloads")?, sha256 })
    }
}

/// The name of the member that begins with this entry.
pub fn entries_name(first: u64) -> String {
    format!("entries/{first:012}.tsv")
}

/// How long the lines of entries are: of statements of so many bytes together, some of them with contents.
pub const fn lines_length(entries: u64, statements: u64, contents: u64, payloads: u64) -> u64 {
    // Two tabs and the line's end; sixteen bytes of salt are 24 in base64.
    statements + 3 * entries + 24 * contents + payloads
}

/// One entry's line.
pub fn line(statement: &[u8], contents: Option<(&[u8; 16], &[u8])>) -> Vec<u8> {
    let (salt, payload) = contents.map(|(salt, payload)| (base64(salt), payload)).unwrap_or_default();
    [statement, b"\t", salt.as_bytes(), b"\t", payload, b"\n"].concat()
}

fn number(count: u64) -> Value {
    Value::Integer(i64::try_from(count).unwrap_or(MAX_SAFE_INTEGER))
}
