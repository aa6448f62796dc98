//! The right edge of the tree as a picture: the full blocks it consists of, and the root they make.

use domain::checkpoints::{Picture, Subtree};
use leptos::prelude::*;

use crate::ui::format_count;

const WIDTH: u64 = 400;
/// Where blocks stand, and where the root does.
const GROUND: u64 = 170;
const ROOT: u64 = 30;
const SLOT_MAX: u64 = 90;
/// Narrower blocks are named in the sentence only.
const SLOT_NAMED: u64 = 44;

/// The picture, and the same in a sentence for those who do not see it.
#[component]
pub(super) fn TreePicture(picture: Picture) -> impl IntoView {
    let edge = picture.edge;
    let slot = (WIDTH / (edge.len() as u64).max(1)).min(SLOT_MAX);
    let left = (WIDTH - slot * edge.len() as u64) / 2;
    let said = said(picture.head.size, &edge);
    let last = edge.len().saturating_sub(1);
    let blocks = edge
        .into_iter()
        .enumerate()
        .map(move |(at, subtree)| block(subtree, left + slot * at as u64, slot, at == last));
    let root: String = picture.root.chars().take(8).collect();
    view! {
        <figure class="stack">
            <svg class="proof" viewBox=format!("0 0 {WIDTH} {}", GROUND + 24) role="img" aria-label=said.clone()>
                {blocks.collect_view()}
                <g class="signed">
                    <rect x=WIDTH / 2 - 74 y="4" width="148" height="34" rx="7"></rect>
                    <text class="label" x=WIDTH / 2 y="18" text-anchor="middle">"Signed root"</text>
                    <text class="note" x=WIDTH / 2 y="31" text-anchor="middle">{root}</text>
                </g>
            </svg>
            <figcaption class="field-hint">{said}</figcaption>
        </figure>
    }
}

/// A block: taller the more it holds; the newest stands at the right and is the one that grows.
fn block(subtree: Subtree, x: u64, slot: u64, newest: bool) -> impl IntoView {
    let level = u64::from(subtree.entries.trailing_zeros());
    let apex = GROUND - (20 + level * 6).min(GROUND - ROOT - 44);
    let (middle, half) = (x + slot / 2, (slot / 2).saturating_sub(4).min(34));
    let class = if newest { "edge edge-own" } else { "edge" };
    let name = (slot >= SLOT_NAMED).then(|| {
        view! { <text class="note" x=middle y=GROUND + 16 text-anchor="middle">{short(subtree.entries)}</text> }
    });
    let way = format!(
        "M{middle} {apex} C{middle} {between}, {root} {between}, {root} 38",
        between = ROOT + 34,
        root = WIDTH / 2
    );
    view! {
        <path class=class d=way></path>
        <path class=class d=format!("M{} {GROUND} L{middle} {apex} L{} {GROUND} Z", middle - half, middle + half)></path>
        {name}
    }
}

/// `1,024` or `1.0 M`.
fn short(entries: u64) -> String {
    match entries {
        0..1_000_000 => format_count(entries),
        _ => format!("{}.{} M", format_count(entries / 1_000_000), entries / 100_000 % 10),
    }
}

fn said(size: u64, edge: &[Subtree]) -> String {
    let sizes: Vec<String> = edge.iter().map(|subtree| format_count(subtree.entries)).collect();
    match sizes.as_slice() {
        [] => "The log has no entries yet.".to_owned(),
        [one] => format!("The {one} entries make one full block. Its fingerprint is the root, which the log signed."),
        [before @ .., last] => format!(
            "The {} entries stand in {} full blocks: of {} and {last}. New entries join at the right; two blocks of one size become one. Together their fingerprints make the root, which the log signed.",
            format_count(size),
            sizes.len(),
            before.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests;
