//! Signed notes (C2SP `signed-note` v1.0.0): text, a blank line, and a line for each signature.
//!
//! Keys are Ed25519 over the text (type 1) or over a time and the text (type 4, C2SP `tlog-cosignature` v1.0.1).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::encoding::{base64, from_base64, from_hex, hex};
use crate::hash::sha256;

const ED25519: u8 = 1;
const COSIGNATURE: u8 = 4;
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
    /// Not the shape of a verifier key, its id is not that of its bytes, or a key of small order or another kind than needed.
    Key,
    /// A signature by a known key does not hold.
    Signature,
    /// No signature by a known key.
    Unknown,
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The text.
    Ed25519,
    /// `cosignature/v1`, a time and the text: a witness's key.
    Cosignature,
}

impl KeyKind {
    const fn tag(self) -> u8 {
        match self {
            Self::Ed25519 => ED25519,
            Self::Cosignature => COSIGNATURE,
        }
    }
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let fine = !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c.is_control());
    if fine { Ok(()) } else { Err(NoteError::Name) }
}

fn key_id(name: &str, kind: KeyKind, public: &[u8; 32]) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n", &[kind.tag()], public]);
    [hash.0[0], hash.0[1], hash.0[2], hash.0[3]]
}

/// A public key and the name it signs under: `name+hex8+base64`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    kind: KeyKind,
    public: VerifyingKey,
}

impl VerifierKey {
    /// From a name and the 32 bytes of an Ed25519 public key.
    pub fn new(name: &str, public: &[u8; 32]) -> Result<Self, NoteError> {
        Self::of_kind(name, KeyKind::Ed25519, public)
    }

    /// From a name and the 32 bytes of a public key that signs what `kind` says.
    pub fn of_kind(name: &str, kind: KeyKind, public: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let key = VerifyingKey::from_bytes(public).ok().filter(|key| !key.is_weak()).ok_or(NoteError::Key)?;
        Ok(Self { name: name.to_owned(), id: key_id(name, kind, public), kind, public: key })
    }

    /// What the key signs.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The 32 bytes of the key.
    pub fn public(&self) -> [u8; 32] {
        self.public.to_bytes()
    }

    /// The key id: the first bytes of SHA-256 over name, line end, type and key.
    pub const fn id(&self) -> [u8; 4] {
        self.id
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

    /// Checks a note's signature; a cosignature has a time, in Unix seconds.
    fn verify_line(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, NoteError> {
        match self.kind {
            KeyKind::Ed25519 => self.verify(text.as_bytes(), signature).map(|()| None),
            KeyKind::Cosignature => {
                let (time, signature) = signature.split_first_chunk::<8>().ok_or(NoteError::Signature)?;
                let time = u64::from_be_bytes(*time);
                self.verify(cosigned(text, time).as_bytes(), signature).map(|()| Some(time))
            }
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.kind.tag()];
        bytes.extend(self.public.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex(&self.id), base64(&bytes))
    }
}

/// What a verifier key is called for short: its name and its id, which is a hash of name and key, `log.example+1a2b3c4d`.
pub fn short_name(vkey: &str) -> &str {
    let id_ends = vkey.match_indices('+').nth(1).map_or(vkey.len(), |(at, _)| at);
    vkey.get(..id_ends).unwrap_or(vkey)
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
        let (kind, public) = match bytes.split_first() {
            Some((&ED25519, public)) => (KeyKind::Ed25519, public),
            Some((&COSIGNATURE, public)) => (KeyKind::Cosignature, public),
            _ => return Err(NoteError::Key),
        };
        let key = Self::of_kind(name, kind, public.try_into().map_err(|_| NoteError::Key)?)?;
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
        Self::of_kind(name, KeyKind::Ed25519, seed)
    }

    /// A witness's key, from its name and an Ed25519 seed.
    pub fn cosigner(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Self::of_kind(name, KeyKind::Cosignature, seed)
    }

    fn of_kind(name: &str, kind: KeyKind, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::of_kind(name, kind, key.verifying_key().as_bytes())?;
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
        format!("{text}\n{}\n", self.signature(text))
    }

    /// The line that signs a text: to add to a note of it.
    pub fn signature(&self, text: &str) -> SignatureLine {
        self.line(self.sign_bytes(text.as_bytes()).to_vec())
    }

    /// A cosignature over a checkpoint's text, at a time in Unix seconds: a line to add to the note.
    ///
    /// Errors: [`NoteError::Key`] unless this is a [`NoteSigner::cosigner`].
    pub fn cosign(&self, text: &str, time: u64) -> Result<SignatureLine, NoteError> {
        if self.verifier.kind != KeyKind::Cosignature {
            return Err(NoteError::Key);
        }
        let signature = self.sign_bytes(cosigned(text, time).as_bytes());
        Ok(self.line([&time.to_be_bytes()[..], &signature].concat()))
    }

    fn line(&self, signature: Vec<u8>) -> SignatureLine {
        SignatureLine { name: self.verifier.name.clone(), id: self.verifier.id, signature }
    }
}

/// What a witness signs.
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// The name it claims.
    pub name: String,
    /// The key id it claims.
    pub id: [u8; 4],
    /// What follows the id: 64 bytes for Ed25519, 8 of time and 64 for a cosignature.
    pub signature: Vec<u8>,
}

/// The line as it stands in the note, without its end.
impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [&self.id, self.signature.as_slice()].concat();
        write!(f, "{MARK}{} {}", self.name, base64(&blob))
    }
}

impl FromStr for SignatureLine {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        signature_line(line)
    }
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

    /// Adds a line, such as a witness's.
    pub fn push(&mut self, line: SignatureLine) {
        self.signatures.push(line);
    }

    /// Checks the signatures of known keys: every one must hold, and there must be one. Unknown ones are passed over.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let good: Vec<_> = self.verify_any(known)?.into_iter().map(|(key, _)| key).collect();
        if good.is_empty() { Err(NoteError::Unknown) } else { Ok(good) }
    }

    /// As [`Note::verify`], with the times of cosignatures in Unix seconds; no signature by a known key is an empty list.
    pub fn verify_any<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<(&'k VerifierKey, Option<u64>)>, NoteError> {
        let mut good = Vec::new();
        for line in &self.signatures {
            let key = known.iter().find(|key| key.name == line.name && key.id == line.id);
            if let Some(key) = key {
                good.push((key, key.verify_line(&self.text, &line.signature)?));
            }
        }
        Ok(good)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
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
