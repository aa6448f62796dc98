//! The live feed: one WebSocket that says that something happened; resources fetch what.

use domain::accounts::Me;
use leptos::prelude::*;
#[cfg(feature = "hydrate")]
use wasm_bindgen::{JsCast as _, closure::Closure};

/// Counts what happened, so that a resource with a count as its source fetches again.
#[derive(Clone, Copy)]
pub struct Live {
    events: RwSignal<u32>,
    started: RwSignal<bool>,
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser waits"))]
    waiting: RwSignal<bool>,
}

/// Makes the feed of a page; once, at the root. It connects when a page that needs it is alive.
pub fn provide_live() {
    provide_context(Live { events: RwSignal::new(0), started: RwSignal::new(false), waiting: RwSignal::new(false) });
}

/// The number of events seen by this page so far.
pub fn use_live() -> Signal<u32> {
    use_context::<Live>().map_or_else(|| Signal::stored(0), |live| live.events.into())
}

/// Connects, from the offset at which the page's data was read. Once a page load; the socket outlives navigation.
pub fn listen(_me: &Me, after: i64) {
    let Some(live) = use_context::<Live>() else { return };
    Effect::new(move || {
        if !live.started.get_untracked() {
            live.started.set(true);
            connect(live, after, 0);
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn connect(_: Live, _: i64, _: u32) {}

/// Opens the socket; when it closes, opens another after a growing, jittered pause, for ever.
#[cfg(feature = "hydrate")]
fn connect(live: Live, after: i64, failures: u32) {
    let Some(location) = web_sys::window().map(|window| window.location()) else { return };
    let scheme = if location.protocol().is_ok_and(|protocol| protocol == "https:") { "wss" } else { "ws" };
    let host = location.host().unwrap_or_default();
    let Ok(socket) = web_sys::WebSocket::new(&format!("{scheme}://{host}/live?after={after}")) else { return };
    let failures = StoredValue::new(failures);
    let last = StoredValue::new(after);
    let message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
        failures.set_value(0);
        if let Some(id) = event.data().as_string().and_then(|text| event_id(&text)) {
            last.update_value(|last| *last = id.max(*last));
        }
        bump(live);
    });
    socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
    message.forget();
    let close = Closure::<dyn FnMut()>::new(move || {
        let failed = failures.get_value() + 1;
        let ceiling = f64::from(2_u32.pow(failed.min(6))) * 500.0;
        let pause = 300.0 + js_sys::Math::random() * ceiling;
        let after = last.get_value();
        set_timeout(move || connect(live, after, failed), std::time::Duration::from_millis(pause as u64));
    });
    socket.set_onclose(Some(close.as_ref().unchecked_ref()));
    close.forget();
}

/// Counts events in gusts: a page fetches a few times a second at most, however much happens.
#[cfg(feature = "hydrate")]
fn bump(live: Live) {
    if !live.waiting.get_untracked() {
        live.waiting.set(true);
        set_timeout(
            move || {
                live.waiting.set(false);
                live.events.update(|count| *count += 1);
            },
            std::time::Duration::from_millis(250),
        );
    }
}

/// The `id` of an event's JSON.
#[cfg(feature = "hydrate")]
fn event_id(text: &str) -> Option<i64> {
    let value = js_sys::JSON::parse(text).ok()?;
    js_sys::Reflect::get(&value, &"id".into()).ok()?.as_f64().map(|id| id as i64)
}
