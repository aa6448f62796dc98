//! The offline file, `.certnode`: a receipt with all that is needed to check it, as canonical JSON.

use crate::encoding::{base64, from_base64};
use crate::jcs::canonical;
use crate::json::{self, Limits, Value};

/// The value of `format`.
pub const FORMAT: &str = "certnode/bundle/v1";
const ISSUING: &str = "issuing_key";
const REVOKED: &str = "key_revoked";
/// Payload, statement and two proofs, with room for cosignatures.
const LIMITS: Limits = Limits { bytes: 512 << 10, depth: 34 };

/// A bundle's members.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The log's entry, byte for byte.
    pub statement: Vec<u8>,
    /// What the receipt is about; none when erased or withheld.
    pub payload: Option<Value>,
    /// What the payload is committed to with.
    pub salt: Option<[u8; 16]>,
    /// A `.tlog-proof` of the entry in the tenant's log.
    pub tenant_proof: String,
    /// A `.tlog-proof` of the tenant's checkpoint in the root log, once there is one.
    pub root_proof: Option<String>,
    /// A C2SP `tlog-policy`: whom to believe. A hint; a verifier may bring its own.
    pub policy: String,
    /// The verifier keys of those who may issue, each with the tree size from which it did: 0 for the first, then rising.
    pub issuing_keys: Vec<(String, u64)>,
    /// Verifier keys, of any kind, that were revoked, each with the size from which it is not to be believed: an entry's
    /// index for an issuing key, a tree's size for one that signs checkpoints.
    pub revoked_keys: Vec<(String, u64)>,
}

/// Why a file is no bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleError(pub String);

impl Bundle {
    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut members = vec![
            ("format".to_owned(), FORMAT.into()),
            ("key_events".to_owned(), key_events(&self.issuing_keys, &self.revoked_keys)),
            ("policy".to_owned(), self.policy.as_str().into()),
            ("statement".to_owned(), base64(&self.statement).into()),
            ("tenant_proof".to_owned(), self.tenant_proof.as_str().into()),
        ];
        let optional = [
            ("payload", self.payload.clone()),
            ("salt", self.salt.map(|salt| base64(&salt).into())),
            ("root_proof", self.root_proof.as_deref().map(Value::from)),
        ];
        members.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        canonical(&Value::Object(members))
    }

    /// The verifier key in force for the log's entry `index`: the last that issued from there or before.
    pub fn issuing_key(&self, index: u64) -> Option<&str> {
        self.issuing_keys.iter().rev().find(|(_, from_size)| *from_size <= index).map(|(vkey, _)| vkey.as_str())
    }

    /// From which size on a verifier key is not to be believed, if it was revoked.
    pub fn revoked_from(&self, vkey: &str) -> Option<u64> {
        self.revoked_keys.iter().filter(|(revoked, _)| revoked == vkey).map(|(_, from_size)| *from_size).min()
    }

    /// Reads a file. Spacing and order are free; members are not. Payloads are 256 KiB at most, in canonical form.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let value =
            json::parse_with(bytes, LIMITS).map_err(|error| BundleError(format!("It is not JSON: {error}.")))?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(BundleError(format!("It does not say that its format is {FORMAT}.")));
        }
        const KNOWN: [&str; 8] =
            ["format", "key_events", "payload", "policy", "root_proof", "salt", "statement", "tenant_proof"];
        let stranger =
            value.as_object().and_then(|members| members.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())));
        if let Some((name, _)) = stranger {
            return Err(BundleError(format!("It has a member {name:?} that is not part of the format.")));
        }
        read(&value)
            .ok_or_else(|| BundleError("A part of it is missing or has another shape than the format's.".to_owned()))
    }
}

/// Verifier keys, each with a tree size.
pub(crate) type KeySizes = Vec<(String, u64)>;

/// The keys that issued and those that were revoked, as `key_events` has them.
pub(crate) fn key_events(issuing: &[(String, u64)], revoked: &[(String, u64)]) -> Value {
    let events = |event: &'static str, keys: &[(String, u64)]| {
        let event = |(vkey, from_size): &(String, u64)| {
            Value::object([
                ("event", event.into()),
                ("from_size", Value::Integer(i64::try_from(*from_size).unwrap_or(i64::MAX))),
                ("vkey", vkey.as_str().into()),
            ])
        };
        keys.iter().map(event).collect::<Vec<_>>()
    };
    Value::Array([events(ISSUING, issuing), events(REVOKED, revoked)].concat())
}

/// The keys that issued and those that were revoked, out of `key_events`; none for anything else.
pub(crate) fn read_key_events(events: &Value) -> Option<(KeySizes, KeySizes)> {
    let (mut issuing, mut revoked) = (Vec::new(), Vec::new());
    for event in events.as_array()? {
        let known = event.as_object().is_some_and(|event| event.len() == 3);
        let from_size = u64::try_from(event.get("from_size")?.as_i64()?).ok().filter(|_| known)?;
        let key = (event.get("vkey")?.as_str()?.to_owned(), from_size);
        match event.get("event")?.as_str()? {
            ISSUING => issuing.push(key),
            REVOKED => revoked.push(key),
            _ => return None,
        }
    }
    // Some key issued the first entry, and each later key took over from the one before.
    if issuing.first()?.1 != 0 || !issuing.is_sorted_by(|(_, before), (_, after)| before < after) {
        return None;
    }
    Some((issuing, revoked))
}

fn read(value: &Value) -> Option<Bundle> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let salt = match value.get("salt") {
        Some(salt) => Some(from_base64(salt.as_str()?)?.try_into().ok()?),
        None => None,
    };
    let root_proof = match value.get("root_proof") {
        Some(proof) => Some(proof.as_str()?.to_owned()),
        None => None,
    };
    let payload = value.get("payload").cloned();
    if payload.as_ref().is_some_and(|payload| canonical(payload).len() > json::RECEIPT.bytes) {
        return None;
    }

    let (issuing_keys, revoked_keys) = read_key_events(value.get("key_events")?)?;
    Some(Bundle {
        statement: from_base64(&text("statement")?)?,
        payload,
        salt,
        tenant_proof: text("tenant_proof")?,
        root_proof,
        policy: text("policy")?,
        issuing_keys,
        revoked_keys,
    })
}
