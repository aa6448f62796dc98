//! Reading the published vectors.
#![allow(dead_code, clippy::unwrap_used, clippy::allow_attributes, reason = "each suite uses a part")]

use std::path::PathBuf;

use ledger::hash::Hash;
use serde_json::Value;

/// A path below `testdata`.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

pub fn text(name: &str) -> String {
    String::from_utf8(bytes(name)).unwrap()
}

pub fn json(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap()
}

/// Every file below a folder, in order.
pub fn files(name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![path(name)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

pub fn hex(text: &str) -> Vec<u8> {
    ledger::encoding::from_hex(text).unwrap()
}

pub fn hash(hex: &Value) -> Hash {
    Hash::from_hex(hex.as_str().unwrap()).unwrap()
}
