//! The steps of a verification, as they are taken.

use std::time::Duration;

use ledger::verify::{Outcome, Report, STEPS, Step, Verification};
use leptos::prelude::*;

use super::tamper::{PARTS, tamper};
use crate::ui::{Button, Icon, Notice};

/// Long enough to be followed, short enough not to be waited for.
const PACE: Duration = Duration::from_millis(180);

/// Checks a bundle step by step on this machine. The bundle is in the page already: no request is sent.
#[component]
pub fn VerifyPanel(
    #[prop(into)] bundle: String,
    /// Begins by itself.
    #[prop(optional)]
    at_once: bool,
) -> impl IntoView {
    let (report, set_report) = signal(None::<Report>);
    let (running, set_running) = signal(false);
    let (part, set_part) = signal(String::new());
    let (alive, set_alive) = signal(false);
    let bundle = StoredValue::new(bundle);
    let start = move || {
        let changed = bundle.with_value(|bundle| tamper(bundle, &part.get_untracked()));
        set_running.set(true);
        step(Verification::new(changed.as_bytes(), None), set_report, set_running);
    };
    Effect::new(move || {
        set_alive.set(true);
        if at_once {
            start();
        }
    });
    let choose = move |event| {
        set_part.set(event_target_value(&event));
        start();
    };
    let parts = PARTS.map(|(value, text)| view! { <option value=value>{text}</option> });
    view! {
        <section class="card" aria-label="Verification">
            <header class="card-head"><h2>"Verify"</h2>
                <span hidden=move || !alive.get()><Button kind="button" tone="primary" disabled=running on:click=move |_| start()><Icon name="shield-check"/>"Verify in this browser"</Button></span>
            </header>
            {move || verdict(report.get(), running.get(), !part.get().is_empty())}
            <div class="checks" aria-live="polite">{move || checks(report.get())}</div>
            <div class="card-body" hidden=move || !alive.get()>
                <div class="field">
                    <label class="field-label" for="tamper">"Tamper with"</label>
                    <select class="select" id="tamper" on:change=choose>{parts.collect_view()}</select>
                    <p class="field-hint">"Change one thing in memory, and see which step notices. The receipt itself is untouched."</p>
                </div>
            </div>
            <noscript><div class="card-body"><Notice>"Without JavaScript, download the bundle and run "<code>"certnode verify FILE"</code>"."</Notice></div></noscript>
        </section>
    }
}

/// Takes one step, shows it, and comes back for the next.
fn step(mut verification: Verification, show: WriteSignal<Option<Report>>, running: WriteSignal<bool>) {
    let more = verification.next_step().is_some();
    // The page may be gone by now.
    if show.try_set(Some(verification.report().clone())).is_some() {
        return;
    }
    if more && verification.report().steps.len() < STEPS.len() {
        set_timeout(move || step(verification, show, running), PACE);
    } else {
        let _ = running.try_set(false);
    }
}

fn verdict(report: Option<Report>, running: bool, tampered: bool) -> Option<AnyView> {
    let report = report.filter(|_| !running)?;
    let (state, icon, text) = match (report.is_verified(), report.failed()) {
        (true, _) => ("verified", "circle-check", "Verified, on this machine".to_owned()),
        (false, Some(step)) if tampered => {
            ("failed", "circle-x", format!("The change was noticed: “{}” does not hold", step.title))
        }
        (false, Some(step)) => ("failed", "circle-x", format!("Not verified: “{}” does not hold", step.title)),
        (false, None) => ("failed", "circle-x", "Not verified".to_owned()),
    };
    let whose = report.receipt.filter(|_| state == "verified").map(|receipt| receipt.id);
    Some(view! { <div class="verdict" data-verdict=state role="status"><Icon name=icon/><span>{text}</span><code>{whose}</code></div> }.into_any())
}

fn checks(report: Option<Report>) -> AnyView {
    let taken = report.map(|report| report.steps).unwrap_or_default();
    let waiting = STEPS
        .into_iter()
        .skip(taken.len())
        .map(|(id, title)| check(id, title, "waiting", "circle-dashed", String::new()));
    let done = taken.into_iter().map(|Step { id, title, outcome, detail }| {
        let (name, icon) = match outcome {
            Outcome::Passed => ("passed", "circle-check"),
            Outcome::Failed => ("failed", "circle-x"),
            Outcome::NotPresent => ("absent", "circle-dashed"),
        };
        check(id, title, name, icon, detail)
    });
    done.chain(waiting).collect_view().into_any()
}

fn check(id: &'static str, title: &'static str, outcome: &'static str, icon: &'static str, detail: String) -> AnyView {
    let said = match outcome {
        "passed" => "Holds: ",
        "failed" => "Does not hold: ",
        "absent" => "Not in this file: ",
        _ => "Not checked yet: ",
    };
    view! {
        <div class="check" data-step=id data-outcome=outcome>
            <Icon name=icon/>
            <div>
                <h3><span class="sr-only">{said}</span>{title}</h3>
                <p>{detail}</p>
            </div>
        </div>
    }
    .into_any()
}
