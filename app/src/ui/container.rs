//! What holds other things.

use leptos::prelude::*;

use super::Icon;

/// A surface with a title, or without.
#[component]
pub fn Card(
    #[prop(optional, into)] title: String,
    #[prop(optional)] actions: Option<AnyView>,
    #[prop(optional)] flush: bool,
    children: Children,
) -> impl IntoView {
    let head = (!title.is_empty()).then(|| {
        view! {
            <header class="card-head">
                <h2>{title}</h2>
                {actions}
            </header>
        }
    });
    view! {
        <section class="card">
            {head}
            <div class=if flush { "" } else { "card-body" }>{children()}</div>
        </section>
    }
}

/// A figure that leads to what it counts.
#[component]
pub fn Stat(
    #[prop(into)] label: String,
    #[prop(into)] value: String,
    #[prop(optional, into)] note: String,
    #[prop(into)] href: String,
) -> impl IntoView {
    view! {
        <a class="stat" href=href>
            <span class="stat-label">{label}</span>
            <span class="stat-value">{value}</span>
            <span class="stat-note">{note}</span>
        </a>
    }
}

/// A page's title, what it is for, and what can be done.
#[component]
pub fn PageHeader(
    #[prop(into)] title: String,
    #[prop(optional, into)] about: String,
    #[prop(optional)] actions: Option<AnyView>,
) -> impl IntoView {
    let about = (!about.is_empty()).then(|| view! { <p>{about}</p> });
    view! {
        <header class="page-header">
            <div>
                <h1>{title}</h1>
                {about}
            </div>
            <div class="page-actions">{actions}</div>
        </header>
    }
}

/// Views of one thing, each with an address.
#[component]
pub fn Tabs(
    label: &'static str,
    #[prop(into)] chosen: String,
    /// Address and text.
    tabs: Vec<(String, String)>,
) -> impl IntoView {
    let tabs = tabs.into_iter().map(|(href, text)| {
        let current = (href == chosen).then_some("page");
        view! { <a href=href aria-current=current>{text}</a> }
    });
    view! { <nav class="tabs" aria-label=label>{tabs.collect_view()}</nav> }
}

/// A word about a state. Tones: `good`, `bad`, `warn`, `accent`.
#[component]
pub fn Badge(#[prop(default = "")] tone: &'static str, children: Children) -> impl IntoView {
    view! { <span class="badge" data-tone=tone>{children()}</span> }
}

/// Nothing here yet, and the one next step.
#[component]
pub fn EmptyState(
    icon: &'static str,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    #[prop(optional)] action: Option<AnyView>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name=icon/>
            <strong>{title}</strong>
            <p>{text}</p>
            {action}
        </div>
    }
}

/// It did not work: what happened in a sentence, and the way to try again.
#[component]
pub fn ErrorState(
    #[prop(into)] text: String,
    #[prop(into)] retry: String,
    /// The id of the request that failed, if one arrived.
    #[prop(optional, into)]
    request: String,
) -> impl IntoView {
    let request = (!request.is_empty())
        .then(|| view! { <p>"If you ask us about it, name the request "<code>{request}</code>"."</p> });
    view! {
        <div class="empty" role="alert">
            <Icon name="circle-alert"/>
            <strong>"This could not be shown"</strong>
            <p>{text}</p>
            {request}
            <a class="button" href=retry rel="external">"Try again"</a>
        </div>
    }
}

/// Steps in order.
#[component]
pub fn Stepper(label: &'static str, children: Children) -> impl IntoView {
    view! { <ol class="stepper" aria-label=label>{children()}</ol> }
}

/// One step: `done`, `current` or `later`.
#[component]
pub fn Step(
    number: u8,
    #[prop(into)] title: String,
    #[prop(into)] state: Signal<&'static str>,
    children: Children,
) -> impl IntoView {
    let mark = move || match state.get() {
        "done" => view! { <Icon name="check"/> }.into_any(),
        _ => number.into_any(),
    };
    let said = move || (state.get() == "done").then_some("Done: ");
    view! {
        <li class="step" data-state=move || state.get() aria-current=move || (state.get() == "current").then_some("step")>
            <span class="step-mark" aria-hidden="true">{mark}</span>
            <div class="step-body">
                <h2><span class="sr-only">{said}</span>{title}</h2>
                {children()}
            </div>
        </li>
    }
}

/// A person's initials.
#[component]
pub fn Avatar(#[prop(into)] name: String) -> impl IntoView {
    let initials: String =
        name.split_whitespace().filter_map(|word| word.chars().next()).take(2).flat_map(char::to_uppercase).collect();
    view! { <span class="avatar" aria-hidden="true">{initials}</span> }
}
