//! What leaves: files to take away, and the link for those without an account.

use domain::id::ReceiptId;
use domain::receipts::State;
use domain::shares::Share;
use leptos::prelude::*;

use super::{ShareReceipt, WithdrawShare};
use crate::error::sentence;
use crate::ui::{Button, Card, Checkbox, CodeBlock, Icon, LinkButton, Notice};

/// The receipt's files.
#[component]
pub(super) fn Downloads(id: ReceiptId, state: Signal<State>) -> impl IntoView {
    let file = move |name: &str, text: &'static str| {
        let href = format!("/receipts/{id}/{name}");
        view! { <li><LinkButton href=href size="small" external=true><Icon name="download"/>{text}</LinkButton></li> }
    };
    // There is none before the root log has the receipt.
    let root_proof = move || (state.get() >= State::Anchored).then(|| file("root-proof", "Proof in the root log"));
    view! {
        <Card title="Take it away">
            <div class="stack">
                <p>"The bundle holds all that is needed to check the receipt offline; the PDF has the bundle inside. The others are for tools that read proofs alone: C2SP tlog-proof, and COSE receipts."</p>
                <ul class="page-actions">
                    {file("bundle", "Bundle")}
                    {file("pdf", "PDF")}
                    {file("proof", "Proof")}
                    {root_proof}
                    {file("cose", "COSE receipt")}
                </ul>
            </div>
        </Card>
    }
}

type Actions = (ServerAction<ShareReceipt>, ServerAction<WithdrawShare>);

/// The link of a receipt: made, shown, withdrawn. Its forms work without JavaScript.
#[component]
pub(super) fn ShareCard(id: ReceiptId, share: Option<Share>, url: String) -> impl IntoView {
    let refused = use_context::<Actions>().map(|(share, withdraw)| {
        move || {
            let error = share.value().get().and_then(Result::err).or_else(|| withdraw.value().get()?.err())?;
            Some(view! { <Notice tone="bad">{sentence(&error.code)}</Notice> })
        }
    });
    let body = match share {
        None => view! {
            <p>"Nobody outside your organisation sees this receipt. A link lets whoever has it see and check it, without an account."</p>
            <Form id=id with_contents=false text="Make a link"/>
        }
        .into_any(),
        Some(share) => view! { <Shared id=id share=share url=url/> }.into_any(),
    };
    view! { <Card title="Share"><div class="stack">{refused}{body}</div></Card> }
}

#[component]
fn Shared(id: ReceiptId, share: Share, url: String) -> impl IntoView {
    let link = format!("{url}/r/{}", share.token);
    let badge =
        format!(r#"<a href="{link}"><img src="{link}/badge.svg" alt="CertNode receipt" width="186" height="24"></a>"#);
    let shows = if share.with_contents { "the receipt and its contents" } else { "the receipt without its contents" };
    let withdraw = use_context::<Actions>().map(|(_, withdraw)| {
        view! {
            <ActionForm action=withdraw>
                <input type="hidden" name="id" value=id.to_string()/>
                <Button tone="danger" disabled=withdraw.pending()>"Withdraw the link"</Button>
            </ActionForm>
        }
    });
    view! {
        <p>"Whoever has this link sees "{shows}"."</p>
        <CodeBlock code=link.clone() label="Link" wrap=true/>
        <p><a class="link" href=link rel="external">"Open it"</a></p>
        <details>
            <summary class="link">"A badge for your site"</summary>
            <CodeBlock code=badge label="HTML of the badge" wrap=true/>
        </details>
        <Form id=id with_contents=share.with_contents text="Change what it shows"/>
        {withdraw}
    }
}

#[component]
fn Form(id: ReceiptId, with_contents: bool, text: &'static str) -> impl IntoView {
    use_context::<Actions>().map(|(share, _)| {
        view! {
            <ActionForm action=share>
                <input type="hidden" name="id" value=id.to_string()/>
                <div class="stack">
                    <Checkbox name="contents" label="Show the contents too" checked=with_contents/>
                    <Button disabled=share.pending()>{text}</Button>
                </div>
            </ActionForm>
        }
    })
}
