//! Inclusion and consistency proofs: RFC 6962 §2.1.
#![no_main]

use ledger::hash::{Hash, leaf_hash};
use ledger::proof::{inclusion_path, verify_consistency_bytes, verify_inclusion_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_first_chunk::<16>() else { return };
    let number = |at: usize| u64::from_be_bytes(head[at..at + 8].try_into().unwrap_or_default());
    let (first, second) = (number(0), number(8));
    let hashes: Vec<&[u8]> = rest.chunks(32).collect();
    let owned: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.to_vec()).collect();
    let leaf = leaf_hash(head);
    let _ = verify_inclusion_bytes(&leaf.0, first, second, &owned, &leaf.0);
    let _ = verify_consistency_bytes(first, second, &owned, &leaf.0, &leaf.0);
    let whole: Vec<Hash> = hashes.iter().filter_map(|hash| Hash::from_slice(hash)).collect();
    if let Ok(path) = inclusion_path(&leaf, first, second, &whole) {
        assert!(path.len() <= 64);
    }
});
