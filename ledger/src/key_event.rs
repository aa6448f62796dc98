//! Key events: what the root log records of a log's keys, each a signed note whose text begins with [`HEADER`].
//!
//! An addition and a retirement are signed by the key that was there before; a revocation by the log's key in force, since
//! whoever took the revoked one could sign too.

use std::fmt;

use crate::encoding::decimal;
use crate::note::{Note, NoteSigner, VerifierKey};

/// The first line of every event.
pub const HEADER: &str = "certnode/key-event/v1";

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It signs from a size on.
    Added,
    /// It no longer signs from a size on; what it signed before holds.
    Retired,
    /// What it signed from a size on is not to be believed.
    Revoked,
}

impl Change {
    const ALL: [Self; 3] = [Self::Added, Self::Retired, Self::Revoked];

    /// As in the event: `key_added`, `key_retired`, `key_revoked`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "key_added",
            Self::Retired => "key_retired",
            Self::Revoked => "key_revoked",
        }
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEvent {
    /// What happened.
    pub change: Change,
    /// The origin of the key's log.
    pub log: String,
    /// The key, named after the log, or after its issuer.
    pub key: VerifierKey,
    /// From which size on: entries for an issuing key (the index of the first), the tree's for a key of checkpoints.
    pub from_size: u64,
    /// When, in RFC 3339.
    pub at: String,
}

/// The text that is signed: six lines.
impl fmt::Display for KeyEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { change, log, key, from_size, at } = self;
        writeln!(f, "{HEADER}\nlog {log}\nevent {}\nkey {key}\nfrom_size {from_size}\nat {at}", change.as_str())
    }
}

impl KeyEvent {
    /// The signed note: an entry of the root log.
    pub fn sign(&self, signer: &NoteSigner) -> String {
        signer.sign(&self.to_string())
    }

    /// Reads a note's text; none for anything but an event of a key of the log it names.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let mut line = |name: &str| lines.next()?.strip_prefix(name);
        line(HEADER).filter(|rest| rest.is_empty())?;
        let log = line("log ")?.to_owned();
        let change = line("event ")?;
        let change = Change::ALL.into_iter().find(|known| known.as_str() == change)?;
        let key: VerifierKey = line("key ")?.parse().ok()?;
        let from_size = decimal(line("from_size ")?)?;
        let at = line("at ")?.to_owned();
        let own = key.name() == log || key.name().strip_suffix("/issuer") == Some(log.as_str());
        let event = Self { change, log, key, from_size, at };
        (own && event.to_string() == text).then_some(event)
    }

    /// Reads an entry of the root log, and believes it if one of these keys of the log signed it.
    pub fn open(entry: &str, known: &[VerifierKey]) -> Option<Self> {
        let note = Note::parse(entry).ok()?;
        let event = Self::parse(note.text())?;
        let of_log = |key: &&VerifierKey| {
            key.name() == event.log || key.name().strip_suffix("/issuer") == Some(event.log.as_str())
        };
        note.verify(known).ok()?.iter().any(of_log).then_some(event)
    }
}
