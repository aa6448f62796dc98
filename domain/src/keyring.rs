//! The master key, and what it is for: sealing the private halves of signing keys, and naming logs.
//!
//! A signing key is 32 random bytes, sealed with XChaCha20-Poly1305 under a key derived from the master key. What it is
//! the key of (log, purpose, version, public half) is authenticated with it, so that a sealed key that was moved to
//! another row does not open. Keys from before there were versions are derived from the master key until they are sealed.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ledger::encoding::hex;
use ledger::key::derive_key;
use zeroize::Zeroizing;

use crate::Mode;
use crate::id::OrgId;
use crate::log_keys::Purpose;
use crate::secret::base58;

const CHECKPOINT: &str = "certnode 2026-11-20 tenant checkpoint v1";
const ISSUING: &str = "certnode 2026-11-20 tenant issuing v1";
const ORIGIN: &str = "certnode 2026-11-20 tenant origin v1";
const SEAL: &str = "certnode 2026-11-21 seal log keys v1";
const ID: &str = "certnode 2026-11-21 master key id v1";
const NONCE: usize = 24;
const SHARE: &str = "certnode 2026-11-21 shared receipt v1";
const IDEMPOTENCY: &str = "certnode 2026-11-26 idempotency v1";

/// A private key, wiped when dropped.
pub type Seed = Zeroizing<[u8; 32]>;

/// Where the master key comes from: the environment, a file, or a key-management service that unwraps it at start.
pub trait MasterKey: Send + Sync {
    /// Its place, in words that may be shown: never the key.
    fn place(&self) -> String;

    /// The key. Errors are sentences for whoever starts the server.
    fn read(&self) -> Result<Seed, String>;
}

/// The master key at hand. Cheap to clone.
#[derive(Clone)]
pub struct Keyring {
    master: Arc<Seed>,
    seal: Arc<XChaCha20Poly1305>,
    id: Arc<str>,
    place: Arc<str>,
    log_host: Arc<str>,
}

/// What a sealed key is the key of.
pub(crate) struct SealedFor<'a> {
    pub(crate) org_id: OrgId,
    pub(crate) mode: Mode,
    pub(crate) purpose: Purpose,
    pub(crate) version: i32,
    pub(crate) vkey: &'a str,
}

impl SealedFor<'_> {
    fn bytes(&self) -> Vec<u8> {
        let Self { org_id, mode, purpose, version, vkey } = self;
        format!("certnode log key v1\n{}\n{mode}\n{purpose}\n{version}\n{vkey}\n", org_id.0).into_bytes()
    }
}

impl Keyring {
    /// `log_host` is the first part of new logs' origins: a host name without a scheme.
    pub fn new(master: [u8; 32], log_host: &str) -> Self {
        Self::of(Zeroizing::new(master), "this process", log_host)
    }

    /// The keyring of the master key that is found at its place.
    pub fn open(master: &dyn MasterKey, log_host: &str) -> Result<Self, String> {
        Ok(Self::of(master.read()?, &master.place(), log_host))
    }

    fn of(master: Seed, place: &str, log_host: &str) -> Self {
        let seal = XChaCha20Poly1305::new((&*derive_key(&master, SEAL, b"")).into());
        let id = hex(&derive_key(&master, ID, b"")[..8]);
        Self {
            seal: Arc::new(seal),
            id: id.into(),
            place: place.into(),
            log_host: log_host.into(),
            master: Arc::new(master),
        }
    }

    /// Names the master key, and says nothing about it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where the master key came from.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The origin of a new log: stable, and silent about whose it is.
    pub fn origin(&self, org_id: OrgId, mode: Mode) -> String {
        if (org_id, mode) == crate::anchors::ROOT {
            return format!("{}/root", self.log_host);
        }
        format!("{}/t/{}", self.log_host, hex(&self.derive(ORIGIN, org_id, mode)[..16]))
    }

    /// The first key of a log that is older than versions.
    pub(crate) fn inherited(&self, org_id: OrgId, mode: Mode, purpose: Purpose) -> Seed {
        let context = match purpose {
            Purpose::Checkpoint => CHECKPOINT,
            Purpose::Issuing => ISSUING,
        };
        self.derive(context, org_id, mode)
    }

    /// What the link of a shared receipt ends in: 128 bits that only the master key makes out of the share's id.
    pub fn share_token(&self, share: uuid::Uuid) -> String {
        base58(&derive_key(&self.master, SHARE, share.as_bytes())[..16], 22)
    }

    /// What the idempotency keys of a log are hashed with: its statements are read by many who must not learn them.
    pub(crate) fn idempotency(&self, org_id: OrgId, mode: Mode) -> Seed {
        self.derive(IDEMPOTENCY, org_id, mode)
    }

    /// Seals a key. A nonce is used once; 24 random bytes are never the same twice.
    pub(crate) fn seal(&self, nonce: [u8; NONCE], seed: &Seed, of: &SealedFor<'_>) -> Vec<u8> {
        let payload = Payload { msg: seed.as_slice(), aad: &of.bytes() };
        // Only a message of 256 GiB is refused.
        let sealed = self.seal.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        [&nonce[..], &sealed].concat()
    }

    /// Opens what was sealed for the same key under the same master key; none for anything else.
    pub(crate) fn unseal(&self, sealed: &[u8], of: &SealedFor<'_>) -> Option<Seed> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let opened = self.seal.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &of.bytes() }).ok()?;
        let opened = Zeroizing::new(opened);
        Some(Zeroizing::new(opened.as_slice().try_into().ok()?))
    }

    fn derive(&self, purpose: &str, org_id: OrgId, mode: Mode) -> Seed {
        derive_key(&self.master, purpose, &[org_id.0.as_bytes(), mode.as_str().as_bytes()].concat())
    }
}
