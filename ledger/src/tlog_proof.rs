//! Inclusion proofs as files (C2SP `tlog-proof`): index, hashes and the checkpoint they lead to.

use crate::encoding::{base64, decimal, from_base64};
use crate::hash::Hash;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A `.tlog-proof` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Bytes that nothing vouches for.
    pub extra: Option<Vec<u8>>,
    /// The leaf's index.
    pub index: u64,
    /// Leaf sibling first; 64 at most.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

impl TlogProof {
    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", base64(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.hashes {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads a file's text; none for anything else. The proof is not checked.
    pub fn parse(text: &str) -> Option<Self> {
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return None;
        }
        let mut line = lines.next()?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            extra = Some(from_base64(encoded)?);
            line = lines.next()?;
        }
        let index = decimal(line.strip_prefix("index ")?)?;
        let hashes: Vec<Hash> = lines.map(Hash::from_base64).collect::<Option<_>>()?;
        if hashes.len() > 64 || checkpoint.is_empty() {
            return None;
        }
        Some(Self { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }
}
