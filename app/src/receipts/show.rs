//! `/receipts/:id`

use domain::id::ReceiptId;
use domain::receipts::Receipt;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::proof::ProofPicture;
use super::{ReceiptView, filter_of, get_receipt, query_of};
use crate::private::{crumb, show};
use crate::ui::{Badge, Card, CodeBlock, CopyButton, DateTime, Icon, LinkButton, MoneyText, PageHeader};
use crate::verify::VerifyPanel;

/// What happened, and the proof of it.
#[component]
pub fn ReceiptPage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let source = move || (params.read().get("id").unwrap_or_default(), filter_of(&query.get()));
    let receipt = Resource::new(source, |(id, filter)| get_receipt(id, filter));
    let crumbs = vec![crumb("/receipts", "Receipts"), crumb("", "Receipt")];
    view! {
        <Title text="Receipt"/>
        {show::<ReceiptView>(receipt, crumbs, receipt_page)}
    }
}

fn receipt_page(ReceiptView { receipt, bundle, neighbours, filter }: ReceiptView) -> AnyView {
    let query = query_of(&filter);
    let kind = receipt.summary.kind.replace('_', " ");
    let title =
        receipt.summary.reference.clone().unwrap_or_else(|| format!("{}{}", kind[..1].to_uppercase(), &kind[1..]));
    let id = receipt.summary.id;
    let actions = view! {
        <Neighbour id=neighbours.newer query=query.clone() icon="chevron-left" label="Newer receipt"/>
        <Neighbour id=neighbours.older query=query icon="chevron-right" label="Older receipt"/>
        <LinkButton href=format!("/receipts/{id}/bundle") external=true><Icon name="download"/>"Download bundle"</LinkButton>
    };
    let proof = receipt.proof.clone();
    view! {
        <PageHeader title=title about="A signed receipt, and the proof that the log holds it." actions=actions.into_any()/>
        <div class="columns">
            <div class="stack">
                <Happened receipt=receipt.clone()/>
                <Card title="The proof, drawn"><ProofPicture proof=proof/></Card>
                <Raw receipt=receipt/>
            </div>
            <div class="stack"><VerifyPanel bundle=bundle/></div>
        </div>
    }
    .into_any()
}

#[component]
fn Neighbour(id: Option<ReceiptId>, query: String, icon: &'static str, label: &'static str) -> impl IntoView {
    let mark = if query.is_empty() { "" } else { "?" };
    match id {
        Some(id) => view! { <a class="button" href=format!("/receipts/{id}{mark}{query}") aria-label=label title=label><Icon name=icon/></a> }.into_any(),
        None => view! { <span class="button" aria-disabled="true" aria-label=label role="img"><Icon name=icon/></span> }.into_any(),
    }
}

#[component]
fn Happened(receipt: Receipt) -> impl IntoView {
    let summary = receipt.summary;
    let id = summary.id.to_string();
    let live = receipt.mode == domain::Mode::Live;
    let amount = summary.amount.clone().map(|money| view! { <p class="amount-big"><MoneyText money=Some(money)/></p> });
    let payload = receipt.payload.map(|payload| pretty(&payload));
    let contents = match payload {
        Some(payload) => view! { <CodeBlock code=payload label="Contents" wrap=true/> }.into_any(),
        None => view! { <p>"The contents were erased. What was signed about them still verifies."</p> }.into_any(),
    };
    let badges = view! { <span class="page-actions"><Badge tone=if live { "accent" } else { "warn" }>{receipt.mode.to_string()}</Badge><Badge tone="good"><Icon name="check"/>"Included"</Badge></span> };
    view! {
        <Card title="What happened" actions=badges.into_any()>
            <div class="stack">
                {amount}
                <dl class="facts">
                    <dt>"Kind"</dt><dd>{summary.kind.replace('_', " ")}</dd>
                    <dt>"Reference"</dt><dd>{summary.reference.unwrap_or_else(|| "–".to_owned())}</dd>
                    <dt>"Happened"</dt><dd><DateTime at=summary.occurred_at/></dd>
                    <dt>"Certified"</dt><dd><DateTime at=summary.issued_at/></dd>
                    <dt>"Receipt"</dt><dd><code>{id.clone()}</code>" "<CopyButton text=id/></dd>
                </dl>
                <h3>"Contents, exactly as certified"</h3>
                {contents}
            </div>
        </Card>
    }
}

#[component]
fn Raw(receipt: Receipt) -> impl IntoView {
    let proof = receipt.proof;
    view! {
        <Card title="For your auditor">
            <dl class="facts">
                <dt>"Log"</dt><dd><code>{proof.origin}</code></dd>
                <dt>"Entry"</dt><dd>{proof.log_index}" of "{proof.tree_size}</dd>
                <dt>"Leaf hash"</dt><dd><code>{proof.leaf_hash.clone()}</code>" "<CopyButton text=proof.leaf_hash/></dd>
                <dt>"Log key"</dt><dd><code>{proof.keys.log}</code></dd>
                <dt>"Issuing key"</dt><dd><code>{proof.keys.issuing}</code></dd>
            </dl>
            <details>
                <summary class="link">"Signed statement and checkpoint"</summary>
                <div class="stack">
                    <CodeBlock code=receipt.statement label="Signed statement" wrap=true/>
                    <CodeBlock code=proof.checkpoint label="Signed checkpoint" wrap=true/>
                </div>
            </details>
        </Card>
    }
}

/// Canonical JSON with line ends and indents; the words are untouched.
fn pretty(json: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                if !matches!(chars.peek(), Some('}' | ']')) {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                if !out.ends_with(['{', '[']) {
                    depth = depth.saturating_sub(1);
                    line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                out.push(c);
                quoted = true;
            }
            other => out.push(other),
        }
    }
    out
}
