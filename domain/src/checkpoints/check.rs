//! Checking that one state of a log continues another, in words: the same in the browser and on the server.

use ledger::checkpoint::Checkpoint;
use ledger::hash::Hash;
use ledger::note::{Note, NoteError, VerifierKey};
use ledger::proof::{ProofError, verify_consistency};

use super::{Consistency, Signed};
use crate::log_keys::{LogKey, Purpose};

/// A thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What holds if it does.
    pub title: String,
    /// Whether it does.
    pub holds: bool,
    /// What was compared with what, or why it does not hold.
    pub detail: String,
}

/// The signatures of both states, and that the later begins with the earlier.
pub fn check(proof: &Consistency) -> Vec<Check> {
    let (earlier, first) = signature(proof, &proof.from, "The log signed the earlier state");
    let (later, second) = signature(proof, &proof.to, "The log signed the later state");
    let continued = match (earlier, later) {
        (Some(earlier), Some(later)) => continues(proof, &earlier, &later),
        _ => Err("It could not be checked, because one of the two states could not be read.".to_owned()),
    };
    vec![first, second, made("Nothing was changed or taken out in between", continued)]
}

fn made(title: &str, found: Result<String, String>) -> Check {
    let holds = found.is_ok();
    let (Ok(detail) | Err(detail)) = found;
    Check { title: title.to_owned(), holds, detail }
}

fn signature(proof: &Consistency, state: &Signed, title: &str) -> (Option<Checkpoint>, Check) {
    let note = state.checkpoint.as_deref().map(Note::parse);
    let checkpoint = note.as_ref().and_then(|note| Checkpoint::parse(note.as_ref().ok()?.text()));
    let found = match (note, &checkpoint) {
        (None, _) => Err("This checkpoint was not kept word for word.".to_owned()),
        (Some(Ok(note)), Some(checkpoint)) => signed(proof, state, &note, checkpoint),
        _ => Err("This is no checkpoint.".to_owned()),
    };
    (checkpoint, made(title, found))
}

fn signed(proof: &Consistency, state: &Signed, note: &Note, checkpoint: &Checkpoint) -> Result<String, String> {
    if checkpoint.origin != proof.origin || checkpoint.size != state.size {
        return Err(format!(
            "It is a checkpoint of {} with {} entries, not of {} with {}.",
            checkpoint.origin, checkpoint.size, proof.origin, state.size
        ));
    }
    let of_log = proof.keys.iter().filter(|key| key.purpose == Purpose::Checkpoint);
    let known: Vec<(VerifierKey, &LogKey)> = of_log.filter_map(|key| Some((key.vkey.parse().ok()?, key))).collect();
    let keys: Vec<VerifierKey> = known.iter().map(|(key, _)| key.clone()).collect();
    let good = note.verify(&keys).map_err(|error| match error {
        NoteError::Unknown => "It is not signed by a key of this log.".to_owned(),
        _ => "The signature does not fit: the checkpoint was changed after it was signed.".to_owned(),
    })?;
    let believed =
        |key: &&&VerifierKey| known.iter().any(|(own, key_of)| own == **key && !key_of.is_revoked_at(state.size));
    let ids: Vec<String> = good.iter().filter(believed).map(|key| key.id_hex()).collect();
    if ids.is_empty() {
        return Err("It is signed only by keys that were revoked and are not to be believed for this state.".to_owned());
    }
    let keys = if ids.len() == 1 { "key" } else { "keys" };
    Ok(format!("The signature over {} entries holds for the log's {keys} {}.", state.size, ids.join(" and ")))
}

fn continues(proof: &Consistency, earlier: &Checkpoint, later: &Checkpoint) -> Result<String, String> {
    let hashes: Option<Vec<Hash>> = proof.hashes.iter().map(|hash| Hash::from_base64(hash)).collect();
    let hashes = hashes.ok_or("The proof has a hash that is none.")?;
    match verify_consistency(earlier.size, later.size, &hashes, &earlier.root, &later.root) {
        Ok(()) if earlier.size == later.size => Ok("Both are the same state, with the same root.".to_owned()),
        Ok(()) => Ok(format!(
            "The first {} of the {} entries are exactly those of the earlier state, in the same order: {} hashes lead to both roots.",
            earlier.size,
            later.size,
            hashes.len()
        )),
        Err(ProofError::Root) => Err(format!(
            "The proof does not lead to the two roots: the first {} entries of the later state are not those of the earlier one.",
            earlier.size
        )),
        Err(_) => Err(format!("A proof from {} to {} entries has another number of hashes.", earlier.size, later.size)),
    }
}
