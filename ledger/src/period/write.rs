//! Writing an archive, a piece at a time.

use sha2::{Digest as _, Sha256};

use super::{END, HEAD, Head, MANIFEST, Manifest, entries_name, line, member};
use crate::hash::Hash;

/// An archive under way: what each method returns comes after what the one before returned.
pub struct Writer {
    sha256: Sha256,
    next: u64,
    manifest: Manifest,
}

impl Writer {
    /// The archive's beginning.
    pub fn begin(head: &Head) -> (Self, Vec<u8>) {
        let manifest = Manifest { entries: 0, payloads: 0, sha256: Hash([0; 32]) };
        let mut writer = Self { sha256: Sha256::new(), next: head.from_index, manifest };
        let bytes = member(HEAD, &head.to_bytes());
        writer.sha256.update(&bytes);
        (writer, bytes)
    }

    /// The next entries: each statement with its salt and payload, where there are some.
    pub fn entries<'e>(
        &mut self,
        entries: impl IntoIterator<Item = (&'e [u8], Option<(&'e [u8; 16], &'e [u8])>)>,
    ) -> Vec<u8> {
        let (first, mut lines) = (self.next, Vec::new());
        for (statement, contents) in entries {
            lines.extend(line(statement, contents));
            self.next += 1;
            self.manifest.entries += 1;
            self.manifest.payloads += u64::from(contents.is_some());
        }
        let bytes = member(&entries_name(first), &lines);
        self.sha256.update(&bytes);
        bytes
    }

    /// The archive's end: how much there was.
    pub fn finish(self) -> Vec<u8> {
        let sha256 = Hash(self.sha256.finalize().into());
        [member(MANIFEST, &Manifest { sha256, ..self.manifest }.to_bytes()), END.to_vec()].concat()
    }
}
