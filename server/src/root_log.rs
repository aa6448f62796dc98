//! The root log, for everyone: `/log/checkpoint`, `/log/tile/…` (C2SP tlog-tiles), and its keys. No API key, any origin.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use domain::anchors::ROOT;
use domain::logs;

use crate::AppState;
use crate::problem::Refusal;
use crate::v1;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/log/checkpoint", get(checkpoint))
        .route("/log/tile/{*path}", get(tile))
        .route("/.well-known/certnode-keys.json", get(v1::log_keys::published))
}

async fn checkpoint(State(state): State<AppState>) -> Result<Response, Refusal> {
    let note = logs::tiles::checkpoint(&state.domain.system(ROOT.0, ROOT.1)).await?;
    Ok(public(note.into_response(), "text/plain; charset=utf-8", "public, max-age=1"))
}

async fn tile(State(state): State<AppState>, Path(path): Path<String>) -> Result<Response, Refusal> {
    let bytes = v1::logs::read_tile(&state.domain.system(ROOT.0, ROOT.1), &path).await?;
    Ok(public(bytes.into_response(), "application/octet-stream", "public, max-age=31536000, immutable"))
}

/// With what lets any page and any cache have it.
pub(crate) fn public(mut response: Response, kind: &'static str, kept: &'static str) -> Response {
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, kept),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
