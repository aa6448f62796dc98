//! What the writer remembers of a log between batches.

use ledger::hash::Hash;
use ledger::tree::{Batch, Frontier};

use crate::logs::Identity;

/// Hashes of a tile (C2SP tlog-tiles).
const WIDTH: usize = 256;

/// A log as of its last committed batch.
pub(crate) struct Head {
    pub(crate) identity: Identity,
    pub(crate) frontier: Frontier,
    /// The leaf hashes since the last full tile: fewer than 256.
    pub(crate) edge: Vec<Hash>,
}

/// A tile that a batch filled or grew.
pub(crate) struct TileWrite {
    pub(crate) level: u8,
    pub(crate) index: u64,
    /// Level 0: the whole tile. Above: the hashes to append.
    pub(crate) hashes: Vec<u8>,
}

impl Head {
    /// The tiles that `leaves` fill, lowest level first, and the new edge.
    pub(crate) fn tiles(&self, leaves: &[Hash]) -> (Vec<TileWrite>, Vec<Hash>) {
        let mut open: Vec<Hash> = self.edge.iter().chain(leaves).copied().collect();
        let mut tiles = Vec::new();
        let mut first = (self.frontier.size() - self.edge.len() as u64) / WIDTH as u64;
        let mut roots: Vec<(u64, Hash)> = Vec::new();
        while open.len() >= WIDTH {
            let rest = open.split_off(WIDTH);
            tiles.push(TileWrite { level: 0, index: first, hashes: bytes(&open) });
            roots.push((first, tile_root(&open)));
            open = rest;
            first += 1;
        }
        for (child, root) in roots {
            tiles.push(TileWrite { level: 1, index: child / WIDTH as u64, hashes: root.0.to_vec() });
        }
        (tiles, open)
    }
}

/// The root of a full tile: the hash its parent tile holds for it.
pub(crate) fn tile_root(hashes: &[Hash]) -> Hash {
    *Batch::append(&Frontier::empty(), hashes).root()
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}
