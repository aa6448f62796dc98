//! What people see: pages, components, server functions.

#![forbid(unsafe_code)]

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};

pub mod accounts;
mod codec;
pub mod dashboard;
pub mod design;
pub mod docs;
pub mod error;
pub mod home;
pub mod imports;
pub mod keys;
pub mod live;
mod private;
pub mod receipts;
#[cfg(feature = "ssr")]
pub mod request;
mod routes;
pub mod shared;
pub mod shell;
pub mod ui;
pub mod verify;

/// The HTML document around every page. What it does before it is hydrated needs no script.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    #[cfg(feature = "ssr")]
    let theme = {
        request::set_policy();
        request::theme()
    };
    #[cfg(not(feature = "ssr"))]
    let theme = "system";
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                <link rel="preload" href="/fonts/inter-latin.woff2" r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                <HashedStylesheet options=options.clone() id="main"/>
                <HydrationScripts options=options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
                <div id="crashed" role="alert" hidden>"This page stopped working." <a class="button" data-size="small" href="">"Reload"</a></div>
            </body>
        </html>
    }
}

/// Everything: the context of the page, and its routes.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    ui::provide_toasts();
    live::provide_live();
    // Tests, and people on slow lines, can tell a page that listens from one that only shows.
    Effect::new(|| {
        if let Some(body) = document().body() {
            let _ = body.set_attribute("data-hydrated", "");
        }
    });
    view! {
        <Title formatter=|title: String| if title.is_empty() { "CertNode".to_owned() } else { format!("{title} · CertNode") }/>
        <routes::Pages/>
    }
}
