//! Inclusion proofs of entries long since in the log, made from its tiles.

use ledger::checkpoint::Checkpoint;
use ledger::hash::{EMPTY_ROOT, Hash};
use ledger::proof::{Nodes as _, consistency_proof, inclusion_proof, verify_consistency};
use ledger::tile::{TileId, TileSet, WIDTH, tiles_for_consistency, tiles_for_inclusion};
use ledger::tree::{Frontier, subtrees};

use crate::database::Tx;
use crate::id::OrgId;
use crate::logs::{self, Identity};
use crate::{Mode, Problem};

/// A proof and the checkpoint it leads to.
pub(crate) struct Proved {
    pub(crate) hashes: Vec<Hash>,
    pub(crate) checkpoint: String,
}

/// The proof of an entry in the tree of `size` leaves, with that tree's checkpoint.
///
/// Signatures are deterministic (RFC 8032), so the checkpoint of any size the log had comes out as it was first signed.
pub(crate) async fn prove(
    tx: &mut Tx,
    log: (OrgId, Mode),
    identity: &Identity,
    index: u64,
    size: u64,
) -> Result<Proved, Problem> {
    let mut tiles = TileSet::default();
    let mut wanted = tiles_for_inclusion(index, size);
    wanted.extend(
        tiles_of(subtrees(0, size), size).into_iter().filter(|tile| !wanted.contains(tile)).collect::<Vec<_>>(),
    );
    for tile in wanted {
        let bytes = logs::tiles::read(tx, log, tile).await?;
        tiles.insert(tile, &bytes).map_err(|_| Problem::internal(format!("tile {} has another width", tile.path())))?;
    }
    let unproved = |error| Problem::internal(format!("entry {index} of {size}: {error:?}"));
    let hashes = inclusion_proof(index, size, &tiles).map_err(unproved)?;
    let root =
        root(size, &tiles).ok_or_else(|| Problem::internal(format!("the root of {size} entries cannot be made")))?;
    check_signed(tx, log, size, &root).await?;
    let checkpoint = identity.sign(&Checkpoint::new(&identity.origin, size, root));
    Ok(Proved { hashes, checkpoint })
}

/// The checkpoint of a size that the log has or had, as it was signed or would have been.
pub(crate) async fn checkpoint_at(
    tx: &mut Tx,
    log: (OrgId, Mode),
    identity: &Identity,
    size: u64,
) -> Result<String, Problem> {
    let root = root_at(tx, log, size).await?;
    check_signed(tx, log, size, &root).await?;
    Ok(identity.sign(&Checkpoint::new(&identity.origin, size, root)))
}

/// Whether a root is one that the log had, going by the head that was signed last: nothing is signed again from tiles or
/// rows that were damaged since, for that would be another history under the log's own key.
async fn check_signed(tx: &mut Tx, log: (OrgId, Mode), size: u64, root: &Hash) -> Result<(), Problem> {
    let head = logs::store::find(tx.connection(), log.0, log.1).await?.frontier;
    let mut tiles = TileSet::default();
    for tile in tiles_for_consistency(size, head.size()) {
        let bytes = logs::tiles::read(tx, log, tile).await?;
        tiles.insert(tile, &bytes).map_err(|_| Problem::internal(format!("tile {} has another width", tile.path())))?;
    }
    let proof = consistency_proof(size, head.size(), &tiles).unwrap_or_default();
    let holds = verify_consistency(size, head.size(), &proof, root, &head.root());
    holds.map_err(|error| Problem::internal(format!("{size} of {} entries are damaged: {error:?}", head.size())))
}

/// The root of the first `size` leaves of a log, which has them.
pub(crate) async fn root_at(tx: &mut Tx, log: (OrgId, Mode), size: u64) -> Result<Hash, Problem> {
    let mut tiles = TileSet::default();
    for tile in tiles_of(subtrees(0, size), size) {
        let bytes = logs::tiles::read(tx, log, tile).await?;
        tiles.insert(tile, &bytes).map_err(|_| Problem::internal(format!("tile {} has another width", tile.path())))?;
    }
    root(size, &tiles).ok_or_else(|| Problem::internal(format!("the root of {size} entries cannot be made")))
}

/// The roots of the perfect subtrees to the left of some entries, and to the right of them in the tree of `size` leaves.
pub(super) async fn beside(
    tx: &mut Tx,
    log: (OrgId, Mode),
    from: u64,
    until: u64,
    size: u64,
) -> Result<(Vec<Hash>, Vec<Hash>), Problem> {
    let (left, right) = (subtrees(0, from), subtrees(until, size));
    let mut tiles = TileSet::default();
    for tile in tiles_of([left.as_slice(), &right].concat(), size) {
        let bytes = logs::tiles::read(tx, log, tile).await?;
        tiles.insert(tile, &bytes).map_err(|_| Problem::internal(format!("tile {} has another width", tile.path())))?;
    }
    let roots = |nodes: Vec<(u8, u64)>| {
        let roots = nodes.into_iter().map(|(level, index)| tiles.node(level, index));
        roots.collect::<Option<Vec<Hash>>>().ok_or_else(|| Problem::internal("a node of the tree is missing"))
    };
    Ok((roots(left)?, roots(right)?))
}

/// The tiles in which these nodes of a tree are.
fn tiles_of(nodes: Vec<(u8, u64)>, size: u64) -> Vec<TileId> {
    let mut tiles: Vec<TileId> = Vec::new();
    for (level, index) in nodes {
        let tile_level = level / 8;
        let tile = (index << (level % 8)) / WIDTH;
        let width = ((size >> (tile_level * 8)) - tile * WIDTH).min(WIDTH) as u16;
        let id = TileId { level: tile_level, index: tile, width };
        if !tiles.contains(&id) {
            tiles.push(id);
        }
    }
    tiles
}

fn root(size: u64, tiles: &TileSet) -> Option<Hash> {
    if size == 0 {
        return Some(EMPTY_ROOT);
    }
    let roots: Option<Vec<Hash>> =
        subtrees(0, size).into_iter().map(|(level, index)| tiles.node(level, index)).collect();
    Some(Frontier::from_parts(size, roots?)?.root())
}
