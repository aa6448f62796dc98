//! Checkpoints (C2SP `tlog-checkpoint` v1.0.0): origin, size and root of a log, in the text of a signed note.

use crate::encoding::decimal;
use crate::hash::Hash;
use crate::note::NoteSigner;

/// A log's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// The root of those leaves.
    pub root: Hash,
    /// Further lines, which mean nothing to us and are kept.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// Without extension lines.
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Self { origin: origin.to_owned(), size, root, extensions: Vec::new() }
    }

    /// The text that is signed: three lines or more, each with its end.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64());
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads a signed note's text; none for anything but a checkpoint.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty())?.to_owned();
        let size = decimal(lines.next()?)?;
        let root = lines.next()?;
        let root = Hash::from_base64(root).filter(|hash| hash.to_base64() == root)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return None;
        }
        Some(Self { origin, size, root, extensions })
    }

    /// The signed checkpoint. The same checkpoint and key give the same bytes.
    pub fn sign(&self, signer: &NoteSigner) -> String {
        self.sign_by([signer])
    }

    /// The checkpoint signed by several keys, as while one replaces another: a line each, in their order.
    pub fn sign_by<'s>(&self, signers: impl IntoIterator<Item = &'s NoteSigner>) -> String {
        let text = self.text();
        let lines = signers.into_iter().map(|signer| format!("{}\n", signer.signature(&text)));
        format!("{text}\n{}", lines.collect::<String>())
    }
}
