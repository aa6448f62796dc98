//! What is said of a request's body, whatever is in it.

use axum::http::{HeaderMap, header};
use domain::Problem;

use crate::edge::BodyTooSlow;

/// 415 for a body that says it is something else than JSON. What `curl -d` says when nobody told it is let pass: the body
/// is read as strict JSON whatever it says.
pub fn json_only(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let named = ["application/json", "application/x-www-form-urlencoded"].contains(&essence.as_str());
    if named || essence.starts_with("application/") && essence.ends_with("+json") {
        return Ok(());
    }
    let detail = "The body must be JSON: send it with `Content-Type: application/json`.";
    Err(Problem::new(415, "not_json", detail))
}

/// A body that ended early: too slow, or cut off.
pub fn cut_off(error: &(dyn std::error::Error + 'static)) -> Problem {
    if std::iter::successors(error.source(), |cause| cause.source()).any(|cause| cause.is::<BodyTooSlow>()) {
        return Problem::new(408, "body_too_slow", "The body took too long to arrive. Nothing was changed.");
    }
    Problem::new(400, "body_unread", "The body could not be read to its end.")
}
