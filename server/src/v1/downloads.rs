//! What can be taken away of a receipt: `/v1/receipts/{id}/…`, and the same below the dashboard's own address.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use domain::context::Cx;
use domain::id::ReceiptId;
use domain::{Problem, integrity, receipts, shares};

use super::receipts::parse;
use crate::AppState;
use crate::auth::{ApiCx, SessionCx};
use crate::paper::{self, Link};
use crate::problem::{ProblemOut, Refusal};

/// The receipt as a file that verifies offline: `.certnode`.
#[utoipa::path(
    get,
    path = "/receipts/{id}/bundle",
    tag = "receipts",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "rcpt_…")),
    responses(
        (status = 200, description = "The file: canonical JSON with statement, payload, proof and policy.", content_type = "application/vnd.certnode.bundle+json"),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_receipt_bundle(
    State(state): State<AppState>,
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    file(&state, &cx, &id, "bundle").await
}

/// That your log includes the receipt: a `.tlog-proof` (C2SP).
#[utoipa::path(
    get,
    path = "/receipts/{id}/proof",
    tag = "receipts",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "rcpt_…")),
    responses(
        (status = 200, description = "Index, hashes, and the signed checkpoint. The entry is the statement.", content_type = "text/plain", body = String),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_receipt_proof(
    State(state): State<AppState>,
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    file(&state, &cx, &id, "proof").await
}

/// That the public root log includes that state of your log: a `.tlog-proof` (C2SP).
#[utoipa::path(
    get,
    path = "/receipts/{id}/root-proof",
    tag = "receipts",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "rcpt_…")),
    responses(
        (status = 200, description = "Index, hashes, and the root log's checkpoint with what witnesses signed. The entry is the text of the other proof's checkpoint.", content_type = "text/plain", body = String),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 409, description = "The root log does not have it yet; see Retry-After.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_receipt_root_proof(
    State(state): State<AppState>,
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    file(&state, &cx, &id, "root-proof").await
}

/// That your log includes the receipt: a COSE receipt (RFC 9942, RFC9162_SHA256).
#[utoipa::path(
    get,
    path = "/receipts/{id}/cose",
    tag = "receipts",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "rcpt_…")),
    responses(
        (status = 200, description = "COSE_Sign1 over the root, which is detached; the inclusion proof is in the unprotected header.", content_type = "application/cose"),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_receipt_cose(
    State(state): State<AppState>,
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    file(&state, &cx, &id, "cose").await
}

/// The receipt on one page of paper, with the bundle attached.
#[utoipa::path(
    get,
    path = "/receipts/{id}/pdf",
    tag = "receipts",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "rcpt_…")),
    responses(
        (status = 200, description = "PDF; its QR code leads to the receipt's own page where it is shared, and else to where files are checked.", content_type = "application/pdf"),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_receipt_pdf(
    State(state): State<AppState>,
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    file(&state, &cx, &id, "pdf").await
}

/// `GET /ledger/check.json`: what the last check of the whole log that was asked for came to.
pub async fn download_log_check(SessionCx(cx): SessionCx) -> Result<Response, Refusal> {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"log-check.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, integrity::check::report(&cx).await?).into_response())
}

/// `GET /receipts/{id}/{file}`: the downloads of the dashboard.
pub async fn download(
    State(state): State<AppState>,
    SessionCx(cx): SessionCx,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    file(&state, &cx, &id, &name).await
}

/// One of the files, by the last part of its address.
async fn file(state: &AppState, cx: &Cx, id: &str, name: &str) -> Result<Response, Refusal> {
    let id = parse(id)?;
    let (bytes, kind, ending) = match name {
        "bundle" => (receipts::bundle(cx, id).await?, "application/vnd.certnode.bundle+json", "certnode"),
        "proof" => (receipts::proof(cx, id).await?.into_bytes(), "text/plain; charset=utf-8", "tlog-proof"),
        "root-proof" => {
            (receipts::root_proof(cx, id).await?.into_bytes(), "text/plain; charset=utf-8", "root.tlog-proof")
        }
        "cose" => (receipts::cose(cx, id).await?, "application/cose; cose-type=\"cose-sign1\"", "cose"),
        "pdf" => (pdf(state, cx, id).await?, "application/pdf", "pdf"),
        _ => return Err(Problem::not_found().into()),
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.{ending}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

async fn pdf(state: &AppState, cx: &Cx, id: ReceiptId) -> Result<Vec<u8>, Problem> {
    let (receipt, bundle) = (receipts::get(cx, id).await?, receipts::bundle(cx, id).await?);
    let base = state.config.public_url.trim_end_matches('/');
    let link = match shares::find(cx, id).await? {
        Some(share) => Link { url: format!("{base}/r/{}", share.token), shared: true },
        None => Link { url: format!("{base}/verify"), shared: false },
    };
    let drawn = tokio::task::spawn_blocking(move || paper::receipt(&receipt, &bundle, &link));
    drawn.await.map_err(Problem::internal)?
}
