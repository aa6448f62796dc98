//! Logs for everyone (C2SP tlog-tiles): no key, any origin. The root log below `/log` and, as its name says, `/root`; a
//! tenant's that was made public below the path of its name, `/t/<32 hex>`.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use domain::anchors::ROOT;
use domain::logs;

use crate::AppState;
use crate::files;
use crate::problem::Refusal;

const KEPT: &str = "public, max-age=31536000, immutable";
/// A log that is public now may not be tomorrow.
const KEPT_A_DAY: &str = "public, max-age=86400, immutable";

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/log/checkpoint", get(checkpoint))
        .route("/log/tile/{*path}", get(tile))
        .route("/root/checkpoint", get(checkpoint))
        .route("/root/tile/{*path}", get(tile))
        .route("/t/{name}/checkpoint", get(tenant_checkpoint))
        .route("/t/{name}/tile/{*path}", get(tenant_tile))
}

async fn checkpoint(State(state): State<AppState>) -> Result<Response, Refusal> {
    Ok(files::public(files::checkpoint(&state.domain.system(ROOT.0, ROOT.1)).await?))
}

async fn tile(
    State(state): State<AppState>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Ok(files::public(files::tile(&state.domain.system(ROOT.0, ROOT.1), &path, &headers, KEPT).await?))
}

async fn tenant_checkpoint(State(state): State<AppState>, Path(name): Path<String>) -> Result<Response, Refusal> {
    let cx = logs::public(&state.domain, &name).await?;
    Ok(files::public(files::checkpoint(&cx).await?))
}

async fn tenant_tile(
    State(state): State<AppState>,
    Path((name, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let cx = logs::public(&state.domain, &name).await?;
    Ok(files::public(files::tile(&cx, &path, &headers, KEPT_A_DAY).await?))
}
