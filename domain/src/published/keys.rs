//! A log's keys as a file, `keys.json`: every version, the private halves sealed by the master key, and what happened to them.
//!
//! It is written over when keys change, as the checkpoint is when the log grows, and before a checkpoint that they signed.

use ledger::encoding::{base64, from_base64};
use ledger::note::VerifierKey;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::database::Tx;
use crate::id::OrgId;
use crate::log_keys::store::{self, Row};
use crate::log_keys::{LogKey, Purpose};
use crate::objects::Objects;
use crate::{Mode, Problem};

pub(crate) const NAME: &str = "keys.json";

/// The file.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeysFile {
    pub(crate) key_epoch: i64,
    keys: Vec<Key>,
    pub(crate) events: Vec<Event>,
}

#[derive(Serialize, Deserialize)]
struct Key {
    purpose: Purpose,
    version: i32,
    vkey: String,
    from_size: u64,
    until_size: Option<u64>,
    #[serde(with = "time::serde::rfc3339")]
    added_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    retires_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    retired_at: Option<OffsetDateTime>,
    revoked_from: Option<u64>,
    #[serde(with = "time::serde::rfc3339::option")]
    revoked_at: Option<OffsetDateTime>,
    /// In base64; none for a key that is derived from the master key.
    sealed: Option<String>,
    sealed_by: Option<String>,
}

/// What happened to a key, as it stands in the root log or soon will.
#[derive(Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) note: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
}

impl KeysFile {
    /// A log's keys as they are now.
    pub(crate) async fn now(tx: &mut Tx, log: (OrgId, Mode), key_epoch: i64) -> Result<Self, Problem> {
        let keys = store::of_log(tx.connection(), log).await?.into_iter().map(Key::of).collect();
        let events = store::dated_events(tx.connection(), log).await?;
        Ok(Self { key_epoch, keys, events: events.into_iter().map(|(note, at)| Event { note, at }).collect() })
    }

    /// The file of a folder; none where there is none.
    pub(crate) async fn read(objects: &Objects, folder: &str) -> Result<Option<Self>, Problem> {
        let Some(bytes) = objects.get(&format!("{folder}/{NAME}")).await? else { return Ok(None) };
        let file = serde_json::from_slice(&bytes);
        file.map(Some).map_err(|error| Problem::internal(format!("{NAME} cannot be read: {error}")))
    }

    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Problem> {
        serde_json::to_vec_pretty(self).map_err(Problem::internal)
    }

    /// Its keys as rows; none unless each is a key of that log.
    pub(crate) fn rows(&self, origin: &str) -> Option<Vec<Row>> {
        self.keys.iter().map(|key| key.row(origin)).collect()
    }

    /// The keys of a purpose, the oldest first.
    pub(crate) fn vkeys(&self, purpose: Purpose) -> impl Iterator<Item = &str> {
        self.keys.iter().filter(move |key| key.purpose == purpose).map(|key| key.vkey.as_str())
    }
}

impl Key {
    fn of(Row { key, sealed, sealed_by }: Row) -> Self {
        Self {
            purpose: key.purpose,
            version: key.version,
            vkey: key.vkey,
            from_size: key.from_size,
            until_size: key.until_size,
            added_at: key.added_at,
            retires_at: key.retires_at,
            retired_at: key.retired_at,
            revoked_from: key.revoked_from,
            revoked_at: key.revoked_at,
            sealed: sealed.map(|sealed| base64(&sealed)),
            sealed_by,
        }
    }

    fn row(&self, origin: &str) -> Option<Row> {
        let vkey: VerifierKey = self.vkey.parse().ok()?;
        let sealed = match &self.sealed {
            Some(text) => Some(from_base64(text)?),
            None => None,
        };
        let key = LogKey {
            purpose: self.purpose,
            version: self.version,
            vkey: self.vkey.clone(),
            from_size: self.from_size,
            until_size: self.until_size,
            added_at: self.added_at,
            retires_at: self.retires_at,
            retired_at: self.retired_at,
            revoked_from: self.revoked_from,
            revoked_at: self.revoked_at,
        };
        (vkey.name() == self.purpose.key_name(origin)).then(|| Row { key, sealed, sealed_by: self.sealed_by.clone() })
    }
}
