//! Times: UTC from the server, the reader's own zone once the page is alive.

use leptos::prelude::*;
use time::OffsetDateTime;

/// A time, or only its day.
#[component]
pub fn DateTime(at: OffsetDateTime, #[prop(optional)] day: bool) -> impl IntoView {
    let machine = rfc3339(at);
    let utc =
        if day { written_day(at) } else { format!("{}, {:02}:{:02} UTC", written_day(at), at.hour(), at.minute()) };
    let (text, set_text) = signal(utc);
    // The day something happened on is the same for every reader; a moment is told in their own zone.
    Effect::new(move || {
        if !day && let Some(local) = local(at) {
            set_text.set(local);
        }
    });
    view! { <time datetime=machine.clone() title=machine>{text}</time> }
}

/// `25 Mar 1997`. By hand, as the two formats below are: `time`'s formatting is 30 kB of WebAssembly.
fn written_day(at: OffsetDateTime) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = usize::from(u8::from(at.month())) - 1;
    format!("{} {} {}", at.day(), MONTHS[month], at.year())
}

/// `1997-03-25T00:00:00Z`, with milliseconds where there are any. `at` is in UTC, as everything the server sends is.
pub fn rfc3339(at: OffsetDateTime) -> String {
    let (date, time) = (at.date(), at.time());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let mut text =
        format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    if time.millisecond() > 0 {
        text.push_str(&format!(".{:03}", time.millisecond()));
    }
    text + "Z"
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

#[cfg(test)]
mod tests;
