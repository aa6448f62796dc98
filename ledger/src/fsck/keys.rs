//! A log's keys in versions, as a check needs them: which signs what, and which is believed.

use crate::checkpoint::Checkpoint;
use crate::note::{Note, NoteError, VerifierKey};
use crate::statement::{Signed, kid_of};

use super::{Finding, Subject, check_statement};

/// A version of a key, with the sizes it signs: entries' indices for an issuing key, the tree's sizes for one of checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// What it is called in findings: `issuing key 2`.
    pub label: String,
    /// The public half.
    pub key: VerifierKey,
    /// The first size it signs.
    pub from_size: u64,
    /// The first size it no longer signs.
    pub until_size: Option<u64>,
    /// The first size at which it is not to be believed.
    pub revoked_from: Option<u64>,
}

impl SigningKey {
    /// A key of which no more is known: it signs every size.
    pub fn always(label: &str, key: VerifierKey) -> Self {
        Self { label: label.to_owned(), key, from_size: 0, until_size: None, revoked_from: None }
    }

    /// Whether it signs at a size.
    pub fn signs(&self, size: u64) -> bool {
        self.from_size <= size && self.until_size.is_none_or(|until| size < until)
    }

    /// Whether what it signs at a size is not to be believed.
    pub fn is_revoked_at(&self, size: u64) -> bool {
        self.revoked_from.is_some_and(|from| from <= size)
    }

    /// Whether it signed a size at some time: a key that is replaced at once has signed the size at which it ends.
    fn signed(&self, size: u64) -> bool {
        self.from_size <= size && self.until_size.is_none_or(|until| size <= until)
    }

    /// Names the entries of a log of a size that an issuing key signed and that are not to be believed.
    pub fn check_revoked(&self, size: u64) -> Option<Finding> {
        let revoked = self.revoked_from?;
        let first = revoked.max(self.from_size);
        let end = self.until_size.unwrap_or(size).min(size);
        let which = match end.checked_sub(first)? {
            0 => return None,
            1 => format!("entry {first}, which it signed, is"),
            _ => format!("entries {first} to {}, which it signed, are", end - 1),
        };
        let problem = format!("is revoked from entry {revoked} on: {which} not to be believed");
        Some(Finding::new(Subject::Key(self.label.clone()), problem))
    }
}

/// The versions of a log's key of one purpose, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningKeys(pub Vec<SigningKey>);

impl SigningKeys {
    /// Names what is wrong with a statement: its form, its log, its signature by the key in force at its index.
    pub fn check_statement(&self, index: u64, entry: &[u8], origin: &str) -> Result<Signed, Finding> {
        let in_force: Vec<VerifierKey> =
            self.0.iter().filter(|key| key.signs(index)).map(|key| key.key.clone()).collect();
        check_statement(index, entry, origin, &in_force).map_err(|finding| {
            let signed_by = self.0.iter().rfind(|key| kid_of(entry).is_some_and(|kid| key.key.id_hex() == kid));
            match signed_by.filter(|key| !key.signs(index)) {
                Some(other) => Finding::new(
                    Subject::Entry(index),
                    format!("is signed by {}, which does not sign at this place", other.label),
                ),
                None => finding,
            }
        })
    }

    /// Reads a checkpoint and names what is wrong with it. Every key in force at its size must have signed, and no other.
    pub fn check_checkpoint(&self, note: &str, origin: &str) -> Result<Checkpoint, Finding> {
        let (checkpoint, signers) = self.read(note, origin)?;
        let wrong = |problem: String| Err(Finding::new(Subject::Checkpoint, problem));
        let in_force = self.in_force(checkpoint.size);
        if let Some(missing) = in_force.iter().find(|key| !signers.contains(*key)) {
            return wrong(format!("is not signed by {}, which signs at {} entries", missing.label, checkpoint.size));
        }
        if let Some(other) = signers.iter().find(|key| !in_force.contains(*key)) {
            return wrong(format!("is signed by {}, which does not sign at {} entries", other.label, checkpoint.size));
        }
        Ok(checkpoint)
    }

    /// As [`Self::check_checkpoint`], for one that was kept when keys may have changed since: it holds if it is signed by
    /// a key that signed such a size at some time, and every signature of the log's keys holds.
    pub fn check_kept(&self, note: &str, origin: &str) -> Result<Checkpoint, Finding> {
        let (checkpoint, signers) = self.read(note, origin)?;
        match signers.iter().find(|key| !key.signed(checkpoint.size)) {
            None => Ok(checkpoint),
            Some(other) => {
                let problem = format!("is signed by {}, which never signed {} entries", other.label, checkpoint.size);
                Err(Finding::new(Subject::Checkpoint, problem))
            }
        }
    }

    /// The keys that sign a state: those that are believed, or where a revocation reaches back to all of them, those.
    fn in_force(&self, size: u64) -> Vec<&SigningKey> {
        let signing: Vec<_> = self.0.iter().filter(|key| key.signs(size)).collect();
        let believed: Vec<_> = signing.iter().copied().filter(|key| !key.is_revoked_at(size)).collect();
        if believed.is_empty() { signing } else { believed }
    }

    /// Names the revoked keys that a state of a size rests on, if it rests on no other.
    pub fn check_rests(&self, size: u64) -> Vec<Finding> {
        let in_force = self.in_force(size);
        if in_force.iter().any(|key| !key.is_revoked_at(size)) {
            return Vec::new();
        }
        let problem = |from| format!("is revoked from size {from} on: the state of {size} entries rests on it alone");
        let finding =
            |key: &SigningKey| Some(Finding::new(Subject::Key(key.label.clone()), problem(key.revoked_from?)));
        in_force.into_iter().filter_map(finding).collect()
    }

    fn read(&self, note: &str, origin: &str) -> Result<(Checkpoint, Vec<&SigningKey>), Finding> {
        let wrong = |problem: &str| Finding::new(Subject::Checkpoint, problem);
        let note = Note::parse(note).map_err(|_| wrong("is not a signed note"))?;
        let checkpoint = Checkpoint::parse(note.text()).ok_or_else(|| wrong("is not a checkpoint"))?;
        if checkpoint.origin != origin {
            return Err(wrong("is that of another log"));
        }
        let known: Vec<VerifierKey> = self.0.iter().map(|key| key.key.clone()).collect();
        match note.verify(&known) {
            Ok(good) => Ok((checkpoint, self.0.iter().filter(|key| good.contains(&&key.key)).collect())),
            Err(NoteError::Unknown) => Err(wrong("is not signed by the log's key")),
            Err(_) => Err(wrong("has a signature that does not hold")),
        }
    }
}
