//! A period's archive, checked as it is read: never more of it in memory than a slice.

use ledger::period::{Failure, Found, PeriodVerification};
use ledger::verify::Outcome;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;

use super::checks::found_step;
use crate::ui::{Icon, Notice, Progress, format_count};

/// What is read at once: some forty receipts, a few milliseconds. Between two slices the page does what else it has to do.
const SLICE: f64 = 32_768.0;
/// Failures that are shown; the number of the others is said.
const SHOWN: usize = 100;

/// Checks an archive on this machine, from the moment it is there.
#[component]
pub(super) fn PeriodPanel(
    file: web_sys::File,
    /// The verifier's own policy; empty means that the keys are those the archive names.
    policy: String,
) -> impl IntoView {
    let progress = RwSignal::new((0_u64, 0_u64));
    let name = file.name();
    let work = Action::new_unsync(move |(file, policy): &(web_sys::File, String)| {
        check(file.clone(), policy.clone(), progress)
    });
    Effect::new(move || {
        work.dispatch_local((file.clone(), policy.clone()));
    });
    let shown = move || {
        match work.value().get() {
        None => {
            let (checked, total) = progress.get();
            let label = format!("{} of {} entries checked", format_count(checked), format_count(total));
            view! { <div class="card-body"><Progress label=label value=checked max=total/></div> }.into_any()
        }
        Some(None) => view! { <div class="card-body"><Notice tone="bad">"The file could not be read to its end. Choose it again."</Notice></div> }.into_any(),
        Some(Some(found)) => result(found),
    }
    };
    view! {
        <section class="card" aria-label="Verification of a period">
            <header class="card-head"><h2>{name}</h2></header>
            <div role="status">{shown}</div>
        </section>
    }
}

/// Reads and checks the file, slice by slice; none when it cannot be read, or nobody waits for it any more.
async fn check(file: web_sys::File, policy: String, progress: RwSignal<(u64, u64)>) -> Option<Found> {
    let policy = policy.trim();
    let mut verification = PeriodVerification::new((!policy.is_empty()).then_some(policy));
    let (size, mut at) = (file.size(), 0.0);
    while at < size {
        let slice = file.slice_with_f64_and_f64(at, (at + SLICE).min(size)).ok()?;
        let buffer = JsFuture::from(slice.array_buffer()).await.ok()?.dyn_into::<js_sys::ArrayBuffer>().ok()?;
        verification.push(&js_sys::Uint8Array::new(&buffer).to_vec());
        // The page may be gone by now.
        if progress.try_set(verification.progress()).is_some() {
            return None;
        }
        at += SLICE;
    }
    Some(verification.finish())
}

fn result(found: Found) -> AnyView {
    let ((from, until), receipts) = (found.period.clone(), format_count(found.receipts));
    let (state, icon, said) = if found.is_verified() {
        ("verified", "circle-check", format!("Verified, on this machine: {receipts} receipts of {from} to {until}"))
    } else {
        let failed = found.steps.iter().find(|step| step.outcome == Outcome::Failed);
        let title = failed.map_or("Every entry is as it was signed", |step| step.title);
        ("failed", "circle-x", format!("Not verified: “{title}” does not hold"))
    };
    let keys = found.is_verified().then(|| match found.trusted_policy {
        true => view! { <p class="verdict-keys">"The log's key is one of your own policy."</p> },
        false => view! { <p class="verdict-keys">"The keys are those the file names. Nothing in it was changed; to be sure who made it, compare the log's key with the one its owner publishes."</p> },
    });
    let untold = found.failed.saturating_sub(SHOWN as u64);
    let untold = (untold > 0).then(|| view! { <li>"And "{format_count(untold)}" more."</li> });
    let failures = (found.failed > 0).then(|| {
        let rows = found.failures.into_iter().take(SHOWN).map(failure).collect_view();
        view! { <ul class="checks" aria-label="Receipts that do not hold">{rows}{untold}</ul> }
    });
    let steps =
        found.steps.into_iter().map(|step| found_step(step.id, step.title.to_owned(), step.outcome, step.detail));
    view! {
        <div class="verdict" data-verdict=state><Icon name=icon/><span>{said}</span></div>
        {keys}
        {failures}
        <ol class="checks" aria-label="Steps of the verification">{steps.collect_view()}</ol>
    }
    .into_any()
}

fn failure(failure: Failure) -> AnyView {
    let whose = failure.id.unwrap_or_else(|| "unreadable".to_owned());
    view! {
        <li class="check" data-outcome="failed">
            <Icon name="circle-x"/>
            <p>"Entry "{format_count(failure.index)}", "<code>{whose}</code>": "{failure.detail}</p>
        </li>
    }
    .into_any()
}
