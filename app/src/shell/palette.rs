//! The palette: type where you want to go.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::NAV;
use crate::ui::Icon;

/// What a search finds: address, icon, title, group. A receipt's id leads to the receipt.
fn find(query: &str) -> Vec<(String, &'static str, String, &'static str)> {
    let query = query.trim().to_lowercase();
    let mut found = Vec::new();
    if query.starts_with("rcpt_") {
        found.push((format!("/receipts/{query}"), "receipt-text", format!("Open {query}"), "Receipt"));
    }
    let pages = NAV.into_iter().map(|(href, icon, title)| (href, icon, title, "Page"));
    let actions = [
        ("/keys#new", "plus", "Create an API key", "Action"),
        ("/receipts?kind=approval", "filter", "Show approvals", "Action"),
    ];
    let known = pages.chain(actions).filter(|(_, _, title, _)| title.to_lowercase().contains(&query));
    found.extend(known.map(|(href, icon, title, group)| (href.to_owned(), icon, title.to_owned(), group)));
    if !query.is_empty() && !query.starts_with("rcpt_") {
        let encoded = String::from(js_sys::encode_uri_component(&query));
        found.push((
            format!("/receipts?search={encoded}"),
            "search",
            format!("Receipts with the reference {query}"),
            "Search",
        ));
    }
    found
}

/// The button, and the dialog behind it; also Ctrl-K or ⌘K. Nothing is only in here.
#[component]
pub(super) fn Palette() -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let (query, set_query) = signal(String::new());
    let (chosen, set_chosen) = signal(0_usize);
    let (alive, set_alive) = signal(false);
    let open = move || {
        if let Some(dialog) = dialog.get_untracked() {
            set_query.set(String::new());
            set_chosen.set(0);
            let _ = dialog.show_modal();
        }
    };
    Effect::new(move || set_alive.set(true));
    let keys = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
        if (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            open();
        }
    });
    on_cleanup(move || keys.remove());
    let found = Memo::new(move |_| if alive.get() { find(&query.get()) } else { Vec::new() });
    let navigate = use_navigate();
    let typed = move |event: KeyboardEvent| {
        let last = found.with_untracked(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => set_chosen.update(|at| *at = (*at + 1).min(last)),
            "ArrowUp" => set_chosen.update(|at| *at = at.saturating_sub(1)),
            "Enter" => {
                if let Some((href, ..)) = found.with_untracked(|found| found.get(chosen.get_untracked()).cloned()) {
                    if let Some(dialog) = dialog.get_untracked() {
                        dialog.close();
                    }
                    navigate(&href, Default::default());
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let item = move |(index, (href, icon, title, group)): (usize, (String, &'static str, String, &'static str))| {
        let selected = move || if chosen.get() == index { "true" } else { "false" };
        view! {
            <a href=href id=format!("palette-{index}") role="option" aria-selected=selected on:click=close tabindex="-1">
                <Icon name=icon/>{title}<small>{group}</small>
            </a>
        }
    };
    view! {
        <button class="search-button" type="button" aria-label="Search" aria-keyshortcuts="Control+K Meta+K" hidden=move || !alive.get() on:click=move |_| open()>
            <Icon name="search"/><span>"Search"</span><kbd>"Ctrl K"</kbd>
        </button>
        <dialog class="dialog palette" node_ref=dialog aria-label="Search">
            <div class="palette-input">
                <Icon name="search"/>
                <input type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-label="Where to?"
                    aria-activedescendant=move || format!("palette-{}", chosen.get()) placeholder="A page, an action, a receipt's id or reference"
                    autocomplete="off" prop:value=move || query.get() on:keydown=typed
                    on:input=move |event| { set_query.set(event_target_value(&event)); set_chosen.set(0); }/>
            </div>
            <div class="palette-list" id="palette-list" role="listbox" aria-label="Results">
                {move || found.get().into_iter().enumerate().map(item).collect_view()}
            </div>
        </dialog>
    }
}
