//! Verifying, on the reader's own machine.

use leptos::prelude::*;
use leptos_meta::Title;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;

use crate::shell::PublicLayout;
use crate::ui::{Icon, Notice, PageHeader};

mod panel;
mod tamper;

pub use panel::VerifyPanel;

/// The largest file read.
const MAX_BYTES: f64 = 1_048_576.0;

/// `/verify`: drop a bundle; no account, and once loaded no network.
#[component]
pub fn VerifyPage() -> impl IntoView {
    let (bundle, set_bundle) = signal(None::<String>);
    let (refused, set_refused) = signal(None::<&'static str>);
    let take = move |file: Option<web_sys::File>| match file {
        Some(file) if file.size() <= MAX_BYTES => {
            set_refused.set(None);
            read(&file, move |text| set_bundle.set(Some(text)));
        }
        Some(_) => set_refused.set(Some("A bundle is not larger than 1 MiB: this is another kind of file.")),
        None => {}
    };
    view! {
        <Title text="Verify a receipt"/>
        <PublicLayout>
            <PageHeader title="Verify a receipt" about="Drop a .certnode file. It is checked here, in your browser: nothing is sent, and it works offline once this page is open."/>
            <DropZone take=Callback::new(take) paste=Callback::new(move |text| set_bundle.set(Some(text)))/>
            {move || refused.get().map(|text| view! { <Notice tone="bad">{text}</Notice> })}
            {move || bundle.get().map(|bundle| view! { <VerifyPanel bundle=bundle at_once=true/> })}
            <noscript><Notice>"Verifying here needs JavaScript. In a terminal, "<code>"certnode verify FILE"</code>" does the same."</Notice></noscript>
        </PublicLayout>
    }
}

#[component]
fn DropZone(take: Callback<Option<web_sys::File>>, paste: Callback<String>) -> impl IntoView {
    let (over, set_over) = signal(false);
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        set_over.set(false);
        take.run(event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0)));
    };
    let chosen = move |event: web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        take.run(input.and_then(|input| input.files()).and_then(|files| files.get(0)));
    };
    view! {
        <div class="drop" data-over=move || over.get().then_some("") on:drop=dropped
            on:dragover=move |event| { event.prevent_default(); set_over.set(true); } on:dragleave=move |_| set_over.set(false)>
            <Icon name="upload"/>
            <p>"Drop a bundle here, or choose a file."</p>
            <label class="button" for="file">"Choose a file"</label>
            <input class="sr-only" type="file" id="file" accept=".certnode,application/json" on:change=chosen/>
            <details>
                <summary class="link">"Paste its text instead"</summary>
                <div class="field">
                    <label class="field-label" for="paste">"Bundle"</label>
                    <textarea class="textarea" id="paste" spellcheck="false" on:change=move |event| paste.run(event_target_value(&event))></textarea>
                </div>
            </details>
        </div>
    }
}

/// Reads a file's text, on this machine.
fn read(file: &web_sys::File, then: impl Fn(String) + 'static) {
    let done = Closure::once_into_js(move |text: wasm_bindgen::JsValue| then(text.as_string().unwrap_or_default()));
    // `then` keeps the closure alive until the text is there.
    let _ = file.text().then(&Closure::once(move |text: wasm_bindgen::JsValue| {
        let _ = js_sys::Function::from(done).call1(&wasm_bindgen::JsValue::NULL, &text);
    }));
}
