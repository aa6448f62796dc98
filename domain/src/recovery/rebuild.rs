//! Tiles and files from the rows.

use ledger::fsck::{Bundle, Rebuilt};
use ledger::hash::{Hash, leaf_hash};
use ledger::tile::{TileId, WIDTH, encode_entries, entries_path};
use sqlx::{Connection as _, PgConnection};

use super::{Recovered, store};
use crate::Problem;
use crate::database::Database;
use crate::integrity::keys::Keys;
use crate::integrity::rows::store::leaves;
use crate::integrity::store::{LogRow, logs};
use crate::objects::Objects;
use crate::published::{folder, gunzip, gzip};

/// Entries read together.
const STRETCH: u64 = 1024;

/// Makes the tiles in the database and the full files in the object store anew from the entries, of every log or of one.
///
/// Refused for a log whose entries do not give the root that was signed: what is damaged is not spread. Only what differs
/// is written. The edge, which is not full, follows from the server a few seconds after it runs.
///
/// **If we crash**, some files are new and the tiles as they were; the next time finishes it.
pub async fn rebuild(database: &Database, origin: Option<&str>) -> Result<Vec<Recovered>, Problem> {
    let mut recovered = Vec::new();
    for log in logs(database.sequencer()).await? {
        if log.size > 0 && origin.is_none_or(|origin| origin == log.origin) {
            recovered.push(rebuild_log(database, &log).await?);
        }
    }
    Ok(recovered)
}

async fn rebuild_log(database: &Database, log: &LogRow) -> Result<Recovered, Problem> {
    let id = (log.org_id, log.mode);
    let mut tree = Rebuilt::default();
    let mut connection = database.lend().await?;
    let edge = read(&mut connection, log, log.size, &mut tree).await?;
    check(log, log.size, &log.checkpoint, &tree, &edge)?;
    let files = Files { objects: database.objects(), folder: folder(&log.origin) };
    let mut written = 0;
    for index in 0..log.size / WIDTH {
        let rows = leaves(&mut *connection, id, index * WIDTH, (index + 1) * WIDTH).await?;
        let tile: Vec<u8> = rows.iter().flat_map(|row| leaf_hash(&row.statement).0).collect();
        written += files.mend(&TileId { level: 0, index, width: WIDTH as u16 }.path(), tile).await?;
        let entries = encode_entries(rows.iter().map(|row| row.statement.as_slice()))
            .ok_or_else(|| refused(log, "an entry is too large"))?;
        written += files.mend_entries(&entries_path(index, WIDTH as u16), entries).await?;
    }
    for (id, hashes) in tree.tiles().filter(|(id, _)| u64::from(id.width) == WIDTH) {
        written += files.mend(&id.path(), hashes.iter().flat_map(|hash| hash.0).collect()).await?;
    }
    // What is not full is written anew by the publisher, which writes over nothing.
    for path in database.objects().list(files.folder).await?.iter().filter(|path| path.contains(".p/")) {
        database.objects().delete(path).await?;
    }
    // The server may have gone on meanwhile: the log waits while what was added is read, and its tiles are replaced.
    let mut tx = connection.begin().await?;
    store::take_time(&mut tx).await?;
    let (size, checkpoint) = store::lock(&mut tx, id).await?;
    let edge = read(&mut tx, log, size, &mut tree).await?;
    check(log, size, &checkpoint, &tree, &edge)?;
    let tiles: Vec<(TileId, &[Hash])> = tree.tiles().collect();
    store::replace_tiles(&mut tx, id, &tiles).await?;
    store::mark_published(&mut tx, id, log.size / WIDTH * WIDTH).await?;
    tx.commit().await?;
    Ok(Recovered { origin: log.origin.clone(), size, written: written + tiles.len() as u64 })
}

/// Puts the full bundles up to a size into the tree that it does not have yet; the leaves that follow them.
async fn read(
    connection: &mut PgConnection,
    log: &LogRow,
    size: u64,
    tree: &mut Rebuilt,
) -> Result<Vec<Hash>, Problem> {
    let mut edge = Vec::new();
    for from in (tree.size()..size).step_by(STRETCH as usize) {
        let until = (from + STRETCH).min(size);
        let rows = leaves(&mut *connection, (log.org_id, log.mode), from, until).await?;
        if rows.len() as u64 != until - from {
            return Err(refused(log, &format!("entries {from} to {until} are not all there")));
        }
        if let Some(row) = rows.iter().find(|row| leaf_hash(&row.statement).0.as_slice() != row.leaf_hash) {
            return Err(refused(log, &format!("entry {} does not hash to its leaf", row.log_index)));
        }
        for rows in rows.chunks(WIDTH as usize) {
            let bundle = Bundle::of(rows.iter().map(|row| row.statement.as_slice()));
            if rows.len() as u64 == WIDTH {
                tree.push(bundle);
            } else {
                edge = bundle.leaves;
            }
        }
    }
    Ok(edge)
}

/// Whether the entries give the root that was signed.
fn check(log: &LogRow, size: u64, checkpoint: &str, tree: &Rebuilt, edge: &[Hash]) -> Result<(), Problem> {
    let (keys, _) = Keys::of(log);
    let signed = keys.checkpoint.check_checkpoint(checkpoint, &log.origin);
    let signed = signed.map_err(|finding| refused(log, &format!("the {finding}")))?;
    if signed.size != size || signed.root != tree.root_with(edge) {
        return Err(refused(log, "its entries do not give the root that was signed"));
    }
    Ok(())
}

fn refused(log: &LogRow, why: &str) -> Problem {
    Problem::internal(format!("{}: {why}, so nothing is made from it; `certnode fsck` says more", log.origin))
}

struct Files<'a> {
    objects: &'a Objects,
    folder: &'a str,
}

impl Files<'_> {
    /// Writes a file unless it is there as it must be; how many were written.
    async fn mend(&self, name: &str, bytes: Vec<u8>) -> Result<u64, Problem> {
        let path = format!("{}/{name}", self.folder);
        if self.objects.get(&path).await?.is_some_and(|kept| kept == bytes) {
            return Ok(0);
        }
        self.objects.put(&path, bytes).await?;
        Ok(1)
    }

    async fn mend_entries(&self, name: &str, entries: Vec<u8>) -> Result<u64, Problem> {
        let path = format!("{}/{name}", self.folder);
        if self.objects.get(&path).await?.and_then(|kept| gunzip(&kept)).is_some_and(|kept| kept == entries) {
            return Ok(0);
        }
        self.objects.put(&path, gzip(&entries)).await?;
        Ok(1)
    }
}
