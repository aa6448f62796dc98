//! Keys: derivation from one master key, names that say nothing, and the key that signs receipts.

use zeroize::Zeroizing;

use crate::note::{NoteError, NoteSigner, VerifierKey};

/// A key derived from the master key, wiped when dropped: BLAKE3 `derive_key` in this context over the master key and `info`.
///
/// `context` is a constant, one for each purpose, such as `certnode 2026-11-20 tenant checkpoint v1`; `info` says whose.
pub fn derive_key(master: &[u8; 32], context: &str, info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    blake3::Hasher::new_derive_key(context).update(master).update(info).finalize_xof().fill(&mut *key);
    key
}

/// A tenant's name in public, stable and silent about whose it is: 16 bytes of BLAKE3 `keyed_hash`.
pub fn opaque_id(secret: &[u8; 32], tenant: &[u8]) -> [u8; 16] {
    let mut id = [0; 16];
    blake3::Hasher::new_keyed(secret).update(tenant).finalize_xof().fill(&mut id);
    id
}

/// Signs the receipts of one log, under the note name `<origin>/issuer`.
pub struct IssuingKey {
    signer: NoteSigner,
    id: String,
}

impl IssuingKey {
    /// From a log's origin and an Ed25519 seed.
    pub fn from_seed(origin: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let signer = NoteSigner::from_seed(&format!("{origin}/issuer"), seed)?;
        let id = signer.verifier().id_hex();
        Ok(Self { signer, id })
    }

    /// The public half.
    pub const fn verifier(&self) -> &VerifierKey {
        self.signer.verifier()
    }

    /// The key id, 8 hex digits: a statement's `kid`.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signer.sign_bytes(message)
    }
}
