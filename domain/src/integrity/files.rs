//! The files of a log in the object store, against its entries.

use ledger::fsck::{Bundle, Finding, Rebuilt, SigningKeys, Subject, check_leaves, read_bundle};
use ledger::hash::{Hash, leaf_hash};
use ledger::tile::{TileId, WIDTH, entries_path};

use super::store::LogRow;
use crate::Problem;
use crate::objects::Objects;
use crate::published::{gunzip, partial_tiles};

/// Where a log's files are, and how many entries they hold.
#[derive(Clone)]
pub(super) struct Files {
    pub(super) objects: Objects,
    pub(super) folder: String,
    pub(super) published_size: u64,
}

/// The two files of 256 entries, or of the last ones.
pub(super) struct Kept {
    index: u64,
    width: u16,
    tile: Option<Vec<u8>>,
    bundle: Option<Vec<u8>>,
}

impl Files {
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Problem> {
        Ok(self.objects.get(&format!("{}/{name}", self.folder)).await?)
    }

    async fn kept(&self, index: u64, width: u16) -> Result<Kept, Problem> {
        let tile = self.get(&TileId { level: 0, index, width }.path()).await?;
        Ok(Kept { index, width, tile, bundle: self.get(&entries_path(index, width)).await? })
    }

    /// The files of the full bundles among these entries that are published.
    pub(super) async fn stretch(&self, from: u64, until: u64) -> Result<Vec<Kept>, Problem> {
        let mut kept = Vec::new();
        for index in from / WIDTH..until.min(self.published_size) / WIDTH {
            kept.push(self.kept(index, WIDTH as u16).await?);
        }
        Ok(kept)
    }

    /// The full tiles of level 1 and above that are published; how many there are.
    pub(super) async fn above(&self, rebuilt: &Rebuilt, found: &mut Vec<Finding>) -> Result<u64, Problem> {
        let mut files = 0;
        for (id, hashes) in rebuilt.tiles().filter(|(_, hashes)| hashes.len() as u64 == WIDTH) {
            let leaves = WIDTH << (u32::from(id.level) * WIDTH.trailing_zeros());
            if hashes.len() as u64 == WIDTH && (id.index + 1) * leaves <= self.published_size {
                files += 1;
                match self.get(&id.path()).await? {
                    Some(bytes) => rebuilt.check_tile(id, &bytes, found),
                    None => found.push(missing(Subject::Tile(id))),
                }
            }
        }
        Ok(files)
    }

    /// The checkpoint that was published last, and the files that are not full below it; how many were looked at.
    ///
    /// They are written anew while the log grows, so a newer checkpoint than the one that was noted is no finding.
    pub(super) async fn edge(
        &self,
        log: &LogRow,
        keys: &SigningKeys,
        root: Option<&Hash>,
        found: &mut Vec<Finding>,
    ) -> Result<u64, Problem> {
        let (Some(root), size) = (root, log.edge_size) else { return Ok(0) };
        let wrong = |problem: &str| Finding::new(Subject::Checkpoint, problem);
        let Some(note) = self.get("checkpoint").await? else {
            found.push(wrong("is not in the object store"));
            return Ok(1);
        };
        let note = String::from_utf8_lossy(&note);
        // Until it is written anew after a change of keys, it is signed as it was before.
        let kept = match keys.check_kept(&note, &log.origin) {
            Ok(kept) if kept.size == size && log.edge_epoch == log.key_epoch => {
                keys.check_checkpoint(&note, &log.origin)
            }
            kept => kept,
        };
        match kept {
            Err(finding) => found.push(wrong(&format!("in the object store {}", finding.problem))),
            Ok(kept) if kept.size == size && kept.root != *root => {
                found.push(wrong("in the object store has another root than the entries give"));
            }
            Ok(kept) if kept.size < size => found.push(wrong("in the object store is older than was noted")),
            Ok(kept) if kept.size > size => return Ok(1),
            Ok(_) => {}
        }
        let (mut files, mut gone) = (1, Vec::new());
        for id in partial_tiles(size) {
            files += 1;
            if self.get(&id.path()).await?.is_none() {
                gone.push(missing(Subject::Tile(id)));
            }
        }
        // A newer edge may have taken their place just now.
        if !gone.is_empty() && self.get("checkpoint").await?.is_some_and(|now| now == note.as_bytes()) {
            found.extend(gone);
        }
        Ok(files)
    }
}

impl Kept {
    /// Names what differs from the entries, which begin with bundle `from / 256`.
    pub(super) fn compare(&self, from: u64, bundles: &[Bundle], found: &mut Vec<Finding>) {
        let Some(bundle) = bundles.get((self.index - from / WIDTH) as usize) else { return };
        let tile = TileId { level: 0, index: self.index, width: self.width };
        match &self.tile {
            Some(bytes) => check_leaves(self.index, bundle, bytes, found),
            None => found.push(missing(Subject::Tile(tile))),
        }
        let subject = || Subject::Bundle(self.index, self.width);
        let Some(bytes) = &self.bundle else { return found.push(missing(subject())) };
        let Some(bytes) = gunzip(bytes) else {
            return found.push(Finding::new(subject(), "in the object store is not gzip"));
        };
        match read_bundle(self.index, self.width, &bytes) {
            Err(finding) => found.push(finding),
            Ok(entries) => {
                for (at, (entry, leaf)) in (self.index * WIDTH..).zip(entries.into_iter().zip(&bundle.leaves)) {
                    if leaf_hash(entry) != *leaf {
                        let problem = format!("is another in {}", entries_path(self.index, self.width));
                        found.push(Finding::new(Subject::Entry(at), problem));
                    }
                }
            }
        }
    }
}

fn missing(subject: Subject) -> Finding {
    Finding::new(subject, "is not in the object store")
}
