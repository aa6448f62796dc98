//! A log's files, as C2SP `tlog-tiles` names them: checkpoint, tiles, entry bundles. Whoever has them has the whole log.

use ledger::tile::{TileId, WIDTH, encode_entries, entries_path, parse_entries_path};

use super::store;
use crate::context::Cx;
use crate::database::Tx;
use crate::id::OrgId;
use crate::permission::Permission;
use crate::published::{self, folder, gunzip, gzip, root_of};
use crate::{Mode, Problem};

const HASH: usize = 32;

/// A tile or a bundle, as it goes over the wire.
pub struct File {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether they are gzip.
    pub gzip: bool,
}

/// The latest signed checkpoint.
pub async fn checkpoint(cx: &Cx) -> Result<String, Problem> {
    let (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let row = store::find(tx.connection(), org_id, mode).await?;
    if row.checkpoint.is_empty() { Err(Problem::not_found()) } else { Ok(row.checkpoint) }
}

/// The file of a path such as `tile/0/x001/234.p/56`; 404 for one that the log is not large enough for.
///
/// A bundle is gzip where the reader accepts that; a tile, which is random, never.
pub async fn file(cx: &Cx, path: &str, accepts_gzip: bool) -> Result<File, Problem> {
    match (parse_entries_path(path), TileId::parse(path)) {
        (Some((index, width)), _) => entries(cx, index, width, accepts_gzip).await,
        (None, Some(id)) => Ok(File { bytes: tile(cx, id).await?, gzip: false }),
        (None, None) => Err(Problem::not_found()),
    }
}

/// A tile's hashes, 32 bytes each.
async fn tile(cx: &Cx, tile: TileId) -> Result<Vec<u8>, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let size = store::find(tx.connection(), org_id, mode).await?.size;
    within(size, tile)?;
    read(&mut tx, log, tile).await
}

/// The entries of a bundle, each after its length in two bytes: a full one from the object store, once it is there.
async fn entries(cx: &Cx, index: u64, width: u16, accepts_gzip: bool) -> Result<File, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let row = store::find(tx.connection(), org_id, mode).await?;
    within(row.size, TileId { level: 0, index, width })?;
    if u64::from(width) == WIDTH && published::reaches(&mut tx, log, (index + 1) * WIDTH).await? {
        let path = format!("{}/{}", folder(&row.origin), entries_path(index, width));
        let kept = tx.files().objects.get(&path).await.unwrap_or_else(|error| {
            tracing::warn!(path, %error, "read from the database instead");
            None
        });
        match (kept, accepts_gzip) {
            (Some(bytes), true) => return Ok(File { bytes, gzip: true }),
            (Some(bytes), false) => {
                if let Some(bytes) = gunzip(&bytes) {
                    return Ok(File { bytes, gzip: false });
                }
            }
            (None, _) => {}
        }
    }
    let entries = store::entries(tx.connection(), org_id, mode, index * WIDTH, u64::from(width)).await?;
    let bytes =
        encode_entries(entries.iter().map(Vec::as_slice)).ok_or_else(|| Problem::internal("an entry is too large"))?;
    Ok(if accepts_gzip { File { bytes: gzip(&bytes), gzip: true } } else { File { bytes, gzip: false } })
}

/// A tile is there as far as the log reaches; the part of it that is there keeps its name for ever.
fn within(size: u64, tile: TileId) -> Result<(), Problem> {
    let shift = u32::from(tile.level) * WIDTH.trailing_zeros();
    let hashes = size.checked_shr(shift).unwrap_or(0);
    let end = tile.index.checked_mul(WIDTH).and_then(|start| start.checked_add(u64::from(tile.width)));
    if end.is_some_and(|end| end <= hashes) { Ok(()) } else { Err(Problem::not_found()) }
}

/// A tile's bytes, cut to its width: a narrower tile is the beginning of a wider one.
///
/// A full tile comes from memory, the object store or the database, and from the latter two only if it is what the tile
/// above it says: no proof is made, and no checkpoint signed again, from a tile that was damaged.
pub(crate) async fn read(tx: &mut Tx, log: (OrgId, Mode), tile: TileId) -> Result<Vec<u8>, Problem> {
    let wanted = usize::from(tile.width) * HASH;
    let files = tx.files();
    if let Some(bytes) = files.cache.tile(log, tile.level, tile.index) {
        return Ok(bytes.get(..wanted).unwrap_or_default().to_vec());
    }
    let full = TileId { width: WIDTH as u16, ..tile };
    let above = published::store::hash_above(tx.connection(), log, tile.level, tile.index).await?;
    let is_right = |bytes: &[u8]| above.is_some() && root_of(bytes) == above;
    if above.is_some()
        && let Some(mut bytes) = published::tile(tx, log, full).await?
    {
        if is_right(&bytes) {
            files.cache.keep_tile(log, tile.level, tile.index, &bytes);
            bytes.truncate(wanted);
            return Ok(bytes);
        }
        tracing::error!(tile = full.path(), "the tile in the object store is damaged; read from the database instead");
    }
    let mut bytes = stored(tx, log, if above.is_some() { full } else { tile }).await?;
    if above.is_some() {
        if !is_right(&bytes) {
            return Err(Problem::internal(format!("{} is not what the tile above it says", full.path())));
        }
        files.cache.keep_tile(log, tile.level, tile.index, &bytes);
    }
    bytes.truncate(wanted);
    Ok(bytes)
}

/// A tile's bytes as the database has them: those of level 0 are the receipts' own leaf hashes.
async fn stored(tx: &mut Tx, (org_id, mode): (OrgId, Mode), tile: TileId) -> Result<Vec<u8>, Problem> {
    if tile.level == 0 {
        let from = tile.index * WIDTH;
        let leaves = store::leaf_hashes(tx.connection(), org_id, mode, from, from + u64::from(tile.width)).await?;
        return Ok(leaves.iter().flat_map(|leaf| leaf.0).collect());
    }
    store::tile(tx.connection(), org_id, mode, tile.level, tile.index).await
}

#[cfg(test)]
mod tests;
