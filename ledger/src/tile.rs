//! Tiles (C2SP `tlog-tiles`): the tree in files of 256 hashes, and entries in bundles of 256.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;

use crate::encoding::decimal;
use crate::hash::{EMPTY_ROOT, Hash};
use crate::proof::{Nodes, ProofError, consistency_proof, inclusion_proof};
use crate::tree::{Batch, Frontier};

/// Hashes in a full tile, and entries in a full bundle.
pub const WIDTH: u64 = 256;
const LEVELS: u32 = 8;
const HASH_LEN: usize = 32;

/// Which tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    /// 0 holds leaf hashes; each level up, the roots of the tiles below. At most 63.
    pub level: u8,
    /// Which of its level, from the left.
    pub index: u64,
    /// Hashes in it: 1 to 256.
    pub width: u16,
}

fn index_path(index: u64, width: u16) -> String {
    let mut groups = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        groups = format!("x{:03}/{groups}", rest % 1000);
        rest /= 1000;
    }
    if u64::from(width) < WIDTH {
        let _ = write!(groups, ".p/{width}");
    }
    groups
}

fn parse_index_path(path: &str) -> Option<(u64, u16)> {
    let (groups, width) = match path.split_once(".p/") {
        Some((groups, width)) => (
            groups,
            decimal(width).filter(|width| (1..WIDTH).contains(width)).and_then(|width| u16::try_from(width).ok())?,
        ),
        None => (path, 256),
    };
    let mut index = 0_u64;
    let mut parts = groups.split('/').peekable();
    while let Some(part) = parts.next() {
        let digits = if parts.peek().is_some() { part.strip_prefix('x')? } else { part };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    // One spelling only: no leading `x000`.
    (index_path(index, width) == path).then_some((index, width))
}

impl TileId {
    /// `tile/0/x001/x234/067.p/112`.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, index_path(self.index, self.width))
    }

    /// The tile of a path; none unless it is spelt the one right way.
    pub fn parse(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let level = decimal(level).filter(|level| *level <= 63)?;
        let (index, width) = parse_index_path(rest)?;
        Some(Self { level: u8::try_from(level).ok()?, index, width })
    }
}

/// `tile/entries/x001/234.p/5`.
pub fn entries_path(index: u64, width: u16) -> String {
    format!("tile/entries/{}", index_path(index, width))
}

/// Index and width of an entry bundle's path.
pub fn parse_entries_path(path: &str) -> Option<(u64, u16)> {
    parse_index_path(path.strip_prefix("tile/entries/")?)
}

/// The tile of a level that holds hash `index`, as wide as a tree of `size` leaves has it.
fn tile_of(level: u8, index: u64, size: u64) -> TileId {
    let hashes = size.checked_shr(u32::from(level) * LEVELS).unwrap_or(0);
    let tile = index / WIDTH;
    let width = (hashes - tile * WIDTH).min(WIDTH);
    TileId { level, index: tile, width: width as u16 }
}

/// Every tile of a tree, lowest level first.
pub fn tiles_of(size: u64) -> Vec<TileId> {
    let mut tiles = Vec::new();
    for level in 0..8_u8 {
        let hashes = size.checked_shr(u32::from(level) * LEVELS).unwrap_or(0);
        tiles.extend((0..hashes.div_ceil(WIDTH)).map(|tile| tile_of(level, tile * WIDTH, size)));
    }
    tiles
}

/// The tiles from which [`TileSet`] makes a leaf's inclusion proof in a tree of `size` leaves; empty unless `index < size`.
pub fn tiles_for_inclusion(index: u64, size: u64) -> Vec<TileId> {
    recorded(size, |nodes| inclusion_proof(index, size, nodes))
}

/// The tiles from which [`TileSet`] makes the consistency proof from `old` to `new` leaves; empty unless `0 < old < new`.
pub fn tiles_for_consistency(old: u64, new: u64) -> Vec<TileId> {
    recorded(new, |nodes| consistency_proof(old, new, nodes))
}

/// Answers every node, and remembers the tiles they would be in.
struct Recorder {
    size: u64,
    seen: RefCell<Vec<TileId>>,
}

impl Nodes for Recorder {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (tile_level, within) = (level / 8, level % 8);
        let tile = tile_of(tile_level, index << within, self.size);
        let mut seen = self.seen.borrow_mut();
        if !seen.contains(&tile) {
            seen.push(tile);
        }
        Some(EMPTY_ROOT)
    }
}

fn recorded(size: u64, prove: impl FnOnce(&Recorder) -> Result<Vec<Hash>, ProofError>) -> Vec<TileId> {
    let recorder = Recorder { size, seen: RefCell::default() };
    match prove(&recorder) {
        Ok(_) => recorder.seen.into_inner(),
        Err(_) => Vec::new(),
    }
}

/// Tiles at hand, answering for every node in them.
#[derive(Clone, Debug, Default)]
pub struct TileSet {
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

impl TileSet {
    /// Adds a tile's bytes: 32 a hash, as many as its width, 1 to 256. Fails for any other length. The widest is kept.
    pub fn insert(&mut self, id: TileId, bytes: &[u8]) -> Result<(), ProofError> {
        if bytes.len() != usize::from(id.width) * HASH_LEN || !(1..=WIDTH).contains(&u64::from(id.width)) {
            return Err(ProofError::HashLength);
        }
        let held = self.tiles.entry((id.level, id.index)).or_default();
        if held.len() < usize::from(id.width) {
            *held = bytes.chunks(HASH_LEN).filter_map(Hash::from_slice).collect();
        }
        Ok(())
    }
}

impl Nodes for TileSet {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (tile_level, within) = (level / 8, level % 8);
        let first = index.checked_shl(u32::from(within))?;
        let hashes = self.tiles.get(&(tile_level, first / WIDTH))?;
        let from = (first % WIDTH) as usize;
        let part = hashes.get(from..from + (1 << within))?;
        Some(*Batch::append(&Frontier::empty(), part).root())
    }
}

/// Entries as a bundle holds them: each behind its length in two bytes, big end first. None if one is over 65,535 bytes.
pub fn encode_entries<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut bundle = Vec::new();
    for entry in entries {
        bundle.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
        bundle.extend(entry);
    }
    Some(bundle)
}

/// The entries of a bundle; none if it ends in the middle of one.
pub fn decode_entries(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        bundle = rest;
    }
    Some(entries)
}
