//! Code to read and to take away.

use leptos::prelude::*;

use super::Icon;

/// Copies a text, and says so. Hidden until the page is alive, since it needs JavaScript.
#[component]
pub fn CopyButton(
    #[prop(into)] text: String,
    /// What is copied, for those who do not see the button.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let (copied, set_copied) = signal(false);
    let (alive, set_alive) = signal(false);
    let said = format!("Copy {}", label.to_lowercase());
    Effect::new(move || set_alive.set(true));
    let copy = move |_| {
        if let Some(window) = web_sys::window() {
            let _ = window.navigator().clipboard().write_text(&text);
            set_copied.set(true);
            // The page may be gone by then.
            let back = move || {
                let _ = set_copied.try_set(false);
            };
            set_timeout(back, std::time::Duration::from_secs(2));
        }
    };
    view! {
        <button class="button copy" type="button" data-size="small" data-tone="quiet" title="Copy" hidden=move || !alive.get() on:click=copy>
            {move || if copied.get() { view! { <Icon name="check"/> } } else { view! { <Icon name="copy"/> } }}
            <span class="sr-only">{said}</span>
            <span class="sr-only" aria-live="polite">{move || if copied.get() { "Copied" } else { "" }}</span>
        </button>
    }
}

/// A block of code with a button to copy it. `wrap` breaks long lines instead of scrolling.
#[component]
pub fn CodeBlock(
    #[prop(into)] code: String,
    #[prop(into)] label: String,
    #[prop(optional)] wrap: bool,
) -> impl IntoView {
    view! {
        <div class="code-block" data-wrap=wrap.then_some("")>
            <pre tabindex="0" role="region" aria-label=label.clone()><code>{code.clone()}</code></pre>
            <CopyButton text=code label=label/>
        </div>
    }
}
