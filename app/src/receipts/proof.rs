//! The proof as a picture: from the receipt's leaf, hash by hash, to the root that the log signed.

use domain::receipts::Proof;
use leptos::prelude::*;

use crate::ui::format_count;

const ROW: i32 = 58;
const BOX_W: i32 = 132;
const BOX_H: i32 = 34;
const OWN_X: i32 = 204;
const TOP: i32 = 14;

/// A hash's box.
struct Node {
    x: i32,
    y: i32,
    class: &'static str,
    label: &'static str,
    hash: String,
}

/// The picture, the checkpoint on top, and the same in a sentence for those who do not see it.
#[component]
pub fn ProofPicture(proof: Proof) -> impl IntoView {
    let steps = path(&proof);
    let rows = i32::try_from(steps.len()).unwrap_or(0);
    let height = TOP * 2 + (rows + 2) * ROW - (ROW - BOX_H);
    let y_of = |row: i32| TOP + (rows + 1 - row) * ROW;
    let mut nodes = vec![Node {
        x: OWN_X,
        y: y_of(0),
        class: "own",
        label: "This receipt",
        hash: proof.leaf_hash.chars().take(8).collect(),
    }];
    let mut edges = Vec::new();
    for (row, (sibling, on_left, result)) in (0..).zip(&steps) {
        let x = if *on_left { OWN_X - BOX_W - 56 } else { OWN_X + BOX_W + 56 };
        nodes.push(Node { x, y: y_of(row), class: "", label: "", hash: sibling.clone() });
        let top = row + 1 == rows;
        nodes.push(Node {
            x: OWN_X,
            y: y_of(row + 1),
            class: "own",
            label: if top { "Root" } else { "" },
            hash: result.clone(),
        });
        edges.push(edge(x, y_of(row), y_of(row + 1), false));
        edges.push(edge(OWN_X, y_of(row), y_of(row + 1), true));
    }
    edges.push(edge(OWN_X, y_of(rows), y_of(rows + 1), true));
    nodes.push(Node {
        x: OWN_X,
        y: y_of(rows + 1),
        class: "signed",
        label: "Signed checkpoint",
        hash: format!("{} entries", format_count(proof.tree_size)),
    });
    let others = match steps.len() {
        1 => "1 other hash".to_owned(),
        count => format!("{count} other hashes, one after the other,"),
    };
    let said = format!(
        "The hash of this receipt, entry {}, is combined with {others} into the root of {} entries, which the log signed.",
        format_count(proof.log_index),
        format_count(proof.tree_size)
    );
    view! {
        <figure class="stack">
            <svg class="proof" viewBox=format!("0 0 540 {height}") role="img" aria-label=said.clone()>
                {edges}
                {nodes.into_iter().map(draw).collect_view()}
            </svg>
            <figcaption class="field-hint">{said}</figcaption>
        </figure>
    }
}

/// Sibling, whether it stands on the left, and the result, each by its first digits.
fn path(proof: &Proof) -> Vec<(String, bool, String)> {
    use ledger::hash::Hash;
    let short = |hash: &Hash| hash.to_hex().chars().take(8).collect::<String>();
    let hashes: Option<Vec<Hash>> = proof.hashes.iter().map(|hash| Hash::from_base64(hash)).collect();
    let leaf = Hash::from_hex(&proof.leaf_hash);
    let (Some(hashes), Some(leaf)) = (hashes, leaf) else { return Vec::new() };
    let path = ledger::proof::inclusion_path(&leaf, proof.log_index, proof.tree_size, &hashes).unwrap_or_default();
    path.iter().map(|node| (short(&node.sibling), node.sibling_is_left, short(&node.result))).collect()
}

fn edge(x: i32, from: i32, to: i32, own: bool) -> AnyView {
    let (x, from, to) = (x + BOX_W / 2, from, to + BOX_H);
    let own_x = OWN_X + BOX_W / 2;
    let class = if own { "edge edge-own" } else { "edge" };
    view! { <path class=class d=format!("M{x} {from} C{x} {middle}, {own_x} {middle}, {own_x} {to}", middle = (from + to) / 2)></path> }.into_any()
}

fn draw(node: Node) -> impl IntoView {
    let middle = node.x + BOX_W / 2;
    let (label_y, hash_y) = if node.label.is_empty() { (0, node.y + 21) } else { (node.y + 14, node.y + 27) };
    let label = (!node.label.is_empty())
        .then(|| view! { <text class="label" x=middle y=label_y text-anchor="middle">{node.label}</text> });
    view! {
        <g class=node.class>
            <rect x=node.x y=node.y width=BOX_W height=BOX_H rx="7"></rect>
            {label}
            <text class=if node.label.is_empty() { "" } else { "note" } x=middle y=hash_y text-anchor="middle">{node.hash}</text>
        </g>
    }
}
