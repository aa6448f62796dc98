//! Paths of tiles and bundles of entries: C2SP tlog-tiles.
#![no_main]

use ledger::tile::{TileId, decode_entries, encode_entries, entries_path, parse_entries_path};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(entries) = decode_entries(data) {
        assert_eq!(encode_entries(entries).as_deref(), Some(data));
    }
    let Ok(path) = std::str::from_utf8(data) else { return };
    if let Some(tile) = TileId::parse(path) {
        assert_eq!(tile.path(), path, "a tile has one path");
    }
    if let Some((index, width)) = parse_entries_path(path) {
        assert_eq!(entries_path(index, width), path);
    }
});
