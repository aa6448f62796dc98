//! The steps of a verification, as they are taken.

use std::time::Duration;

use ledger::verify::{Report, STEPS, Verification};
use leptos::prelude::*;
use time::OffsetDateTime;

use super::checks::{Checks, Verdict};
use super::tamper::{PARTS, tamper};
use crate::ui::{Button, Icon, Notice};

/// Long enough to be followed, short enough not to be waited for.
const PACE: Duration = Duration::from_millis(180);

/// A verification that is taken step by step, and shown.
#[derive(Clone, Copy)]
struct Run {
    report: RwSignal<Option<Report>>,
    running: RwSignal<bool>,
    /// When the last step was taken, by this machine's clock.
    at: RwSignal<Option<OffsetDateTime>>,
    /// What was changed on purpose: a name of [`PARTS`].
    part: RwSignal<&'static str>,
    /// Which start this is: an earlier one stops when it finds a later one.
    turn: StoredValue<u32>,
}

impl Run {
    fn new() -> Self {
        Self {
            report: RwSignal::new(None),
            running: RwSignal::new(false),
            at: RwSignal::new(None),
            part: RwSignal::new(""),
            turn: StoredValue::new(0),
        }
    }

    fn start(self, bundle: &str, policy: Option<&str>) {
        let changed = tamper(bundle, self.part.get_untracked());
        self.turn.update_value(|turn| *turn += 1);
        self.running.set(true);
        self.report.set(None);
        self.step(Verification::new(changed.as_bytes(), policy), self.turn.get_value());
    }

    /// Takes one step, shows it, and comes back for the next. The page may be gone by then, or begun again.
    fn step(self, mut verification: Verification, turn: u32) {
        if self.turn.try_get_value() != Some(turn) {
            return;
        }
        let more = verification.next_step().is_some();
        self.report.set(Some(verification.report().clone()));
        if more && verification.report().steps.len() < STEPS.len() {
            set_timeout(move || self.step(verification, turn), PACE);
        } else {
            let seconds = js_sys::Date::now() / 1_000.0;
            self.at.set(OffsetDateTime::from_unix_timestamp(seconds as i64).ok());
            self.running.set(false);
        }
    }
}

/// Checks a bundle step by step on this machine. The bundle is in the page already: no request is sent.
#[component]
pub fn VerifyPanel(
    #[prop(into)] bundle: Signal<String>,
    /// The verifier's own policy; empty means that the keys are those the file names.
    #[prop(optional, into)]
    policy: String,
    /// Begins by itself.
    #[prop(optional)]
    at_once: bool,
) -> impl IntoView {
    let run = Run::new();
    let alive = RwSignal::new(false);
    let policy = StoredValue::new(policy);
    let start = move || {
        let given = |policy: &String| Some(policy.trim()).filter(|policy| !policy.is_empty()).map(str::to_owned);
        bundle.with_untracked(|bundle| run.start(bundle, policy.with_value(given).as_deref()));
    };
    Effect::new(move || {
        alive.set(true);
        if at_once {
            start();
        }
    });
    let choose = move |event| {
        let chosen = event_target_value(&event);
        run.part.set(PARTS.iter().map(|(part, _)| *part).find(|part| *part == chosen).unwrap_or_default());
        start();
    };
    view! {
        <section class="card" aria-label="Verification">
            <header class="card-head"><h2>"Verify"</h2>
                <span hidden=move || !alive.get()><Button kind="button" tone="primary" disabled=run.running on:click=move |_| start()><Icon name="shield-check"/>"Verify in this browser"</Button></span>
            </header>
            <Verdict report=run.report running=run.running part=run.part at=run.at/>
            <Checks report=run.report/>
            <div class="card-body" hidden=move || !alive.get()><Tamper choose=Callback::new(choose)/></div>
            <noscript><div class="card-body"><Notice>"Without JavaScript, download the bundle and run "<code>"certnode verify FILE"</code>"."</Notice></div></noscript>
        </section>
    }
}

/// The switch that spoils something on purpose.
#[component]
fn Tamper(choose: Callback<web_sys::Event>) -> impl IntoView {
    let parts = PARTS.map(|(value, text)| view! { <option value=value>{text}</option> });
    view! {
        <div class="field">
            <label class="field-label" for="tamper">"Tamper with"</label>
            <select class="select" id="tamper" aria-describedby="tamper-hint" on:change=move |event| choose.run(event)>{parts.collect_view()}</select>
            <p class="field-hint" id="tamper-hint">"Change one thing in memory, and see which step notices. The receipt itself is untouched."</p>
        </div>
    }
}
