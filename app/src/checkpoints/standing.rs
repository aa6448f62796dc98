//! How the log stands: it moves while one watches.

use domain::checkpoints::{Anchored, Picture};
use leptos::prelude::*;

use super::GetLedgerPicture;
use super::tree::TreePicture;
use crate::ui::{Badge, Card, Column, CopyButton, DateTime, EmptyState, Notice, Table, format_count};

/// Figures, tree and history, from the page's data and then from what the live feed says happened.
#[component]
pub(super) fn Standing(picture: Picture) -> impl IntoView {
    let happened = crate::live::use_live(&["receipts"]);
    let refresh = ServerAction::<GetLedgerPicture>::new();
    Effect::new(move |before: Option<u32>| {
        let now = happened.get();
        if before.is_some_and(|before| before != now) {
            refresh.dispatch(GetLedgerPicture {});
        }
        now
    });
    let latest = Signal::derive(move || match refresh.value().get() {
        Some(Ok(latest)) => latest,
        _ => picture.clone(),
    });
    // Missed once, it is fetched again with the next event; until then the reader knows that it may be older.
    let stale = move || refresh.value().get().is_some_and(|latest| latest.is_err());
    view! {
        {move || stale().then(|| view! { <Notice tone="warn">"The newest state could not be fetched just now. What is shown was true a moment ago."</Notice> })}
        <Card title="How it stands">
            {move || view! { <Figures picture=latest.get()/> }}
            {move || view! { <TreePicture picture=latest.get()/> }}
        </Card>
        <Card title="Recent checkpoints" flush=true>
            {move || view! { <Checkpoints picture=latest.get()/> }}
        </Card>
    }
}

#[component]
fn Figures(picture: Picture) -> impl IntoView {
    let Picture { head, root, .. } = picture;
    view! {
        <dl class="facts">
            <dt>"Entries"</dt>
            <dd data-figure="entries">{format_count(head.size)}</dd>
            <dt>"Fingerprint of them all"</dt>
            <dd><code data-figure="root">{root.clone()}</code> " " <CopyButton text=root label="Fingerprint"/></dd>
            <dt>"Name of the log"</dt>
            <dd><code>{head.origin}</code></dd>
        </dl>
    }
}

#[component]
fn Checkpoints(picture: Picture) -> impl IntoView {
    if picture.history.is_empty() {
        return view! { <EmptyState icon="clock" title="Not anchored yet" text="The public root log takes your log's state about once a second. The first checkpoint appears here by itself."/> }.into_any();
    }
    let asked = !picture.witnesses.is_empty();
    let columns = vec![
        Column::end("Entries"),
        Column::new("Anchored"),
        Column::end("Entry of the root log"),
        Column::new("Fingerprint"),
        Column::new("Witnessed by"),
    ];
    let rows =
        picture.history.into_iter().map(move |anchored| view! { <CheckpointRow anchored=anchored asked=asked/> });
    view! { <Table caption="Recent checkpoints" columns=columns>{rows.collect_view()}</Table> }.into_any()
}

#[component]
fn CheckpointRow(anchored: Anchored, asked: bool) -> impl IntoView {
    let root = anchored.root.map(|root| root.chars().take(12).collect::<String>() + "…");
    let witnesses = match (anchored.witnesses.is_empty(), asked) {
        (false, _) => view! { <Badge tone="good">{anchored.witnesses.join(", ")}</Badge> }.into_any(),
        (true, true) => view! { <Badge>"on its way"</Badge> }.into_any(),
        (true, false) => "nobody is asked".into_any(),
    };
    view! {
        <tr>
            <td data-label="Entries" data-align="end">{format_count(anchored.size)}</td>
            <td data-label="Anchored"><DateTime at=anchored.at/></td>
            <td data-label="Entry of the root log" data-align="end">{format_count(anchored.root_index)}</td>
            <td data-label="Fingerprint"><code>{root.unwrap_or_else(|| "–".to_owned())}</code></td>
            <td data-label="Witnessed by">{witnesses}</td>
        </tr>
    }
}
