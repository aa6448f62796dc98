//! Whose signatures these are: the log's keys and what happened to them, and the witnesses.

use domain::checkpoints::{Moment, Witness};
use domain::log_keys::{History, LogKey, Purpose, State};
use leptos::prelude::*;

use crate::ui::{Badge, Card, CodeBlock, Column, CopyButton, DateTime, EmptyState, Notice, Table, format_count};

/// The witnesses, and how many of them are enough.
#[component]
pub(super) fn Witnesses(witnesses: Vec<Witness>, quorum: Option<(usize, usize)>) -> impl IntoView {
    if witnesses.is_empty() {
        return view! {
            <Card title="Witnesses">
                <EmptyState icon="shield-check" title="No witnesses are asked" text="Nobody outside signs the root log's states here yet. Whoever runs this server names witnesses in its configuration (witness_policy)."/>
            </Card>
        }
        .into_any();
    }
    let enough = match quorum {
        Some((wanted, of)) => format!("{wanted} of {of} are enough for a state to count as witnessed."),
        None => "No number of them is asked for.".to_owned(),
    };
    let columns = vec![Column::new("Witness"), Column::end("State it signed last"), Column::new("When")];
    let row = |witness: Witness| {
        let (size, at) = match witness.seen {
            Some((size, Moment(at))) => {
                (format!("{} entries of the root log", format_count(size)), view! { <DateTime at=at/> }.into_any())
            }
            None => ("none yet".to_owned(), "–".into_any()),
        };
        view! {
            <tr>
                <td data-label="Witness">{witness.name} " " <CopyButton text=witness.vkey label="Key of the witness"/></td>
                <td data-label="State it signed last" data-align="end">{size}</td>
                <td data-label="When">{at}</td>
            </tr>
        }
    };
    view! {
        <Card title="Witnesses" flush=true>
            <div class="card-body"><p>"Each signs a state only if it continues the one it signed before. " {enough}</p></div>
            <Table caption="Witnesses" columns=columns>{witnesses.into_iter().map(row).collect_view()}</Table>
        </Card>
    }
    .into_any()
}

/// The log's keys in all their versions, and the signed record of what happened to them.
#[component]
pub(super) fn KeyHistory(keys: History) -> impl IntoView {
    let columns = vec![
        Column::new("Signs"),
        Column::end("Version"),
        Column::new("For"),
        Column::new("Since"),
        Column::new("State"),
        Column::new("Key"),
    ];
    let revoked = keys.keys.iter().any(|key| key.state() == State::Revoked).then(|| {
        view! { <div class="card-body"><Notice tone="warn">"A key of this log was revoked. What it signed from the size named below is not to be believed; every file made since says so."</Notice></div> }
    });
    view! {
        <Card title="Signing keys" flush=true>
            {revoked}
            <Table caption="Signing keys" columns=columns>{keys.keys.into_iter().map(key_row).collect_view()}</Table>
            <Events events=keys.events/>
        </Card>
    }
}

fn key_row(key: LogKey) -> impl IntoView {
    let (signs, unit) = match key.purpose {
        Purpose::Checkpoint => ("The log's state", "sizes"),
        Purpose::Issuing => ("Receipts", "entries"),
    };
    let range = match key.until_size {
        Some(until) if until <= key.from_size => "nothing: it was replaced before the log moved".to_owned(),
        Some(until) => format!("{unit} {} to {}", format_count(key.from_size), format_count(until - 1)),
        None => format!("{unit} from {} on", format_count(key.from_size)),
    };
    let (tone, state) = match (key.state(), key.revoked_from) {
        (State::Active, _) => ("good", "in use".to_owned()),
        (State::Retiring, _) => ("warn", "being replaced".to_owned()),
        (State::Revoked, Some(from)) => ("bad", format!("revoked from {} on", format_count(from))),
        _ => ("", "retired".to_owned()),
    };
    let id = key.vkey.split('+').nth(1).unwrap_or_default().to_owned();
    view! {
        <tr>
            <td data-label="Signs">{signs}</td>
            <td data-label="Version" data-align="end">{key.version}</td>
            <td data-label="For">{range}</td>
            <td data-label="Since"><DateTime at=key.added_at/></td>
            <td data-label="State"><Badge tone=tone>{state}</Badge></td>
            <td data-label="Key"><span><code>{id}</code> " " <CopyButton text=key.vkey label="Key"/></span></td>
        </tr>
    }
}

/// What happened to keys, as it was signed.
#[component]
fn Events(events: Vec<(String, Option<u64>)>) -> impl IntoView {
    if events.is_empty() {
        return view! { <div class="card-body"><p class="field-hint">"No key of this log was ever replaced or revoked."</p></div> }.into_any();
    }
    let event = |(note, index): (String, Option<u64>)| {
        let place = match index {
            Some(index) => format!("Entry {} of the root log", format_count(index)),
            None => "On its way into the root log".to_owned(),
        };
        view! { <CodeBlock code=note label=place.clone() wrap=true/> <p class="field-hint">{place}</p> }
    };
    view! {
        <div class="card-body">
            <details>
                <summary class="link">"What happened to keys, as it was signed"</summary>
                <div class="stack">{events.into_iter().map(event).collect_view()}</div>
            </details>
        </div>
    }
    .into_any()
}
