//! Who a log is: its name and its keys, with the private halves open.

use ledger::checkpoint::Checkpoint;
use ledger::key::IssuingKey;
use ledger::note::NoteSigner;
use ledger::statement::{Signed, kid_of};
use sqlx::PgConnection;

use super::{Keys, store};
use crate::id::OrgId;
use crate::keyring::{Keyring, SealedFor, Seed};
use crate::log_keys::{self, LogKey, Purpose};
use crate::{Mode, Problem};

/// A log's name and keys, as of one epoch of them.
pub(crate) struct Identity {
    pub(crate) origin: String,
    /// Grows when the keys change: a head signed under another epoch does not move the log.
    pub(crate) epoch: i64,
    pub(crate) keys: Signers,
    /// The newest of each.
    pub(crate) public: Keys,
    /// All there were, the oldest of each purpose first.
    pub(crate) history: Vec<LogKey>,
}

/// The private halves.
pub(crate) struct Signers {
    checkpoint: Vec<(LogKey, NoteSigner)>,
    /// Signs receipts.
    pub(crate) issuing: IssuingKey,
}

impl Identity {
    /// The identity of a stored log; refused when the master key at hand is not the one its keys are sealed by.
    pub(crate) async fn load(
        connection: &mut PgConnection,
        keyring: &Keyring,
        log: (OrgId, Mode),
        row: &store::Row,
    ) -> Result<Self, Problem> {
        let mut rows = log_keys::store::of_log(connection, log).await?;
        if rows.is_empty() {
            log_keys::store::inherit(connection, log).await?;
            rows = log_keys::store::of_log(connection, log).await?;
        }
        let newest = rows.iter().rposition(|row| row.key.purpose == Purpose::Issuing);
        let (mut checkpoint, mut issuing) = (Vec::new(), None);
        for (at, stored) in rows.iter().enumerate() {
            match stored.key.purpose {
                Purpose::Checkpoint => {
                    let seed = open(keyring, log, &row.origin, stored)?;
                    checkpoint.push((stored.key.clone(), signer(Purpose::Checkpoint, &row.origin, &seed)?));
                }
                Purpose::Issuing if newest == Some(at) => {
                    let seed = open(keyring, log, &row.origin, stored)?;
                    issuing = IssuingKey::from_seed(&row.origin, &seed).ok();
                }
                Purpose::Issuing => {}
            }
        }
        let issuing = issuing.ok_or_else(|| Problem::internal(format!("{} has no issuing key", row.origin)))?;
        let log_key = checkpoint.last().map(|(key, _)| key.vkey.clone());
        let log_key = log_key.ok_or_else(|| Problem::internal(format!("{} has no checkpoint key", row.origin)))?;
        Ok(Self {
            origin: row.origin.clone(),
            epoch: row.key_epoch,
            public: Keys { log: log_key, issuing: issuing.verifier().to_string() },
            keys: Signers { checkpoint, issuing },
            history: rows.into_iter().map(|row| row.key).collect(),
        })
    }

    /// A checkpoint, signed by the keys in force at its size. The same checkpoint has the same bytes, whenever it is signed.
    pub(crate) fn sign(&self, checkpoint: &Checkpoint) -> String {
        let in_force = |believed: bool| {
            let keys = self.keys.checkpoint.iter().filter(move |(key, _)| {
                key.signs(checkpoint.size) && !(believed && key.is_revoked_at(checkpoint.size))
            });
            keys.map(|(_, signer)| signer).collect::<Vec<_>>()
        };
        let signers = in_force(true);
        // Where a revocation reaches back, the state is signed as it was then: there is nothing better to say of it.
        checkpoint.sign_by(if signers.is_empty() { in_force(false) } else { signers })
    }

    /// The newest key that signs the tree of a size: for formats with room for one signature.
    pub(crate) fn signer_at(&self, size: u64) -> Option<&NoteSigner> {
        let signing = self.keys.checkpoint.iter().rev().filter(|(key, _)| key.signs(size));
        signing.max_by_key(|(key, _)| (!key.is_revoked_at(size), key.version)).map(|(_, signer)| signer)
    }

    /// The keys that signed the tree of a size and are believed: what a policy names.
    pub(crate) fn believed(&self, size: u64) -> impl Iterator<Item = &LogKey> {
        let of_checkpoints = self.history.iter().filter(|key| key.purpose == Purpose::Checkpoint);
        of_checkpoints.filter(move |key| key.signs(size) && !key.is_revoked_at(size))
    }

    /// The smallest size from this one on that a believed key signed; none if the log must grow first.
    pub(crate) fn first_believed(&self, size: u64) -> Option<u64> {
        let starts = self.history.iter().map(|key| key.from_size).filter(|from| *from > size);
        let mut candidates: Vec<u64> = std::iter::once(size).chain(starts).collect();
        candidates.sort_unstable();
        candidates.into_iter().find(|size| self.believed(*size).next().is_some())
    }

    /// The keys that signed an entry, and the tree of a size that it is in.
    pub(crate) fn keys_of(&self, index: u64, size: u64) -> Keys {
        let newest = |purpose, at| {
            let signing = self.history.iter().rfind(move |key: &&LogKey| key.purpose == purpose && key.signs(at));
            signing.map(|key| key.vkey.clone())
        };
        Keys {
            log: newest(Purpose::Checkpoint, size).unwrap_or_else(|| self.public.log.clone()),
            issuing: newest(Purpose::Issuing, index).unwrap_or_else(|| self.public.issuing.clone()),
        }
    }

    /// Each issuing key with the entry from which it signs.
    pub(crate) fn issuing_keys(&self) -> Vec<(String, u64)> {
        let issuing = self.history.iter().filter(|key| key.purpose == Purpose::Issuing && key.is_used());
        issuing.map(|key| (key.vkey.clone(), key.from_size)).collect()
    }

    /// Each revoked key with the size from which it is not to be believed.
    pub(crate) fn revoked_keys(&self) -> Vec<(String, u64)> {
        self.history.iter().filter_map(|key| Some((key.vkey.clone(), key.revoked_from?))).collect()
    }

    /// An entry signed anew, if it was signed by a key that was replaced before the entry got its place; none if not.
    pub(crate) fn sign_again(&self, entry: &[u8]) -> Option<Vec<u8>> {
        if kid_of(entry)? == self.keys.issuing.id() {
            return None;
        }
        Signed::parse(entry).ok()?.statement.sign(&self.keys.issuing).ok()
    }
}

/// The private half of a stored key, if it is that of the public one.
pub(crate) fn open(
    keyring: &Keyring,
    (org_id, mode): (OrgId, Mode),
    origin: &str,
    row: &log_keys::store::Row,
) -> Result<Seed, Problem> {
    let LogKey { purpose, version, ref vkey, .. } = row.key;
    let of = SealedFor { org_id, mode, purpose, version, vkey };
    let seed = match &row.sealed {
        Some(sealed) => keyring.unseal(sealed, &of),
        None => Some(keyring.inherited(org_id, mode, purpose)),
    };
    let seed = seed.filter(|seed| signer(purpose, origin, seed).is_ok_and(|own| own.verifier().to_string() == *vkey));
    seed.ok_or_else(|| {
        Problem::internal(format!(
            "the keys of {origin} belong to another master key than the one from {}: nothing is signed with the wrong one",
            keyring.place()
        ))
    })
}

/// A key that signs notes under the name of its purpose.
pub(crate) fn signer(purpose: Purpose, origin: &str, seed: &Seed) -> Result<NoteSigner, Problem> {
    NoteSigner::from_seed(&purpose.key_name(origin), seed)
        .map_err(|error| Problem::internal(format!("a key of {origin}: {error:?}")))
}
