//! The frame around every page.

use domain::Mode;
use domain::accounts::Me;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::ui::{Avatar, Icon, Menu, Segmented, ToastRegion};

mod palette;

use palette::Palette;

/// The pages of the sidebar: address, icon, title.
pub(crate) const NAV: [(&str, &str, &str); 5] = [
    ("/dashboard", "layout-dashboard", "Overview"),
    ("/receipts", "receipt-text", "Receipts"),
    ("/ledger", "git-commit-horizontal", "Ledger"),
    ("/keys", "key-round", "API keys"),
    ("/verify", "shield-check", "Verify"),
];

/// A page of the dashboard: who is there, where they are, and the page itself. `crumbs` are address and text.
#[component]
pub fn AppShell(me: Me, crumbs: Vec<(String, String)>, children: Children) -> impl IntoView {
    let test = me.mode == Mode::Test;
    view! {
        <a class="skip" href="#content">"Skip to content"</a>
        <div class="shell">
            <aside class="sidebar">
                <a class="brand" href="/dashboard"><img src="/favicon.svg" alt="" width="26" height="26"/><span>"CertNode"</span></a>
                <nav class="side-nav" aria-label="Main"><NavLinks/></nav>
            </aside>
            <div>
                <TopBar me=me crumbs=crumbs/>
                <Show when=move || test>
                    <div class="mode-band" role="region" aria-label="Mode"><Icon name="flask-conical"/>"Test mode: nothing here is real."</div>
                </Show>
                <main class="content" id="content" tabindex="-1">{children()}</main>
            </div>
            <nav class="mobile-nav" aria-label="Pages"><NavLinks/></nav>
        </div>
        <ToastRegion/>
    }
}

#[component]
fn NavLinks() -> impl IntoView {
    let path = use_location().pathname;
    NAV.into_iter()
        .map(|(href, icon, title)| {
            let current = move || path.get().starts_with(href).then_some("page");
            view! { <a href=href aria-current=current><Icon name=icon/><span>{title}</span></a> }
        })
        .collect_view()
}

#[component]
fn TopBar(me: Me, crumbs: Vec<(String, String)>) -> impl IntoView {
    let org = me.orgs.iter().find(|org| org.id == me.org_id).map(|org| org.name.clone()).unwrap_or_default();
    view! {
        <header class="topbar">
            <input class="shell-collapse" type="checkbox" id="collapse" aria-label="Collapse the sidebar"/>
            <label class="shell-toggle button" for="collapse" data-tone="quiet" data-size="small" title="Collapse the sidebar"><Icon name="panel-left"/></label>
            <Breadcrumbs org=org crumbs=crumbs/>
            <div class="topbar-end">
                <Palette/>
                <Segmented action="/mode" name="mode" label="Mode" chosen=me.mode.as_str() options=vec![("test", "Test"), ("live", "Live")]/>
                <ThemeMenu/>
                <AccountMenu me=me/>
            </div>
        </header>
    }
}

#[component]
fn Breadcrumbs(org: String, crumbs: Vec<(String, String)>) -> impl IntoView {
    let last = crumbs.len().saturating_sub(1);
    let items = crumbs.into_iter().enumerate().map(|(index, (href, text))| {
        let item = if index == last {
            view! { <span aria-current="page">{text}</span> }.into_any()
        } else {
            view! { <a href=href>{text}</a> <Icon name="chevron-right"/> }.into_any()
        };
        view! { <li>{item}</li> }
    });
    view! {
        <nav class="breadcrumbs" aria-label="Breadcrumbs">
            <ol>
                <li><span class="org-name">{org}</span><Icon name="chevron-right"/></li>
                {items.collect_view()}
            </ol>
        </nav>
    }
}

/// Light, dark, or as the system has it. A form, so that it works without JavaScript.
#[component]
pub fn ThemeMenu() -> impl IntoView {
    let choices = [("light", "sun", "Light"), ("dark", "moon", "Dark"), ("system", "monitor", "System")];
    let buttons = choices.map(
        |(value, icon, text)| view! { <button type="submit" name="theme" value=value><Icon name=icon/>{text}</button> },
    );
    view! {
        <Menu label="Theme" button=view! { <Icon name="sun"/> }.into_any()>
            <form method="post" action="/theme">{buttons.collect_view()}</form>
        </Menu>
    }
}

#[component]
fn AccountMenu(me: Me) -> impl IntoView {
    let current = me.org_id;
    let orgs = me.orgs.into_iter().map(move |org| {
        let here = (org.id == current).then_some("true");
        view! { <button type="submit" name="org" value=org.id.to_string() aria-current=here><Icon name="building-2"/>{org.name}</button> }
    });
    view! {
        <Menu label="Account" button=view! { <Avatar name=me.name.clone()/> }.into_any()>
            <p class="menu-note"><strong>{me.name}</strong>{me.email}</p>
            <form method="post" action="/org" aria-label="Organisation">{orgs.collect_view()}</form>
            <form method="post" action="/sign-out"><button type="submit"><Icon name="log-out"/>"Sign out"</button></form>
        </Menu>
    }
}

/// A page for people who are not in yet: one card.
#[component]
pub fn AuthLayout(children: Children) -> impl IntoView {
    view! {
        <main class="auth" id="content">
            <div class="auth-card">
                <a class="brand" href="/"><img src="/favicon.svg" alt="" width="26" height="26"/><span>"CertNode"</span></a>
                {children()}
            </div>
        </main>
    }
}

/// A page that anyone may see.
#[component]
pub fn PublicLayout(children: Children) -> impl IntoView {
    view! {
        <a class="skip" href="#content">"Skip to content"</a>
        <div class="public">
            <header>
                <a class="brand" href="/"><img src="/favicon.svg" alt="" width="26" height="26"/><span>"CertNode"</span></a>
                <nav class="page-actions" aria-label="Main">
                    <a class="button" data-tone="quiet" href="/verify">"Verify"</a>
                    <ThemeMenu/>
                    <a class="button" href="/sign-in" rel="external">"Sign in"</a>
                </nav>
            </header>
            <main id="content" tabindex="-1">{children()}</main>
            <footer>"Open formats: RFC 6962 trees, RFC 8785 JSON, Ed25519, C2SP checkpoints. Anyone can check, with any tool."</footer>
        </div>
    }
}
