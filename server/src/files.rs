//! A log's files over HTTP (C2SP tlog-tiles): they never change, so every cache may keep them.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::context::Cx;
use domain::logs;
use ledger::hash::sha256;

use crate::problem::Refusal;

/// A tile or a bundle by its path below `tile/`; `kept` says how long by whom.
pub async fn tile(cx: &Cx, path: &str, headers: &HeaderMap, kept: &'static str) -> Result<Response, Refusal> {
    let file = logs::tiles::file(cx, &format!("tile/{path}"), accepts_gzip(headers)).await?;
    let tag = format!("\"{}\"", &sha256(&[&file.bytes]).to_hex()[..32]);
    let same = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|known| {
        known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag || known.trim() == "*")
    });
    let mut response = if same { StatusCode::NOT_MODIFIED.into_response() } else { file.bytes.into_response() };
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(header::ETAG, tag);
    }
    if file.gzip {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// The latest checkpoint, of which caches may be a second behind.
pub async fn checkpoint(cx: &Cx) -> Result<Response, Refusal> {
    let mut response = logs::tiles::checkpoint(cx).await?.into_response();
    for (name, value) in
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=1")]
    {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// With what lets any page have it.
pub fn public(mut response: Response) -> Response {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// With what lets any page have it that has a key: no cookie goes with such a request, so it reads as whoever wrote the page.
/// Of a refusal too, so that it can be told from a network that failed.
pub async fn for_pages(request: Request, next: Next) -> Response {
    let mut response = public(next.run(request).await);
    let exposed = HeaderValue::from_static("etag, request-id");
    response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    response
}

/// What a browser asks before it sends a key from another site's page (Fetch §3.3): a day's leave to read.
pub async fn preflight() -> Response {
    let mut response = public(StatusCode::NO_CONTENT.into_response());
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, if-none-match"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the reader takes gzip (RFC 9110 §12.5.3): named, and not with a weight of nothing.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight != Some(0.0_f32)
    })
}
