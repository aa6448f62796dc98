//! Checking an archive as it comes, in memory that does not grow with it.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::found::{Failure, Found, KEPT, TITLES};
use super::tar::{Piece, Reader};
use super::{HEAD, Head, LIMITS, MANIFEST, Manifest, entries_name};
use crate::bundle::Bundle;
use crate::checkpoint::Checkpoint;
use crate::commitment::commit;
use crate::encoding::from_base64;
use crate::hash::{Hash, leaf_hash};
use crate::json::RECEIPT;
use crate::note::{Note, VerifierKey, short_name};
use crate::statement::{MAX_BYTES, Signed};
use crate::tree::{Frontier, subtrees};
use crate::verify::{Outcome, Step, Verification};

/// The longest line: statement, salt and payload.
const LINE: usize = MAX_BYTES + RECEIPT.bytes + 64;

/// An archive under verification: give it the bytes as they come, then ask what was found.
pub struct PeriodVerification {
    policy: Option<String>,
    reader: Reader,
    /// Bytes that are not yet a piece, and those of a member that are not yet a line.
    pending: Vec<u8>,
    line: Vec<u8>,
    sha256: Sha256,
    /// The hash of all that came before the manifest.
    before: Option<Hash>,
    /// Failures by their step.
    failed: BTreeMap<&'static str, u64>,
    /// The last entry that failed.
    failed_last: Option<u64>,
    member: String,
    head: Option<Head>,
    log: Log,
    manifest: Option<Manifest>,
    over: bool,
    /// Why the archive is none.
    broken: Option<String>,
    entries: u64,
    payloads: u64,
    outside: Outside,
    found: Found,
}

/// The log's state and keys, as the head gives them.
#[derive(Default)]
struct Log {
    checkpoint: Option<Checkpoint>,
    frontier: Option<Frontier>,
    issuers: Vec<Issuer>,
}

/// A key, the entry from which it issued, and from which it is not to be believed.
struct Issuer {
    key: VerifierKey,
    from: u64,
    revoked_from: Option<u64>,
}

/// The entries on either side of the period.
#[derive(Default)]
struct Outside {
    /// The first entry was before the period, or is the log's first.
    before: bool,
    /// The last entry that was read is after the period.
    after: bool,
}

impl PeriodVerification {
    /// Nothing is checked yet. `policy` is the verifier's own `tlog-policy`; without one the archive's is taken as a hint.
    pub fn new(policy: Option<&str>) -> Self {
        Self {
            policy: policy.map(str::to_owned),
            reader: Reader::default(),
            pending: Vec::new(),
            line: Vec::new(),
            sha256: Sha256::new(),
            before: None,
            failed: BTreeMap::new(),
            failed_last: None,
            member: String::new(),
            head: None,
            log: Log::default(),
            manifest: None,
            over: false,
            broken: None,
            entries: 0,
            payloads: 0,
            outside: Outside::default(),
            found: Found { trusted_policy: policy.is_some(), ..Found::default() },
        }
    }

    /// Entries checked, and how many there are to check.
    pub fn progress(&self) -> (u64, u64) {
        let total = self.head.as_ref().map_or(0, |head| head.until_index.saturating_sub(head.from_index));
        (self.entries, total)
    }

    /// Takes the next bytes of the archive.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend(bytes);
        let mut rest = pending.as_slice();
        loop {
            let at_header = self.reader.at_header();
            match self.reader.next(rest) {
                Ok(None) => break,
                Err(()) => return self.breaks("It is not a tar archive, or it was changed where its members begin."),
                Ok(Some((piece, count))) => {
                    if at_header && piece == Piece::Begin(MANIFEST.to_owned()) {
                        self.before = Some(Hash(self.sha256.clone().finalize().into()));
                    }
                    self.sha256.update(&rest[..count]);
                    rest = &rest[count..];
                    self.piece(piece);
                }
            }
            if self.broken.is_some() {
                return;
            }
        }
        self.pending = rest.to_vec();
    }

    fn breaks(&mut self, why: &str) {
        self.broken.get_or_insert_with(|| why.to_owned());
    }

    fn piece(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Over => self.over = true,
            Piece::Begin(name) => self.begin(name),
            Piece::Bytes(bytes) if self.member.starts_with("entries/") => self.lines(bytes),
            Piece::Bytes(bytes) => {
                self.line.extend(bytes);
                if self.line.len() > LIMITS.bytes {
                    self.breaks("A part of it is larger than its format allows.");
                }
            }
            Piece::End => self.end(),
        }
    }

    fn begin(&mut self, name: String) {
        let due = match &self.head {
            None => name == HEAD,
            Some(_) if self.manifest.is_some() => false,
            Some(head) => name == MANIFEST || name == entries_name(head.from_index + self.entries),
        };
        if due {
            self.member = name;
        } else {
            self.breaks(&format!("Its part {name:?} is not what comes next: a part is missing, or one was added."));
        }
    }

    /// Checks each line that is complete.
    fn lines(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let mut line = std::mem::take(&mut self.line);
            line.extend(&bytes[..end]);
            self.entry(&line);
            line.clear();
            self.line = line;
            bytes = &bytes[end + 1..];
        }
        self.line.extend(bytes);
        if self.line.len() > LINE {
            self.breaks("A line of it is longer than a receipt can be.");
        }
    }

    fn end(&mut self) {
        let bytes = std::mem::take(&mut self.line);
        match self.member.as_str() {
            HEAD => match Head::parse(&bytes) {
                Some(head) => self.take_head(head),
                None => self.breaks("Its first part does not say which log and which entries it holds."),
            },
            MANIFEST => match Manifest::parse(&bytes) {
                Some(manifest) => self.manifest = Some(manifest),
                None => self.breaks("Its manifest has another shape than the format's."),
            },
            _ if bytes.is_empty() => {}
            _ => self.breaks("A part of it ends in the middle of a line."),
        }
    }

    fn take_head(&mut self, head: Head) {
        let checkpoint = Note::parse(&head.checkpoint).ok().and_then(|note| Checkpoint::parse(note.text()));
        let frontier = Frontier::from_parts(head.from_index, head.left.clone());
        let issuers = head.issuing_keys.iter().map(|(vkey, from)| {
            let revoked = head.revoked_keys.iter().filter(|(revoked, _)| revoked == vkey);
            let revoked_from = revoked.map(|(_, from)| *from).min();
            Some(Issuer { key: vkey.parse().ok()?, from: *from, revoked_from })
        });
        let issuers = issuers.collect::<Option<Vec<Issuer>>>();
        let fits = checkpoint
            .as_ref()
            .is_some_and(|checkpoint| head.from_index < head.until_index && head.until_index <= checkpoint.size);
        let (Some(issuers), Some(_), true) = (issuers, &frontier, fits) else {
            return self.breaks("Its first part contradicts itself: its entries cannot be in a log of that size.");
        };
        self.found.log = checkpoint.as_ref().map(|checkpoint| checkpoint.origin.clone()).unwrap_or_default();
        self.found.period = (head.from.clone(), head.until.clone());
        self.log = Log { checkpoint, frontier, issuers };
        self.head = Some(head);
    }

    fn fail(&mut self, index: u64, id: Option<String>, step: &'static str, detail: &str) {
        if self.failed_last.replace(index) != Some(index) {
            self.found.failed += 1;
        }
        *self.failed.entry(step).or_default() += 1;
        if self.found.failures.len() < KEPT {
            self.found.failures.push(Failure { index, id, step, detail: detail.to_owned() });
        }
    }

    /// Checks one entry: its signature, its contents, and in which day it was signed.
    fn entry(&mut self, line: &[u8]) {
        let Some(head) = &self.head else { return };
        let index = head.from_index + self.entries;
        if index >= head.until_index {
            return self.breaks("It has more entries than it says.");
        }
        self.entries += 1;
        let mut parts = line.splitn(3, |byte| *byte == b'\t');
        let (Some(statement), Some(salt), Some(payload)) = (parts.next(), parts.next(), parts.next()) else {
            return self.breaks("A line of it is no entry.");
        };
        if let Some(frontier) = &mut self.log.frontier {
            frontier.push(leaf_hash(statement));
        }
        let Ok(signed) = Signed::parse(statement) else {
            return self.fail(
                index,
                None,
                "format",
                "Its statement is not one: its bytes are not as they were signed.",
            );
        };
        self.day(index, &signed, payload.is_empty());
        let id = Some(signed.statement.id.clone());
        let issuer = self.log.issuers.iter().rev().find(|issuer| issuer.from <= index);
        let revoked = issuer.is_some_and(|issuer| issuer.revoked_from.is_some_and(|from| from <= index));
        let holds =
            signed.statement.log == self.found.log && issuer.is_some_and(|issuer| signed.verify(&issuer.key).is_ok());
        if revoked {
            let detail = "The key that signed it was revoked for its place in the log.";
            self.fail(index, id.clone(), "signature", detail);
        } else if !holds {
            self.fail(
                index,
                id.clone(),
                "signature",
                "Its signature does not fit: it was changed, or another key signed it.",
            );
        }
        if payload.is_empty() && salt.is_empty() {
            return;
        }
        self.payloads += 1;
        let salt = std::str::from_utf8(salt).ok().and_then(from_base64).and_then(|salt| salt.try_into().ok());
        if salt.is_none_or(|salt: [u8; 16]| commit(&salt, payload) != signed.statement.payload) {
            self.fail(index, id, "payload", "Its contents are not what it says: they were changed.");
        }
    }

    /// Counts the entry to the period, or to one of its sides.
    fn day(&mut self, index: u64, signed: &Signed, bare: bool) {
        let Some(head) = &self.head else { return };
        let day = signed.statement.issued_at.get(..10).unwrap_or_default();
        let within = (head.from.as_str()..=head.until.as_str()).contains(&day) && index > 0;
        if index == head.from_index {
            self.outside.before = !within;
        }
        self.outside.after = !within;
        if within {
            self.found.receipts += 1;
            self.found.without_contents += u64::from(bare);
        }
    }

    /// Everything that was found, once all bytes were given.
    pub fn finish(mut self) -> Found {
        let results = [self.whole(), self.contents(), self.signatures(), self.complete(), self.period()];
        for ((id, title), result) in TITLES.into_iter().zip(results) {
            let (outcome, detail) = match result {
                Ok(Some(detail)) => (Outcome::Passed, detail),
                Ok(None) => {
                    (Outcome::NotPresent, "No receipt of the period has its contents in the archive.".to_owned())
                }
                Err(detail) => (Outcome::Failed, detail),
            };
            self.found.steps.push(Step { id, title, outcome, detail });
        }
        let head = self.head;
        let state = head.map(|head| Bundle {
            statement: Vec::new(),
            payload: None,
            salt: None,
            tenant_proof: head.checkpoint,
            root_proof: head.root_proof,
            policy: head.policy,
            issuing_keys: head.issuing_keys,
            revoked_keys: head.revoked_keys,
        });
        self.found
            .steps
            .extend(state.into_iter().flat_map(|state| Verification::of_state(state, self.policy.as_deref())));
        self.found
    }

    fn whole(&self) -> Result<Option<String>, String> {
        if let Some(why) = &self.broken {
            return Err(why.clone());
        }
        let cut = || "It was cut off: its manifest, which comes last, is missing.".to_owned();
        let manifest = self.manifest.filter(|_| self.over && self.pending.is_empty()).ok_or_else(cut)?;
        if (manifest.entries, manifest.payloads) != (self.entries, self.payloads) {
            return Err(format!(
                "Its manifest counts {} entries and {} contents, but it holds {} and {}.",
                manifest.entries, manifest.payloads, self.entries, self.payloads
            ));
        }
        if Some(manifest.sha256) != self.before {
            return Err("Its bytes are not those of its manifest: something in it was changed.".to_owned());
        }
        Ok(Some(format!("{} entries and their contents, as its manifest counts them.", self.entries)))
    }

    fn failures(&self, step: &str) -> u64 {
        self.failed.get(step).copied().unwrap_or_default()
    }

    fn contents(&self) -> Result<Option<String>, String> {
        match (self.failures("payload"), self.payloads) {
            (0, 0) => Ok(None),
            (0, payloads) => Ok(Some(format!(
                "The contents of {payloads} receipts fit; {} have theirs erased or withheld.",
                self.found.without_contents
            ))),
            (failed, _) => Err(format!("The contents of {failed} receipts are not what was committed to.")),
        }
    }

    fn signatures(&self) -> Result<Option<String>, String> {
        match self.failures("signature") + self.failures("format") {
            0 if self.entries > 0 => {
                let keys = self.signers().join(", ");
                Ok(Some(format!("The issuer's signature holds for each of {} entries, by {keys}.", self.entries)))
            }
            0 => Err("There are no entries.".to_owned()),
            failed => Err(format!("The signatures of {failed} entries do not hold.")),
        }
    }

    /// The names and ids of the keys that issued these entries.
    fn signers(&self) -> Vec<String> {
        let first = self.head.as_ref().map_or(0, |head| head.from_index);
        let until = |at: usize| self.log.issuers.get(at + 1).map_or(u64::MAX, |next| next.from);
        let issuers = self.log.issuers.iter().enumerate();
        let used = issuers.filter(|(at, issuer)| issuer.from < first + self.entries && until(*at) > first);
        used.map(|(_, issuer)| short_name(&issuer.key.to_string()).to_owned()).collect()
    }

    /// Whether the leaves with what is beside them give the checkpoint's root.
    fn complete(&mut self) -> Result<Option<String>, String> {
        const UNREAD: &str = "It could not be checked, because the archive could not be read.";
        let (Some(head), Some(checkpoint), Some(frontier)) = (&self.head, &self.log.checkpoint, &mut self.log.frontier)
        else {
            return Err(UNREAD.to_owned());
        };
        let (first, after) = (head.from_index, head.until_index);
        if frontier.size() != after {
            return Err(format!("Entries {} to {} are missing.", frontier.size(), after - 1));
        }
        let right = subtrees(after, checkpoint.size);
        let fits = right.len() == head.right.len()
            && right.iter().zip(&head.right).all(|((level, _), root)| frontier.push_subtree(*level, *root));
        if fits && frontier.root() == checkpoint.root {
            return Ok(Some(format!(
                "Entries {first} to {} of {}, with the hashes beside them, give the log's root: they are all there, in order.",
                after - 1,
                checkpoint.size
            )));
        }
        Err(format!("Entries {first} to {} do not give the log's root: one is missing, changed or added.", after - 1))
    }

    /// Whether the entries on either side show that the period begins and ends where it says.
    fn period(&self) -> Result<Option<String>, String> {
        let (Some(head), Some(checkpoint)) = (&self.head, &self.log.checkpoint) else {
            return Err("It does not say which period it is of.".to_owned());
        };
        if !self.outside.before || !(self.outside.after || head.until_index == checkpoint.size) {
            return Err(
                "The entries before and after the period, which would show that it is all there, are not in it."
                    .to_owned(),
            );
        }
        Ok(Some(format!(
            "{} receipts were issued from {} until {} (UTC); the entries before and after them were not.",
            self.found.receipts, head.from, head.until
        )))
    }
}
