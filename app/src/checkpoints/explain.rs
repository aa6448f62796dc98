//! What all this is, for a reader who has never seen one.

use leptos::prelude::*;

use crate::ui::Card;

/// From top to bottom: what it is called, and what is done.
const WAY: [(&str, &str, &str); 4] = [
    ("Receipts", "one after the other", ""),
    ("Your log's state", "a count and a fingerprint, signed", "own"),
    ("Root log", "everyone's states, about once a second", ""),
    ("Witnesses", "sign what they saw", "signed"),
];
const BOX: usize = 46;
const GAP: usize = 22;

/// Plain words, and a small picture.
#[component]
pub(super) fn Explanation() -> impl IntoView {
    view! {
        <Card title="How to read this page">
            <div class="columns">
                <div class="stack">
                    <p>"Think of a bound book with numbered lines. Each receipt is written on the next free line, and no line is ever rubbed out. That book is the log."</p>
                    <p>"A "<strong>"fingerprint"</strong>" is a short number computed from everything written so far. If one letter of one old receipt changed, the fingerprint would be another one. A "<strong>"checkpoint"</strong>" is the number of entries and their fingerprint, signed: our word on how the book looked at that moment."</p>
                    <p>"So that we cannot show you one book and your auditor another, every checkpoint is copied within about a second into a public "<strong>"root log"</strong>" that everyone reads. "<strong>"Witnesses"</strong>" are others, who do not work for us. They sign the root log's state, and only if it continues what they signed before."</p>
                    <p>"A "<strong>"consistency proof"</strong>" is a handful of fingerprints with which anyone can recompute both checkpoints and see that the later book begins with the whole earlier one. "<strong>"Keys"</strong>" are what signatures are made with. They are replaced now and then; every change is signed and written into the root log, too."</p>
                </div>
                <Way/>
            </div>
        </Card>
    }
}

#[component]
fn Way() -> impl IntoView {
    let boxes = WAY.iter().enumerate().map(|(at, (name, note, class))| {
        let y = at * (BOX + GAP) + 2;
        let way = (at > 0).then(|| view! { <path class="edge" d=format!("M150 {} L150 {y} M145 {} L150 {y} L155 {}", y - GAP, y - 6, y - 6)></path> });
        view! {
            {way}
            <g class=*class>
                <rect x="30" y=y width="240" height=BOX rx="7"></rect>
                <text class="label" x="150" y=y + 20 text-anchor="middle">{*name}</text>
                <text class="note" x="150" y=y + 36 text-anchor="middle">{*note}</text>
            </g>
        }
    });
    view! {
        <svg class="proof" viewBox=format!("0 0 300 {}", 4 * BOX + 3 * GAP + 4) role="img" aria-label="Receipts go into your log. Your log's state goes into the public root log. Witnesses sign the root log's state.">
            {boxes.collect_view()}
        </svg>
    }
}
