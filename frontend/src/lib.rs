//! The wasm entry: hydrates the app in the browser.

use leptos::prelude::document;
use wasm_bindgen::JsValue;

#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        // A page that panicked answers to nothing any more: say so, and offer the way out.
        if let Some(banner) = document().get_element_by_id("crashed") {
            let _ = banner.remove_attribute("hidden");
        }
    }));
    leptos::mount::hydrate_lazy(app::App);
}

/// In a worker: see [`app::verify::check_period`]. `done` is given the report, or null.
#[wasm_bindgen::prelude::wasm_bindgen]
#[expect(
    clippy::disallowed_methods,
    reason = "a worker has no page that could be gone; an exported future weighs more"
)]
pub fn check_period(file: web_sys::File, policy: String, goes_on: js_sys::Function, done: js_sys::Function) {
    wasm_bindgen_futures::spawn_local(async move {
        let report = app::verify::check_period(file, policy, goes_on).await;
        let _ = done.call1(&JsValue::NULL, &report.map_or(JsValue::NULL, JsValue::from));
    });
}
