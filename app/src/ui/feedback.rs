//! What tells how things stand.

use std::time::Duration;

use leptos::prelude::*;

use super::Icon;

/// A sentence that stays. Tones: `good`, `bad`, `warn`; none informs.
#[component]
pub fn Notice(#[prop(default = "")] tone: &'static str, children: Children) -> impl IntoView {
    let icon = match tone {
        "good" => "circle-check",
        "bad" => "circle-x",
        "warn" => "triangle-alert",
        _ => "info",
    };
    let role = (tone == "bad").then_some("alert");
    view! {
        <div class="notice" data-tone=tone role=role>
            <Icon name=icon/>
            <div>{children()}</div>
        </div>
    }
}

/// How far something is.
#[component]
pub fn Progress(#[prop(into)] label: String, value: u64, max: u64) -> impl IntoView {
    view! {
        <label class="progress">
            <span>{label}</span>
            <progress value=value max=max.max(1)></progress>
        </label>
    }
}

/// Where something will be.
#[component]
pub fn Skeleton(#[prop(default = 3)] lines: usize) -> impl IntoView {
    view! {
        <div class="stack" aria-busy="true">
            <span class="sr-only">"Loading"</span>
            {(0..lines).map(|_| view! { <span class="skeleton"></span> }).collect_view()}
        </div>
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Toast {
    id: u32,
    tone: &'static str,
    text: String,
}

/// The page's messages; see [`use_toasts`].
#[derive(Clone, Copy)]
pub struct Toasts(RwSignal<(u32, Vec<Toast>)>);

/// How long a good message stays.
const STAY: Duration = Duration::from_secs(10);

impl Toasts {
    /// Says that something worked; goes by itself.
    pub fn good(self, text: impl Into<String>) {
        let id = self.push("good", text.into());
        set_timeout(move || self.dismiss(id), STAY);
    }

    /// Says that something did not; stays until read.
    pub fn bad(self, text: impl Into<String>) {
        self.push("bad", text.into());
    }

    fn push(self, tone: &'static str, text: String) -> u32 {
        let id = self.0.with_untracked(|(last, _)| last + 1);
        self.0.update(|(last, toasts)| {
            *last = id;
            toasts.push(Toast { id, tone, text });
        });
        id
    }

    fn dismiss(self, id: u32) {
        // The page may be gone by the time the clock rings.
        let _ = self.0.try_update(|(_, toasts)| toasts.retain(|toast| toast.id != id));
    }
}

/// Makes the messages of a page; once, at the root.
pub fn provide_toasts() {
    provide_context(Toasts(RwSignal::new((0, Vec::new()))));
}

/// The messages of the page.
pub fn use_toasts() -> Option<Toasts> {
    use_context()
}

/// Where messages appear.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    let shown = move || toasts.map(|toasts| toasts.0.get().1).unwrap_or_default();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=shown key=|toast| toast.id let(toast)>
                <div class="toast" data-tone=toast.tone role=(toast.tone == "bad").then_some("alert")>
                    <Icon name=if toast.tone == "bad" { "circle-x" } else { "circle-check" }/>
                    <span>{toast.text.clone()}</span>
                    <button class="button" type="button" data-tone="quiet" data-size="small" aria-label="Dismiss"
                        on:click=move |_| if let Some(toasts) = toasts { toasts.dismiss(toast.id) }>
                        <Icon name="x"/>
                    </button>
                </div>
            </For>
        </div>
    }
}
