//! The way to the first receipt.

use domain::receipts::Summary;
use leptos::prelude::*;

use super::{Overview, TestActions};
use crate::keys::{CreateApiKey, NoScriptKey, refused};
use crate::ui::{Button, Card, CodeBlock, Icon, Input, LinkButton, Notice, Step, Stepper};

/// The command that issues a receipt.
pub(crate) fn curl(url: &str, key: &str) -> String {
    format!(
        "curl {url}/v1/receipts \\\n  -H 'Authorization: Bearer {key}' \\\n  -H 'Idempotency-Key: order-1001' \\\n  -d '{{\"kind\": \"transaction\", \"reference\": \"order-1001\", \"amount\": {{\"value\": \"49.90\", \"currency\": \"EUR\"}}}}'"
    )
}

/// The key made on this page, which outlives every fetch of the page's data: it is shown only once.
#[derive(Clone, Copy)]
pub(super) struct FirstKey(pub(super) ServerAction<CreateApiKey>);

impl FirstKey {
    fn secret(self) -> Option<String> {
        self.0.value().get().and_then(Result::ok).map(|created| created.secret)
    }

    fn refusal(self) -> Option<&'static str> {
        self.0.value().get().and_then(Result::err).map(|error| refused(&error))
    }
}

/// Key, receipt, verification. The second turns green by itself when the first receipt arrives.
#[component]
pub(super) fn FirstReceipt(overview: Overview) -> impl IntoView {
    let key = use_context::<FirstKey>().unwrap_or_else(|| FirstKey(ServerAction::new()));
    let receipt = overview.latest.first().cloned();
    let (has_key, sent) = (!overview.keys.is_empty(), receipt.is_some());
    let with_key = Signal::derive(move || has_key || sent || key.secret().is_some());
    let second = move || match (sent, with_key.get()) {
        (true, _) => "done",
        (false, true) => "current",
        (false, false) => "later",
    };
    let mode = if overview.test { "test" } else { "live" };
    view! {
        <Card title="Your first receipt">
            <Stepper label="Your first receipt">
                <Step number=1 title="Create an API key" state=Signal::derive(move || if with_key.get() { "done" } else { "current" })>
                    <KeyStep first=key with_key=with_key has_key=has_key mode=mode/>
                </Step>
                <Step number=2 title="Send your first receipt" state=Signal::derive(second)>
                    <SendStep first=key overview=overview mode=mode/>
                </Step>
                <Step number=3 title="Verify it in your browser" state=Signal::stored(if sent { "current" } else { "later" })>
                    <p>"Open the receipt and press “Verify in this browser”: its proof is checked on your machine, and nothing is sent."</p>
                    {receipt.map(|receipt| view! { <p><LinkButton href=format!("/receipts/{}", receipt.id) tone="primary"><Icon name="shield-check"/>"Open it to verify"</LinkButton></p> })}
                </Step>
            </Stepper>
        </Card>
    }
}

#[component]
fn KeyStep(first: FirstKey, with_key: Signal<bool>, has_key: bool, mode: &'static str) -> impl IntoView {
    let form = move || {
        view! {
            <NoScriptKey/>
            <ActionForm action=first.0>
                <div class="form-row">
                    <Input name="name" label="Name of the key" value="My first key" required=true maxlength=100/>
                    <input type="hidden" name="mode" value=mode/>
                    <Button tone="primary" disabled=first.0.pending()>"Create key"</Button>
                </div>
            </ActionForm>
        }
    };
    let secret = move || {
        first.secret().map(|secret| {
            view! {
                <Notice tone="good">"This is the only time the key is shown. It is already in the command below."</Notice>
                <CodeBlock code=secret label="Your API key" wrap=true/>
            }
        })
    };
    let made_before = move || {
        (has_key && first.secret().is_none()).then(|| view! { <p>"You have a key. Put it into the command below, or make another on the " <a class="link" href="/keys">"API keys"</a> " page."</p> })
    };
    view! {
        {move || first.refusal().map(|said| view! { <Notice tone="bad">{said}</Notice> })}
        {move || (!with_key.get()).then(form)}
        {secret}
        {made_before}
    }
}

#[component]
fn SendStep(first: FirstKey, overview: Overview, mode: &'static str) -> impl IntoView {
    let receipt = overview.latest.first().cloned();
    let (url, test) = (overview.url, overview.test && receipt.is_none());
    let command = move || curl(&url, &first.secret().unwrap_or_else(|| format!("cn_{mode}_YOUR_KEY")));
    let own = test.then(|| {
        view! {
            <p>"No terminal at hand? Let us make one, or load 6,919 real purchases."</p>
            <div class="page-actions"><TestActions/></div>
        }
    });
    view! {
        {move || view! { <CodeBlock code=command() label="Command to send a receipt"/> }}
        <Arrival receipt=receipt/>
        {own}
    }
}

/// Waiting, or there. The element stays the same, so that a screen reader is told when it changes.
#[component]
fn Arrival(receipt: Option<Summary>) -> impl IntoView {
    let (tone, said) = match &receipt {
        Some(receipt) => (
            "good",
            format!(
                "Your first receipt is here: {}",
                receipt.reference.clone().unwrap_or_else(|| receipt.id.to_string())
            ),
        ),
        None => ("", "Waiting for your first receipt…".to_owned()),
    };
    let again =
        receipt.is_none().then(|| view! { <noscript><a class="link" href="/dashboard">"Refresh"</a></noscript> });
    view! {
        <p class="waiting arrival" data-arrived=receipt.is_some().then_some("")>
            <span class="pulse" data-tone=tone aria-hidden="true"></span>
            <output aria-live="polite">{said}</output>
            {again}
        </p>
    }
}
