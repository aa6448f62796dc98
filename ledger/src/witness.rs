//! Witnessing (C2SP `tlog-witness` v1.0.0): asking for a cosignature, and whether it may be given.
//!
//! A witness cosigns a log's checkpoint only when it continues the last one that it cosigned. So a log that shows two
//! people two histories needs a witness that breaks its word.

use crate::checkpoint::Checkpoint;
use crate::encoding::decimal;
use crate::hash::{EMPTY_ROOT, Hash};
use crate::note::{Note, VerifierKey};
use crate::proof::verify_consistency;

/// Hashes of a consistency proof between any two trees.
pub const MAX_PROOF: usize = 63;

/// The body of a request to `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness is believed to have cosigned last; 0 for none.
    pub old: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The signed note, verbatim.
    pub checkpoint: String,
}

impl AddCheckpoint {
    /// Reads a body.
    pub fn parse(body: &str) -> Option<Self> {
        let (old, rest) = body.strip_prefix("old ")?.split_once('\n')?;
        let old = decimal(old)?;
        let (mut proof, mut rest) = (Vec::new(), rest);
        loop {
            let (line, after) = rest.split_once('\n')?;
            rest = after;
            if line.is_empty() {
                return Some(Self { old, proof, checkpoint: rest.to_owned() });
            }
            let hash = Hash::from_base64(line).filter(|hash| hash.to_base64() == line)?;
            proof.push(hash);
            if proof.len() > MAX_PROOF {
                return None;
            }
        }
    }

    /// The body.
    pub fn text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.proof {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }
}

/// Why a checkpoint is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The body is not one, the checkpoint is not one, or the old size is beyond it: 400.
    Malformed,
    /// No signature of the log's key is on it, or one does not hold: 403.
    Untrusted,
    /// The witness does not follow that log: 404.
    UnknownLog,
    /// The witness cosigned this size last, not the one that was named: 409.
    Stale(u64),
    /// It does not continue what was cosigned last: 422.
    Inconsistent,
}

impl Refusal {
    /// The HTTP status that says so.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Untrusted => 403,
            Self::UnknownLog => 404,
            Self::Stale(_) => 409,
            Self::Inconsistent => 422,
        }
    }
}

/// A request that may be granted once it is known what was cosigned last.
#[derive(Clone, Debug)]
pub struct Trusted {
    old: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

impl Trusted {
    /// Reads a request and finds its log among the followed ones, whose keys bear the logs' names.
    pub fn read(body: &str, logs: &[VerifierKey]) -> Result<Self, Refusal> {
        let request = AddCheckpoint::parse(body).ok_or(Refusal::Malformed)?;
        let note = Note::parse(&request.checkpoint).map_err(|_| Refusal::Malformed)?;
        let checkpoint = Checkpoint::parse(note.text()).ok_or(Refusal::Malformed)?;
        let keys: Vec<VerifierKey> = logs.iter().filter(|key| key.name() == checkpoint.origin).cloned().collect();
        if keys.is_empty() {
            return Err(Refusal::UnknownLog);
        }
        note.verify(&keys).map_err(|_| Refusal::Untrusted)?;
        if request.old > checkpoint.size {
            return Err(Refusal::Malformed);
        }
        Ok(Self { old: request.old, proof: request.proof, note, checkpoint })
    }

    /// The checkpoint that is to be cosigned.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note it stands in.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Whether it continues the checkpoint that was cosigned last, if there was one.
    ///
    /// Whoever asks must keep what was cosigned from changing until the answer is acted on.
    pub fn continues(&self, last: Option<&Checkpoint>) -> Result<(), Refusal> {
        let size = last.map_or(0, |last| last.size);
        if self.old != size {
            return Err(Refusal::Stale(size));
        }
        let holds = match last.filter(|last| last.size > 0) {
            // Every tree continues the empty one: there is nothing to prove, and nothing may stand in for a proof.
            None => self.proof.is_empty() && (self.checkpoint.size > 0 || self.checkpoint.root == EMPTY_ROOT),
            Some(last) => {
                verify_consistency(last.size, self.checkpoint.size, &self.proof, &last.root, &self.checkpoint.root)
                    .is_ok()
            }
        };
        if holds { Ok(()) } else { Err(Refusal::Inconsistent) }
    }
}
