//! The rollback fence: what was signed last is also written where a restored database does not take it back.
//!
//! Every log's size and root go into a file of the data directory, appended after each commit and before anyone is
//! answered; the object store has each log's last published checkpoint; witnesses have the root log's. Before the first
//! signature the database is held against them. One that is behind, or holds another history, signs nothing more: a
//! second history under the same name could never be taken back (Venafi, TrustAsia 2020 and 2021). Reading goes on.
//!
//! **If we crash** after a commit and before the line is on the disk, the file is behind the database, which is no harm.
//! A torn last line is passed over. The file is synced once a second: a machine that loses its power in the same second
//! in which its database is rolled back loses at most that second of the fence.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::StreamExt as _;
use ledger::checkpoint::Checkpoint;
use ledger::fsck::SigningKey;
use ledger::hash::Hash;
use ledger::key_event::{Change, KeyEvent};
use ledger::note::{Note, VerifierKey};
use ledger::tree::Frontier;

use crate::Problem;
use crate::context::Domain;
use crate::integrity::keys::Keys;
use crate::integrity::store::{LogRow, logs};
use crate::log_keys::{self, Purpose};
use crate::published::folder;
use crate::published::keys::KeysFile;
use crate::receipts::root_at;

mod file;

use file::{Kept, Last};

/// Checkpoints asked of the object store at once.
const AT_ONCE: usize = 32;

/// A database that is behind what was signed, or beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolledBack {
    /// The log.
    pub origin: String,
    /// What the database has.
    pub stored: u64,
    /// What was signed.
    pub signed: u64,
    /// Who says so.
    pub witness: String,
}

impl fmt::Display for RolledBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, stored, signed, witness } = self;
        if stored < signed {
            write!(
                f,
                "The log {origin} has {stored} entries in the database, but {signed} were signed, says {witness}: the \
                database was put back to an older state. Bring it back to that size, from a newer backup, the write-ahead \
                log or with `certnode restore`; until then nothing is signed."
            )
        } else {
            write!(
                f,
                "The log {origin} holds another history in the database, of {stored} entries, than was signed at {signed}, \
                says {witness}. Bring back the database that was signed; until then nothing is signed."
            )
        }
    }
}

#[derive(Default)]
struct Inner {
    kept: Mutex<Kept>,
    rolled_back: OnceLock<RolledBack>,
}

/// The fence. Cheap to clone.
#[derive(Clone, Default)]
pub struct Fence(Arc<Inner>);

impl Fence {
    /// Reads the file, or begins it.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Inner { kept: Mutex::new(Kept::open(path)?), rolled_back: OnceLock::new() })))
    }

    /// Why nothing may be signed.
    pub fn rolled_back(&self) -> Option<&RolledBack> {
        self.0.rolled_back.get()
    }

    /// 503 if nothing may be signed.
    pub(crate) fn refusal(&self) -> Result<(), Problem> {
        match self.rolled_back() {
            None => Ok(()),
            Some(rolled_back) => Err(refused(rolled_back)),
        }
    }

    /// Says for good that the database is not the one that was signed.
    pub(crate) fn refuse(&self, rolled_back: RolledBack) {
        let said = rolled_back.to_string();
        if self.0.rolled_back.set(rolled_back).is_ok() {
            tracing::error!("{said}");
        }
    }

    /// Holds a log's head against what this process knows was signed; a check without a look into the tree.
    pub(crate) fn check(&self, origin: &str, size: u64, root: &Hash) -> Result<(), Problem> {
        self.refusal()?;
        let last = self.kept().last.get(origin).copied();
        match last {
            Some(last) if last.size > size || (last.size == size && last.root != *root) => {
                let witness = "this server's own file".to_owned();
                self.refuse(RolledBack { origin: origin.to_owned(), stored: size, signed: last.size, witness });
                self.refusal()
            }
            _ => Ok(()),
        }
    }

    /// Keeps what was just committed, before anyone is answered.
    pub(crate) fn record<'a>(&self, heads: impl IntoIterator<Item = (&'a str, u64, Hash)>) {
        if let Err(error) = self.kept().append(heads) {
            tracing::error!(%error, "the fence was not written");
        }
    }

    /// Has the disk hold what was appended.
    pub(crate) fn sync(&self) -> io::Result<()> {
        let file = self.kept().handle()?;
        file.map_or(Ok(()), |file| file.sync_data())
    }

    /// What was signed last, of the root log first: its name is everyone's, and what is said first is what is answered.
    fn lasts(&self) -> Vec<(String, Last)> {
        let mut lasts: Vec<_> = self.kept().last.iter().map(|(origin, last)| (origin.clone(), *last)).collect();
        lasts.sort_by_key(|(origin, _)| (folder(origin) != "root", origin.clone()));
        lasts
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(rolled_back: &RolledBack) -> Problem {
    Problem::new(503, "log_rolled_back", "").because(rolled_back.to_string())
}

/// Holds the database against the fence's file and the object store, before the first signature.
pub async fn inspect(domain: &Domain) -> Result<(), Problem> {
    let fence = domain.database.fence();
    let stored = stored(domain).await?;
    for (origin, last) in fence.lasts() {
        compare(domain, &stored, &origin, last.size, last.root, "this server's own file").await?;
    }
    let published = futures::stream::iter(stored.values())
        .map(async |log| {
            let path = format!("{}/checkpoint", folder(&log.origin));
            let note = domain.database.objects().get(&path).await.unwrap_or_else(|error| {
                tracing::warn!(path, %error, "the database is not held against it");
                None
            });
            let note = String::from_utf8(note?).ok()?;
            let mut keys = Keys::of(log).0.checkpoint;
            keys.0.extend(announced(domain, log).await);
            let checked = keys.check_kept(&note, &log.origin);
            checked.inspect_err(|finding| tracing::warn!(path, %finding, "the database is not held against it")).ok()
        })
        .buffer_unordered(AT_ONCE);
    let published: Vec<Option<Checkpoint>> = published.collect().await;
    // Read again, after the files: another node may have gone on meanwhile.
    let stored = self::stored(domain).await?;
    for checkpoint in published.into_iter().flatten() {
        let Checkpoint { origin, size, root, .. } = checkpoint;
        compare(domain, &stored, &origin, size, root, "the object store").await?;
    }
    Ok(())
}

/// Keys of checkpoints that the database does not know and the object store has: each said by a key that was known before.
///
/// A database that was put back to before a rotation would not know who signed what it lost.
async fn announced(domain: &Domain, log: &LogRow) -> Vec<SigningKey> {
    let file = KeysFile::read(domain.database.objects(), folder(&log.origin)).await;
    let (keys, _) = Keys::of(log);
    let mut known: Vec<_> = keys.checkpoint.0.iter().map(|key| key.key.clone()).collect();
    let mut announced = Vec::new();
    for event in file.ok().flatten().map(|file| file.events).unwrap_or_default() {
        let said = KeyEvent::open(&event.note, &known);
        let Some(said) = said.filter(|said| said.change == Change::Added && said.key.name() == log.origin) else {
            continue;
        };
        if said.log == log.origin && !known.contains(&said.key) {
            known.push(said.key.clone());
            announced.push(SigningKey { from_size: said.from_size, ..SigningKey::always("a newer key", said.key) });
        }
    }
    announced
}

/// Holds the database against a checkpoint of the root log that somebody else kept, such as a witness.
///
/// It must bear the root log's own signature: nobody else can make this server stop signing.
pub async fn compare_with(domain: &Domain, note: &str, witness: &str) -> Result<(), Problem> {
    let keys = log_keys::published(domain).await?.keys.into_iter().filter(|key| key.purpose == Purpose::Checkpoint);
    let keys: Vec<VerifierKey> = keys.filter_map(|key| key.vkey.parse().ok()).collect();
    let refused = || Problem::internal(format!("what {witness} kept as the root log's is not signed by a key of it"));
    let note = Note::parse(note).ok().filter(|note| note.verify(&keys).is_ok()).ok_or_else(refused)?;
    let kept = Checkpoint::parse(note.text()).ok_or_else(refused)?;
    let stored = stored(domain).await?;
    compare(domain, &stored, &kept.origin, kept.size, kept.root, witness).await
}

/// The logs by name.
async fn stored(domain: &Domain) -> Result<HashMap<String, LogRow>, Problem> {
    let logs = logs(domain.database.sequencer()).await?;
    Ok(logs.into_iter().map(|log| (log.origin.clone(), log)).collect())
}

async fn compare(
    domain: &Domain,
    stored: &HashMap<String, LogRow>,
    origin: &str,
    signed: u64,
    root: Hash,
    witness: &str,
) -> Result<(), Problem> {
    let log = stored.get(origin);
    let size = log.map_or(0, |log| log.size);
    let holds = match log {
        // Nothing was added since, as after most restarts: the head says it, and nothing else is read.
        Some(log) if log.size == signed => {
            Frontier::from_bytes(log.size, &log.frontier).is_some_and(|frontier| frontier.root() == root)
        }
        Some(log) if log.size > signed => {
            let mut tx = domain.system(log.org_id, log.mode).begin().await?;
            match root_at(&mut tx, (log.org_id, log.mode), signed).await {
                Ok(stored) => stored == root,
                Err(problem) => {
                    // Damage is not another history: it is found and named elsewhere, and makes no proof.
                    tracing::error!(origin, signed, internal = problem.internal, "not compared");
                    return Ok(());
                }
            }
        }
        _ => signed == 0,
    };
    if !holds {
        let (origin, witness) = (origin.to_owned(), witness.to_owned());
        domain.database.fence().refuse(RolledBack { origin, stored: size, signed, witness });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
