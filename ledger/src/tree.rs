//! Growing a tree from its frontier alone.
//!
//! A [`Frontier`] is the compact range of a tree: the roots of the perfect subtrees its size splits into, largest first,
//! one for each bit set in the size. It is all a log needs to append and to compute the next root; 64 hashes at most.

use crate::hash::{EMPTY_ROOT, Hash, node_hash};

/// The right-hand edge of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of perfect subtrees, largest first.
    roots: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    pub const fn empty() -> Self {
        Self { size: 0, roots: Vec::new() }
    }

    /// From a size and its subtree roots, largest first; none unless there is one for each bit of the size.
    pub fn from_parts(size: u64, roots: Vec<Hash>) -> Option<Self> {
        (roots.len() == size.count_ones() as usize).then_some(Self { size, roots })
    }

    /// From a size and 32 bytes a root, as [`Frontier::to_bytes`] writes them.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let roots: Option<Vec<Hash>> = bytes.chunks(32).map(Hash::from_slice).collect();
        Self::from_parts(size, roots?)
    }

    /// 32 bytes a root, largest subtree first.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.iter().flat_map(|root| root.0).collect()
    }

    /// Leaves in the tree.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The subtree roots, largest first.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Adds a leaf's hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Adds the root of a perfect subtree of 2^level leaves. Nothing is added, and false returned, where none can begin.
    pub fn push_subtree(&mut self, level: u8, root: Hash) -> bool {
        let leaves = 1_u64.checked_shl(level.into()).unwrap_or(0);
        let Some(size) = self.size.checked_add(leaves) else { return false };
        if leaves == 0 || self.size & (leaves - 1) != 0 {
            return false;
        }
        let mut node = root;
        for _ in 0..(self.size >> level).trailing_ones() {
            if let Some(left) = self.roots.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.roots.push(node);
        self.size = size;
        true
    }

    /// The tree's root (RFC 6962 §2.1).
    pub fn root(&self) -> Hash {
        let mut smallest_first = self.roots.iter().rev();
        match smallest_first.next() {
            None => EMPTY_ROOT,
            Some(first) => smallest_first.fold(*first, |right, left| node_hash(left, &right)),
        }
    }
}

/// The perfect subtrees that the leaves from one index up to another (not included) split into, from left to right: level
/// and index within the level, as [`crate::proof::Nodes`] counts them. At most 128.
pub fn subtrees(from: u64, until: u64) -> Vec<(u8, u64)> {
    let (mut at, mut found) = (from, Vec::new());
    while at < until {
        let level = at.trailing_zeros().min((until - at).ilog2());
        found.push((level as u8, at >> level));
        at += 1 << level;
    }
    found
}

/// Leaves appended together, with all that is needed for the proof of each in the tree they make.
pub struct Batch {
    first: u64,
    frontier: Frontier,
    root: Hash,
    /// For each level, the index of the first known node and the known nodes from there to the right edge.
    levels: Vec<(u64, Vec<Hash>)>,
}

impl Batch {
    /// Appends the leaves' hashes to the tree with this frontier: about two hashes a leaf.
    pub fn append(frontier: &Frontier, leaves: &[Hash]) -> Self {
        let first = frontier.size;
        let size = first + leaves.len() as u64;
        let mut levels = Vec::new();
        let mut roots = frontier.roots.iter().rev();
        let (mut start, mut nodes) = (first, leaves.to_vec());
        for level in 0..64 {
            // A frontier root at this level is the left sibling of the first new node.
            if first >> level & 1 == 1
                && let Some(root) = roots.next()
            {
                nodes.insert(0, *root);
                start -= 1;
            }
            if size >> level == 0 {
                break;
            }
            let parents = nodes.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
            levels.push((start, nodes));
            (start, nodes) = (start / 2, parents);
        }
        let new_roots = (0..levels.len()).rev().filter(|level| size >> level & 1 == 1);
        let roots = new_roots.filter_map(|level| levels[level].1.last().copied()).collect();
        let frontier = Frontier { size, roots };
        Self { first, root: frontier.root(), frontier, levels }
    }

    /// The frontier after the batch.
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The root after the batch.
    pub const fn root(&self) -> &Hash {
        &self.root
    }

    /// The inclusion proof of the `k`-th leaf of the batch in the tree after it; empty when there is no such leaf.
    pub fn inclusion_proof(&self, k: usize) -> Vec<Hash> {
        let index = self.first + k as u64;
        crate::proof::inclusion_proof(index, self.frontier.size, self).unwrap_or_default()
    }
}

impl crate::proof::Nodes for Batch {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (start, nodes) = self.levels.get(usize::from(level))?;
        nodes.get(usize::try_from(index.checked_sub(*start)?).ok()?).copied()
    }
}
