//! What the writer remembers of a log between batches.

use ledger::hash::Hash;
use ledger::tree::{Batch, Frontier};
use time::OffsetDateTime;

use crate::logs::Identity;

/// Hashes of a tile (C2SP tlog-tiles).
const WIDTH: usize = 256;

/// A log as of its last committed batch.
pub(crate) struct Head {
    pub(crate) identity: Identity,
    pub(crate) frontier: Frontier,
    /// The leaf hashes since the last full tile: fewer than 256.
    pub(crate) edge: Vec<Hash>,
    /// When the newest entry was issued.
    pub(crate) newest: OffsetDateTime,
}

/// A hash to append to a tile of level 1: the root of 256 leaves.
pub(crate) struct TileWrite {
    pub(crate) index: u64,
    pub(crate) hash: Hash,
}

impl Head {
    /// What the tiles of level 1 gain when `leaves` follow, and the new edge. (Level 0 is the receipts' own leaf hashes.)
    pub(crate) fn tiles(&self, leaves: &[Hash]) -> (Vec<TileWrite>, Vec<Hash>) {
        let open: Vec<Hash> = self.edge.iter().chain(leaves).copied().collect();
        let first = self.frontier.size() / WIDTH as u64;
        let (full, edge) = open.as_chunks::<WIDTH>();
        let tiles = (first..).zip(full);
        let tiles = tiles.map(|(child, leaves)| TileWrite { index: child / WIDTH as u64, hash: tile_root(leaves) });
        (tiles.collect(), edge.to_vec())
    }
}

/// The root of a full tile: the hash its parent tile holds for it.
pub(crate) fn tile_root(hashes: &[Hash]) -> Hash {
    *Batch::append(&Frontier::empty(), hashes).root()
}
