//! Inclusion and consistency proofs (RFC 6962 §2.1.1–2.1.2, verified as RFC 9162 §2.1.3–2.1.4 do).

use crate::hash::{Hash, node_hash};

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// The index is not below the size, or the sizes do not grow.
    Sizes,
    /// More or fewer hashes than the sizes ask for.
    Length,
    /// The hashes lead to another root.
    Root,
    /// A hash is not 32 bytes long.
    HashLength,
    /// A node that the proof needs is not at hand.
    Missing,
}

/// Perfect subtrees' roots, by level (0 is the leaves) and index within the level.
pub trait Nodes {
    /// The hash over leaves `index << level` to `(index + 1) << level`, if it is at hand.
    fn node(&self, level: u8, index: u64) -> Option<Hash>;
}

/// One step from leaf to root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathNode {
    /// The proof's hash.
    pub sibling: Hash,
    /// Whether it stands on the left.
    pub sibling_is_left: bool,
    /// The hash of the two together.
    pub result: Hash,
}

/// The number of hashes in a proof, split where the path leaves the right border of the tree.
fn split(index: u64, size: u64) -> (u32, u32) {
    let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
    (inner, index.checked_shr(inner).unwrap_or(0).count_ones())
}

/// Folds a leaf into a root, step by step.
///
/// Errors: [`ProofError::Sizes`] unless `index < size`; [`ProofError::Length`] for a proof of any but the one right length.
pub fn inclusion_path(leaf: &Hash, index: u64, size: u64, proof: &[Hash]) -> Result<Vec<PathNode>, ProofError> {
    if index >= size {
        return Err(ProofError::Sizes);
    }
    let (inner, border) = split(index, size);
    if proof.len() != (inner + border) as usize {
        return Err(ProofError::Length);
    }
    let mut hash = *leaf;
    let mut path = Vec::with_capacity(proof.len());
    for (level, sibling) in (0_u32..).zip(proof) {
        let sibling_is_left = level >= inner || index >> level & 1 == 1;
        hash = if sibling_is_left { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) };
        path.push(PathNode { sibling: *sibling, sibling_is_left, result: hash });
    }
    Ok(path)
}

/// Checks that the leaf is at `index` in the tree of this size and root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    let path = inclusion_path(leaf, index, size, proof)?;
    let computed = path.last().map_or(*leaf, |node| node.result);
    if computed == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `size2` begins with the tree of `size1`.
///
/// A verifier has nothing to check from an empty tree: `size1` 0 is an error (a witness treats it for itself).
pub fn verify_consistency(
    size1: u64,
    size2: u64,
    proof: &[Hash],
    root1: &Hash,
    root2: &Hash,
) -> Result<(), ProofError> {
    if size1 == 0 || size1 > size2 {
        return Err(ProofError::Sizes);
    }
    if size1 == size2 {
        return match (proof.is_empty(), root1 == root2) {
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    let (inner, border) = split(size1 - 1, size2);
    let shift = size1.trailing_zeros();
    let inner = inner.saturating_sub(shift);
    let (seed, rest) = if size1.is_power_of_two() {
        (root1, proof)
    } else {
        let (seed, rest) = proof.split_first().ok_or(ProofError::Length)?;
        (seed, rest)
    };
    if rest.len() != (inner + border) as usize {
        return Err(ProofError::Length);
    }
    let mask = (size1 - 1) >> shift;
    let (mut old, mut new) = (*seed, *seed);
    for (level, hash) in (0_u32..).zip(rest) {
        if level >= inner || mask >> level & 1 == 1 {
            old = node_hash(hash, &old);
            new = node_hash(hash, &new);
        } else {
            new = node_hash(&new, hash);
        }
    }
    if old == *root1 && new == *root2 { Ok(()) } else { Err(ProofError::Root) }
}

/// [`verify_inclusion`] on bytes from outside; every hash must be 32 bytes long.
pub fn verify_inclusion_bytes(
    leaf: &[u8],
    index: u64,
    size: u64,
    proof: &[impl AsRef<[u8]>],
    root: &[u8],
) -> Result<(), ProofError> {
    verify_inclusion(&hash(leaf)?, index, size, &hashes(proof)?, &hash(root)?)
}

/// [`verify_consistency`] on bytes from outside; every hash must be 32 bytes long.
pub fn verify_consistency_bytes(
    size1: u64,
    size2: u64,
    proof: &[impl AsRef<[u8]>],
    root1: &[u8],
    root2: &[u8],
) -> Result<(), ProofError> {
    verify_consistency(size1, size2, &hashes(proof)?, &hash(root1)?, &hash(root2)?)
}

fn hash(bytes: &[u8]) -> Result<Hash, ProofError> {
    Hash::from_slice(bytes).ok_or(ProofError::HashLength)
}

fn hashes(proof: &[impl AsRef<[u8]>]) -> Result<Vec<Hash>, ProofError> {
    proof.iter().map(|bytes| hash(bytes.as_ref())).collect()
}

/// The inclusion proof of a leaf, leaf sibling first.
pub fn inclusion_proof(index: u64, size: u64, nodes: &impl Nodes) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::Sizes);
    }
    subtree_proof(index, 0, size, nodes)
}

/// The consistency proof between two sizes of a tree.
pub fn consistency_proof(size1: u64, size2: u64, nodes: &impl Nodes) -> Result<Vec<Hash>, ProofError> {
    if size1 == 0 || size1 > size2 {
        return Err(ProofError::Sizes);
    }
    if size1 == size2 {
        return Ok(Vec::new());
    }
    // The last perfect subtree of the old tree is where the two trees part.
    let level = size1.trailing_zeros();
    let index = (size1 - 1) >> level;
    let mut proof = subtree_proof(index, level as u8, size2, nodes)?;
    if index != 0 {
        proof.insert(0, nodes.node(level as u8, index).ok_or(ProofError::Missing)?);
    }
    Ok(proof)
}

/// The siblings on the way from a perfect subtree to the root of the tree of `size` leaves.
fn subtree_proof(index: u64, level: u8, size: u64, nodes: &impl Nodes) -> Result<Vec<Hash>, ProofError> {
    let node = |level: u32, index: u64| nodes.node(level as u8, index).ok_or(ProofError::Missing);
    let first_leaf = index << level;
    let (inner, _) = split(first_leaf, size);
    let mut proof = Vec::new();
    for level in u32::from(level)..inner {
        let here = first_leaf >> level;
        let sibling = here ^ 1;
        if sibling < size >> level {
            proof.push(node(level, sibling)?);
        } else {
            proof.push(ragged(sibling << level, size, nodes)?);
        }
    }
    // Above the split every sibling is a whole subtree on the left.
    let inner = inner.max(u32::from(level));
    for level in (inner..u64::BITS).filter(|level| first_leaf >> level & 1 == 1) {
        proof.push(node(level, (first_leaf >> level) - 1)?);
    }
    Ok(proof)
}

/// The hash over leaves `start..size`, which is no perfect subtree.
fn ragged(start: u64, size: u64, nodes: &impl Nodes) -> Result<Hash, ProofError> {
    let mut result: Option<Hash> = None;
    for level in (0..u64::BITS).filter(|level| (size - start) >> level & 1 == 1) {
        let index = (size >> level) - 1;
        let left = nodes.node(level as u8, index).ok_or(ProofError::Missing)?;
        result = Some(result.map_or(left, |right| node_hash(&left, &right)));
    }
    result.ok_or(ProofError::Sizes)
}
