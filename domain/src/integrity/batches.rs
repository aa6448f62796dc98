//! The sizes of the trees that receipts were answered with.
//!
//! What was committed together was answered with one tree: the one that ends with the last of it. So the tree of an entry
//! ends with that entry, or the next entry has the same. What this cannot tell is whether the first of several that were
//! committed together was answered alone, or one that was answered alone with those after it: then both sizes are states
//! that the log had, or could have had.

/// Entries beside a stretch that must be known to judge its ends.
pub(crate) const AROUND: u64 = 2;

/// Names the entries from one index up to another whose tree cannot be the one that they were answered with. `known` has
/// index and size of these and of two beside them on either side, in order; `size` is the log's.
pub(crate) fn odd(from: u64, until: u64, size: u64, known: &[(u64, u64)]) -> Vec<u64> {
    let base = from.saturating_sub(AROUND);
    let mut trees: Vec<Option<u64>> = vec![None; (until + AROUND - base) as usize];
    let mut odd = Vec::new();
    for (index, tree) in known {
        let Some(place) = index.checked_sub(base).and_then(|at| trees.get_mut(at as usize)) else { continue };
        if tree > index && *tree <= size {
            *place = Some(*tree);
        } else {
            odd.push(*index);
        }
    }
    let at = |index: Option<u64>| index.and_then(|index| trees.get(index.checked_sub(base)? as usize).copied()?);
    for first in base..until {
        let (second, before, after) = (first + 1, at(first.checked_sub(1)), at(Some(first + 2)));
        let (Some(one), Some(two)) = (at(Some(first)), at(Some(second))) else { continue };
        if one == second || one == two {
            continue;
        }
        // They contradict each other. The one that others speak for is right; where that is neither or both, who knows.
        let for_one = before == Some(one) || after == Some(one);
        let for_two = two == second + 1 || after == Some(two) || before == Some(two);
        if for_one == for_two || for_two {
            odd.push(first);
        }
        if for_one == for_two || for_one {
            odd.push(second);
        }
    }
    odd.retain(|index| (from..until).contains(index));
    odd.sort_unstable();
    odd.dedup();
    odd
}
