//! The worker that checks archives, seen from the page (`public/verify-worker.js`).

use std::cell::Cell;

use js_sys::{Array, Promise};
use ledger::period::Found;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

/// A worker that has what it needs, or is getting it; it ends with this.
pub(super) struct Checker {
    worker: Worker,
    /// Kept once it said that it is ready, and broken when it cannot be.
    ready: Promise,
    turn: Cell<u32>,
}

/// Why a worker did not answer: then the page checks by itself.
pub(super) struct Silent;

impl Checker {
    /// Starts one; none in a browser that has no such workers, or on a page that does not say where its code is.
    pub(super) fn start() -> Option<Self> {
        let named = |selector: &str| {
            let link = document().query_selector(selector).ok().flatten()?;
            link.get_attribute("href")
        };
        let (glue, wasm) = (named("link[rel=modulepreload]")?, named("link[rel=preload][as=fetch]")?);
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&format!("/verify-worker.js?{glue}&{wasm}"), &options).ok()?;
        let ready = next_word(&worker);
        Some(Self { worker, ready, turn: Cell::new(0) })
    }

    /// Checks an archive; none when it cannot be read to its end, or `goes_on` says that nobody waits. Whoever drops this
    /// stops it.
    pub(super) async fn check(
        &self,
        file: &web_sys::File,
        policy: &str,
        goes_on: impl Fn((u64, u64)) -> bool,
    ) -> Result<Option<Found>, Silent> {
        JsFuture::from(self.ready.clone()).await.map_err(|_| Silent)?;
        self.turn.set(self.turn.get() + 1);
        let _stops = Stops(self);
        let turn = f64::from(self.turn.get());
        self.say(&Array::of3(&turn.into(), file, &policy.into()));
        loop {
            let said = JsFuture::from(next_word(&self.worker)).await.map_err(|_| Silent)?;
            let said: Array = said.unchecked_into::<MessageEvent>().data().unchecked_into();
            if said.get(0).as_f64() != Some(turn) {
                continue;
            }
            match (said.get(1).as_f64(), said.get(2).as_f64()) {
                (Some(checked), Some(total)) if goes_on((checked as u64, total as u64)) => {}
                (Some(_), Some(_)) => return Ok(None),
                _ => return Ok(said.get(1).as_string().and_then(|report| Found::from_json(report.as_bytes()))),
            }
        }
    }

    fn say(&self, what: &JsValue) {
        // Fails only for what cannot be copied; a file, text and numbers can.
        let _ = self.worker.post_message(what);
    }
}

impl Drop for Checker {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// Tells the worker that nobody waits any more.
struct Stops<'a>(&'a Checker);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.say(&Array::of1(&0.into()));
    }
}

/// What the worker says next. One message is one task, and what waits for it goes on before the next: none is missed.
fn next_word(worker: &Worker) -> Promise {
    Promise::new(&mut |heard, failed| {
        worker.set_onmessage(Some(&heard));
        worker.set_onerror(Some(&failed));
    })
}
