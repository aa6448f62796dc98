//! gzip (RFC 1952), as entry bundles are kept and sent.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// 256 entries of 65,535 bytes, each after its length.
const LARGEST: u64 = 256 * (2 + 65_535);

/// The same bytes give the same: no time and no name is in it.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::fast());
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// What was compressed; none if it is no gzip, or more than a bundle can hold.
pub fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(bytes.len() * 3);
    MultiGzDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut plain).ok()?;
    (plain.len() as u64 <= LARGEST).then_some(plain)
}

/// The first bytes of what [`gzip`] makes: no flags, no time, the fastest way, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];

/// What was compressed, and whether the header and the end are those that [`gzip`] writes; none if it is no gzip.
///
/// Of the compressed stream between them only what it says is known: another version packs the same bytes otherwise.
pub(crate) fn unpack(packed: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut plain = Vec::with_capacity(packed.len() * 3);
    let mut decoder = GzDecoder::new(packed);
    (&mut decoder).take(LARGEST + 1).read_to_end(&mut plain).ok()?;
    let ends_there = decoder.into_inner().is_empty();
    (plain.len() as u64 <= LARGEST).then(|| (plain, ends_there && packed.starts_with(&HEADER)))
}
