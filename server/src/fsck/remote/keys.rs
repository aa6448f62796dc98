//! The keys that a log is checked by over HTTP: those that were named, and what the server says of keys, which is a hint.

use domain::log_keys::Purpose;
use ledger::checkpoint::Checkpoint;
use ledger::fsck::{Finding, SigningKey, SigningKeys};
use ledger::note::{Note, VerifierKey};
use serde::Deserialize;

use super::Settings;
use crate::Failure;

/// A key as a server shows it.
#[derive(Deserialize)]
pub(super) struct Published {
    purpose: Purpose,
    version: i32,
    key: String,
    from_size: u64,
    until_size: Option<u64>,
    revoked_from: Option<u64>,
}

#[derive(Deserialize)]
struct Shown {
    keys: Vec<Published>,
}

/// A log's own answer, or that of the well-known address, which has the root log's in it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Log(Shown),
    Root { root_log: Shown },
}

/// Reads what a server shows of keys.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Published>, Failure> {
    let answer =
        serde_json::from_slice(bytes).map_err(|error| format!("the published keys cannot be read: {error}"))?;
    Ok(match answer {
        Answer::Log(shown) | Answer::Root { root_log: shown } => shown.keys,
    })
}

/// The keys of the log that is checked.
pub(super) struct Keys {
    pub(super) origin: String,
    checkpoint: SigningKeys,
    pub(super) issuing: SigningKeys,
    /// Whether it is known which sizes each signs.
    ranges: bool,
    /// What whoever reads the answer should know.
    pub(super) remarks: Vec<String>,
}

impl Keys {
    /// The named keys; with what the server says of them and of others, if it does.
    pub(super) fn new(settings: &Settings, origin: &str, published: Option<Vec<Published>>) -> Self {
        let mut keys = Self {
            origin: origin.to_owned(),
            checkpoint: named("checkpoint key", &settings.keys),
            issuing: named("issuing key", &settings.issuing),
            ranges: false,
            remarks: Vec::new(),
        };
        match published {
            None if settings.published_keys => {
                keys.remarks
                    .push("the server shows no keys here: the log was checked by the named ones alone".to_owned());
            }
            None => {}
            Some(published) => {
                keys.ranges = true;
                keys.take(&published, settings);
            }
        }
        keys
    }

    fn take(&mut self, published: &[Published], settings: &Settings) {
        self.remarks.push("which sizes each key signs is the server's own word".to_owned());
        for (purpose, named, own) in [
            (Purpose::Checkpoint, &settings.keys, &mut self.checkpoint),
            (Purpose::Issuing, &settings.issuing, &mut self.issuing),
        ] {
            let name = purpose.key_name(&self.origin);
            let shown = published.iter().filter(|key| key.purpose == purpose).filter_map(|shown| shown.read(&name));
            let shown: Vec<SigningKey> = shown.collect();
            for key in shown.iter().filter(|key| !named.contains(&key.key)) {
                self.remarks.push(format!(
                    "{} was not named, and is believed on the server's own word: {}",
                    key.label, key.key
                ));
            }
            for key in named.iter().filter(|key| !shown.iter().any(|shown| shown.key == **key)) {
                self.remarks.push(format!("the server does not show the named key {key}"));
            }
            own.0.retain(|key| !shown.iter().any(|shown| shown.key == key.key));
            own.0.extend(shown);
        }
    }

    /// By every key in force at the size, where it is known which are.
    pub(super) fn check_checkpoint(&self, note: &str, origin: &str) -> Result<Checkpoint, Finding> {
        if self.ranges {
            self.checkpoint.check_checkpoint(note, origin)
        } else {
            self.checkpoint.check_kept(note, origin)
        }
    }

    /// Says what is revoked of what the log of a size rests on, and whether its checkpoint is by a key that was named.
    pub(super) fn look_at(&mut self, settings: &Settings, note: &str, size: u64, found: &mut Vec<Finding>) {
        found.extend(self.issuing.0.iter().filter_map(|key| key.check_revoked(size)));
        found.extend(self.checkpoint.check_rests(size));
        if Note::parse(note).is_ok_and(|note| note.verify(&settings.keys).is_err()) {
            self.remarks.push(
                "the checkpoint is signed by none of the named keys, only by what the server says are newer ones"
                    .to_owned(),
            );
        }
    }
}

impl Published {
    fn read(&self, name: &str) -> Option<SigningKey> {
        let key: VerifierKey = self.key.parse().ok().filter(|key: &VerifierKey| key.name() == name)?;
        Some(SigningKey {
            label: format!("{} key {}", self.purpose, self.version),
            key,
            from_size: self.from_size,
            until_size: self.until_size,
            revoked_from: self.revoked_from,
        })
    }
}

fn named(label: &str, keys: &[VerifierKey]) -> SigningKeys {
    let named = |key: &VerifierKey| SigningKey::always(&format!("{label} {}", key.id_hex()), key.clone());
    SigningKeys(keys.iter().map(named).collect())
}
