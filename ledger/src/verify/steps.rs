//! What each step does. `Ok(Some)` passed, `Ok(None)` had nothing to check, `Err` failed; each with its sentence.

use super::{Summary, Verification};
use crate::bundle::Bundle;
use crate::checkpoint::Checkpoint;
use crate::commitment::commit;
use crate::hash::leaf_hash;
use crate::jcs::canonical;
use crate::json::Value;
use crate::note::{Note, NoteError, VerifierKey};
use crate::policy::Policy;
use crate::proof::{ProofError, inclusion_path};
use crate::statement::{Signed, Statement};
use crate::tlog_proof::TlogProof;

/// What the format step read and the others check.
#[derive(Default)]
pub(super) struct Read {
    bundle: Option<Bundle>,
    signed: Option<Signed>,
    proof: Option<TlogProof>,
    note: Option<Note>,
    checkpoint: Option<Checkpoint>,
    root_note: Option<Note>,
}

type StepResult = Result<Option<String>, String>;

const UNREAD: &str = "It could not be checked, because that part of the file could not be read.";

impl Verification {
    pub(super) fn format(&mut self) -> StepResult {
        let bundle = Bundle::parse(&self.bytes).map_err(|error| error.0)?;
        let signed = Signed::parse(&bundle.statement);
        let proof = TlogProof::parse(&bundle.tenant_proof);
        self.report.leaf = Some(leaf_hash(&bundle.statement));
        self.report.leaf_index = proof.as_ref().map(|proof| proof.index);
        if let Ok(signed) = &signed {
            self.report.receipt = Some(Summary {
                id: signed.statement.id.clone(),
                kind: signed.statement.kind.clone(),
                issued_at: signed.statement.issued_at.clone(),
                log: signed.statement.log.clone(),
                refs: signed.statement.refs.clone(),
                payload: bundle.payload.clone(),
            });
        }
        let note = proof.as_ref().and_then(|proof| Note::parse(&proof.checkpoint).ok());
        let checkpoint = note.as_ref().and_then(|note| Checkpoint::parse(note.text()));
        if let Some(checkpoint) = &checkpoint {
            self.report.tree_size = Some(checkpoint.size);
            self.report.root = Some(checkpoint.root);
        }
        let complete = signed.is_ok() && proof.is_some() && checkpoint.is_some();
        self.read = Read { bundle: Some(bundle), signed: signed.ok(), proof, note, checkpoint, root_note: None };
        match (&self.read.signed, complete) {
            (Some(signed), true) => Ok(Some(format!(
                "It holds receipt {} of the log {}, a proof and a checkpoint.{}",
                signed.statement.id,
                signed.statement.log,
                said_of_others(&signed.statement, self.report.receipt.as_ref().and_then(|r| r.payload.as_ref()))
            ))),
            (None, _) => {
                Err("The receipt statement in it is not one: its bytes are not as they were signed.".to_owned())
            }
            _ => Err("The proof or the checkpoint in it has another shape than the format's.".to_owned()),
        }
    }

    /// For the steps about a log's state alone: no receipt is read, and the checkpoint stands where the proof would.
    pub(super) fn take_state(&mut self, state: Bundle) {
        let note = Note::parse(&state.tenant_proof).ok();
        let checkpoint = note.as_ref().and_then(|note| Checkpoint::parse(note.text()));
        self.read = Read { bundle: Some(state), note, checkpoint, ..Read::default() };
    }

    pub(super) fn payload(&self) -> StepResult {
        let bundle = self.read.bundle.as_ref().ok_or(UNREAD)?;
        let signed = self.read.signed.as_ref().ok_or(UNREAD)?;
        let (payload, salt) = match (&bundle.payload, &bundle.salt) {
            (Some(payload), Some(salt)) => (payload, salt),
            (None, None) => return Ok(None),
            _ => {
                return Err("The contents and their salt must both be in the file, or neither.".to_owned());
            }
        };
        let found = commit(salt, &canonical(payload));
        if found == signed.statement.payload {
            return Ok(Some(format!(
                "Their SHA-256 with the salt is {}, as the receipt says.",
                short(&found.to_hex())
            )));
        }
        Err(format!(
            "Their SHA-256 with the salt is {}, but the receipt says {}: the contents were changed.",
            short(&found.to_hex()),
            short(&signed.statement.payload.to_hex())
        ))
    }

    pub(super) fn signature(&mut self) -> StepResult {
        let bundle = self.read.bundle.as_ref().ok_or(UNREAD)?;
        let signed = self.read.signed.as_ref().ok_or(UNREAD)?;
        let proof = self.read.proof.as_ref().ok_or(UNREAD)?;
        let key = bundle.issuing_key(proof.index).and_then(|key| key.parse::<VerifierKey>().ok());
        let key = key.ok_or("The file names no issuing key for this entry of the log.")?;
        let revoked = bundle.revoked_from(&key.to_string());
        match signed.verify(&key) {
            Ok(()) => {
                self.report.issuing_key = Some(key.to_string());
                let holds = format!("Its Ed25519 signature holds for the key {} of {}.", signed.kid, key.name());
                match revoked {
                    None => Ok(Some(holds)),
                    Some(from) if proof.index < from => Ok(Some(format!(
                        "{holds} The key was revoked later: from entry {from} on it is not to be believed; this is entry {}.",
                        proof.index
                    ))),
                    Some(from) => Err(format!(
                        "The key {} that signed it was revoked: what it signed from entry {from} on is not to be believed, and this is entry {}.",
                        signed.kid, proof.index
                    )),
                }
            }
            Err(NoteError::Unknown) => Err(format!(
                "It says that key {} of {} signed it, but for entry {} the file names key {} of {}.",
                signed.kid,
                signed.statement.log,
                proof.index,
                key.id_hex(),
                key.name()
            )),
            Err(_) => Err(
                "The signature does not fit: the receipt was changed after it was signed, or another key signed it."
                    .to_owned(),
            ),
        }
    }

    pub(super) fn inclusion(&mut self) -> StepResult {
        let leaf = self.report.leaf.ok_or(UNREAD)?;
        let proof = self.read.proof.as_ref().ok_or(UNREAD)?;
        let checkpoint = self.read.checkpoint.as_ref().ok_or(UNREAD)?;
        let path = inclusion_path(&leaf, proof.index, checkpoint.size, &proof.hashes).map_err(|error| match error {
            ProofError::Sizes => format!("Entry {} cannot be in a log of {} entries.", proof.index, checkpoint.size),
            _ => format!("A proof for entry {} of {} has another number of hashes.", proof.index, checkpoint.size),
        })?;
        let root = path.last().map_or(leaf, |node| node.result);
        let hashes = path.len();
        self.report.path = path;
        if root == checkpoint.root {
            return Ok(Some(format!(
                "Entry {} and {hashes} other hashes give the root {} of {} entries.",
                proof.index,
                short(&root.to_hex()),
                checkpoint.size
            )));
        }
        Err(format!(
            "Entry {} and {hashes} other hashes give the root {}, but the checkpoint says {}: the receipt or the proof was changed.",
            proof.index,
            short(&root.to_hex()),
            short(&checkpoint.root.to_hex())
        ))
    }

    pub(super) fn checkpoint(&mut self) -> StepResult {
        let bundle = self.read.bundle.as_ref().ok_or(UNREAD)?;
        let note = self.read.note.as_ref().ok_or(UNREAD)?;
        let checkpoint = self.read.checkpoint.as_ref().ok_or(UNREAD)?;
        if let Some(signed) = &self.read.signed
            && signed.statement.log != checkpoint.origin
        {
            return Err(format!(
                "It is a checkpoint of {}, but the receipt is of {}.",
                checkpoint.origin, signed.statement.log
            ));
        }
        let own = self.policy_in_force(bundle)?.log_keys(&checkpoint.origin);
        match note.verify(&own) {
            Ok(good) => {
                let key = believed(bundle, &good, checkpoint.size)?;
                self.report.log_key = Some(key.to_string());
                let whose = if self.report.trusted_policy { "your own policy" } else { "the file itself" };
                Ok(Some(format!(
                    "The log's Ed25519 signature over {} entries holds for the key {}, which is named by {whose}.",
                    checkpoint.size,
                    key.id_hex()
                )))
            }
            Err(NoteError::Unknown) => {
                Err(format!("It is not signed by a key that the policy names for {}.", checkpoint.origin))
            }
            Err(_) => {
                Err("The log's signature does not fit: the checkpoint was changed after it was signed.".to_owned())
            }
        }
    }

    pub(super) fn anchor(&mut self) -> StepResult {
        let bundle = self.read.bundle.as_ref().ok_or(UNREAD)?;
        let Some(text) = &bundle.root_proof else {
            return Ok(None);
        };
        let checkpoint = self.read.checkpoint.as_ref().ok_or(UNREAD)?;
        let unread = || "The proof in the root log has another shape than the format's.".to_owned();
        let proof = TlogProof::parse(text).ok_or_else(unread)?;
        let note = Note::parse(&proof.checkpoint).map_err(|_| unread())?;
        let root = Checkpoint::parse(note.text()).ok_or_else(unread)?;
        let leaf = leaf_hash(checkpoint.text().as_bytes());
        let path = inclusion_path(&leaf, proof.index, root.size, &proof.hashes).map_err(|_| unread())?;
        if path.last().map_or(leaf, |node| node.result) != root.root {
            return Err("The root log does not include this checkpoint.".to_owned());
        }
        let own = self.policy_in_force(bundle)?.log_keys(&root.origin);
        let good = note.verify(&own).map_err(|_| {
            format!("The root log's state is not signed by a key that the policy names for {}.", root.origin)
        })?;
        self.report.root_key = Some(believed(bundle, &good, root.size)?.to_string());
        self.read.root_note = Some(note);
        Ok(Some(format!(
            "The root log {} includes this checkpoint as entry {} of {}.",
            root.origin, proof.index, root.size
        )))
    }

    /// Witnesses cosign the root log's state, or the log's own where there is no root log yet.
    pub(super) fn witnesses(&mut self) -> StepResult {
        let bundle = self.read.bundle.as_ref().ok_or(UNREAD)?;
        let note = match &bundle.root_proof {
            Some(_) => self.read.root_note.as_ref(),
            None => self.read.note.as_ref(),
        };
        let policy = self.policy_in_force(bundle)?;
        if policy.witnesses.is_empty() && policy.quorum.is_none() {
            return Ok(None);
        }
        let evaluation = policy
            .evaluate(note.ok_or(UNREAD)?)
            .map_err(|_| "A witness's signature does not fit the state it is said to have seen.")?;
        let names: Vec<&str> = evaluation.cosigned.iter().map(|(witness, _)| witness.name.as_str()).collect();
        let seen = if names.is_empty() { "none of the witnesses named".to_owned() } else { names.join(", ") };
        self.report.witness_keys = evaluation.cosigned.iter().map(|(witness, _)| witness.key.to_string()).collect();
        self.report.witnesses = names.iter().map(|&name| name.to_owned()).collect();
        let count = format!("{} of {} witnesses", names.len(), policy.witnesses.len());
        match &policy.quorum {
            None if names.is_empty() => Ok(None),
            None => Ok(Some(format!("{count} signed that they saw this state: {seen}. The policy asks for none."))),
            Some(quorum) if evaluation.satisfied => Ok(Some(format!(
                "{count} signed that they saw this state, which is enough for the quorum {quorum}: {seen}."
            ))),
            Some(quorum) => Err(format!(
                "The policy asks for the quorum {quorum}, but only {count} signed that they saw this state: {seen}."
            )),
        }
    }

    /// The verifier's policy, or the file's.
    fn policy_in_force(&self, bundle: &Bundle) -> Result<Policy, String> {
        let whose = if self.policy.is_some() { "Your policy" } else { "The policy in the file" };
        Policy::parse(self.policy.as_deref().unwrap_or(&bundle.policy))
            .map_err(|error| format!("{whose} cannot be used: {error}."))
    }
}

/// The first of the keys that signed a tree of this size which was not revoked for it.
fn believed<'k>(bundle: &Bundle, good: &[&'k VerifierKey], size: u64) -> Result<&'k VerifierKey, String> {
    let revoked = |key: &VerifierKey| bundle.revoked_from(&key.to_string()).filter(|from| *from <= size);
    match good.iter().find(|key| revoked(key).is_none()) {
        Some(key) => Ok(key),
        None => {
            let named =
                |key: &&VerifierKey| format!("{} (from size {} on)", key.id_hex(), revoked(key).unwrap_or(size));
            let keys: Vec<String> = good.iter().map(named).collect();
            Err(format!("Only keys that were revoked signed this state of {size} entries: {}.", keys.join(", ")))
        }
    }
}

/// ` It revokes rcpt_….`: what a receipt says of those that it puts an end to, or whose contents were erased.
fn said_of_others(statement: &Statement, payload: Option<&Value>) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let said = statement.refs.iter().map(|other| match (other.relation.ends(), statement.kind.as_str()) {
        (true, _) => format!(" It {} {}.", other.relation.as_str(), other.id),
        (false, "payload_erased") => {
            let at = text(payload.and_then(|payload| payload.get("occurred_at")));
            let by = text(payload.and_then(|payload| payload.get("data")?.get("erased_by")));
            let (at, by) = (at.map(|at| format!(" on {at}")), by.map(|by| format!(" by {by}")));
            let (at, by) = (at.unwrap_or_default(), by.unwrap_or_default());
            format!(" It records that the contents of {} were erased{at}{by}.", other.id)
        }
        (false, _) => String::new(),
    });
    said.collect()
}

fn short(hex: &str) -> String {
    format!("{}…", hex.get(..16).unwrap_or(hex))
}
