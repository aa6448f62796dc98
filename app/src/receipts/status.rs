//! How far a receipt has come, as a word and as a way.

use domain::logs::Keys;
use domain::receipts::{State, Status};
use ledger::note::short_name;
use leptos::prelude::*;

use crate::ui::{Badge, Card, DateTime, Step, Stepper};

/// A receipt's state in a word.
#[component]
pub fn StateBadge(state: State) -> impl IntoView {
    view! { <Badge tone="good">{word(state)}</Badge> }
}

const fn word(state: State) -> &'static str {
    match state {
        State::Issued => "Issued",
        State::Included => "Included",
        State::Anchored => "Anchored",
        State::Witnessed => "Witnessed",
    }
}

/// The way from issued to witnessed: it grows by itself while the page is open.
#[component]
pub(super) fn StatusCard(state: Signal<State>, status: Signal<Status>, keys: Keys) -> impl IntoView {
    let keys = StoredValue::new(keys);
    let step = move |(step, number): (State, u8)| {
        let standing = move || match state.get() {
            now if now >= step => "done",
            // The one after the state reached is the next; nobody waits for witnesses that are not asked.
            now if now as u8 + 1 == step as u8
                && (step != State::Witnessed || status.with(|status| status.asked > 0)) =>
            {
                "current"
            }
            _ => "later",
        };
        let said = move || status.with(|status| keys.with_value(|keys| said(step, status, state.get(), keys)));
        view! { <Step number=number title=word(step) state=Signal::derive(standing)>{said}</Step> }
    };
    let steps = State::ALL.into_iter().zip(1_u8..).map(step);
    view! {
        <Card title="How far it has come">
            <div aria-live="polite"><Stepper label="States of the receipt">{steps.collect_view()}</Stepper></div>
        </Card>
    }
}

/// What a step means, and what it rests on.
fn said(step: State, status: &Status, now: State, keys: &Keys) -> AnyView {
    // The name before it is the log's, which the page says anyway.
    let id = |key: &str| short_name(key).rsplit('+').next().unwrap_or_default().to_owned();
    let by = |key: &str| view! { <code>{id(key)}</code> };
    match (step, status.anchored) {
        (State::Issued, _) => view! { <p>"Signed with your organisation's key "{by(&keys.issuing)}"."</p> }.into_any(),
        (State::Included, _) => view! { <p>"Your log holds it for good, and signed that with its key "{by(&keys.log)}"."</p> }.into_any(),
        (State::Anchored, Some(anchored)) => view! {
            <p>"Entry "{anchored.root_index}" of the public root log holds your log's state, since "<DateTime at=anchored.at/>"."</p>
        }
        .into_any(),
        (State::Anchored, None) => view! { <p>"The public root log takes your log's state about once a second."</p> }.into_any(),
        (State::Witnessed, _) => view! { <p>{witnesses(status, now)}</p> }.into_any(),
    }
}

/// Who saw it, of how many.
fn witnesses(status: &Status, now: State) -> String {
    let names = status.witnesses.join(", ");
    match (status.asked, status.witnesses.len()) {
        (0, _) => "This server asks no witnesses: nobody else signs what they saw of the root log.".to_owned(),
        (asked, 0) => format!("None of {asked} witnesses has signed yet that it saw the root log so."),
        (asked, count) if now == State::Witnessed => {
            format!("By {count} of {asked}: {names} signed that they saw the root log so.")
        }
        (asked, count) => format!("By {count} of {asked} so far: {names}. More are needed."),
    }
}

#[cfg(test)]
mod tests;
