//! Verifying, on the reader's own machine.

use std::rc::Rc;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::shell::PublicLayout;
use crate::ui::{Field, Notice, PageHeader};

mod checks;
mod drop_zone;
mod panel;
mod period;
mod reading;
mod report;
mod tamper;
mod words;
mod worker;

pub(crate) use checks::found_step;
use drop_zone::{Brought, DropZone};
pub use panel::VerifyPanel;
use period::{PeriodPanel, Worker};
pub use reading::check_period;
use worker::Checker;

/// A receipt to try it with. It is in the page, so that it too works offline.
const SAMPLE: &str = include_str!("sample.certnode");

/// `/verify`: drop a bundle; no account, and once loaded no network.
#[component]
pub fn VerifyPage() -> impl IntoView {
    let bundle = RwSignal::new(None::<String>);
    let refused = RwSignal::new(None::<&'static str>);
    let policy = RwSignal::new(String::new());
    let alive = RwSignal::new(false);
    // From the beginning, so that it has what it needs when the network goes.
    let worker: Worker = StoredValue::new_local(None);
    Effect::new(move || {
        alive.set(true);
        worker.set_value(Checker::start().map(Rc::new));
    });
    let period = RwSignal::new_local(None::<web_sys::File>);
    let take = UnsyncCallback::new(move |brought: Result<Brought, &'static str>| {
        refused.set(brought.as_ref().err().copied());
        let (text, archive) = match brought {
            Ok(Brought::Bundle(text)) => (Some(text), None),
            Ok(Brought::Period(file)) => (None, Some(file)),
            Err(_) => (None, None),
        };
        bundle.set(text);
        period.set(archive);
    });
    view! {
        <Title text="Verify a receipt"/>
        <PublicLayout>
            <PageHeader title="Verify a receipt" about="Drop a .certnode file, or the .tar of a period. It is checked here, in your browser: nothing is sent, and it works offline once this page is open."/>
            <div class="stack" hidden=move || !alive.get()>
                <DropZone take=take/>
                <p>"No file at hand? " <button class="link" type="button" on:click=move |_| take.run(Ok(Brought::Bundle(SAMPLE.to_owned())))>"Try a sample receipt"</button>". In a terminal, "<code>"certnode verify FILE"</code>" does the same."</p>
                <OwnPolicy policy=policy/>
            </div>
            {move || refused.get().map(|text| view! { <Notice tone="bad">{text}</Notice> })}
            {move || bundle.get().map(|bundle| view! { <VerifyPanel bundle=bundle policy=policy.get() at_once=true/> })}
            {move || period.get().map(|file| view! { <PeriodPanel file=file policy=policy.get_untracked() worker=worker/> })}
            <noscript><Notice>"Verifying here needs JavaScript. In a terminal, "<code>"certnode verify FILE"</code>" does the same."</Notice></noscript>
        </PublicLayout>
    }
}

/// The keys the reader trusts, from somewhere else than the file.
#[component]
fn OwnPolicy(policy: RwSignal<String>) -> impl IntoView {
    view! {
        <details>
            <summary class="link">"Check against keys you already trust"</summary>
            <Field id="policy" label="Policy" hint="A C2SP tlog-policy as the log's owner publishes it: a line “log” with its key, and “quorum none” if no witness is asked for. Empty: the keys that the file names.">
                <textarea class="textarea" id="policy" spellcheck="false" aria-describedby="policy-hint" on:change=move |event| policy.set(event_target_value(&event))></textarea>
            </Field>
        </details>
    }
}
