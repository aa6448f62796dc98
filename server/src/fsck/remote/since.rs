//! What was seen of a log last time: a checkpoint in a file of the reader's own, which the log must continue.
//!
//! The newer one is written beside the file first, and takes its place once the log is shown to continue it. Where it does
//! not, both stay: two states that the log signed, of which one denies the other, are the proof that it has two histories.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use ledger::checkpoint::Checkpoint;
use ledger::hash::Hash;
use ledger::note::Note;

use crate::Failure;

/// The file, and the state that is in it.
pub(super) struct Since<'a> {
    path: &'a Path,
    kept: Option<Checkpoint>,
}

impl<'a> Since<'a> {
    /// Reads the file; one that is not there begins with what the log is now.
    pub(super) fn open(path: &'a Path, origin: &str) -> Result<Self, Failure> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self { path, kept: None }),
            Err(error) => return Err(format!("{}: {error}", path.display()).into()),
        };
        let kept = Note::parse(&text).ok().and_then(|note| Checkpoint::parse(note.text()));
        let kept = kept.ok_or_else(|| format!("{} does not hold a checkpoint", path.display()))?;
        if kept.origin != origin {
            return Err(format!("{} is of another log: {}", path.display(), kept.origin).into());
        }
        Ok(Self { path, kept: Some(kept) })
    }

    /// The size whose root is to be made from the entries.
    pub(super) fn size(&self) -> Option<u64> {
        self.kept.as_ref().map(|kept| kept.size)
    }

    /// Holds the log's state against the one that was kept, and keeps it if it continues that: what to remark, or what is
    /// wrong. `then` is the root that today's entries give for the size of then; none if they do not give today's either.
    pub(super) fn hold(
        &self,
        now: &Checkpoint,
        note: &str,
        then: Option<Hash>,
    ) -> Result<Result<String, String>, Failure> {
        let new = self.beside();
        write(&new, note).map_err(|error| format!("{}: {error}", new.display()))?;
        let held = self.continues(now, then);
        if held.is_ok() {
            fs::rename(&new, self.path).map_err(|error| format!("{}: {error}", self.path.display()))?;
        }
        Ok(held)
    }

    fn continues(&self, now: &Checkpoint, then: Option<Hash>) -> Result<String, String> {
        let (file, new) = (self.path.display(), self.beside());
        let rewritten =
            |why: String| Err(format!("{why}: the log was rewritten. {file} and {} prove it", new.display()));
        let Some(kept) = &self.kept else { return Ok(format!("{file} is begun, with {} entries", now.size)) };
        if now.size < kept.size {
            return rewritten(format!("has {} entries, and had {} when {file} was kept", now.size, kept.size));
        }
        if now.size == kept.size && now.root != kept.root {
            return rewritten(format!("has another root than {file}, for the same {} entries", now.size));
        }
        match then {
            Some(root) if root == kept.root => Ok(format!("continues the {} entries of {file}", kept.size)),
            Some(_) => rewritten(format!("does not begin with the {} entries of {file}", kept.size)),
            None => Err(format!("cannot be held against the {} entries of {file}, for what else is wrong", kept.size)),
        }
    }

    fn beside(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".new");
        name.into()
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
