//! What can be taken away of a receipt: `/v1/receipts/{id}/…`, and the same below the dashboard's own address.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use domain::context::Cx;
use domain::receipts;

use super::receipts::parse;
use crate::auth::ApiCx;
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
pub async fn get_receipt_bundle(ApiCx(cx): ApiCx, Path(id): Path<String>) -> Result<Response, Refusal> {
    bundle(&cx, &id).await
}

/// The bundle as a download, for the API and the dashboard.
pub async fn bundle(cx: &Cx, id: &str) -> Result<Response, Refusal> {
    let id = parse(id)?;
    let bytes = receipts::bundle(cx, id).await?;
    Ok(file(bytes, "application/vnd.certnode.bundle+json", &format!("{id}.certnode")))
}

/// A download that is not kept by anyone on the way.
fn file(bytes: Vec<u8>, kind: &'static str, name: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, bytes).into_response()
}
