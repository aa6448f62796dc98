//! Pages for the signed-in: who is there and what the page shows arrive together.

use domain::accounts::Me;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, sentence};
use crate::live;
use crate::shell::{AppShell, PublicLayout};
use crate::ui::{EmptyState, ErrorState, LinkButton, Skeleton};

/// What a private page needs besides its own data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Framed<T> {
    /// Who is there.
    pub me: Me,
    /// The offset of the newest event the data may not show yet.
    pub offset: i64,
    /// The page's own data.
    pub data: T,
}

/// Puts the frame around data that was read by `cx`. The offset is read first, so that nothing falls between.
#[cfg(feature = "ssr")]
pub async fn framed<T>(
    cx: &domain::context::Cx,
    data: impl Future<Output = Result<T, domain::Problem>>,
) -> Result<Framed<T>, AppError> {
    let read = async {
        let offset = domain::events::latest_id(cx).await?;
        let me = domain::accounts::me(cx).await?;
        Ok(Framed { me, offset, data: data.await? })
    };
    read.await.map_err(crate::request::refuse)
}

/// Shows a page when its data is there: the one place where the page's resource is awaited.
pub fn show<T>(
    resource: Resource<Result<Framed<T>, AppError>>,
    crumbs: Vec<(String, String)>,
    view: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
{
    view! {
        <Transition fallback=Loading>
            {move || {
                let crumbs = crumbs.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(Framed { me, offset, data }) => {
                            live::listen(&me, offset);
                            view! { <AppShell me=me crumbs=crumbs>{view(data)}</AppShell> }.into_any()
                        }
                        Err(error) => view! { <Failed error=error/> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

/// Where the page will be.
#[component]
fn Loading() -> impl IntoView {
    view! { <main class="content"><h1 class="sr-only">"Loading"</h1><section class="card"><div class="card-body"><Skeleton lines=6/></div></section></main> }
}

#[component]
fn Failed(error: AppError) -> impl IntoView {
    let shown = if error.code == "not_found" {
        let back = view! { <LinkButton href="/dashboard">"To the overview"</LinkButton> }.into_any();
        view! { <EmptyState icon="search" title="Not found" text=sentence(&error.code) action=back/> }.into_any()
    } else {
        view! { <ErrorState text=sentence(&error.code) retry="" request=error.request/> }.into_any()
    };
    view! {
        <PublicLayout>
            <h1 class="sr-only">"This could not be shown"</h1>
            {shown}
        </PublicLayout>
    }
}

/// A crumb: address and text.
pub fn crumb(href: &str, text: &str) -> (String, String) {
    (href.to_owned(), text.to_owned())
}
