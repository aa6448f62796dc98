//! How large a proof is: the two `.tlog-proof` texts of a receipt, with the cosignatures of three witnesses.
#![expect(clippy::unwrap_used, reason = "tests")]

use ledger::checkpoint::Checkpoint;
use ledger::hash::{Hash, leaf_hash, node_hash};
use ledger::note::{Note, NoteSigner};
use ledger::proof::{Nodes, inclusion_proof, verify_inclusion};
use ledger::tlog_proof::TlogProof;

/// A tree in which all leaves are equal but one: a hash for each level is all of it.
struct Tree {
    /// The root of 2^level equal leaves.
    equal: Vec<Hash>,
    other: (u64, Hash),
}

impl Tree {
    fn new(index: u64, leaf: Hash) -> Self {
        let first = leaf_hash(b"all the others");
        let equal = std::iter::successors(Some(first), |hash| Some(node_hash(hash, hash))).take(64).collect();
        Self { equal, other: (index, leaf) }
    }

    fn root(&self, size: u64) -> Hash {
        let levels = (0..64_u8).rev().filter(|level| size >> level & 1 == 1);
        let roots: Vec<Hash> = levels.map(|level| self.node(level, (size >> level) - 1).unwrap()).collect();
        let mut smallest_first = roots.iter().rev();
        let first = *smallest_first.next().unwrap();
        smallest_first.fold(first, |right, left| node_hash(left, &right))
    }
}

impl Nodes for Tree {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (other, leaf) = self.other;
        if other >> level != index {
            return self.equal.get(usize::from(level)).copied();
        }
        Some((0..level).fold(leaf, |hash, below| {
            let sibling = self.equal[usize::from(below)];
            if other >> below & 1 == 1 { node_hash(&sibling, &hash) } else { node_hash(&hash, &sibling) }
        }))
    }
}

/// The proof of an entry in a log of a size, signed by the log and by witnesses; checked.
fn proof(origin: &str, entry: &[u8], index: u64, size: u64, witnesses: &[NoteSigner]) -> (TlogProof, Checkpoint) {
    let leaf = leaf_hash(entry);
    let tree = Tree::new(index, leaf);
    let checkpoint = Checkpoint::new(origin, size, tree.root(size));
    let hashes = inclusion_proof(index, size, &tree).unwrap();
    verify_inclusion(&leaf, index, size, &hashes, &checkpoint.root).unwrap();
    let mut note = Note::parse(&checkpoint.sign(&NoteSigner::from_seed(origin, &[1; 32]).unwrap())).unwrap();
    for witness in witnesses {
        note.push(witness.cosign(note.text(), 1_795_167_000).unwrap());
    }
    (TlogProof { extra: None, index, hashes, checkpoint: note.to_string() }, checkpoint)
}

#[test]
fn a_witnessed_proof_in_a_hundred_million_receipts_is_below_3_6_kilobytes() {
    let log = "log.certnode.example/t/0123456789abcdef0123456789abcdef";
    let witnesses: Vec<NoteSigner> = (1..=3_u8)
        .map(|n| NoteSigner::cosigner(&format!("witness-{n}.example.org/w"), &[n + 1; 32]).unwrap())
        .collect();
    // The deepest leaf of each, and logs of 27 and 30 levels.
    let (tenant, checkpoint) = proof(log, b"a statement", 12_345_678, 100_000_000, &[]);
    let root_entry = checkpoint.text();
    let (root, _) = proof("log.certnode.example/root", root_entry.as_bytes(), 123_456_789, 1_000_000_000, &witnesses);
    assert_eq!((tenant.hashes.len(), root.hashes.len()), (27, 30));
    let bytes = tenant.text().len() + root.text().len();
    assert!(bytes <= 3_600, "{bytes} bytes");
}
