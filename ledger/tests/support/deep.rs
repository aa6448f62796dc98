//! Proofs in logs too large to build.
#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests and a benchmark use it")]

use ledger::checkpoint::Checkpoint;
use ledger::hash::{Hash, leaf_hash, node_hash};
use ledger::note::{Note, NoteSigner};
use ledger::proof::{Nodes, inclusion_proof, verify_inclusion};
use ledger::tlog_proof::TlogProof;

/// A tenant's log, with a name as long as they are.
pub const LOG: &str = "log.certnode.example/t/0123456789abcdef0123456789abcdef";
/// The root log.
pub const ROOT: &str = "log.certnode.example/root";

/// A tree in which all leaves are equal but one: a hash for each level is all of it.
pub struct Tree {
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

/// What signs a log's checkpoints: another key for each of the two.
pub fn signer(origin: &str) -> NoteSigner {
    NoteSigner::from_seed(origin, &[origin.len() as u8; 32]).unwrap()
}

/// The proof of an entry in a log of a size, signed by the log and by witnesses; checked.
pub fn proof(origin: &str, entry: &[u8], index: u64, size: u64, witnesses: &[NoteSigner]) -> (TlogProof, Checkpoint) {
    let leaf = leaf_hash(entry);
    let tree = Tree::new(index, leaf);
    let checkpoint = Checkpoint::new(origin, size, tree.root(size));
    let hashes = inclusion_proof(index, size, &tree).unwrap();
    verify_inclusion(&leaf, index, size, &hashes, &checkpoint.root).unwrap();
    let mut note = Note::parse(&checkpoint.sign(&signer(origin))).unwrap();
    for witness in witnesses {
        note.push(witness.cosign(note.text(), 1_795_167_000).unwrap());
    }
    (TlogProof { extra: None, index, hashes, checkpoint: note.to_string() }, checkpoint)
}

/// The two proofs of a statement in a tenant's log of 10^8 entries and a root log of 10^9, with the cosignatures of three
/// witnesses: the deepest leaf of each, and 27 and 30 levels.
pub fn witnessed(statement: &[u8]) -> (TlogProof, TlogProof, Vec<NoteSigner>) {
    let witnesses: Vec<NoteSigner> = (1..=3_u8)
        .map(|n| NoteSigner::cosigner(&format!("witness-{n}.example.org/w"), &[n + 1; 32]).unwrap())
        .collect();
    let (tenant, checkpoint) = proof(LOG, statement, 12_345_678, 100_000_000, &[]);
    let (root, _) = proof(ROOT, checkpoint.text().as_bytes(), 123_456_789, 1_000_000_000, &witnesses);
    (tenant, root, witnesses)
}
