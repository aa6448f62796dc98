//! The way to the first receipt.

use leptos::prelude::*;

use super::{Overview, TestActions};
use crate::keys::CreateApiKey;
use crate::ui::{Button, CodeBlock, Input, Notice, Step, Stepper};

/// The command that issues a receipt.
pub(crate) fn curl(url: &str, key: &str) -> String {
    format!(
        "curl {url}/v1/receipts \\\n  -H 'Authorization: Bearer {key}' \\\n  -H 'Idempotency-Key: order-1001' \\\n  -d '{{\"kind\": \"transaction\", \"reference\": \"order-1001\", \"amount\": {{\"value\": \"49.90\", \"currency\": \"EUR\"}}}}'"
    )
}

/// Key, receipt, verification. The second turns green by itself when the first receipt arrives.
#[component]
pub(super) fn FirstReceipt(overview: Overview) -> impl IntoView {
    // The page's own, so that the secret outlives the next piece of news.
    let create = use_context::<ServerAction<CreateApiKey>>().unwrap_or_default();
    let made = move || create.value().get().and_then(Result::ok).map(|created| created.secret);
    let has_key = !overview.keys.is_empty();
    let done = move || has_key || made().is_some();
    let url = overview.url.clone();
    let mode = if overview.test { "test" } else { "live" };
    let command = move || curl(&url, &made().unwrap_or_else(|| format!("cn_{mode}_YOUR_KEY")));
    let test = overview.test;
    let key_form = move || {
        view! {
            <ActionForm action=create>
                <div class="form-row">
                    <Input name="name" label="Name of the key" value="My first key" required=true maxlength=100/>
                    <input type="hidden" name="mode" value=mode/>
                    <Button tone="primary">"Create key"</Button>
                </div>
            </ActionForm>
        }
    };
    let secret = move || {
        made().map(|secret| {
            view! {
                <Notice tone="good">"This is the only time the key is shown. It is already in the command below."</Notice>
                <CodeBlock code=secret label="Your API key" wrap=true/>
            }
        })
    };
    let made_before = move || {
        (has_key && made().is_none()).then(|| view! { <p>"You have a key. Put it into the command below, or make another on the " <a class="link" href="/keys">"API keys"</a> " page."</p> })
    };
    view! {
        <section class="card"><div class="card-body">
            <Stepper label="Your first receipt">
                <Step number=1 title="Create an API key" state=Signal::derive(move || if done() { "done" } else { "current" })>
                    {move || (!done()).then(key_form)}
                    {secret}
                    {made_before}
                </Step>
                <Step number=2 title="Send your first receipt" state=Signal::derive(move || if done() { "current" } else { "later" })>
                    {move || view! { <CodeBlock code=command() label="Command to send a receipt"/> }}
                    <p class="waiting"><span class="pulse" aria-hidden="true"></span><output>"Waiting for your first receipt…"</output></p>
                    {test.then(|| view! { <p>"No terminal at hand? Let us make one, or load 6,919 real purchases."</p><div class="page-actions"><TestActions/></div> })}
                </Step>
                <Step number=3 title="Verify it in your browser" state=Signal::stored("later")>
                    <p>"Open the receipt and press “Verify in this browser”: its proof is checked on your machine, and nothing is sent."</p>
                </Step>
            </Stepper>
        </div></section>
    }
}
