//! A log's files, as C2SP `tlog-tiles` names them: checkpoint, tiles, entry bundles. Whoever has them has the whole log.

use ledger::encoding::hex;
use ledger::note::SignatureLine;
use ledger::tile::{TileId, WIDTH, encode_entries};

use super::store;
use crate::context::Cx;
use crate::database::Tx;
use crate::id::OrgId;
use crate::permission::Permission;
use crate::{Mode, Problem};

const HASH: usize = 32;

/// The latest signed checkpoint, with a signature line that nobody knows: a reader that stumbles over it would stumble
/// over the next key of ours, or of a witness.
pub async fn checkpoint(cx: &Cx) -> Result<String, Problem> {
    let (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let row = store::find(tx.connection(), org_id, mode).await?;
    if row.checkpoint.is_empty() { Err(Problem::not_found()) } else { Ok(grease(cx, row.checkpoint)) }
}

/// The note with a line of random bytes under a name that nobody has (RFC 2606).
fn grease(cx: &Cx, note: String) -> String {
    let name = format!("grease.invalid/{}", hex(&cx.random::<4>()));
    let line = SignatureLine { name, id: cx.random(), signature: cx.random::<64>().to_vec() };
    format!("{note}{line}\n")
}

/// A tile's hashes, 32 bytes each. 404 for one that the log is not large enough for.
pub async fn tile(cx: &Cx, tile: TileId) -> Result<Vec<u8>, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let size = store::find(tx.connection(), org_id, mode).await?.size;
    within(size, tile)?;
    read(&mut tx, log, tile).await
}

/// The entries of a bundle, each after its length in two bytes. 404 for one that the log is not large enough for.
pub async fn entries(cx: &Cx, index: u64, width: u16) -> Result<Vec<u8>, Problem> {
    let (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let size = store::find(tx.connection(), org_id, mode).await?.size;
    within(size, TileId { level: 0, index, width })?;
    let entries = store::entries(tx.connection(), org_id, mode, index * WIDTH, u64::from(width)).await?;
    encode_entries(entries.iter().map(Vec::as_slice)).ok_or_else(|| Problem::internal("an entry is too large"))
}

/// A tile is there as far as the log reaches; the part of it that is there keeps its name for ever.
fn within(size: u64, tile: TileId) -> Result<(), Problem> {
    let shift = u32::from(tile.level) * WIDTH.trailing_zeros();
    let hashes = size.checked_shr(shift).unwrap_or(0);
    let end = tile.index.checked_mul(WIDTH).and_then(|start| start.checked_add(u64::from(tile.width)));
    if end.is_some_and(|end| end <= hashes) { Ok(()) } else { Err(Problem::not_found()) }
}

/// A tile's bytes: a stored one cut to its width (a narrower tile is the beginning of a wider one), or the newest leaves.
pub(crate) async fn read(tx: &mut Tx, (org_id, mode): (OrgId, Mode), tile: TileId) -> Result<Vec<u8>, Problem> {
    if tile.level == 0 {
        let from = tile.index * WIDTH;
        let leaves = store::leaf_hashes(tx.connection(), org_id, mode, from, from + u64::from(tile.width)).await?;
        return Ok(leaves.iter().flat_map(|leaf| leaf.0).collect());
    }
    let mut bytes = store::tile(tx.connection(), org_id, mode, tile.level, tile.index).await?;
    bytes.truncate(usize::from(tile.width) * HASH);
    Ok(bytes)
}

#[cfg(test)]
mod tests;
