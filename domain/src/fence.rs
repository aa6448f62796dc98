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
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::StreamExt as _;
use ledger::checkpoint::Checkpoint;
use ledger::fsck::SigningKey;
use ledger::hash::Hash;
use ledger::key_event::{Change, KeyEvent};

use crate::Problem;
use crate::context::Domain;
use crate::integrity::keys::Keys;
use crate::integrity::store::{LogRow, logs};
use crate::published::folder;
use crate::published::keys::KeysFile;
use crate::receipts::root_at;

/// The file is written anew at start; and when it has grown by this.
const COMPACT_AT: usize = 64 << 20;
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

#[derive(Clone, Copy, PartialEq, Eq)]
struct Last {
    size: u64,
    root: Hash,
}

#[derive(Default)]
struct Kept {
    last: HashMap<String, Last>,
    file: Option<File>,
    written: usize,
}

#[derive(Default)]
struct Inner {
    path: Option<PathBuf>,
    kept: Mutex<Kept>,
    rolled_back: OnceLock<RolledBack>,
}

/// The fence. Cheap to clone.
#[derive(Clone, Default)]
pub struct Fence(Arc<Inner>);

impl Fence {
    /// Reads the file, or begins it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let mut kept = Kept::default();
        // A line that was not written to its end was of a commit that nobody was told of.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let (origin, last) = read_line(line).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{}: {line:?} is no line of it", path.display()))
            })?;
            kept.keep(origin, last);
        }
        kept.compact(path)?;
        Ok(Self(Arc::new(Inner { path: Some(path.to_owned()), kept: Mutex::new(kept), rolled_back: OnceLock::new() })))
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
        tracing::error!(log = rolled_back.origin, "{rolled_back}");
        let _ = self.0.rolled_back.set(rolled_back);
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
        let mut kept = self.kept();
        let mut lines = String::new();
        for (origin, size, root) in heads {
            lines.push_str(&line(origin, &Last { size, root }));
            kept.keep(origin, Last { size, root });
        }
        let Some(path) = &self.0.path else { return };
        kept.written += lines.len();
        let written = match &mut kept.file {
            Some(file) => file.write_all(lines.as_bytes()),
            None => Ok(()),
        };
        let written = written.and_then(|()| if kept.written > COMPACT_AT { kept.compact(path) } else { Ok(()) });
        if let Err(error) = written {
            tracing::error!(%error, path = %path.display(), "the fence was not written");
        }
    }

    /// Has the disk hold what was appended.
    pub(crate) fn sync(&self) -> io::Result<()> {
        // Another handle of the file, so that no commit waits for the disk.
        let file = self.kept().file.as_ref().map(File::try_clone).transpose()?;
        file.map_or(Ok(()), |file| file.sync_data())
    }

    fn lasts(&self) -> Vec<(String, Last)> {
        self.kept().last.iter().map(|(origin, last)| (origin.clone(), *last)).collect()
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, origin: &str, last: Last) {
        match self.last.get_mut(origin) {
            Some(known) if known.size <= last.size => *known = last,
            Some(_) => {}
            None => drop(self.last.insert(origin.to_owned(), last)),
        }
    }

    /// Writes the file anew with one line a log, beside the old one and then over it.
    fn compact(&mut self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let beside = path.with_extension("new");
        let mut file = File::create(&beside)?;
        let mut lines: Vec<String> = self.last.iter().map(|(origin, last)| line(origin, last)).collect();
        lines.sort_unstable();
        file.write_all(lines.concat().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        File::open(folder)?.sync_all()?;
        self.file = Some(OpenOptions::new().append(true).open(path)?);
        self.written = 0;
        Ok(())
    }
}

fn line(origin: &str, last: &Last) -> String {
    format!("{origin} {} {}\n", last.size, last.root.to_base64())
}

fn read_line(line: &str) -> Option<(&str, Last)> {
    let mut parts = line.split(' ');
    let (origin, size, root) = (parts.next()?, parts.next()?, parts.next()?);
    let last = Last { size: ledger::encoding::decimal(size)?, root: Hash::from_base64(root)? };
    parts.next().is_none().then_some((origin, last))
}

fn refused(rolled_back: &RolledBack) -> Problem {
    Problem::new(503, "log_rolled_back", "").because(rolled_back.to_string())
}

/// Holds the database against the fence's file and the object store, before the first signature.
pub async fn inspect(domain: &Domain) -> Result<(), Problem> {
    let fence = domain.database.fence();
    let stored = logs(domain.database.sequencer()).await?;
    for (origin, last) in fence.lasts() {
        compare(domain, &stored, &origin, last.size, last.root, "this server's own file").await?;
    }
    let published = futures::stream::iter(&stored)
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

/// Holds the database against a checkpoint that somebody else kept, such as a witness.
pub async fn compare_with(domain: &Domain, kept: &Checkpoint, witness: &str) -> Result<(), Problem> {
    let stored = logs(domain.database.sequencer()).await?;
    compare(domain, &stored, &kept.origin, kept.size, kept.root, witness).await
}

async fn compare(
    domain: &Domain,
    stored: &[LogRow],
    origin: &str,
    signed: u64,
    root: Hash,
    witness: &str,
) -> Result<(), Problem> {
    let log = stored.iter().find(|log| log.origin == origin);
    let size = log.map_or(0, |log| log.size);
    let holds = match log {
        Some(log) if log.size >= signed => {
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
