//! The socket itself: opened again for ever, from the last event that was heard.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, closure::Closure};

use super::Counts;

/// Events are counted in gusts: a page fetches a few times a second at most, however much happens.
const GUST: Duration = Duration::from_millis(250);
/// The shortest pause before another try, and the ceiling of the first random part, which then doubles.
const PAUSE_MS: f64 = 300.0;
const FIRST_CEILING_MS: f64 = 1_000.0;
/// Doublings of the ceiling: 32 s is the most.
const DOUBLINGS_MAX: u32 = 5;

/// Where the feed stands.
#[derive(Clone, Copy)]
pub(super) struct Socket {
    counts: RwSignal<Counts>,
    last: StoredValue<i64>,
    failures: StoredValue<u32>,
    heard: StoredValue<Vec<String>>,
}

impl Socket {
    pub(super) fn new(counts: RwSignal<Counts>) -> Self {
        Self { counts, last: StoredValue::new(0), failures: StoredValue::new(0), heard: StoredValue::new(Vec::new()) }
    }

    /// Opens the socket for what comes after an offset.
    pub(super) fn open_after(self, offset: i64) {
        self.last.set_value(offset);
        self.open();
    }

    /// Opens the socket; when that fails or it closes, tries again after a pause.
    fn open(self) {
        let Some(socket) = self.address().and_then(|address| web_sys::WebSocket::new(&address).ok()) else {
            return self.retry();
        };
        let message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
            self.failures.set_value(0);
            if let Some((id, kind)) = event.data().as_string().and_then(|text| event_of(&text)) {
                self.last.update_value(|last| *last = id.max(*last));
                self.hear(kind);
            }
        });
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        // A closed socket says nothing more, so its listeners go with it.
        let mut message = Some(message);
        let close = Closure::once_into_js(move || {
            drop(message.take());
            self.retry();
        });
        socket.set_onclose(Some(close.unchecked_ref()));
    }

    fn address(self) -> Option<String> {
        let location = web_sys::window()?.location();
        let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
        Some(format!("{scheme}://{}/live?after={}", location.host().ok()?, self.last.get_value()))
    }

    /// Waits longer after each failure, and never as long as another page does.
    fn retry(self) {
        let failed = self.failures.get_value();
        self.failures.set_value(failed.saturating_add(1));
        let ceiling = FIRST_CEILING_MS * f64::from(2_u32.pow(failed.min(DOUBLINGS_MAX)));
        let pause = PAUSE_MS + js_sys::Math::random() * ceiling;
        set_timeout(move || self.open(), Duration::from_millis(pause as u64));
    }

    /// Notes an event; the first of a gust sets the clock that tells the page of all of them.
    fn hear(self, kind: String) {
        let first = self.heard.with_value(Vec::is_empty);
        self.heard.update_value(|heard| heard.push(kind));
        if first {
            set_timeout(move || self.tell(), GUST);
        }
    }

    fn tell(self) {
        let mut kinds = self.heard.try_update_value(std::mem::take).unwrap_or_default();
        kinds.sort_unstable();
        kinds.dedup();
        self.counts.update(|counts| kinds.iter().for_each(|kind| counts.add(kind)));
    }
}

/// The `id` and the `type` of an event's JSON.
fn event_of(text: &str) -> Option<(i64, String)> {
    let value = js_sys::JSON::parse(text).ok()?;
    let member = |name: &str| js_sys::Reflect::get(&value, &name.into()).ok();
    Some((member("id")?.as_f64()? as i64, member("type")?.as_string()?))
}
