//! The key that signs receipts.

use crate::note::{NoteError, NoteSigner, VerifierKey};

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
