//! What lies over the page: native dialogs and disclosures, so that focus, Escape and no-JavaScript are the browser's.

use leptos::html;
use leptos::prelude::*;

/// A dialog with the button that opens it. Without JavaScript the fallback is shown in its place.
#[component]
pub fn Dialog(
    #[prop(into)] id: String,
    #[prop(into)] title: String,
    /// What stands on the button.
    #[prop(into)]
    open: String,
    #[prop(default = "")] tone: &'static str,
    #[prop(default = "dialog")] class: &'static str,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let show = move |_| {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    };
    let heading = format!("{id}-title");
    let labelled = heading.clone();
    view! {
        <button class="button" type="button" data-size="small" data-tone=tone aria-haspopup="dialog" on:click=show>{open}</button>
        <dialog class=class id=id node_ref=dialog aria-labelledby=labelled>
            <div class="dialog-body">
                <h2 id=heading>{title}</h2>
                {children()}
                <form method="dialog"><button class="button" data-tone="quiet" data-size="small">"Close"</button></form>
            </div>
        </dialog>
    }
}

/// A dialog at the side, for details.
#[component]
pub fn Drawer(
    #[prop(into)] id: String,
    #[prop(into)] title: String,
    #[prop(into)] open: String,
    children: Children,
) -> impl IntoView {
    view! { <Dialog id=id title=title open=open class="dialog drawer">{children()}</Dialog> }
}

/// A button with a list of things to do.
#[component]
pub fn Menu(
    #[prop(into)] label: String,
    #[prop(default = "end")] side: &'static str,
    button: AnyView,
    children: Children,
) -> impl IntoView {
    view! {
        <details class="menu" data-side=side name="menu">
            <summary class="button" data-tone="quiet" data-size="small" aria-label=label>{button}</summary>
            <div class="menu-items">{children()}</div>
        </details>
    }
}

/// A word about a control, on hover and on focus.
#[component]
pub fn Tooltip(#[prop(into)] id: String, #[prop(into)] text: String, children: Children) -> impl IntoView {
    view! {
        <span class="tooltip">
            {children()}
            <span role="tooltip" id=id>{text}</span>
        </span>
    }
}
