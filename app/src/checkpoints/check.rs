//! Whether the whole log is still as it was signed: what the server finds as it goes round, and a check on demand.

use std::time::Duration;

use domain::integrity::{Check, Checks, Counts, Finding, NamedFinding, Outcome, Stage, State};
use leptos::prelude::*;

use super::api::{GetLogCheck, Kept, StartLogCheck};
use crate::error::sentence;
use crate::ui::{
    Badge, Button, Card, Column, DateTime, EmptyState, Icon, LinkButton, Notice, Progress, Table, format_count,
};

/// Between two looks at a check that is under way.
const LOOK: Duration = Duration::from_secs(1);

/// The card: from the page's data, then from what is fetched while a check is under way.
#[component]
pub(super) fn WholeLog(kept: Kept) -> impl IntoView {
    let start = ServerAction::<StartLogCheck>::new();
    let latest = follow(kept.clone(), start);
    let under_way = move || latest.with(|kept| kept.checks.latest.as_ref().is_some_and(|check| check.is_under_way()));
    let text = move || if under_way() { "Checking…" } else { "Check now" };
    let actions = kept.may_check.then(|| {
        view! { <ActionForm action=start><Button size="small" disabled=start.pending()>{text}</Button></ActionForm> }
            .into_any()
    });
    let refused = move || {
        start
            .value()
            .get()
            .and_then(Result::err)
            .map(|error| view! { <Notice tone="bad">{sentence(&error.code)}</Notice> })
    };
    view! {
        <Card title="Checked from end to end" actions=actions.into_any()>
            <div class="stack">
                {refused}
                {move || latest.with(|kept| view! { <Background state=kept.state.clone()/> })}
                <h3>"On demand"</h3>
                {move || latest.with(|kept| view! { <OnDemand checks=kept.checks.clone() may_check=kept.may_check/> })}
            </div>
        </Card>
    }
}

/// What is known now: fetched when a check was asked for, here or elsewhere, and every second while one is under way.
fn follow(first: Kept, start: ServerAction<StartLogCheck>) -> Memo<Kept> {
    let refresh = ServerAction::<GetLogCheck>::new();
    let latest = Memo::new(move |before: Option<&Kept>| match refresh.value().get() {
        Some(Ok(latest)) => latest,
        _ => before.unwrap_or(&first).clone(),
    });
    let happened = crate::live::use_live(&["log_check", "integrity"]);
    Effect::new(move |before: Option<(u32, usize)>| {
        let now = (happened.get(), start.version().get());
        if before.is_some_and(|before| before != now) {
            refresh.dispatch(GetLogCheck {});
        }
        now
    });
    Effect::new(move || {
        refresh.version().track();
        if latest.with(|kept| kept.checks.latest.as_ref().is_some_and(Check::is_under_way)) {
            let look = set_timeout_with_handle(move || drop(refresh.dispatch(GetLogCheck {})), LOOK);
            on_cleanup(move || {
                let _ = look.map(|look| look.clear());
            });
        }
    });
    latest
}

/// What the server finds as it goes round for ever, and whether it still signs and copies.
#[component]
fn Background(state: State) -> impl IntoView {
    let (tone, verdict) = match (state.findings.len(), state.checked_at) {
        (0, None) => ("", "First round".to_owned()),
        (0, Some(_)) => ("good", "Nothing wrong".to_owned()),
        (1, _) => ("bad", "1 thing is wrong".to_owned()),
        (found, _) => ("bad", format!("{found} things are wrong")),
    };
    let all = format_count(state.size);
    let round = (state.checked_size > 0)
        .then(|| format!("This round is at entry {} of {all}. ", format_count(state.checked_size)));
    let last = match state.checked_at {
        Some(at) => view! { "The last whole round ended on " <DateTime at=at/> "." }.into_any(),
        None => "No round has come to its end yet.".into_any(),
    };
    let (copied, rest) = match state.saved_size >= state.size {
        true => (format!("All {all} entries"), "."),
        false => {
            (format!("{} of {all} entries", format_count(state.saved_size)), "; the others follow within seconds.")
        }
    };
    let saved = state.saved_at.map(|at| view! { ", written on " <DateTime at=at/> });
    let signing =
        state.signing_stopped.map(|why| view! { <Notice tone="bad">"Nothing is signed any more: "{why}</Notice> });
    let publishing = state
        .publishing_stopped
        .map(|why| view! { <Notice tone="warn">"The second copy stands still: "{why}"."</Notice> });
    let findings = (!state.findings.is_empty()).then(|| view! { <Standing findings=state.findings/> });
    view! {
        {signing}
        {publishing}
        <dl class="facts">
            <dt>"In the background"</dt>
            <dd data-figure="round">
                <p><Badge tone=tone>{verdict}</Badge></p>
                <p>"The server reads every entry again and again, and holds it against what was signed. "{round}{last}</p>
            </dd>
            <dt>"Second copy"</dt>
            <dd>{copied}" are in files outside the database"{saved}{rest}</dd>
        </dl>
        {findings}
    }
}

/// What was found in the background and not yet found right again.
#[component]
fn Standing(findings: Vec<Finding>) -> impl IntoView {
    let columns = ["What", "What is wrong", "First seen", "Last seen"].map(Column::new).to_vec();
    let row = |finding: Finding| {
        view! {
            <tr>
                <td data-label="What"><code>{finding.subject}</code></td>
                <td data-label="What is wrong">{finding.problem}</td>
                <td data-label="First seen"><DateTime at=finding.found_at/></td>
                <td data-label="Last seen"><DateTime at=finding.seen_at/></td>
            </tr>
        }
    };
    view! {
        <Table caption="Found in the background" columns=columns>{findings.into_iter().map(row).collect_view()}</Table>
        <Mending/>
    }
}

/// The check that was asked for: how far it is, and what the last whole one came to.
#[component]
fn OnDemand(checks: Checks, may_check: bool) -> impl IntoView {
    let Checks { latest, outcome } = checks;
    let hint = (!may_check).then(|| {
        view! { <p class="field-hint">"Your role does not start checks. Owners, admins, developers, finance and technical members do."</p> }
    });
    let under_way = latest.as_ref().is_some_and(Check::is_under_way);
    let first = (outcome.is_none() && !under_way).then(|| {
        view! { <EmptyState icon="list-checks" title="Not checked on demand yet" text="“Check now” reads the whole log at once, every signature included, and says what it looked at and what it found. Nothing is changed by it."/> }
    });
    view! {
        {hint}
        {latest.map(|check| view! { <UnderWay check=check/> })}
        {first}
        {outcome.map(|outcome| view! { <Answer outcome=outcome/> })}
    }
}

#[component]
fn UnderWay(check: Check) -> impl IntoView {
    match check.stage {
        Stage::Over => ().into_any(),
        Stage::BrokenOff => {
            view! { <Notice tone="warn">"The check that began on " <DateTime at=check.asked_at/> " did not come to its end: the server was stopped, or could not read everything. Check again."</Notice> }
                .into_any()
        }
        Stage::Waiting | Stage::Reading => {
            let label = match check.total {
                0 => "Waiting for its turn".to_owned(),
                total => format!("{} of {} entries checked", format_count(check.done), format_count(total)),
            };
            view! {
                <div class="stack" data-check="under-way">
                    <Progress label=label value=check.done max=check.total/>
                    <noscript><a class="link" href="/ledger">"Look again"</a></noscript>
                </div>
            }
            .into_any()
        }
    }
}

/// What a check came to, in words.
#[component]
fn Answer(outcome: Outcome) -> impl IntoView {
    let Outcome { began_at, ended_at, found, report } = outcome;
    let (state, icon) = if found == 0 { ("verified", "circle-check") } else { ("failed", "circle-x") };
    let verdict = match found {
        0 => "Everything is as it was signed".to_owned(),
        1 => "1 thing is not as it was signed".to_owned(),
        found => format!("{} things are not as they were signed", format_count(found)),
    };
    let took = lasted((ended_at - began_at).whole_milliseconds().unsigned_abs() as u64);
    let more = found.saturating_sub(report.findings.len() as u64);
    let findings = (found > 0).then(|| view! { <Findings findings=report.findings more=more/> });
    view! {
        <div class="outcome" data-check="over">
            <div role="status"><div class="verdict" data-verdict=state><Icon name=icon/><span>{verdict}</span></div></div>
            <p class="verdict-keys">"Checked on " <DateTime at=ended_at/> ", in "{took}", with the "{format_count(report.size)}" entries that the log had then."</p>
            {findings}
            <Looked counts=report.checked/>
            <div class="card-body"><LinkButton href="/ledger/check.json" size="small" external=true><Icon name="download"/>"Report (JSON)"</LinkButton></div>
        </div>
    }
}

#[component]
fn Findings(findings: Vec<NamedFinding>, more: u64) -> impl IntoView {
    let columns = ["What", "What is wrong"].map(Column::new).to_vec();
    let row = |finding: NamedFinding| {
        view! {
            <tr>
                <td data-label="What"><code>{finding.subject}</code></td>
                <td data-label="What is wrong">{finding.problem}</td>
            </tr>
        }
    };
    let more = (more > 0).then(
        || view! { <p class="field-hint">"And "{format_count(more)}" more, of which the report names the first."</p> },
    );
    view! {
        <Table caption="What was found" columns=columns>{findings.into_iter().map(row).collect_view()}</Table>
        <div class="card-body">{more}<Mending/></div>
    }
}

/// What to do about it.
#[component]
fn Mending() -> impl IntoView {
    view! { <p class="field-hint">"Nothing was mended by itself. Give this list to whoever runs your server: the log is kept twice, and what is damaged in one place can be made again from the other; contents are kept once, and come back from a backup. Receipts that you downloaded prove themselves, whatever happens here."</p> }
}

/// What was looked at, how much of it, and what it was held against.
#[component]
fn Looked(counts: Counts) -> impl IntoView {
    let rows = [
        ("Entries in the database", counts.rows, "Kind, time, reference, amount and contents are what was signed"),
        ("Places in the log", counts.leaves, "Together they give the fingerprint that was signed"),
        ("Signatures of entries", counts.signatures, "Made with your log's keys"),
        ("Blocks of fingerprints (tiles)", counts.tiles, "What proofs are made of: as the entries give them"),
        ("Files of the second copy", counts.files, "The same as the database, byte for byte"),
        (
            "Signed states (checkpoints)",
            counts.checkpoints,
            "Each signature holds, and its fingerprint is that of its entries",
        ),
        ("States in the root log (anchors)", counts.anchors, "The public root log says the same"),
        ("Keys", counts.keys, "Each as its signed record says"),
    ];
    let columns = vec![Column::new("What was checked"), Column::end("How many"), Column::new("What must be true")];
    let row = |(what, count, held): (&'static str, u64, &'static str)| {
        view! {
            <tr data-card-grid="">
                <td data-card="title" data-label="What was checked">{what}</td>
                <td data-card="value" data-label="How many" data-align="end">{format_count(count)}</td>
                <td data-card="note" data-label="What must be true">{held}</td>
            </tr>
        }
    };
    view! { <Table caption="What was checked" columns=columns>{rows.map(row).collect_view()}</Table> }
}

/// `0.4 s`, `12 s`, `3 min 20 s`.
fn lasted(millis: u64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        0..10 => format!("{seconds}.{} s", millis % 1_000 / 100),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests;
