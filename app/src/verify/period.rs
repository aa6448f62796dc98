//! A period's archive, checked in a worker: what does not hold comes first.

use std::rc::Rc;

use ledger::period::{Failure, Found};
use leptos::prelude::*;

use super::checks::found_step;
use super::reading::read;
use super::report::SaveReport;
use super::words::{problem_of, summary, verdict};
use super::worker::Checker;
use crate::ui::{Button, Icon, Notice, Progress, format_count};

/// What the page itself reads at once, without a worker: some forty receipts, a few milliseconds. Between two slices it
/// does what else it has to do.
const SLICE: f64 = 32_768.0;
/// Failures that are shown; the number of the others is said, and the report names them.
const SHOWN: usize = 100;

/// The page's worker, from the moment the page listens.
pub(super) type Worker = StoredValue<Option<Rc<Checker>>, LocalStorage>;

/// Checks an archive on this machine, from the moment it is there.
#[component]
pub(super) fn PeriodPanel(
    file: web_sys::File,
    /// The verifier's own policy; empty means that the keys are those the archive names.
    policy: String,
    worker: Worker,
) -> impl IntoView {
    let progress = RwSignal::new((0_u64, 0_u64));
    let stopped = RwSignal::new(false);
    let name = file.name();
    let work = Action::new_unsync(move |(file, policy): &(web_sys::File, String)| {
        check(worker.try_get_value().flatten(), file.clone(), policy.clone(), progress)
    });
    let running = StoredValue::new_local(None);
    let start = UnsyncCallback::new(move |()| {
        progress.set((0, 0));
        stopped.set(false);
        work.value().set(None);
        running.set_value(Some(work.dispatch_local((file.clone(), policy.clone()))));
    });
    let press = move |_| {
        if stopped.get_untracked() {
            return start.run(());
        }
        running.update_value(|running| running.take().into_iter().for_each(ActionAbortHandle::abort));
        stopped.set(true);
    };
    Effect::new(move || start.run(()));
    let file_name = name.clone();
    let under_way = move || !stopped.get() && work.value().with(Option::is_none);
    let ended = move || {
        match (stopped.get(), work.value().get()) {
        (true, _) => Some(view! { <Stopped progress=progress/> }.into_any()),
        (false, None) => None,
        (false, Some(None)) => Some(view! { <div class="card-body"><Notice tone="bad">"The file could not be read to its end. Choose it again."</Notice></div> }.into_any()),
        (false, Some(Some(found))) => Some(view! { <Result found=found file=file_name.clone()/> }.into_any()),
    }
    };
    view! {
        <section class="card" aria-label="Verification of a period">
            <header class="card-head"><h2>{name}</h2></header>
            {move || under_way().then(|| view! { <div class="card-body"><Working progress=progress/></div> })}
            <div role="status">{ended}</div>
            // One button for both, so that whoever presses it keeps the focus.
            <div class="card-body" hidden=move || !under_way() && !stopped.get()>
                <Button kind="button" on:click=press>{move || if stopped.get() { "Check it again" } else { "Cancel" }}</Button>
            </div>
        </section>
    }
}

/// Checks the file in the worker, or here, slice by slice, where there is none; none when it cannot be read, or nobody
/// waits for it any more.
async fn check(
    worker: Option<Rc<Checker>>,
    file: web_sys::File,
    policy: String,
    progress: RwSignal<(u64, u64)>,
) -> Option<Found> {
    // The page may be gone by now.
    let goes_on = move |now| progress.try_set(now).is_none();
    if let Some(worker) = worker
        && let Ok(found) = worker.check(&file, &policy, goes_on).await
    {
        return found;
    }
    read(&file, &policy, SLICE, goes_on).await
}

#[component]
fn Working(progress: RwSignal<(u64, u64)>) -> impl IntoView {
    move || {
        let (checked, total) = progress.get();
        let label = format!("{} of {} entries checked", format_count(checked), format_count(total));
        view! { <Progress label=label value=checked max=total/> }
    }
}

#[component]
fn Stopped(progress: RwSignal<(u64, u64)>) -> impl IntoView {
    let (checked, total) = progress.get_untracked();
    view! {
        <div class="card-body">
            <Notice tone="warn">"Stopped after "{format_count(checked)}" of "{format_count(total)}" entries. Nothing is known of the file until all of it was checked."</Notice>
        </div>
    }
}

#[component]
fn Result(found: Found, file: String) -> impl IntoView {
    let (state, icon) = if found.is_verified() { ("verified", "circle-check") } else { ("failed", "circle-x") };
    let said = summary(&found).into_iter().map(|sentence| view! { <p>{sentence}</p> }).collect_view();
    let steps = found.steps.clone().into_iter();
    let steps = steps.map(|step| found_step(step.id, step.title.to_owned(), step.outcome, step.detail)).collect_view();
    view! {
        <div class="verdict" data-verdict=state><Icon name=icon/><span>{verdict(&found)}</span></div>
        <Failures found=found.clone()/>
        <div class="card-body stack">
            {said}
            <SaveReport found=found file=file/>
        </div>
        <ol class="checks" aria-label="Steps of the verification">{steps}</ol>
    }
}

/// The receipts that do not hold, each with what failed.
#[component]
fn Failures(found: Found) -> impl IntoView {
    let shown = found.failures.len().min(SHOWN);
    let more = (found.failures.len() - shown) as u64 + found.untold();
    let more = (more > 0).then(
        || view! { <li class="check"><Icon name="circle-x"/><p>"And "{format_count(more)}" more: save the report to see them."</p></li> },
    );
    let rows = found.failures.into_iter().take(shown).map(failure).collect_view();
    (shown > 0).then(|| view! { <ul class="checks" aria-label="Receipts that do not hold">{rows}{more}</ul> })
}

fn failure(failure: Failure) -> AnyView {
    let whose = failure.id.unwrap_or_else(|| "a receipt whose id cannot be read".to_owned());
    view! {
        <li class="check" data-outcome="failed" data-step=failure.step>
            <Icon name="circle-x"/>
            <div>
                <p><code>{whose}</code></p>
                <p><strong>{problem_of(failure.step)}</strong>": "{failure.detail}" Entry "{format_count(failure.index)}" of the log."</p>
            </div>
        </li>
    }
    .into_any()
}
