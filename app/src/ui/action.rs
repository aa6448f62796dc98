//! What people press.

use leptos::prelude::*;

/// An icon of the sprite; decoration, so it says nothing to a screen reader.
#[component]
pub fn Icon(
    /// Its id in `icons.svg`.
    name: &'static str,
    /// Whether it turns, for something under way.
    #[prop(optional)]
    spin: bool,
) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true" data-spin=spin.then_some("")>
            <use href=format!("/icons.svg#{name}")></use>
        </svg>
    }
}

/// A button. Tones: `primary`, `danger`, `quiet`; none is the ordinary one.
#[component]
pub fn Button(
    #[prop(default = "")] tone: &'static str,
    #[prop(default = "")] size: &'static str,
    #[prop(default = "submit")] kind: &'static str,
    #[prop(optional, into)] disabled: Signal<bool>,
    children: Children,
) -> impl IntoView {
    view! {
        <button class="button" type=kind data-tone=tone data-size=size disabled=move || disabled.get()>
            {children()}
        </button>
    }
}

/// A link that looks like a button.
#[component]
pub fn LinkButton(
    #[prop(into)] href: String,
    #[prop(default = "")] tone: &'static str,
    #[prop(default = "")] size: &'static str,
    /// Leaves the app: a download, or a page of another origin.
    #[prop(optional)]
    external: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <a class="button" href=href data-tone=tone data-size=size rel=external.then_some("external")>
            {children()}
        </a>
    }
}

/// A link in text.
#[component]
pub fn Link(#[prop(into)] href: String, children: Children) -> impl IntoView {
    view! { <a class="link" href=href>{children()}</a> }
}

/// A choice of a few, each a button of one form: it works without JavaScript.
#[component]
pub fn Segmented(
    /// Where the form goes.
    action: &'static str,
    name: &'static str,
    label: &'static str,
    #[prop(into)] chosen: String,
    /// Value and text.
    options: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let buttons = options.into_iter().map(|(value, text)| {
        let pressed = if value == chosen { "true" } else { "false" };
        view! { <button type="submit" name=name value=value aria-pressed=pressed>{text}</button> }
    });
    view! {
        <form class="segmented" method="post" action=action aria-label=label>
            {buttons.collect_view()}
        </form>
    }
}
