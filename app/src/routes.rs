//! The route table.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;
use leptos_router::{Lazy, LazyRoute, SsrMode, lazy_route};

use crate::dashboard::DashboardPage;
use crate::shell::PublicLayout;
use crate::ui::{EmptyState, LinkButton};

/// Pages that a visit seldom begins with: the browser fetches the code of each when it is gone to, not before.
macro_rules! fetched_when_needed {
    ($($route:ident: $page:path;)*) => {$(
        struct $route;

        #[lazy_route]
        impl LazyRoute for $route {
            fn data() -> Self {
                Self
            }

            fn view(_route: Self) -> AnyView {
                $page().into_any()
            }
        }
    )*};
}

fetched_when_needed! {
    Home: crate::home::Home;
    SignUp: crate::accounts::SignUpPage;
    SignIn: crate::accounts::SignInPage;
    Verify: crate::verify::VerifyPage;
    Errors: crate::docs::ErrorsPage;
    Design: crate::design::DesignPage;
    Receipts: crate::receipts::ReceiptsPage;
    Receipt: crate::receipts::ReceiptPage;
    Keys: crate::keys::KeysPage;
    Import: crate::imports::ImportPage;
    Shared: crate::shared::SharedReceiptPage;
}

/// Every page. Those that show data wait for it, so that they are whole without JavaScript.
#[component]
pub fn Pages() -> impl IntoView {
    view! {
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("") view={Lazy::<Home>::new()}/>
                <Route path=path!("sign-up") view={Lazy::<SignUp>::new()}/>
                <Route path=path!("sign-in") view={Lazy::<SignIn>::new()}/>
                <Route path=path!("verify") view={Lazy::<Verify>::new()}/>
                <Route path=path!("docs/errors") view={Lazy::<Errors>::new()}/>
                <Route path=path!("design") view={Lazy::<Design>::new()}/>
                <Route path=path!("dashboard") view=DashboardPage ssr=SsrMode::Async/>
                <Route path=path!("receipts") view={Lazy::<Receipts>::new()} ssr=SsrMode::Async/>
                <Route path=path!("receipts/:id") view={Lazy::<Receipt>::new()} ssr=SsrMode::Async/>
                <Route path=path!("r/:token") view={Lazy::<Shared>::new()} ssr=SsrMode::Async/>
                <Route path=path!("keys") view={Lazy::<Keys>::new()} ssr=SsrMode::Async/>
                <Route path=path!("imports/:id") view={Lazy::<Import>::new()} ssr=SsrMode::Async/>
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
