//! `/r/:token`: a receipt that its owner shares, for whoever has the link.

use domain::Mode;
use domain::receipts::Standing;
use ledger::verify::{Outcome, STEPS};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::hooks::use_params_map;

use crate::error::{AppError, sentence};
use crate::receipts::{Fact, StandingBadge};
use crate::shell::PublicLayout;
use crate::ui::{
    Badge, Card, CodeBlock, DateTime, EmptyState, ErrorState, Icon, LinkButton, Notice, PageHeader, Skeleton, rfc3339,
};
use crate::verify::{VerifyPanel, found_step};

mod api;

pub use api::{Check, SharedView, open_shared_receipt};

/// The page. The server checks the receipt as it makes the page; a browser with JavaScript checks it again by itself.
#[component]
pub fn SharedReceiptPage() -> impl IntoView {
    let params = use_params_map();
    let token = move || params.read().get("token").unwrap_or_default();
    let opened = Resource::new(token, open_shared_receipt);
    view! {
        <Title text="Shared receipt"/>
        <Meta name="robots" content="noindex"/>
        <PublicLayout>
            <Transition fallback=Loading>
                {move || {
                    let token = token();
                    Suspend::new(async move {
                        match opened.await {
                            Ok(view) => shared(view, token),
                            Err(error) => refused(&error),
                        }
                    })
                }}
            </Transition>
        </PublicLayout>
    }
}

#[component]
fn Loading() -> impl IntoView {
    view! { <h1 class="sr-only">"Loading"</h1><section class="card"><div class="card-body"><Skeleton lines=6/></div></section> }
}

fn refused(error: &AppError) -> AnyView {
    let shown = if error.code == "not_found" {
        view! { <EmptyState icon="search" title="There is no receipt here" text="The link may be misspelt, or its owner has withdrawn it."/> }.into_any()
    } else {
        view! { <ErrorState text=sentence(&error.code) retry="" request=error.request.clone()/> }.into_any()
    };
    view! { <h1 class="sr-only">"This could not be shown"</h1>{shown} }.into_any()
}

fn shared(view: SharedView, token: String) -> AnyView {
    let SharedView {
        bundle,
        mode,
        standing,
        erased_at,
        with_contents,
        id,
        kind,
        issued_at,
        log,
        contents,
        verified,
        checks,
    } = view;
    let test = (mode == Mode::Test).then(|| view! { <Notice tone="warn">"This is a test receipt: it was made to try things out, and certifies nothing that happened."</Notice> });
    let badges = view! { <span class="page-actions"><Badge tone=if mode == Mode::Live { "accent" } else { "warn" }>{mode.to_string()}</Badge><StandingBadge standing=standing/></span> };
    let ended = match standing {
        Standing::Active => None,
        Standing::Revoked => Some(
            view! { <Notice tone="bad">"Its owner revoked this receipt: it holds no longer. What is checked below is what was signed then, which stays true."</Notice> },
        ),
        Standing::Superseded => Some(
            view! { <Notice tone="warn">"Its owner issued another receipt that holds in its place. What is checked below is what was signed then, which stays true."</Notice> },
        ),
    };
    let download = view! { <LinkButton href=format!("/r/{token}/bundle") external=true><Icon name="download"/>"Download bundle"</LinkButton> };
    let contents = match (contents, erased_at) {
        (Some(contents), _) => view! { <CodeBlock code=contents label="Contents" wrap=true/> }.into_any(),
        (None, Some(at)) => view! { <p>"The contents were erased on "<DateTime at=at/>". What was signed about them still verifies."</p> }.into_any(),
        (None, None) if with_contents => view! { <p>"The contents are not there. What was signed about them still verifies."</p> }.into_any(),
        (None, None) => view! { <p>"The owner shares the receipt without its contents. Whoever has them can check that they are what was certified."</p> }.into_any(),
    };
    view! {
        <PageHeader title="A receipt, and the proof of it" about="Its owner gave you this link. You need not trust them, or us: check it." actions=download.into_any()/>
        {test}
        {ended}
        <div class="columns receipt">
            <div class="column">
                <Card title="What was certified" actions=badges.into_any()>
                    <div class="stack">
                        <dl class="facts">
                            <Fact id="kind" name="Kind" text=kind.clone()>{kind.replace('_', " ")}</Fact>
                            <Fact id="certified" name="Certified" text=rfc3339(issued_at)><DateTime at=issued_at/></Fact>
                            <Fact id="receipt" name="Receipt" text=id.clone()><code>{id.clone()}</code></Fact>
                            <Fact id="log" name="Log" text=log.clone()><code>{log.clone()}</code></Fact>
                        </dl>
                        <h3>"Contents, exactly as certified"</h3>
                        {contents}
                    </div>
                </Card>
            </div>
            <div class="column">
                <ServerChecks verified=verified checks=checks/>
                <VerifyPanel bundle=bundle at_once=true/>
            </div>
        </div>
    }
    .into_any()
}

/// What the server found: to be believed as far as the server is.
#[component]
fn ServerChecks(verified: bool, checks: Vec<Check>) -> impl IntoView {
    let (state, icon, said) = match verified {
        true => ("verified", "circle-check", "Verified by this server"),
        false => ("failed", "circle-x", "Not verified by this server"),
    };
    let step = |check: Check| {
        let (id, _) = STEPS.iter().find(|(id, _)| *id == check.id).copied().unwrap_or_default();
        let outcome = match check.holds {
            Some(true) => Outcome::Passed,
            Some(false) => Outcome::Failed,
            None => Outcome::NotPresent,
        };
        found_step(id, check.title, outcome, check.detail)
    };
    view! {
        <section class="card" aria-label="What the server found">
            <div class="verdict" data-verdict=state><Icon name=icon/><span>{said}</span></div>
            <ol class="checks" aria-label="Steps that the server took">{checks.into_iter().map(step).collect_view()}</ol>
        </section>
    }
}
