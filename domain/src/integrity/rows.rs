//! Entries of one stretch of a log: a pure function of what was read, so that stretches go to all cores.

use std::collections::HashMap;

use ledger::checkpoint::Checkpoint;
use ledger::fsck::{Bundle, Finding, SigningKeys, Subject};
use ledger::hash::{Hash, leaf_hash};
use ledger::key_event::KeyEvent;
use ledger::note::Note;
use ledger::statement::Signed;
use ledger::tile::WIDTH;

use super::columns;
use super::fsck::Signatures;
use super::store::EntryRow;

/// What the entries of a log are checked against.
#[derive(Clone)]
pub(super) struct Against {
    pub(super) origin: String,
    pub(super) keys: SigningKeys,
    pub(super) size: u64,
    pub(super) signatures: Signatures,
}

/// A stretch that was checked.
pub(super) struct Checked {
    pub(super) bundles: Vec<Bundle>,
    pub(super) findings: Vec<Finding>,
    /// Of the root log: the largest size that it has seen of each log.
    pub(super) seen: HashMap<String, u64>,
    /// Of the root log: what it says of each log's keys, with the entry.
    pub(super) key_events: Vec<(String, u64, String)>,
    pub(super) rows: u64,
    /// Those of statements that were checked.
    pub(super) signatures: u64,
}

/// Checks the entries from an index that 256 divides up to another.
pub(super) fn check(against: &Against, from: u64, until: u64, rows: &[EntryRow]) -> Checked {
    let mut checked = Checked {
        bundles: Vec::new(),
        findings: Vec::new(),
        seen: HashMap::new(),
        key_events: Vec::new(),
        rows: rows.len() as u64,
        signatures: 0,
    };
    let mut rows = rows.iter().peekable();
    let mut leaves: Vec<Hash> = Vec::with_capacity((until - from) as usize);
    for index in from..until {
        leaves.push(match rows.next_if(|row| row.log_index == index) {
            Some(row) => entry(against, row, &mut checked),
            None => {
                checked.findings.push(Finding::new(Subject::Entry(index), "is missing"));
                Hash([0; 32])
            }
        });
    }
    checked.bundles = leaves.chunks(WIDTH as usize).map(|leaves| Bundle::of_leaves(leaves.to_vec())).collect();
    checked
}

/// Checks an entry; the leaf hash that the tree is expected to have.
///
/// When statement and leaf hash differ, the statement's signature tells which of the two was changed.
fn entry(against: &Against, row: &EntryRow, checked: &mut Checked) -> Hash {
    let subject = || Subject::Entry(row.log_index);
    let (leaf, kept) = (leaf_hash(&row.statement), Hash::from_slice(&row.leaf_hash));
    if kept != Some(leaf) {
        let holds = against.keys.check_statement(row.log_index, &row.statement, &against.origin).is_ok();
        let problem =
            if holds { "has another leaf hash stored than it hashes to" } else { "does not hash to its leaf" };
        checked.findings.push(Finding::new(subject(), problem));
        return if holds { leaf } else { kept.unwrap_or(leaf) };
    }
    let Some(columns) = &row.columns else { return leaf };
    let mut wrong = Vec::new();
    let is_bare = columns.payload.as_ref().is_some_and(|(payload, _)| payload.is_empty());
    if columns.kind == "key_event" && is_bare {
        let note = String::from_utf8(row.statement.clone()).unwrap_or_default();
        let said = Note::parse(&note).ok().and_then(|note| KeyEvent::parse(note.text()));
        columns::of_note(row, columns, said.as_ref().map(|said| said.log.as_str()), against.size, &mut wrong);
        checked.key_events.extend(said.map(|said| (said.log, row.log_index, note)));
    } else if columns.kind == "checkpoint" && is_bare {
        let said = std::str::from_utf8(&row.statement).ok().and_then(Checkpoint::parse);
        columns::of_note(row, columns, said.as_ref().map(|said| said.origin.as_str()), against.size, &mut wrong);
        if let Some(said) = said {
            let seen = checked.seen.entry(said.origin).or_default();
            *seen = said.size.max(*seen);
        }
    } else if against.signatures.include(row.log_index) {
        checked.signatures += 1;
        match against.keys.check_statement(row.log_index, &row.statement, &against.origin) {
            Ok(signed) => columns::of_receipt(row, columns, &signed, against.size, &mut wrong),
            Err(finding) => checked.findings.push(finding),
        }
    } else {
        match Signed::parse(&row.statement) {
            Ok(signed) => columns::of_receipt(row, columns, &signed, against.size, &mut wrong),
            Err(_) => wrong.push("statement"),
        }
    }
    if !wrong.is_empty() {
        let problem = format!("has another {} stored than was signed", wrong.join(", "));
        checked.findings.push(Finding::new(subject(), problem));
    }
    leaf
}
