//! The file of the fence: a line for each log and commit, the newest last.
//!
//! Processes may share it: each appends whole lines, and it is written anew, with one line a log, only by one that has it
//! to itself. So none appends to a file that is not there any more.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ledger::encoding::decimal;
use ledger::hash::Hash;

/// It is written anew when it is opened, and when it has grown by this.
const COMPACT_AT: usize = 64 << 20;

/// A log's state that was signed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) size: u64,
    pub(super) root: Hash,
}

/// What was signed last, in memory and, where there is a file, in it.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) last: HashMap<String, Last>,
    file: Option<Opened>,
}

struct Opened {
    path: PathBuf,
    file: File,
    /// Held shared by everyone who appends; alone by one that writes the file anew.
    lock: File,
    written: usize,
}

impl Kept {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let lock = OpenOptions::new().create(true).append(true).open(path.with_extension("lock"))?;
        lock.lock_shared()?;
        let file = append_to(path)?;
        let mut kept = Self { last: HashMap::new(), file: None };
        kept.read(path)?;
        let mut opened = Opened { path: path.to_owned(), file, lock, written: 0 };
        kept.compact(&mut opened)?;
        kept.file = Some(opened);
        Ok(kept)
    }

    /// A log's newer state takes the place of the one before; an older one is passed over.
    pub(super) fn keep(&mut self, origin: &str, last: Last) {
        match self.last.get_mut(origin) {
            Some(known) if known.size <= last.size => *known = last,
            Some(_) => {}
            None => drop(self.last.insert(origin.to_owned(), last)),
        }
    }

    /// Keeps states, and appends them to the file in one piece.
    pub(super) fn append<'a>(&mut self, heads: impl IntoIterator<Item = (&'a str, u64, Hash)>) -> io::Result<()> {
        let mut lines = String::new();
        for (origin, size, root) in heads {
            let last = Last { size, root };
            lines.push_str(&line(origin, &last));
            self.keep(origin, last);
        }
        let Some(mut opened) = self.file.take() else { return Ok(()) };
        let written = opened.file.write_all(lines.as_bytes());
        opened.written += lines.len();
        let compacted = if opened.written > COMPACT_AT { self.compact(&mut opened) } else { Ok(()) };
        self.file = Some(opened);
        written.and(compacted)
    }

    /// Another handle of the file, so that who waits for the disk keeps nobody else waiting.
    pub(super) fn handle(&self) -> io::Result<Option<File>> {
        self.file.as_ref().map(|opened| opened.file.try_clone()).transpose()
    }

    fn read(&mut self, path: &Path) -> io::Result<()> {
        let text = std::fs::read_to_string(path)?;
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n').and_then(read_line) {
                Some((origin, last)) => self.keep(origin, last),
                // One that was not written to its end was of a commit that nobody was told of.
                None => tracing::warn!(line, path = %path.display(), "passed over: it is no line of the fence"),
            }
        }
        Ok(())
    }

    /// Writes the file anew, beside the old one and then over it, unless another process has it open.
    fn compact(&mut self, opened: &mut Opened) -> io::Result<()> {
        opened.lock.unlock()?;
        let done = match opened.lock.try_lock() {
            Ok(()) => self.write_anew(&opened.path),
            // The line that may be torn ends here, so that the next one begins a line.
            Err(TryLockError::WouldBlock) => opened.file.write_all(b"\n"),
            Err(TryLockError::Error(error)) => Err(error),
        };
        opened.lock.unlock()?;
        opened.lock.lock_shared()?;
        opened.file = append_to(&opened.path)?;
        opened.written = 0;
        done
    }

    fn write_anew(&mut self, path: &Path) -> io::Result<()> {
        self.read(path)?;
        let beside = path.with_extension("new");
        let mut lines: Vec<String> = self.last.iter().map(|(origin, last)| line(origin, last)).collect();
        lines.sort_unstable();
        let mut file = File::create(&beside)?;
        file.write_all(lines.concat().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn line(origin: &str, last: &Last) -> String {
    format!("{origin} {} {}\n", last.size, last.root.to_base64())
}

fn read_line(line: &str) -> Option<(&str, Last)> {
    let mut parts = line.split(' ');
    let (origin, size, root) = (parts.next()?, parts.next()?, parts.next()?);
    let last = Last { size: decimal(size)?, root: Hash::from_base64(root)? };
    parts.next().is_none().then_some((origin, last))
}
