//! What a verification found: the verdict, and each step with its reason.

use ledger::verify::{Outcome, Report, STEPS, Step};
use leptos::prelude::*;
use time::OffsetDateTime;

use crate::ui::{DateTime, Icon};

/// The outcome in a sentence. The element is there from the start, so that a screen reader hears what comes into it.
#[component]
pub(super) fn Verdict(
    report: RwSignal<Option<Report>>,
    running: RwSignal<bool>,
    part: RwSignal<&'static str>,
    /// When the last step was taken.
    at: RwSignal<Option<OffsetDateTime>>,
) -> impl IntoView {
    let ended = move || report.get().filter(|_| !running.get());
    let said = move || ended().map(|report| verdict(report, !part.get().is_empty(), at.get()));
    let progress = move || {
        let report = report.get().filter(|_| running.get())?;
        report.steps.last().map(|step| {
            format!("Step {} of {}: {}{}", report.steps.len(), STEPS.len(), outcome(step.outcome).2, step.title)
        })
    };
    view! {
        <div role="status">
            <span class="sr-only">{progress}</span>
            {said}
        </div>
    }
}

fn verdict(report: Report, tampered: bool, at: Option<OffsetDateTime>) -> AnyView {
    let (state, icon, text) = match (report.is_verified(), report.failed()) {
        (true, _) => ("verified", "circle-check", "Verified, on this machine".to_owned()),
        (false, Some(step)) if tampered => {
            ("failed", "circle-x", format!("The change was noticed: “{}” does not hold", step.title))
        }
        (false, Some(step)) => ("failed", "circle-x", format!("Not verified: “{}” does not hold", step.title)),
        (false, None) => ("failed", "circle-x", "Not verified".to_owned()),
    };
    let verified = state == "verified";
    let whose = report.receipt.as_ref().filter(|_| verified).map(|receipt| receipt.id.clone());
    let signed = report.keys().into_iter().map(|(what, key)| (signed(what), key.to_owned())).collect::<Vec<_>>();
    let signed =
        signed.into_iter().map(|(what, key)| view! { <dt>{what}</dt><dd><code>{key}</code></dd> }).collect_view();
    let keys = verified.then(|| view! { <KeysFrom report=report/> });
    view! {
        <div class="verdict" data-verdict=state><Icon name=icon/><span>{text}</span><code>{whose}</code></div>
        {keys}
        <dl class="facts verdict-keys"><dt>"Checked"</dt><dd>{at.map(|at| view! { <DateTime at=at/> })}", here"</dd>{signed}</dl>
    }
    .into_any()
}

/// Which signature of a key holds.
fn signed(what: &str) -> &'static str {
    match what {
        "receipt" => "Receipt signed by",
        "log" => "Log signed by",
        "root log" => "Root log signed by",
        _ => "Seen by",
    }
}

/// Whose word the keys are: a file that brings its own proves that it is whole, not who made it.
#[component]
fn KeysFrom(report: Report) -> impl IntoView {
    let said = if report.trusted_policy {
        "The log's key is one of your own policy."
    } else {
        "The keys are those the file names. Nothing in it was changed; to be sure who made it, compare the log's key with the one its owner publishes."
    };
    let key = report.log_key.map(|key| view! { <code>{key}</code> });
    view! { <p class="verdict-keys">{said} " " {key}</p> }
}

/// The steps: taken, and still to take.
#[component]
pub(super) fn Checks(report: RwSignal<Option<Report>>) -> impl IntoView {
    let checks = move || {
        let taken = report.get().map(|report| report.steps).unwrap_or_default();
        let waiting = STEPS.into_iter().skip(taken.len()).map(|(id, title)| waiting(id, title)).collect::<Vec<_>>();
        taken.into_iter().map(taken_step).chain(waiting).collect_view()
    };
    view! { <ol class="checks" aria-label="Steps of the verification">{checks}</ol> }
}

/// Its name, its icon and how it is said.
const fn outcome(outcome: Outcome) -> (&'static str, &'static str, &'static str) {
    match outcome {
        Outcome::Passed => ("passed", "circle-check", "Holds: "),
        Outcome::Failed => ("failed", "circle-x", "Does not hold: "),
        Outcome::NotPresent => ("absent", "circle-dashed", "Not in this file: "),
    }
}

fn taken_step(step: Step) -> AnyView {
    found_step(step.id, step.title.to_owned(), step.outcome, step.detail)
}

/// A step and how it ended.
pub(crate) fn found_step(id: &'static str, title: String, found: Outcome, detail: String) -> AnyView {
    let (name, icon, said) = outcome(found);
    view! {
        <li class="check" data-step=id data-outcome=name>
            <Icon name=icon/>
            <details open=found == Outcome::Failed>
                <summary><span class="sr-only">{said}</span>{title}</summary>
                <p>{detail}</p>
                <p>{meaning(id)}</p>
            </details>
        </li>
    }
    .into_any()
}

fn waiting(id: &'static str, title: &'static str) -> AnyView {
    view! {
        <li class="check" data-step=id data-outcome="waiting">
            <Icon name="circle-dashed"/>
            <details>
                <summary><span class="sr-only">"Not checked yet: "</span>{title}</summary>
                <p>{meaning(id)}</p>
            </details>
        </li>
    }
    .into_any()
}

/// What a step is for, for a reader who has never seen one.
fn meaning(step: &str) -> &'static str {
    match step {
        "format" => "The file must have every part that the later steps look at.",
        "payload" => {
            "The receipt holds a fingerprint of the contents, not the contents. One changed character gives another fingerprint."
        }
        "signature" => "Only the holder of the issuing key can make this signature, and it fits these words only.",
        "inclusion" => {
            "The receipt's fingerprint is joined with its neighbours', pair by pair, up to the top. The result must be the log's own."
        }
        "checkpoint" => {
            "The log signs how many entries it has and the fingerprint of them all, so that it cannot quietly take one out."
        }
        "anchor" => {
            "A log that everyone sees records the state of this one, so that two readers cannot be shown two histories."
        }
        "period" => {
            "The entries before the first and after the last were signed on other days, and entries stand in the order in which the log took them: so none of the days' is left out. The days are those of the issuer's own clock."
        }
        "witnesses" => "Others, who do not work for us, sign the state they saw.",
        _ => "",
    }
}
