//! Entries of one stretch of a log: a pure function of what was read, so that stretches go to all cores.

use std::collections::HashMap;

use ledger::checkpoint::Checkpoint;
use ledger::fsck::{Bundle, Finding, SigningKeys, Subject};
use ledger::hash::{Hash, leaf_hash};
use ledger::key_event::KeyEvent;
use ledger::statement::Signed;
use ledger::tile::WIDTH;

use super::batches;
use super::columns::{self, Note, Wrong};
use super::fsck::Signatures;

pub(crate) mod store;

use store::EntryRow;

/// What the entries of a log are checked against.
#[derive(Clone)]
pub(super) struct Against {
    pub(super) origin: String,
    pub(super) keys: SigningKeys,
    pub(super) size: u64,
    /// Entries below it came back without their contents.
    pub(super) restored_size: u64,
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

/// Checks the entries from an index that 256 divides up to another. `around` is what is known of the trees of those beside.
pub(super) fn check(against: &Against, (from, until): (u64, u64), rows: &[EntryRow], around: &[(u64, u64)]) -> Checked {
    let mut checked = Checked {
        bundles: Vec::new(),
        findings: Vec::new(),
        seen: HashMap::new(),
        key_events: Vec::new(),
        rows: rows.len() as u64,
        signatures: 0,
    };
    trees(against, (from, until), rows, around, &mut checked.findings);
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
    let mut wrong = Wrong::default();
    let is_bare = columns.payload.as_ref().is_some_and(|(payload, _)| payload.is_empty());
    if columns.kind == "key_event" && is_bare {
        let note = String::from_utf8(row.statement.clone()).unwrap_or_default();
        let said = ledger::note::Note::parse(&note).ok().and_then(|note| KeyEvent::parse(note.text()));
        let says = said.as_ref().map(|said| Note { about: said.log.clone(), key: note.clone() });
        columns::of_note(columns, says.as_ref(), &against.origin, &mut wrong);
        checked.key_events.extend(said.map(|said| (said.log, row.log_index, note)));
    } else if columns.kind == "checkpoint" && is_bare {
        let said = std::str::from_utf8(&row.statement).ok().and_then(Checkpoint::parse);
        let says = said
            .as_ref()
            .map(|said| Note { about: said.origin.clone(), key: format!("{}/{}", said.origin, said.size) });
        columns::of_note(columns, says.as_ref(), &against.origin, &mut wrong);
        if let Some(said) = said {
            let seen = checked.seen.entry(said.origin).or_default();
            *seen = said.size.max(*seen);
        }
    } else {
        let signed = if against.signatures.include(row.log_index) {
            checked.signatures += 1;
            against.keys.check_statement(row.log_index, &row.statement, &against.origin)
        } else {
            Signed::parse(&row.statement).map_err(|_| Finding::new(subject(), "is not a statement"))
        };
        match signed {
            Ok(signed) => {
                columns::of_receipt(columns, &signed, row.log_index < against.restored_size, &mut wrong);
            }
            Err(finding) => checked.findings.push(finding),
        }
    }
    checked.findings.extend(wrong.into_problems().into_iter().map(|problem| Finding::new(subject(), problem)));
    leaf
}

/// Names the entries that cannot have been answered with the tree that is stored of them.
fn trees(
    against: &Against,
    (from, until): (u64, u64),
    rows: &[EntryRow],
    around: &[(u64, u64)],
    found: &mut Vec<Finding>,
) {
    let mut known: Vec<(u64, u64)> = around.to_vec();
    known.extend(rows.iter().filter_map(|row| Some((row.log_index, row.columns.as_ref()?.tree_size))));
    for index in batches::odd(from, until, against.size, &known) {
        let problem = "has another tree_size stored than the entries beside it";
        found.push(Finding::new(Subject::Entry(index), problem));
    }
}
