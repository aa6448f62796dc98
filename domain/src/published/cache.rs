//! Full tiles at hand: they never change, so they never expire.

use std::sync::Arc;

use moka::sync;

use crate::Mode;
use crate::id::OrgId;

/// Bytes of tiles kept.
const BYTES: u64 = 64 << 20;
/// Logs whose published size is kept.
const LOGS: u64 = 20_000;

type LogKey = (OrgId, Mode);

/// What was read of published logs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cache {
    tiles: sync::Cache<(LogKey, u8, u64), Arc<[u8]>>,
    sizes: sync::Cache<LogKey, u64>,
}

impl Default for Cache {
    fn default() -> Self {
        let weigh = |_: &(LogKey, u8, u64), tile: &Arc<[u8]>| tile.len() as u32 + 128;
        Self { tiles: sync::Cache::builder().max_capacity(BYTES).weigher(weigh).build(), sizes: sync::Cache::new(LOGS) }
    }
}

impl Cache {
    pub(crate) fn tile(&self, log: LogKey, level: u8, index: u64) -> Option<Arc<[u8]>> {
        self.tiles.get(&(log, level, index))
    }

    pub(crate) fn keep_tile(&self, log: LogKey, level: u8, index: u64, bytes: &[u8]) {
        self.tiles.insert((log, level, index), bytes.into());
    }

    /// The published size that was last seen; it only grows.
    pub(crate) fn size(&self, log: LogKey) -> u64 {
        self.sizes.get(&log).unwrap_or_default()
    }

    pub(crate) fn keep_size(&self, log: LogKey, size: u64) {
        self.sizes.insert(log, size);
    }
}
