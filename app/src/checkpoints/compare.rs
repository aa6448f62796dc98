//! Two states compared: the proof is fetched, and checked where the page is.

use domain::checkpoints::{Check, Consistency, Picture, check};
use leptos::prelude::*;
use leptos_router::components::Form;

use crate::error::AppError;
use crate::ui::{Button, Card, CodeBlock, Icon, Notice, Select, format_count};

/// The two states to choose, and what came of the last choice.
#[component]
pub(super) fn Compare(
    picture: Picture,
    comparison: Option<Result<Consistency, AppError>>,
    chosen: Option<(String, String)>,
) -> impl IntoView {
    let mut sizes: Vec<u64> = picture.history.iter().map(|anchored| anchored.size).collect();
    if !sizes.contains(&picture.head.size) {
        sizes.insert(0, picture.head.size);
    }
    let options: Vec<(String, String)> =
        sizes.iter().map(|size| (size.to_string(), format!("{} entries", format_count(*size)))).collect();
    let edge = |size: Option<&u64>| size.map(u64::to_string).unwrap_or_default();
    let (from, to) = chosen.unwrap_or_else(|| (edge(sizes.last()), edge(sizes.first())));
    let found = comparison.map(|comparison| match comparison {
        Ok(proof) => view! { <Comparison proof=proof/> }.into_any(),
        Err(_) => {
            view! { <Notice tone="bad">"These are not two states of this log that were kept. Choose two of the list, the earlier one first."</Notice> }
                .into_any()
        }
    });
    view! {
        <Card title="Prove that it only grew">
            <div class="stack">
                <p>"Choose two states of your log. If the later one holds everything of the earlier, unchanged and in the same order, there is a short proof of it, and it is checked here."</p>
                <Form method="GET" action="/ledger" attr:aria-label="Compare two states">
                    <div class="form-row">
                        <Select name="from" label="Earlier state" value=from options=options.clone()/>
                        <Select name="to" label="Later state" value=to options=options/>
                        <Button tone="primary">"Compare"</Button>
                    </div>
                </Form>
                {found}
            </div>
        </Card>
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
