//! Times: UTC from the server, the reader's own zone once the page is alive.

use leptos::prelude::*;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// A time, or only its day.
#[component]
pub fn DateTime(at: OffsetDateTime, #[prop(optional)] day: bool) -> impl IntoView {
    let machine = at.format(&Rfc3339).unwrap_or_default();
    let utc = if day {
        at.format(format_description!("[day padding:none] [month repr:short] [year]"))
    } else {
        at.format(format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC"))
    };
    let (text, set_text) = signal(utc.unwrap_or_default());
    // The day something happened on is the same for every reader; a moment is told in their own zone.
    Effect::new(move || {
        if !day && let Some(local) = local(at) {
            set_text.set(local);
        }
    });
    view! { <time datetime=machine.clone() title=machine>{text}</time> }
}

/// The browser's own words for a time.
fn local(at: OffsetDateTime) -> Option<String> {
    web_sys::window()?;
    let millis = at.unix_timestamp_nanos() / 1_000_000;
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(millis as f64));
    let options = js_sys::Object::new();
    for (name, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        js_sys::Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    // The pages are in English: a date that is written as the server writes it does not jump when it turns local.
    Some(date.to_locale_string("en-GB", &options).into())
}
