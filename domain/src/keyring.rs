//! Signing keys, derived from one master key.
//!
//! A log's keys are BLAKE3 derivations of the master key, so nothing secret is stored; what is stored is the public
//! half, and a log whose public keys do not come out of the master key at hand is refused.

use std::sync::Arc;

use ledger::key::IssuingKey;
use ledger::note::NoteSigner;

use crate::Mode;
use crate::id::OrgId;
use crate::secret::base58;

const CHECKPOINT: &str = "certnode 2026-11-20 tenant checkpoint v1";
const ISSUING: &str = "certnode 2026-11-20 tenant issuing v1";
const ORIGIN: &str = "certnode 2026-11-20 tenant origin v1";
const SHARE: &str = "certnode 2026-11-21 shared receipt v1";

/// The master key. Cheap to clone.
#[derive(Clone)]
pub struct Keyring {
    master: Arc<[u8; 32]>,
    log_host: Arc<str>,
}

/// The signing keys of one log.
pub struct LogKeys {
    /// Signs checkpoints; its name is the log's origin.
    pub checkpoint: NoteSigner,
    /// Signs receipts.
    pub issuing: IssuingKey,
}

impl Keyring {
    /// `log_host` is the first part of new logs' origins: a host name without a scheme.
    pub fn new(master: [u8; 32], log_host: &str) -> Self {
        Self { master: Arc::new(master), log_host: log_host.into() }
    }

    /// The origin of a new log: stable, and silent about whose it is.
    pub fn origin(&self, org_id: OrgId, mode: Mode) -> String {
        if (org_id, mode) == crate::anchors::ROOT {
            return format!("{}/root", self.log_host);
        }
        let opaque = self.derive(ORIGIN, org_id, mode);
        let hex: String = opaque[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}/t/{hex}", self.log_host)
    }

    /// The keys of the log with this origin.
    pub fn log_keys(&self, org_id: OrgId, mode: Mode, origin: &str) -> Result<LogKeys, ledger::note::NoteError> {
        Ok(LogKeys {
            checkpoint: NoteSigner::from_seed(origin, &self.derive(CHECKPOINT, org_id, mode))?,
            issuing: IssuingKey::from_seed(origin, &self.derive(ISSUING, org_id, mode))?,
        })
    }

    /// What the link of a shared receipt ends in: 128 bits that only the master key makes out of the share's id.
    pub fn share_token(&self, share: uuid::Uuid) -> String {
        let mut hasher = blake3::Hasher::new_derive_key(SHARE);
        hasher.update(&*self.master);
        hasher.update(share.as_bytes());
        base58(&hasher.finalize().as_bytes()[..16], 22)
    }

    fn derive(&self, purpose: &str, org_id: OrgId, mode: Mode) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        hasher.update(&*self.master);
        hasher.update(org_id.0.as_bytes());
        hasher.update(mode.as_str().as_bytes());
        *hasher.finalize().as_bytes()
    }
}
