//! The route table.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::SsrMode;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use crate::shell::PublicLayout;
use crate::ui::{EmptyState, LinkButton};
use crate::{accounts, dashboard, design, docs, home, imports, keys, receipts, verify};

/// Every page. Those that show data wait for it, so that they are whole without JavaScript.
#[component]
pub fn Pages() -> impl IntoView {
    view! {
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("") view=home::Home/>
                <Route path=path!("sign-up") view=accounts::SignUpPage/>
                <Route path=path!("sign-in") view=accounts::SignInPage/>
                <Route path=path!("verify") view=verify::VerifyPage/>
                <Route path=path!("docs/errors") view=docs::ErrorsPage/>
                <Route path=path!("design") view=design::DesignPage/>
                <Route path=path!("dashboard") view=dashboard::DashboardPage ssr=SsrMode::Async/>
                <Route path=path!("receipts") view=receipts::ReceiptsPage ssr=SsrMode::Async/>
                <Route path=path!("receipts/:id") view=receipts::ReceiptPage ssr=SsrMode::Async/>
                <Route path=path!("keys") view=keys::KeysPage ssr=SsrMode::Async/>
                <Route path=path!("imports/:id") view=imports::ImportPage ssr=SsrMode::Async/>
            </Routes>
        </Router>
    }
}

#[component]
fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <PublicLayout>
            <h1 class="sr-only">"Not found"</h1>
            <EmptyState icon="search" title="There is no page here" text="The address may be misspelt, or the page has moved."
                action=view! { <LinkButton href="/" external=true>"To the start"</LinkButton> }.into_any()/>
        </PublicLayout>
    }
}
