//! Reading an archive piece by piece: never more of it in memory than that.

use ledger::jcs::canonical;
use ledger::period::{Found, PeriodVerification};
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What a worker reads at once: nobody waits for it.
const PIECE: f64 = 262_144.0;

/// In a worker: checks an archive, and gives the report as JSON. None when it cannot be read, or `goes_on`, which is told
/// how many entries were checked and how many there are, says that nobody waits for it any more.
#[lazy]
pub async fn check_period(file: web_sys::File, policy: String, goes_on: js_sys::Function) -> Option<String> {
    let told = |(checked, total): (u64, u64)| {
        let said = goes_on.call2(&JsValue::NULL, &JsValue::from(checked as f64), &JsValue::from(total as f64));
        said.is_ok_and(|said| said.is_truthy())
    };
    let found = read(&file, &policy, PIECE, told).await?;
    String::from_utf8(canonical(&found.to_json())).ok()
}

/// Reads and checks the file; none when it cannot be read, or `goes_on` says so.
pub(super) async fn read(
    file: &web_sys::File,
    policy: &str,
    piece: f64,
    goes_on: impl Fn((u64, u64)) -> bool,
) -> Option<Found> {
    let policy = policy.trim();
    let mut verification = PeriodVerification::new((!policy.is_empty()).then_some(policy));
    let (size, mut at) = (file.size(), 0.0);
    while at < size {
        let slice = file.slice_with_f64_and_f64(at, (at + piece).min(size)).ok()?;
        let buffer = JsFuture::from(slice.array_buffer()).await.ok()?.dyn_into::<js_sys::ArrayBuffer>().ok()?;
        verification.push(&js_sys::Uint8Array::new(&buffer).to_vec());
        if !goes_on(verification.progress()) {
            return None;
        }
        at += piece;
    }
    Some(verification.finish())
}
