//! `/receipts/:id`

use domain::id::ReceiptId;
use domain::receipts::{Filter, Receipt, State, Status};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::evidence::EvidenceCard;
use super::life::{Actions, Erased, LifeCard, StandingBadge, StandingNotice};
use super::pretty::pretty;
use super::proof::ProofPicture;
use super::share::{Downloads, ShareCard};
use super::status::{StateBadge, StatusCard};
use super::{ReceiptView, ShareReceipt, WithdrawShare, filter_of, get_receipt, query_of};
use crate::live::use_live;
use crate::private::{crumb, show};
use crate::ui::{
    Badge, Card, CodeBlock, CopyButton, DateTime, Icon, LinkButton, MoneyText, PageHeader, format_count, rfc3339,
};
use crate::verify::VerifyPanel;

/// What happened, and the proof of it.
#[component]
pub fn ReceiptPage() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let actions = Actions::provide();
    let (share, withdraw) = (ServerAction::<ShareReceipt>::new(), ServerAction::<WithdrawShare>::new());
    provide_context((share, withdraw));
    let changed = move || (actions.done(), share.version().get(), withdraw.version().get());
    let source = move || (params.read().get("id").unwrap_or_default(), filter_of(&query.get()), changed());
    let receipt = Resource::new(source, |(id, filter, _)| get_receipt(id, filter));
    let crumbs = vec![crumb("/receipts", "Receipts"), crumb("", "Receipt")];
    view! {
        <Title text="Receipt"/>
        {show::<ReceiptView>(receipt, crumbs, receipt_page)}
    }
}

fn receipt_page(ReceiptView { receipt, bundle, may, neighbours, filter, share, url }: ReceiptView) -> AnyView {
    let now = Now::follow(receipt.clone(), bundle);
    let query = query_of(&filter);
    let kind = receipt.summary.kind.replace('_', " ");
    let title = receipt.summary.reference.clone().unwrap_or_else(|| capital(&kind));
    let id = receipt.summary.id;
    let actions = view! {
        <Neighbour id=neighbours.previous query=query.clone() icon="chevron-left" label="Previous receipt"/>
        <Neighbour id=neighbours.next query=query icon="chevron-right" label="Next receipt"/>
        <LinkButton href=format!("/receipts/{id}/bundle") external=true><Icon name="download"/>"Download bundle"</LinkButton>
    };
    let proof = receipt.proof.clone();
    let keys = proof.keys.clone();
    let life = receipt.life.clone();
    view! {
        <PageHeader title=title about="A signed receipt, and the proof that the log holds it." actions=actions.into_any()/>
        <StandingNotice standing=receipt.summary.standing ended_by=life.ended_by()/>
        <div class="columns receipt">
            <div class="column">
                <Happened receipt=receipt.clone() state=now.state/>
                <EvidenceCard files=receipt.evidence.clone()/>
                <LifeCard id=id.to_string() life=life may=may/>
                <Raw receipt=receipt/>
            </div>
            <div class="column">
                <StatusCard state=now.state status=now.status keys=keys/>
                <VerifyPanel bundle=now.bundle/>
                <Downloads id=id state=now.state/>
                <ShareCard id=id share=share url=url/>
                <Card title="The proof, drawn"><ProofPicture proof=proof/></Card>
            </div>
        </div>
    }
    .into_any()
}

/// What grows of a receipt while its page is open.
struct Now {
    state: Signal<State>,
    status: Signal<Status>,
    bundle: Signal<String>,
}

impl Now {
    /// Fetches the receipt again when the feed says that it may have come further; nothing else of the page moves.
    fn follow(receipt: Receipt, bundle: String) -> Self {
        let id = receipt.summary.id.to_string();
        let fetch = Action::new(move |id: &String| get_receipt(id.clone(), Filter::default()));
        let fresh = move || fetch.value().get().and_then(Result::ok).map(|framed| framed.data);
        let (first_state, first_status) = (receipt.summary.state, receipt.status);
        let state = Memo::new(move |_| fresh().map_or(first_state, |view| view.receipt.summary.state));
        let status = Memo::new(move |_| fresh().map_or_else(|| first_status.clone(), |view| view.receipt.status));
        let bundle = Memo::new(move |_| fresh().map_or_else(|| bundle.clone(), |view| view.bundle));
        let happened = use_live(&["receipts.anchored", "receipts.witnessed"]);
        Effect::new(move |before: Option<u32>| {
            let now = happened.get();
            let complete = state.get_untracked() == State::Witnessed;
            if before.is_some_and(|before| before != now) && !complete {
                fetch.dispatch(id.clone());
            }
            now
        });
        Self { state: state.into(), status: status.into(), bundle: bundle.into() }
    }
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
fn Happened(receipt: Receipt, state: Signal<State>) -> impl IntoView {
    let summary = receipt.summary;
    let id = summary.id.to_string();
    let live = receipt.mode == domain::Mode::Live;
    let amount = summary.amount.clone().map(|money| view! { <p class="amount-big"><MoneyText money=Some(money)/></p> });
    let reference = summary.reference.clone().unwrap_or_default();
    // What happened at midnight happened on a day: no reader's zone moves it to another.
    let whole_day = summary.occurred_at.time() == time::Time::MIDNIGHT;
    let payload = receipt.payload.map(|payload| pretty(&payload));
    let contents = match payload {
        Some(payload) => view! { <CodeBlock code=payload label="Contents" wrap=true/> }.into_any(),
        None => view! { <Erased erasure=receipt.life.erasure/> }.into_any(),
    };
    let standing = summary.standing;
    let badges = view! { <span class="page-actions"><Badge tone=if live { "accent" } else { "warn" }>{receipt.mode.to_string()}</Badge>{move || view! { <StateBadge state=state.get()/> }}<StandingBadge standing=standing/></span> };
    view! {
        <Card title="What happened" actions=badges.into_any()>
            <div class="stack">
                {amount}
                <dl class="facts">
                    <Fact id="kind" name="Kind" text=summary.kind.clone()>{summary.kind.replace('_', " ")}</Fact>
                    <Fact id="reference" name="Reference" text=reference.clone()>{if reference.is_empty() { "–".to_owned() } else { reference.clone() }}</Fact>
                    <Fact id="happened" name="Happened" text=rfc3339(summary.occurred_at)><DateTime at=summary.occurred_at day=whole_day/></Fact>
                    <Fact id="certified" name="Certified" text=rfc3339(summary.issued_at)><DateTime at=summary.issued_at/></Fact>
                    <Fact id="receipt" name="Receipt" text=id.clone()><code>{id.clone()}</code></Fact>
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
                <Fact id="log" name="Log" text=proof.origin.clone()><code>{proof.origin}</code></Fact>
                <Fact id="entry" name="Entry" text=proof.log_index.to_string()>{format_count(proof.log_index)}" of "{format_count(proof.tree_size)}</Fact>
                <Fact id="leaf-hash" name="Leaf hash" text=proof.leaf_hash.clone()><code>{proof.leaf_hash}</code></Fact>
                <Fact id="log-key" name="Log key" text=proof.keys.log.clone()><code>{proof.keys.log}</code></Fact>
                <Fact id="issuing-key" name="Issuing key" text=proof.keys.issuing.clone()><code>{proof.keys.issuing}</code></Fact>
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

/// A field with an address of its own and, once the page is alive, a button that copies it.
#[component]
pub(crate) fn Fact(id: &'static str, name: &'static str, text: String, children: Children) -> impl IntoView {
    let copy = (!text.is_empty()).then(|| view! { <CopyButton text=text label=name/> });
    view! {
        <dt id=id><a class="fact-name" href=format!("#{id}")>{name}</a></dt>
        <dd>{children()} " " {copy}</dd>
    }
}

/// The words with a capital at their head.
fn capital(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
