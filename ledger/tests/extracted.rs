//! Constants of transparency-dev/merkle, notes of C2SP and golang/mod, an update of transparency-dev/witness.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use ledger::checkpoint::Checkpoint;
use ledger::hash::{EMPTY_ROOT, leaf_hash};
use ledger::note::{Note, NoteSigner, VerifierKey};
use ledger::proof::{Nodes as _, verify_consistency};
use ledger::tree::{Batch, Frontier};

fn array(value: &serde_json::Value) -> &Vec<serde_json::Value> {
    value.as_array().unwrap()
}

#[test]
fn the_published_leaves_have_the_published_roots_and_nodes() {
    let constants = support::json("extracted/rfc6962-constants.json");
    let leaves: Vec<_> = array(&constants["leaf_inputs_hex"])
        .iter()
        .map(|leaf| leaf_hash(&support::hex(leaf.as_str().unwrap())))
        .collect();
    let roots = array(&constants["root_hash_hex_by_size"]);
    assert_eq!((leaves.len(), roots.len()), (8, 9));
    let mut frontier = Frontier::empty();
    assert_eq!(frontier.root(), support::hash(&roots[0]));
    for (size, leaf) in leaves.iter().enumerate() {
        frontier.push(*leaf);
        assert_eq!(frontier.root(), support::hash(&roots[size + 1]));
        assert_eq!(*Batch::append(&Frontier::empty(), &leaves[..=size]).root(), support::hash(&roots[size + 1]));
    }
    let batch = Batch::append(&Frontier::empty(), &leaves);
    let nodes = array(&constants["node_hashes_hex_levels_0_to_3"]);
    let places = (0..4_u8).flat_map(|level| (0..8 >> level).map(move |index| (level, index)));
    let mut count = 0;
    for ((level, index), node) in places.zip(nodes) {
        assert_eq!(batch.node(level, index), Some(support::hash(node)), "level {level}, index {index}");
        count += 1;
    }
    assert_eq!((count, nodes.len()), (15, 15));
    assert_eq!(EMPTY_ROOT, support::hash(&constants["rfc6962_hashes"]["empty"]));
    assert_eq!(leaf_hash(b""), support::hash(&constants["rfc6962_hashes"]["empty_leaf"]));
}

#[test]
fn the_published_notes_verify_and_the_published_key_signs_them_again() {
    let notes = support::json("extracted/signed-note.json");
    let (mut verified, mut signed) = (0, 0);
    for case in array(&notes["cases"]) {
        let text = case["note"].as_str().unwrap();
        let key: VerifierKey = case["vkey"].as_str().unwrap().parse().unwrap();
        assert_eq!(key.to_string(), case["vkey"].as_str().unwrap());
        let note = Note::parse(text).unwrap();
        assert_eq!(note.verify(std::slice::from_ref(&key)).unwrap(), [&key]);
        verified += 1;
        if let Some(skey) = case["skey"].as_str() {
            // PRIVATE+KEY+<name>+<id>+base64(type || seed)
            let blob = ledger::encoding::from_base64(skey.splitn(5, '+').nth(4).unwrap()).unwrap();
            let signer = NoteSigner::from_seed(key.name(), blob[1..].try_into().unwrap()).unwrap();
            assert_eq!(*signer.verifier(), key);
            assert_eq!(signer.sign(note.text()), text);
            signed += 1;
        }
    }
    assert_eq!((verified, signed), (2, 1));
}

#[test]
fn the_published_witness_update_is_consistent() {
    let update = support::json("extracted/witness-update.json");
    let keys = [update["log_vkey"].as_str().unwrap().parse::<VerifierKey>().unwrap()];
    let open = |name: &str| {
        let note = Note::parse(update[name].as_str().unwrap()).unwrap();
        note.verify(&keys).unwrap();
        Checkpoint::parse(note.text()).unwrap()
    };
    let (old, new) = (open("old_checkpoint"), open("new_checkpoint"));
    let proof: Vec<_> = array(&update["consistency_proof_hex"]).iter().map(support::hash).collect();
    assert_eq!((old.size, new.size, proof.len()), (5, 8, 4));
    verify_consistency(old.size, new.size, &proof, &old.root, &new.root).unwrap();
    verify_consistency(old.size, new.size, &proof, &new.root, &old.root).unwrap_err();
}
