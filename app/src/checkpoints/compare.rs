//! Two states compared: the proof is fetched, and checked where the page is.

use domain::checkpoints::{Check, Consistency, Picture, check};
use leptos::prelude::*;
use leptos_router::components::Form;

use crate::error::AppError;
use crate::ui::{Button, Card, CodeBlock, Field, Icon, Notice, format_count};

/// The two sizes to choose, and what came of the last choice.
#[component]
pub(super) fn Compare(
    picture: Picture,
    comparison: Option<Result<Consistency, AppError>>,
    chosen: Option<(String, String)>,
) -> impl IntoView {
    let size = picture.head.size;
    let mut kept: Vec<u64> = picture.history.iter().map(|anchored| anchored.size).collect();
    if !kept.contains(&size) {
        kept.insert(0, size);
    }
    let refused = refusal(chosen.as_ref(), size);
    let found = comparison.map(|comparison| match comparison {
        Ok(proof) => view! { <Comparison proof=proof/> }.into_any(),
        Err(_) => view! { <Notice tone="bad">{refused}</Notice> }.into_any(),
    });
    let edge = |size: Option<&u64>| size.map(u64::to_string).unwrap_or_default();
    let (from, to) = chosen.unwrap_or_else(|| (edge(kept.last()), edge(kept.first())));
    let suggested = kept.into_iter().map(|size| view! { <option value=size.to_string()></option> });
    view! {
        <Card title="Prove that it only grew">
            <div class="stack">
                <p>"Choose two states of your log by their sizes. If the later one holds everything of the earlier, unchanged and in the same order, there is a short proof of it, and it is checked here."</p>
                <Form method="GET" action="/ledger" attr:aria-label="Compare two states">
                    <div class="form-row">
                        <Size name="from" label="Earlier state" value=from/>
                        <Size name="to" label="Later state" value=to/>
                        <Button tone="primary">"Compare"</Button>
                    </div>
                    <p class="field-hint" id="sizes-hint">"How many entries each has, from 1 to "{format_count(size)}"."</p>
                    <datalist id="kept-sizes">{suggested.collect_view()}</datalist>
                </Form>
                {found}
            </div>
        </Card>
    }
}

/// A number of entries; those at which the state was kept are suggested.
#[component]
fn Size(name: &'static str, label: &'static str, value: String) -> impl IntoView {
    view! {
        <Field id=name label=label>
            <input class="input" id=name name=name type="number" inputmode="numeric" min="1" step="1" required=true
                value=value list="kept-sizes" autocomplete="off" aria-describedby="sizes-hint"/>
        </Field>
    }
}

/// Why two sizes that were chosen are not compared.
fn refusal(chosen: Option<&(String, String)>, size: u64) -> String {
    let sizes = chosen.and_then(|(from, to)| Some((from.parse::<u64>().ok()?, to.parse::<u64>().ok()?)));
    match sizes {
        None => "Give both sizes as whole numbers of entries, such as 1 and 25.".to_owned(),
        Some((0, _) | (_, 0)) => "The smallest state has 1 entry.".to_owned(),
        Some((from, to)) if from > to => format!(
            "The earlier state cannot be the larger one: {} is more than {}. Give the smaller size first.",
            format_count(from),
            format_count(to)
        ),
        Some((_, to)) if to > size => {
            format!("Your log has {} entries now, and {} were asked for.", format_count(size), format_count(to))
        }
        Some(_) => "Nothing is signed at the moment, so only states that were anchored can be compared: those of the list above, and the newest."
            .to_owned(),
    }
}

/// The checks, and whose word they are: the browser's own once it runs this, the server's until then.
#[component]
fn Comparison(proof: Consistency) -> impl IntoView {
    let (here, set_here) = signal(false);
    Effect::new(move || set_here.set(true));
    let checks = check(&proof);
    let holds = checks.iter().all(|check| check.holds);
    let verdict = move || match (holds, here.get()) {
        (true, true) => "It only grew: checked on this machine",
        (true, false) => "It only grew, says the server",
        (false, _) => "This does not hold",
    };
    let whose = move || match here.get() {
        true => "Your browser computed every hash and both signatures itself; the keys are those listed below.",
        false => {
            "This was worked out by the server. Without JavaScript the page cannot check it for you: take the proof below to a tool you trust."
        }
    };
    let (state, icon) = if holds { ("verified", "circle-check") } else { ("failed", "circle-x") };
    view! {
        <div>
            <div role="status"><div class="verdict" data-verdict=state><Icon name=icon/><span>{verdict}</span></div></div>
            <p class="verdict-keys">{whose}</p>
            <ol class="checks" aria-label="What was checked">{checks.into_iter().map(row).collect_view()}</ol>
            <details>
                <summary class="link">"The proof, to take away"</summary>
                <CodeBlock code=text(&proof) label="Consistency proof" wrap=true/>
            </details>
        </div>
    }
}

fn row(check: Check) -> impl IntoView {
    let (outcome, icon, said) =
        if check.holds { ("passed", "circle-check", "Holds: ") } else { ("failed", "circle-x", "Does not hold: ") };
    view! {
        <li class="check" data-outcome=outcome>
            <Icon name=icon/>
            <div><strong><span class="sr-only">{said}</span>{check.title}</strong><p>{check.detail}</p></div>
        </li>
    }
}

/// Both checkpoints and the hashes between them.
fn text(proof: &Consistency) -> String {
    let state = |state: &domain::checkpoints::Signed| state.checkpoint.clone().unwrap_or_default();
    format!("{}\n{}\n{}\n", state(&proof.from), proof.hashes.join("\n"), state(&proof.to))
}

#[cfg(test)]
mod tests;
