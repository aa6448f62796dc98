//! A file of rows to import, after a line of `TARGET=COLUMN` pairs that say how it is read.
#![no_main]

use domain::imports::{Mapping, rows};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (Ok(pairs), rest) = (std::str::from_utf8(&data[..end]), data.get(end + 1..).unwrap_or_default()) else {
        return;
    };
    let mut mapping = Mapping::default();
    if pairs.split(' ').any(|pair| mapping.set(pair).is_err()) {
        return;
    }
    if let Ok(rows) = rows::read(rest, &mapping) {
        assert!(rows.iter().all(|row| row.line > 0 && row.result.as_ref().err().is_none_or(|why| !why.is_empty())));
    }
});
