//! Tessera's test log: read with our tile code, proven with our proofs.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use ledger::checkpoint::Checkpoint;
use ledger::hash::{Hash, leaf_hash};
use ledger::note::{Note, VerifierKey};
use ledger::proof::{consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};
use ledger::tile::{TileSet, decode_entries, encode_entries, entries_path, parse_entries_path, tiles_of};
use ledger::tree::{Batch, Frontier};

const VKEY: &str = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
const SIZE: u64 = 15;

fn read(path: &str) -> Vec<u8> {
    support::bytes(&format!("tessera/log/{path}"))
}

fn checkpoint(name: &str) -> Checkpoint {
    let keys = [VKEY.parse::<VerifierKey>().unwrap()];
    let note = Note::parse(&String::from_utf8(read(name)).unwrap()).unwrap();
    note.verify(&keys).unwrap();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    assert_eq!(checkpoint.origin, keys[0].name());
    assert_eq!(checkpoint.text(), note.text());
    checkpoint
}

fn roots() -> Vec<Hash> {
    (0..=SIZE)
        .map(|size| {
            let checkpoint = checkpoint(&format!("checkpoint.{size}"));
            assert_eq!(checkpoint.size, size);
            checkpoint.root
        })
        .collect()
}

fn tiles(size: u64) -> TileSet {
    let mut set = TileSet::default();
    for tile in tiles_of(size) {
        set.insert(tile, &read(&tile.path())).unwrap();
    }
    set
}

#[test]
fn all_sixteen_checkpoints_are_signed_and_the_last_is_the_current_one() {
    assert_eq!(roots().len(), 16);
    assert_eq!(checkpoint("checkpoint"), checkpoint("checkpoint.15"));
}

#[test]
fn every_bundle_holds_the_entries_of_the_tree() {
    let roots = roots();
    let mut bundles = 0;
    for size in 1..=SIZE {
        let path = entries_path(0, size as u16);
        assert_eq!(parse_entries_path(&path), Some((0, size as u16)));
        let bytes = read(&path);
        let entries = decode_entries(&bytes).unwrap();
        assert_eq!(entries.len() as u64, size);
        assert_eq!(encode_entries(entries.iter().copied()).unwrap(), bytes);
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        assert_eq!(*Batch::append(&Frontier::empty(), &leaves).root(), roots[size as usize]);
        let tile: Vec<u8> = leaves.iter().flat_map(|leaf| leaf.0).collect();
        assert_eq!(tile, read(&tiles_of(size)[0].path()));
        bundles += 1;
    }
    assert_eq!(bundles, 15);
}

#[test]
fn every_entry_is_proven_in_every_size_from_tiles() {
    let (roots, bundle) = (roots(), read(&entries_path(0, SIZE as u16)));
    let entries = decode_entries(&bundle).unwrap();
    let mut proofs = 0;
    for size in 1..=SIZE {
        let nodes = tiles(size);
        for index in 0..size {
            let proof = inclusion_proof(index, size, &nodes).unwrap();
            let leaf = leaf_hash(entries[index as usize]);
            verify_inclusion(&leaf, index, size, &proof, &roots[size as usize]).unwrap();
            proofs += 1;
        }
    }
    assert_eq!(proofs, 120);
}

#[test]
fn every_size_is_consistent_with_every_later_one_from_tiles() {
    let roots = roots();
    let mut proofs = 0;
    for size2 in 1..=SIZE {
        let nodes = tiles(size2);
        for size1 in 1..=size2 {
            let proof = consistency_proof(size1, size2, &nodes).unwrap();
            verify_consistency(size1, size2, &proof, &roots[size1 as usize], &roots[size2 as usize]).unwrap();
            proofs += 1;
        }
    }
    assert_eq!(proofs, 120);
}
