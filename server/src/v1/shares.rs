//! `/v1/receipts/{id}/share`

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use domain::id::ReceiptId;
use domain::shares::{self, Share};
use domain::{Mode, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::receipts::{json, parse, rfc3339};
use crate::AppState;
use crate::auth::ApiCx;
use crate::problem::{ProblemOut, Refusal};

/// Whether a receipt is shared, and where.
#[derive(Serialize, ToSchema)]
#[schema(as = Share)]
pub struct ShareOut {
    /// Always `share`.
    #[schema(example = "share")]
    object: &'static str,
    /// The receipt.
    #[schema(value_type = String, example = "rcpt_01kaqm7n4ef8zs9v0yq2p3r5tw")]
    receipt: ReceiptId,
    /// `live` or `test`.
    #[schema(value_type = String, example = "test")]
    mode: Mode,
    /// Whoever has this address sees the receipt; none while it is not shared.
    #[schema(example = "https://certnode.example/r/2xkq7ZyTq1mXw5cJt9hRbA")]
    url: Option<String>,
    /// A small picture that says whether it verifies, to embed.
    badge_url: Option<String>,
    /// Whether the contents are shown.
    contents: Option<bool>,
    /// Since when.
    #[schema(format = DateTime)]
    shared_at: Option<String>,
}

/// What is shown.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ShareQuery {
    /// Show the contents too; `false` if not said.
    #[serde(default)]
    contents: bool,
}

fn out(state: &AppState, receipt: ReceiptId, mode: Mode, share: Option<Share>) -> Response {
    let base = state.config.public_url.trim_end_matches('/');
    let url = share.as_ref().map(|share| format!("{base}/r/{}", share.token));
    json(&ShareOut {
        object: "share",
        receipt,
        mode,
        badge_url: url.as_ref().map(|url| format!("{url}/badge.svg")),
        url,
        contents: share.as_ref().map(|share| share.with_contents),
        shared_at: share.map(|share| rfc3339(share.shared_at)),
    })
}

/// Whether the receipt is shared, and where.
#[utoipa::path(
    get,
    path = "/receipts/{id}/share",
    tag = "receipts",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "rcpt_…")),
    responses(
        (status = 200, description = "The link, or none.", body = ShareOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_receipt_share(
    State(state): State<AppState>,
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = parse(&id)?;
    Ok(out(&state, id, cx.tenant()?.1, shares::find(&cx, id).await?))
}

/// Shares the receipt: whoever has the link sees it, and can check it, without an account.
///
/// One that is shared already keeps its link, and shows what is chosen now.
#[utoipa::path(
    put,
    path = "/receipts/{id}/share",
    tag = "receipts",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "rcpt_…"), ShareQuery),
    responses(
        (status = 200, description = "The link.", body = ShareOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn share_receipt(
    State(state): State<AppState>,
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
    query: Result<Query<ShareQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|rejection| Problem::invalid().field("query", "query", rejection.body_text()))?;
    let id = parse(&id)?;
    Ok(out(&state, id, cx.tenant()?.1, Some(shares::share(&cx, id, query.contents).await?)))
}

/// Withdraws the link, for good: shared again, the receipt gets another.
#[utoipa::path(
    delete,
    path = "/receipts/{id}/share",
    tag = "receipts",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "rcpt_…")),
    responses(
        (status = 200, description = "It is shared no more.", body = ShareOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn withdraw_receipt_share(
    State(state): State<AppState>,
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = parse(&id)?;
    shares::withdraw(&cx, id).await?;
    Ok(out(&state, id, cx.tenant()?.1, None))
}
