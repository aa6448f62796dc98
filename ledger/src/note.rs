//! Signed notes (C2SP `signed-note` v1.0.0): text, a blank line, and a line for each signature.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::encoding::{base64, from_base64, from_hex, hex};
use crate::hash::sha256;

const ED25519: u8 = 1;
/// Signature lines read at most; the specification wants sixteen or more.
const MAX_SIGNATURES: usize = 64;
/// The longest note read: 64 KiB.
const MAX_BYTES: usize = 64 << 10;
const MARK: &str = "\u{2014} ";

/// Why a note, a key or a name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteError {
    /// Not the shape of a signed note.
    Malformed,
    /// A key's name is empty, or has a space or a plus in it.
    Name,
    /// Not the shape of a verifier key, or its id is not that of its bytes.
    Key,
    /// A signature by a known key does not hold.
    Signature,
    /// No signature by a known key.
    Unknown,
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let fine = !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c.is_control());
    if fine { Ok(()) } else { Err(NoteError::Name) }
}

fn key_id(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n", &[ED25519], public]);
    [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
}

/// A public key and the name it signs under: `name+hex8+base64`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    public: VerifyingKey,
}

impl VerifierKey {
    /// From a name and the 32 bytes of an Ed25519 public key.
    pub fn new(name: &str, public: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| NoteError::Key)?;
        Ok(Self { name: name.to_owned(), id: key_id(name, public), public: key })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key id in 8 hex digits.
    pub fn id_hex(&self) -> String {
        hex(&self.id)
    }

    /// Checks an Ed25519 signature strictly (RFC 8032, no small-order keys, no malleable encodings).
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let signature = Signature::from_slice(signature).map_err(|_| NoteError::Signature)?;
        self.public.verify_strict(message, &signature).map_err(|_| NoteError::Signature)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519];
        bytes.extend(self.public.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex(&self.id), base64(&bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, rest) = text.split_once('+').ok_or(NoteError::Key)?;
        let (id, key) = rest.split_once('+').ok_or(NoteError::Key)?;
        let bytes = from_base64(key).ok_or(NoteError::Key)?;
        let Some((&ED25519, public)) = bytes.split_first() else { return Err(NoteError::Key) };
        let key = Self::new(name, public.try_into().map_err(|_| NoteError::Key)?)?;
        if from_hex(id).is_some_and(|id| id == key.id) { Ok(key) } else { Err(NoteError::Key) }
    }
}

/// A signing key and the name it signs under. The key is zeroised when dropped.
pub struct NoteSigner {
    key: SigningKey,
    verifier: VerifierKey,
}

impl NoteSigner {
    /// From a name and an Ed25519 seed.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, key.verifying_key().as_bytes())?;
        Ok(Self { key, verifier })
    }

    /// The public half.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The 64 bytes of an Ed25519 signature (RFC 8032): the same message has the same signature.
    pub fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// Text that ends in a line end, as a note with one signature.
    pub fn sign(&self, text: &str) -> String {
        let mut blob = self.verifier.id.to_vec();
        blob.extend(self.sign_bytes(text.as_bytes()));
        format!("{text}\n{MARK}{} {}\n", self.verifier.name, base64(&blob))
    }
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// The name it claims.
    pub name: String,
    /// The key id it claims.
    pub id: [u8; 4],
    /// What follows the id: 64 bytes for Ed25519.
    pub signature: Vec<u8>,
}

/// A note, read but not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Reads a note of up to 64 KiB and 64 signatures.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let control = |byte: u8| byte < 0x20 && byte != b'\n';
        if note.len() > MAX_BYTES || note.bytes().any(control) {
            return Err(NoteError::Malformed);
        }
        let at = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, lines) = (&note[..=at], &note[at + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let signatures: Vec<SignatureLine> = lines.split('\n').map(signature_line).collect::<Result<_, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// What is signed, with its last line end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Checks the signatures of known keys: every one must hold, and there must be one. Unknown ones are passed over.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut good = Vec::new();
        for line in &self.signatures {
            let key = known.iter().find(|key| key.name == line.name && key.id == line.id);
            if let Some(key) = key {
                key.verify(self.text.as_bytes(), &line.signature)?;
                good.push(key);
            }
        }
        if good.is_empty() { Err(NoteError::Unknown) } else { Ok(good) }
    }
}

fn signature_line(line: &str) -> Result<SignatureLine, NoteError> {
    let (name, blob) = line.strip_prefix(MARK).and_then(|line| line.split_once(' ')).ok_or(NoteError::Malformed)?;
    check_name(name).map_err(|_| NoteError::Malformed)?;
    let blob = from_base64(blob).ok_or(NoteError::Malformed)?;
    let (id, signature) = blob.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
    if signature.is_empty() {
        return Err(NoteError::Malformed);
    }
    Ok(SignatureLine { name: name.to_owned(), id: *id, signature: signature.to_vec() })
}
