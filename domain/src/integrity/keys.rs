//! A log's keys as a check needs them, and whether what is said of them in different places is the same.

use ledger::fsck::{Finding, SigningKey, SigningKeys, Subject};
use ledger::key_event::{Change, KeyEvent};
use ledger::note::VerifierKey;

use super::store::{AnchorRow, KeyRow, LogRow};
use crate::log_keys::{LogKey, Purpose};

/// The keys of both purposes.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    pub(crate) checkpoint: SigningKeys,
    pub(crate) issuing: SigningKeys,
}

impl Keys {
    /// The keys of a stored log, and what is wrong with how they are stored.
    pub(crate) fn of(log: &LogRow) -> (Self, Vec<Finding>) {
        let (mut rows, mut found) = (log.keys.clone(), Vec::new());
        for (purpose, newest) in [(Purpose::Checkpoint, &log.log_vkey), (Purpose::Issuing, &log.issuing_vkey)] {
            match rows.iter().rfind(|row| row.purpose == purpose) {
                // A log that is older than versions has one key of each.
                None => rows.push(KeyRow::first(purpose, newest)),
                Some(row) if row.vkey == *newest => {}
                Some(_) => {
                    let problem = format!("has another {purpose} key stored beside it than the newest");
                    found.push(Finding::new(Subject::Checkpoint, problem));
                }
            }
        }
        (Self::read(&rows, &log.origin, &mut found), found)
    }

    /// The keys of these rows; what cannot be one is named and passed over.
    pub(crate) fn read(rows: &[KeyRow], origin: &str, found: &mut Vec<Finding>) -> Self {
        let mut of = |purpose| {
            let rows = rows.iter().filter(|row| row.purpose == purpose);
            SigningKeys(rows.filter_map(|row| row.read(origin, found)).collect())
        };
        Self { checkpoint: of(Purpose::Checkpoint), issuing: of(Purpose::Issuing) }
    }

    /// How many versions there are.
    pub(super) fn count(&self) -> u64 {
        self.all().count() as u64
    }

    fn all(&self) -> impl Iterator<Item = &SigningKey> {
        self.checkpoint.0.iter().chain(&self.issuing.0)
    }

    /// Names what revoked keys signed and is not to be believed: entries, the log's state, states that were anchored.
    pub(super) fn check_revoked(&self, size: u64, anchors: &[AnchorRow], found: &mut Vec<Finding>) {
        found.extend(self.issuing.0.iter().filter_map(|key| key.check_revoked(size)));
        let sizes = anchors.iter().map(|anchor| anchor.log_size).chain((size > 0).then_some(size));
        found.extend(sizes.flat_map(|size| self.checkpoint.check_rests(size)));
    }

    /// Holds what the root log says, or is to say, of the keys against the keys; `root` is what was read there, if it was.
    pub(super) fn check_events(&self, log: &LogRow, root: &[(u64, String)], found: &mut Vec<Finding>) {
        let known: Vec<VerifierKey> = self.all().map(|key| key.key.clone()).collect();
        let mut events = Vec::new();
        for (number, row) in (1..).zip(&log.key_events) {
            let mut wrong = |problem: String| found.push(Finding::new(Subject::KeyEvent(number), problem));
            if let Some(index) = row.root_index.filter(|_| !row.is_there) {
                wrong(format!("is not what the root log says at entry {index}"));
            }
            match KeyEvent::open(&row.note, &known).filter(|event| event.log == log.origin) {
                Some(event) => events.push(event),
                None => wrong("is not an event of this log that one of its keys signed".to_owned()),
            }
        }
        for (index, note) in root {
            match KeyEvent::open(note, &known).filter(|event| event.log == log.origin) {
                Some(event) if !events.contains(&event) => {
                    let problem =
                        format!("is in the root log at entry {index} ({}), and not noted here", event.change.as_str());
                    found.push(Finding::new(self.subject(&event.key), problem));
                    events.push(event);
                }
                Some(_) => {}
                None => {
                    let problem =
                        format!("entry {index} of the root log speaks of its keys and is signed by none of them");
                    found.push(Finding::new(Subject::Checkpoint, problem));
                }
            }
        }
        for event in &events {
            let key = self.all().find(|key| key.key == event.key);
            let holds = key.is_some_and(|key| match event.change {
                Change::Added => key.from_size == event.from_size,
                Change::Retired => key.until_size == Some(event.from_size),
                Change::Revoked => key.revoked_from == Some(event.from_size),
            });
            if !holds {
                let problem = format!(
                    "is not stored as the root log has it: {} from size {}",
                    event.change.as_str(),
                    event.from_size
                );
                found.push(Finding::new(self.subject(&event.key), problem));
            }
        }
        self.check_unsaid(&events, found);
    }

    /// Names what is stored of keys and was said nowhere.
    fn check_unsaid(&self, events: &[KeyEvent], found: &mut Vec<Finding>) {
        let said = |key: &SigningKey, change, size| {
            events.iter().any(|event| event.key == key.key && event.change == change && event.from_size == size)
        };
        for keys in [&self.checkpoint, &self.issuing] {
            for (at, key) in keys.0.iter().enumerate() {
                let mut unsaid = |what: &str, size| {
                    let problem = format!("{what} from size {size} on, and no event says so");
                    found.push(Finding::new(Subject::Key(key.label.clone()), problem));
                };
                // The first key is there from the beginning.
                if at > 0 && !said(key, Change::Added, key.from_size) {
                    unsaid("signs", key.from_size);
                }
                if let Some(revoked) = key.revoked_from.filter(|size| !said(key, Change::Revoked, *size)) {
                    unsaid("is revoked", revoked);
                }
                // A key that was leaving when it was revoked went with that.
                if let Some(until) =
                    key.until_size.filter(|size| key.revoked_from.is_none() && !said(key, Change::Retired, *size))
                {
                    unsaid("no longer signs", until);
                }
            }
        }
    }

    fn subject(&self, key: &VerifierKey) -> Subject {
        let known = self.all().find(|own| own.key == *key).map(|own| own.label.clone());
        Subject::Key(known.unwrap_or_else(|| format!("key {}", key.id_hex())))
    }
}

impl KeyRow {
    /// The only key of a log without versions.
    pub(crate) fn first(purpose: Purpose, vkey: &str) -> Self {
        Self { purpose, version: 1, vkey: vkey.to_owned(), from_size: 0, until_size: None, revoked_from: None }
    }

    pub(crate) fn of(key: &LogKey) -> Self {
        Self {
            purpose: key.purpose,
            version: key.version,
            vkey: key.vkey.clone(),
            from_size: key.from_size.cast_signed(),
            until_size: key.until_size.map(u64::cast_signed),
            revoked_from: key.revoked_from.map(u64::cast_signed),
        }
    }

    fn read(&self, origin: &str, found: &mut Vec<Finding>) -> Option<SigningKey> {
        let label = format!("{} key {}", self.purpose, self.version);
        let mut wrong = |problem: String| found.push(Finding::new(Subject::Key(label.clone()), problem));
        let Ok(key) = self.vkey.parse::<VerifierKey>() else {
            wrong("is stored as something that is no key".to_owned());
            return None;
        };
        if key.name() != self.purpose.key_name(origin) {
            wrong(format!("has the name {}, and the log is called {origin}", key.name()));
        }
        Some(SigningKey {
            label,
            key,
            from_size: self.from_size.cast_unsigned(),
            until_size: self.until_size.map(i64::cast_unsigned),
            revoked_from: self.revoked_from.map(i64::cast_unsigned),
        })
    }
}
