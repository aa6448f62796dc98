//! The files of a log in the object store, against its entries.

use ledger::fsck::{Bundle, Finding, Rebuilt, SigningKeys, Subject, check_leaves, read_bundle};
use ledger::hash::{Hash, leaf_hash};
use ledger::jcs::canonical;
use ledger::json::Value;
use ledger::note::Note;
use ledger::tile::{TileId, WIDTH, entries_path};

use super::store::LogRow;
use crate::database::Database;
use crate::log_keys::Purpose;
use crate::objects::Objects;
use crate::published::keys::{self, KeysFile};
use crate::published::{IDENTITY, identity, partial_tiles, unpack};
use crate::{Problem, logs};

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
        edge: &Edge<'_>,
        found: &mut Vec<Finding>,
    ) -> Result<u64, Problem> {
        let size = log.edge_size;
        let Some(note) = self.get("checkpoint").await? else {
            found.push(missing(Subject::Checkpoint));
            return Ok(1);
        };
        match check_checkpoint(log, keys, edge.root, &note) {
            Err(problem) => found.push(Finding::new(Subject::Checkpoint, format!("in the object store {problem}"))),
            Ok(kept) if kept > size => return Ok(1),
            Ok(_) => {}
        }
        let (mut files, mut wrong) = (1, Vec::new());
        for id in partial_tiles(size).into_iter().filter(|id| id.level > 0) {
            files += 1;
            match self.get(&id.path()).await? {
                Some(bytes) => edge.rebuilt.check_tile(id, &bytes, &mut wrong),
                None => wrong.push(missing(Subject::Tile(id))),
            }
        }
        if !size.is_multiple_of(WIDTH) {
            files += 2;
            let index = size / WIDTH;
            let bundle = Bundle::of_leaves(edge.leaves.to_vec());
            self.kept(index, (size % WIDTH) as u16).await?.compare(index * WIDTH, &[bundle], &mut wrong);
        }
        // A newer edge may have taken their place just now.
        if !wrong.is_empty() && self.get("checkpoint").await?.is_some_and(|now| now == note) {
            found.extend(wrong);
        }
        Ok(files)
    }

    /// The files beside the tree, whose log it is and what its keys are; how many were looked at.
    pub(super) async fn beside(
        &self,
        database: &Database,
        log: &LogRow,
        found: &mut Vec<Finding>,
    ) -> Result<u64, Problem> {
        let id = (log.org_id, log.mode);
        let subject = |name: &str| Subject::File(name.to_owned());
        match self.get(IDENTITY).await? {
            Some(kept) if is_identity(&kept, log) => {}
            Some(_) => found.push(Finding::new(subject(IDENTITY), "in the object store is not what it must be")),
            None => found.push(missing(subject(IDENTITY))),
        }
        let Some(kept) = self.get(keys::NAME).await? else {
            found.push(missing(subject(keys::NAME)));
            return Ok(2);
        };
        let mut tx = database.begin(Some(log.org_id), None).await?;
        let right = KeysFile::now(&mut tx, id, log.edge_epoch).await?.bytes()?;
        // After a change of keys the file is written anew within seconds; until then there is nothing to hold it against.
        let is_of_now = logs::store::find(tx.connection(), id.0, id.1).await?.key_epoch == log.edge_epoch;
        if is_of_now && kept != right {
            let problem = "in the object store says something else of the keys than the database";
            found.push(Finding::new(subject(keys::NAME), problem));
        }
        Ok(2)
    }
}

/// What the files that are not full are held against: the root of that size, the leaves after the last full bundle, and
/// the tree.
pub(super) struct Edge<'a> {
    pub(super) root: &'a Hash,
    pub(super) leaves: &'a [Hash],
    pub(super) rebuilt: &'a Rebuilt,
}

/// The size of a checkpoint that was published; or what is wrong with it, every byte of it.
fn check_checkpoint(log: &LogRow, keys: &SigningKeys, root: &Hash, bytes: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(bytes);
    // Until it is written anew after a change of keys, it is signed as it was before.
    let kept = match keys.check_kept(&text, &log.origin) {
        Ok(kept) if kept.size == log.edge_size && log.edge_epoch == log.key_epoch => {
            keys.check_checkpoint(&text, &log.origin)
        }
        kept => kept,
    };
    let kept = kept.map_err(|finding| finding.problem)?;
    let is_as_written = Note::parse(&text).is_ok_and(|note| {
        let known = |line: &ledger::note::SignatureLine| {
            keys.0.iter().any(|key| key.key.name() == line.name && key.key.id_hex() == ledger::encoding::hex(&line.id))
        };
        note.to_string().as_bytes() == bytes && note.signatures().iter().all(known)
    });
    if !is_as_written {
        return Err("has a line that is not the log's".to_owned());
    }
    if kept.size == log.edge_size && kept.root != *root {
        return Err("has another root than the entries give".to_owned());
    }
    if kept.size < log.edge_size {
        return Err("is older than was noted".to_owned());
    }
    Ok(kept.size)
}

/// Whether the file says whose log it is, in the words of this release or of those that named the first keys as well.
fn is_identity(kept: &[u8], log: &LogRow) -> bool {
    let Value::Object(mut members) = identity((log.org_id, log.mode), &log.origin) else { return false };
    if canonical(&Value::Object(members.clone())) == kept {
        return true;
    }
    let first = |purpose| log.keys.iter().find(|key| key.purpose == purpose).map(|key| Value::from(key.vkey.as_str()));
    let keys = [("issuing_key", first(Purpose::Issuing)), ("log_key", first(Purpose::Checkpoint))];
    members.extend(keys.into_iter().filter_map(|(name, key)| Some((name.to_owned(), key?))));
    canonical(&Value::Object(members)) == kept
}

impl Kept {
    /// Two files of 256 entries.
    #[cfg(test)]
    pub(super) fn new(index: u64, tile: Vec<u8>, bundle: Vec<u8>) -> Self {
        Self { index, width: WIDTH as u16, tile: Some(tile), bundle: Some(bundle) }
    }

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
        let Some((bytes, is_as_written)) = unpack(bytes) else {
            return found.push(Finding::new(subject(), "in the object store is not gzip"));
        };
        if !is_as_written {
            found.push(Finding::new(subject(), "in the object store is not packed as it was written"));
        }
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
