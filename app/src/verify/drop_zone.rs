//! Where a file is taken in: dropped, chosen, or pasted.

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::ui::{Field, Icon};

/// The largest file read.
const MAX_BYTES: f64 = 1_048_576.0;
const TOO_LARGE: &str =
    "A bundle is not larger than 1 MiB, and the archive of a period ends in .tar: this is another kind of file.";
const UNREADABLE: &str = "The file could not be read. Choose it again.";

/// What was brought.
pub(super) enum Brought {
    /// The text of a receipt's file.
    Bundle(String),
    /// The archive of a period, to be read as it is checked.
    Period(web_sys::File),
}

/// Takes a file's text or an archive, or says why not. Nothing leaves the machine.
#[component]
pub(super) fn DropZone(take: UnsyncCallback<Result<Brought, &'static str>>) -> impl IntoView {
    let over = RwSignal::new(false);
    let open = move |files: Option<web_sys::FileList>| {
        if let Some(file) = files.and_then(|files| files.get(0)) {
            read(&file, take);
        }
    };
    let dropped = move |event: web_sys::DragEvent| {
        event.prevent_default();
        over.set(false);
        open(event.data_transfer().and_then(|data| data.files()));
    };
    let chosen = move |event: web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        open(input.as_ref().and_then(web_sys::HtmlInputElement::files));
        // The same file can be chosen again, after it was changed.
        input.inspect(|input| input.set_value(""));
    };
    let pasted = move |event| {
        let text = event_target_value(&event);
        if !text.trim().is_empty() {
            take.run(Ok(Brought::Bundle(text)));
        }
    };
    view! {
        <div class="drop" data-over=move || over.get().then_some("") on:drop=dropped
            on:dragover=move |event| { event.prevent_default(); over.set(true); } on:dragleave=move |_| over.set(false)>
            <Icon name="upload"/>
            <p>"Drop a bundle or a period's archive here, or choose a file."</p>
            <input class="sr-only" type="file" id="file" accept=".certnode,.tar,application/json,application/x-tar" on:change=chosen/>
            <label class="button" for="file">"Choose a file"</label>
            <details>
                <summary class="link">"Paste its text instead"</summary>
                <Field id="paste" label="Bundle"><textarea class="textarea" id="paste" spellcheck="false" on:input=pasted></textarea></Field>
            </details>
        </div>
    }
}

/// Reads a file's text, on this machine; an archive is passed on as it is.
fn read(file: &web_sys::File, take: UnsyncCallback<Result<Brought, &'static str>>) {
    if file.name().ends_with(".tar") {
        return take.run(Ok(Brought::Period(file.clone())));
    }
    if file.size() > MAX_BYTES {
        return take.run(Err(TOO_LARGE));
    }
    let read =
        Closure::once_into_js(move |text: JsValue| take.run(text.as_string().map(Brought::Bundle).ok_or(UNREADABLE)));
    let failed = Closure::once_into_js(move |_: JsValue| take.run(Err(UNREADABLE)));
    // Through the method itself, so that JavaScript owns both closures.
    let text: JsValue = file.text().into();
    let then =
        js_sys::Reflect::get(&text, &"then".into()).ok().and_then(|then| then.dyn_into::<js_sys::Function>().ok());
    if let Some(then) = then {
        let _ = then.call2(&text, &read, &failed);
    }
}
