//! Logs as files (C2SP tlog-tiles) in the object store: whoever has them has the whole log, without the database.
//!
//! Full tiles and full bundles are written once and never changed. Each is read back and compared with what the database
//! says before it counts as published, and again when it is used for a proof. A few seconds behind comes the edge: the
//! checkpoint, and the tiles and the bundle of that size that are not full; and the log's keys ([`keys`]), when they change.
//!
//! The rows of the table `tiles` stay: they are an eighth of a byte an entry, and what every file is compared with.
//!
//! **If we crash** between a file and the note that it is there, the next round finds it, compares it, and goes on. A file
//! that is there and differs is never written over: publishing stands still and says so.

use ledger::hash::{Hash, leaf_hash};
use ledger::json::{self, Value};
use ledger::tile::{TileId, WIDTH, encode_entries, entries_path};

use crate::context::Domain;
use crate::database::Tx;
use crate::id::OrgId;
use crate::objects::Objects;
use crate::sequencer::tile_root;
use crate::{Mode, Problem, logs};

mod cache;
mod gzip;
pub(crate) mod keys;
pub(crate) mod store;
#[cfg(test)]
mod tests;

pub(crate) use cache::Cache;
pub(crate) use gzip::unpack;
pub use gzip::{gunzip, gzip};
use keys::KeysFile;
use store::{Behind, Mark};

/// Logs that are gone on with in one round.
const ROUND: i64 = 64;
/// Bundles of one log in one round, so that a long one keeps no other waiting.
const BUNDLES: u64 = 64;
/// Between two edges of a log, and between two tries of one that was refused.
const EDGE_EVERY: time::Duration = time::Duration::seconds(10);
const HASH: usize = 32;
/// The file that says whose log it is.
pub(crate) const IDENTITY: &str = "log.json";

/// The folder of a log's files: its origin without the host, as the address it is served at.
pub(crate) fn folder(origin: &str) -> &str {
    origin.split_once('/').map_or(origin, |(_, path)| path)
}

/// Goes on with the logs that have more than is published; the number of them that were gone on with.
pub async fn publish(domain: &Domain) -> Result<usize, Problem> {
    let now = domain.clock.now();
    let mut connection = domain.database.lend().await?;
    let behind = store::behind(&mut connection, now - EDGE_EVERY, ROUND).await?;
    drop(connection);
    for log in &behind {
        let mut mark = Mark { published_size: log.published_size, edge: None, refusal: None };
        let refused = go_on(domain, log, &mut mark).await.err();
        let refusal = refused.map(|problem| problem.internal.unwrap_or_else(|| problem.detail.into_owned()));
        if let Some(refusal) = &refusal {
            tracing::error!(log = log.origin, refusal, "not published");
        }
        mark.refusal = refusal.as_deref();
        let mut connection = domain.database.lend().await?;
        store::mark(&mut connection, (log.org_id, log.mode), mark, now).await?;
    }
    Ok(behind.len())
}

async fn go_on(domain: &Domain, log: &Behind, mark: &mut Mark<'_>) -> Result<(), Problem> {
    let cx = domain.system(log.org_id, log.mode);
    let mut tx = cx.begin().await?;
    let row = logs::store::find(tx.connection(), log.org_id, log.mode).await?;
    let files = Files { objects: domain.database.objects(), log: (log.org_id, log.mode), folder: folder(&log.origin) };
    let (first, end) = (log.published_size / WIDTH, row.size / WIDTH);
    for index in (first..end).take(BUNDLES as usize) {
        files.bundle(&mut tx, index).await?;
        mark.published_size = (index + 1) * WIDTH;
    }
    if log.edge_is_due && mark.published_size / WIDTH == end {
        let keys = KeysFile::now(&mut tx, files.log, row.key_epoch).await?;
        // Keys that change just now go out with the checkpoint that they sign, in the next round.
        if logs::store::find(tx.connection(), log.org_id, log.mode).await?.key_epoch == row.key_epoch {
            files.edge(&mut tx, &row, &keys, log.edge_size).await?;
            mark.edge = Some((row.size, row.key_epoch));
        }
    }
    Ok(())
}

/// The files of one log.
struct Files<'a> {
    objects: &'a Objects,
    log: (OrgId, Mode),
    folder: &'a str,
}

impl Files<'_> {
    /// Writes a full bundle, its tile, and the tiles above that became full with it.
    async fn bundle(&self, tx: &mut Tx, index: u64) -> Result<(), Problem> {
        let rows = store::rows(tx, self.log, index * WIDTH, (index + 1) * WIDTH).await?;
        let mut tile = Vec::with_capacity(WIDTH as usize * HASH);
        for (at, (leaf, statement)) in (index * WIDTH..).zip(&rows) {
            if leaf_hash(statement).0.as_slice() != leaf {
                return Err(Problem::internal(format!("entry {at} does not hash to its leaf")));
            }
            tile.extend(leaf);
        }
        let entries = encode_entries(rows.iter().map(|(_, statement)| statement.as_slice()))
            .ok_or_else(|| Problem::internal(format!("an entry of bundle {index} is too large")))?;
        self.tile(tx, TileId { level: 0, index, width: 256 }, tile).await?;
        self.put_entries(&entries_path(index, 256), entries).await?;
        let (mut level, mut above) = (1, index + 1);
        while above.is_multiple_of(WIDTH) {
            above /= WIDTH;
            let bytes = logs::store::tile(tx.connection(), self.log.0, self.log.1, level, above - 1).await?;
            self.tile(tx, TileId { level, index: above - 1, width: 256 }, bytes).await?;
            level += 1;
        }
        Ok(())
    }

    /// Writes a full tile that is what the tile above says.
    async fn tile(&self, tx: &mut Tx, id: TileId, bytes: Vec<u8>) -> Result<(), Problem> {
        let above = store::hash_above(tx.connection(), self.log, id.level, id.index).await?;
        if above.is_none() || above != root_of(&bytes) {
            return Err(Problem::internal(format!("{} is not what the tile above it says", id.path())));
        }
        self.put(&id.path(), bytes).await
    }

    /// Writes the keys, the checkpoint and what is not full below it; the files of the edge before go.
    async fn edge(&self, tx: &mut Tx, row: &logs::store::Row, keys: &KeysFile, before: u64) -> Result<(), Problem> {
        let from = row.size / WIDTH * WIDTH;
        self.identity(&row.origin).await?;
        self.keys(keys).await?;
        if row.size > from {
            let rows = store::rows(tx, self.log, from, row.size).await?;
            let entries = encode_entries(rows.iter().map(|(_, statement)| statement.as_slice()))
                .ok_or_else(|| Problem::internal("an entry of the last bundle is too large"))?;
            self.put_entries(&entries_path(from / WIDTH, (row.size % WIDTH) as u16), entries).await?;
        }
        let partial = partial_tiles(row.size);
        for tile in &partial {
            let bytes = logs::tiles::read(tx, self.log, *tile).await?;
            self.put(&tile.path(), bytes).await?;
        }
        self.objects.put(&self.path("checkpoint"), row.checkpoint.clone().into_bytes()).await?;
        let mut gone: Vec<String> =
            partial_tiles(before).iter().filter(|tile| !partial.contains(tile)).map(TileId::path).collect();
        if before != row.size && !before.is_multiple_of(WIDTH) {
            gone.push(entries_path(before / WIDTH, (before % WIDTH) as u16));
        }
        for path in gone {
            self.objects.delete(&self.path(&path)).await?;
        }
        Ok(())
    }

    /// Whose log it is, which never changes. Files of earlier releases name the first keys as well.
    async fn identity(&self, origin: &str) -> Result<(), Problem> {
        let path = self.path(IDENTITY);
        let identity = identity(self.log, origin);
        self.objects.put_new(&path, ledger::jcs::canonical(&identity)).await?;
        let kept = self.objects.get(&path).await?.and_then(|kept| json::parse(&kept).ok());
        let same = |kept: &Value| {
            ["mode", "org_id", "origin"]
                .iter()
                .all(|name| kept.get(name).is_some() && kept.get(name) == identity.get(name))
        };
        if kept.is_some_and(|kept| same(&kept)) { Ok(()) } else { Err(differs(IDENTITY)) }
    }

    /// The keys; what a node that is ahead of this one wrote of them stays.
    async fn keys(&self, keys: &KeysFile) -> Result<(), Problem> {
        let kept = KeysFile::read(self.objects, self.folder).await.ok().flatten();
        if kept.is_none_or(|kept| kept.key_epoch <= keys.key_epoch) {
            self.objects.put(&self.path(keys::NAME), keys.bytes()?).await?;
        }
        Ok(())
    }

    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Problem> {
        let path = self.path(name);
        self.objects.put_new(&path, bytes.clone()).await?;
        if self.objects.get(&path).await?.is_some_and(|kept| kept == bytes) {
            return Ok(());
        }
        Err(differs(name))
    }

    async fn put_entries(&self, name: &str, entries: Vec<u8>) -> Result<(), Problem> {
        let path = self.path(name);
        self.objects.put_new(&path, gzip(&entries)).await?;
        if self.objects.get(&path).await?.and_then(|kept| gunzip(&kept)).is_some_and(|kept| kept == entries) {
            return Ok(());
        }
        Err(differs(name))
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

/// What the file [`IDENTITY`] says, in canonical JSON.
pub(crate) fn identity((org_id, mode): (OrgId, Mode), origin: &str) -> Value {
    Value::object([
        ("mode", mode.as_str().into()),
        ("org_id", org_id.0.to_string().as_str().into()),
        ("origin", origin.into()),
    ])
}

fn differs(name: &str) -> Problem {
    Problem::internal(format!("{name} is in the object store already and differs: it is not written over"))
}

/// The root of a full tile's bytes; none if it is not full.
pub(crate) fn root_of(bytes: &[u8]) -> Option<Hash> {
    let hashes: Vec<Hash> = bytes.chunks(HASH).filter_map(Hash::from_slice).collect();
    (bytes.len() == WIDTH as usize * HASH).then(|| tile_root(&hashes))
}

/// The tiles of a tree of that size that are not full.
pub(crate) fn partial_tiles(size: u64) -> Vec<TileId> {
    let hashes = (0..8_u8).map(|level| (level, size >> (u32::from(level) * WIDTH.trailing_zeros())));
    hashes
        .filter(|(_, hashes)| !hashes.is_multiple_of(WIDTH))
        .map(|(level, hashes)| TileId { level, index: hashes / WIDTH, width: (hashes % WIDTH) as u16 })
        .collect()
}

/// Whether the files of a log's first entries, up to a number that 256 divides, are in the store.
pub(crate) async fn reaches(tx: &mut Tx, log: (OrgId, Mode), size: u64) -> Result<bool, Problem> {
    let cache = tx.files().cache;
    if cache.size(log) >= size {
        return Ok(true);
    }
    let published = store::published_size(tx, log).await?;
    cache.keep_size(log, published);
    Ok(published >= size)
}

/// A full tile's bytes from the store; none if they are not there, or it does not answer.
pub(crate) async fn tile(tx: &mut Tx, log: (OrgId, Mode), tile: TileId) -> Result<Option<Vec<u8>>, Problem> {
    let leaves = WIDTH.checked_shl(u32::from(tile.level) * WIDTH.trailing_zeros());
    let Some(end) = leaves.and_then(|leaves| leaves.checked_mul(tile.index + 1)) else { return Ok(None) };
    if !reaches(tx, log, end).await? {
        return Ok(None);
    }
    let origin = logs::store::find(tx.connection(), log.0, log.1).await?.origin;
    let path = format!("{}/{}", folder(&origin), tile.path());
    Ok(tx.files().objects.get(&path).await.unwrap_or_else(|error| {
        tracing::warn!(path, %error, "read from the database instead");
        None
    }))
}
