//! Checking a whole log: entries, leaves, tiles, checkpoint. What is wrong is named to the entry, the tile or the line.
//!
//! The dear part, hashing, is a function of one bundle ([`Bundle::of`]), so that a caller spreads bundles over cores; what
//! has an order ([`Rebuilt`]) costs one hash a bundle. Memory does not grow with the log beyond 32 bytes for each 256
//! entries, the tiles of level 1 and above that everything is compared with.

use std::fmt;

use crate::checkpoint::Checkpoint;
use crate::hash::{Hash, leaf_hash};
use crate::note::VerifierKey;
use crate::statement::Signed;
use crate::tile::{TileId, WIDTH, decode_entries, entries_path};
use crate::tree::{Batch, Frontier};

mod keys;

pub use keys::{SigningKey, SigningKeys};

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The latest checkpoint, or the head that goes with it.
    Checkpoint,
    /// An entry, by its index.
    Entry(u64),
    /// A tile of hashes.
    Tile(TileId),
    /// A bundle of entries: index and width.
    Bundle(u64, u16),
    /// The note of where in the root log a log's state of a size stands.
    Anchor(u64),
    /// A witness's line under the root log's checkpoint of a size.
    Cosignature(u64, String),
    /// A version of a key, by what it is called: `issuing key 2`.
    Key(String),
    /// Something that the root log says, or is to say, of the log's keys, by its number from 1.
    KeyEvent(u64),
    /// A file beside the tree, by its name.
    File(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Entry(index) => write!(f, "entry {index}"),
            Self::Tile(tile) => f.write_str(&tile.path()),
            Self::Bundle(index, width) => f.write_str(&entries_path(*index, *width)),
            Self::Anchor(size) => write!(f, "anchor {size}"),
            Self::Cosignature(size, witness) => write!(f, "cosignature of {witness} at {size}"),
            Self::Key(name) | Self::File(name) => f.write_str(name),
            Self::KeyEvent(number) => write!(f, "key event {number}"),
        }
    }
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What.
    pub subject: Subject,
    /// How: a sentence without its end.
    pub problem: String,
}

impl Finding {
    /// A finding about a subject.
    pub fn new(subject: Subject, problem: impl Into<String>) -> Self {
        Self { subject, problem: problem.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.problem)
    }
}

/// Up to 256 entries, hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The leaf hashes, computed.
    pub leaves: Vec<Hash>,
    /// Their root.
    pub root: Hash,
}

impl Bundle {
    /// Hashes entries.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self::of_leaves(entries.into_iter().map(leaf_hash).collect())
    }

    /// From the leaf hashes.
    pub fn of_leaves(leaves: Vec<Hash>) -> Self {
        let root = *Batch::append(&Frontier::empty(), &leaves).root();
        Self { leaves, root }
    }
}

/// The entries of a bundle's bytes, if they are as many as they must be.
pub fn read_bundle(index: u64, width: u16, bytes: &[u8]) -> Result<Vec<&[u8]>, Finding> {
    let wrong = |problem: String| Finding::new(Subject::Bundle(index, width), problem);
    let entries = decode_entries(bytes).ok_or_else(|| wrong("ends in the middle of an entry".to_owned()))?;
    if entries.len() == usize::from(width) {
        Ok(entries)
    } else {
        Err(wrong(format!("holds {} entries instead of {width}", entries.len())))
    }
}

/// Names the hashes of a tile of level 0 that differ from the entries' own: entry by entry, since their places say which.
pub fn check_leaves(index: u64, bundle: &Bundle, tile: &[u8], found: &mut Vec<Finding>) {
    let width = bundle.leaves.len();
    if tile.len() != width * 32 {
        let id = TileId { level: 0, index, width: width as u16 };
        found.push(Finding::new(Subject::Tile(id), format!("has {} bytes instead of {}", tile.len(), width * 32)));
        return;
    }
    for (at, (leaf, kept)) in (index * WIDTH..).zip(bundle.leaves.iter().zip(tile.chunks(32))) {
        if leaf.0 != kept {
            let id = TileId { level: 0, index, width: width as u16 };
            found.push(Finding::new(Subject::Entry(at), format!("does not hash to its place in {}", id.path())));
        }
    }
}

/// Names what is wrong with a statement: its form, its log, its signature.
pub fn check_statement(index: u64, entry: &[u8], origin: &str, keys: &[VerifierKey]) -> Result<Signed, Finding> {
    let wrong = |problem: &str| Finding::new(Subject::Entry(index), problem);
    let signed = Signed::parse(entry).map_err(|_| wrong("is not a statement"))?;
    if signed.statement.log != origin {
        return Err(wrong("is a statement of another log"));
    }
    match keys.iter().find(|key| key.id_hex() == signed.kid) {
        None => Err(wrong("is signed by a key that the log does not name")),
        Some(key) => match signed.verify(key) {
            Ok(()) => Ok(signed),
            Err(_) => Err(wrong("has a signature that does not hold")),
        },
    }
}

/// A tree made again from its entries, bundle by bundle, with every tile that it must have.
#[derive(Clone, Debug, Default)]
pub struct Rebuilt {
    /// Hashes of level 1 and above: full tiles' roots, each level whole.
    levels: Vec<Vec<Hash>>,
    /// The leaves since the last full bundle.
    edge: Vec<Hash>,
    size: u64,
}

impl Rebuilt {
    /// Adds the next bundle. Only the last may have fewer than 256 entries; what follows one that has is passed over.
    pub fn push(&mut self, bundle: Bundle) {
        if !self.edge.is_empty() {
            return;
        }
        self.size += bundle.leaves.len() as u64;
        if bundle.leaves.len() as u64 == WIDTH {
            self.raise(0, bundle.root);
        } else {
            self.edge = bundle.leaves;
        }
    }

    fn raise(&mut self, level: usize, hash: Hash) {
        if self.levels.len() <= level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(hash);
        let hashes = &self.levels[level];
        if (hashes.len() as u64).is_multiple_of(WIDTH) {
            let tile = &hashes[hashes.len() - WIDTH as usize..];
            let root = *Batch::append(&Frontier::empty(), tile).root();
            self.raise(level + 1, root);
        }
    }

    /// Entries so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over the entries so far.
    pub fn root(&self) -> Hash {
        self.root_with(&self.edge)
    }

    /// The root over the full bundles so far and leaves that follow them: a state that the log had.
    pub fn root_with(&self, edge: &[Hash]) -> Hash {
        // The bits of the size, from the highest: each is one perfect subtree, at the end of its level.
        let full = self.levels.first().map_or(0, Vec::len) as u64;
        let mut roots = Vec::new();
        for bit in (0..u64::BITS).rev().filter(|bit| full >> bit & 1 == 1) {
            let (level, within) = (bit as usize / 8, bit % 8);
            let end = (full >> (level * 8)) >> within << within;
            let start = end as usize - (1 << within);
            roots.push(*Batch::append(&Frontier::empty(), &self.levels[level][start..end as usize]).root());
        }
        let frontier = Frontier::from_parts(full * WIDTH, roots);
        frontier.map_or(crate::hash::EMPTY_ROOT, |frontier| *Batch::append(&frontier, edge).root())
    }

    /// The tile of an index at a level of 1 or more, as wide as it is now.
    pub fn tile(&self, level: u8, index: u64) -> Option<&[Hash]> {
        let hashes = self.levels.get(usize::from(level).checked_sub(1)?)?;
        let start = usize::try_from(index.checked_mul(WIDTH)?).ok()?;
        let end = hashes.len().min(start + WIDTH as usize);
        hashes.get(start..end).filter(|tile| !tile.is_empty())
    }

    /// Every tile of level 1 and above, as wide as it is now, lowest level first.
    pub fn tiles(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        (1_u8..).zip(&self.levels).flat_map(|(level, hashes)| {
            (0_u64..)
                .zip(hashes.chunks(WIDTH as usize))
                .map(move |(index, tile)| (TileId { level, index, width: tile.len() as u16 }, tile))
        })
    }

    /// Names the hashes of a kept tile that are not those of the tree.
    pub fn check_tile(&self, id: TileId, kept: &[u8], found: &mut Vec<Finding>) {
        let Some(right) = self.tile(id.level, id.index).and_then(|tile| tile.get(..usize::from(id.width))) else {
            return found.push(Finding::new(Subject::Tile(id), "is beyond the log"));
        };
        if kept.len() != right.len() * 32 {
            let problem = format!("has {} bytes instead of {}", kept.len(), right.len() * 32);
            return found.push(Finding::new(Subject::Tile(id), problem));
        }
        let wrong: Vec<String> = (0..)
            .zip(right.iter().zip(kept.chunks(32)))
            .filter(|(_, (right, kept))| right.0 != **kept)
            .map(|(at, _): (u64, _)| at.to_string())
            .collect();
        if !wrong.is_empty() {
            let problem = format!("has another hash than the entries give at {}", wrong.join(", "));
            found.push(Finding::new(Subject::Tile(id), problem));
        }
    }

    /// Names what is wrong between the tree and a checkpoint of it.
    pub fn check_root(&self, checkpoint: &Checkpoint, found: &mut Vec<Finding>) {
        if checkpoint.size != self.size {
            let problem = format!("says {} entries, and there are {}", checkpoint.size, self.size);
            found.push(Finding::new(Subject::Checkpoint, problem));
        } else if checkpoint.root != self.root() {
            found.push(Finding::new(Subject::Checkpoint, "has another root than the entries give"));
        }
    }
}
