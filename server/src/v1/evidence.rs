//! `/v1/evidence`

use axum::body::Body;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::Problem;
use domain::context::Cx;
use domain::evidence::{self, File};
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::cut_off;
use super::receipts::{json, rfc3339};
use crate::auth::{ApiCx, SessionCx};
use crate::problem::{ProblemOut, Refusal};

/// A file that goes with receipts.
#[derive(Serialize, ToSchema)]
#[schema(as = Evidence)]
pub struct EvidenceOut {
    /// SHA-256 in hex: what receipts name it by.
    #[schema(example = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    sha256: String,
    /// BLAKE3 in hex.
    blake3: String,
    /// How many bytes.
    #[schema(example = 48213)]
    bytes: u64,
    /// The media type, by the sender's word.
    #[schema(example = "application/pdf")]
    media: String,
    /// What the sender called it; not in receipts.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "invoice.pdf")]
    name: String,
    /// Since when the file is gone, if it was erased. What was signed of it stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, example = "2026-11-20T09:30:01.204Z")]
    erased_at: Option<String>,
}

impl From<File> for EvidenceOut {
    fn from(file: File) -> Self {
        Self {
            sha256: file.sha256,
            blake3: file.blake3,
            bytes: file.bytes,
            media: file.media,
            name: file.name,
            erased_at: file.erased_at.map(rfc3339),
        }
    }
}

/// A file that goes with a receipt, sent before.
#[derive(Deserialize, ToSchema)]
#[schema(as = EvidenceRef)]
#[expect(dead_code, reason = "describes the body to OpenAPI; the strict parser reads it")]
pub struct EvidenceIn {
    /// SHA-256 in hex, as `POST /v1/evidence` answered.
    #[schema(example = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", pattern = "^[0-9a-f]{64}$")]
    sha256: String,
}

/// What a file is called.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EvidenceQuery {
    /// The file's name, for whoever downloads it.
    #[param(example = "invoice.pdf")]
    #[serde(default)]
    name: String,
}

/// Sends a file, to be named by receipts.
///
/// The body is the file itself, 25 MiB at most unless this server says otherwise; `Content-Type` is its media type. It is
/// hashed as it arrives. Name it in a receipt as `"evidence": [{"sha256": "…"}]`: the statement then holds both hashes,
/// size and media type. The same bytes again are the same file. An upload that breaks off leaves nothing.
#[utoipa::path(
    post,
    path = "/evidence",
    tag = "evidence",
    security(("api_key" = [])),
    params(EvidenceQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file."),
    responses(
        (status = 200, description = "The file was here before.", body = EvidenceOut),
        (status = 201, description = "The file is kept.", body = EvidenceOut),
        (status = 400, description = "The body could not be read to its end.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 408, description = "The body took too long to arrive.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 413, description = "The file is too large.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "The file is empty.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 429, description = "Too many at once; see Retry-After.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn create_evidence(
    ApiCx(cx): ApiCx,
    query: Result<Query<EvidenceQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|rejection| Problem::invalid().field("name", "query", rejection.body_text()))?;
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = body.into_data_stream().map_err(|error| cut_off(&error));
    let (file, is_new) = evidence::keep(&cx, media, &query.name, body).await?;
    let location = format!("/v1/evidence/{}", file.sha256);
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, [(header::LOCATION, location)], json(&EvidenceOut::from(file))).into_response())
}

/// A file, as it was sent.
#[utoipa::path(
    get,
    path = "/evidence/{sha256}",
    tag = "evidence",
    security(("api_key" = [])),
    params(("sha256" = String, Path, description = "Its SHA-256 in hex.")),
    responses(
        (status = 200, description = "The file, to be saved: check it with `sha256sum`.", content_type = "application/octet-stream"),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such file of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_evidence(ApiCx(cx): ApiCx, Path(sha256): Path<String>) -> Result<Response, Refusal> {
    file(&cx, &sha256).await
}

/// Erases a file, for good.
///
/// Its bytes and its name are gone; receipts that name it keep its hashes, which they were signed with, and say since when it
/// is gone. Again changes nothing. The same bytes sent again are kept again. Only owners and admins, and keys that they made,
/// may do it.
#[utoipa::path(
    delete,
    path = "/evidence/{sha256}",
    tag = "evidence",
    security(("api_key" = [])),
    params(("sha256" = String, Path, description = "Its SHA-256 in hex.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 403, description = "The key may not erase.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "There never was such a file of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn erase_evidence(ApiCx(cx): ApiCx, Path(sha256): Path<String>) -> Result<StatusCode, Refusal> {
    evidence::erase(&cx, &sha256).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /evidence/{sha256}`: the download of the dashboard.
pub async fn download(SessionCx(cx): SessionCx, Path(sha256): Path<String>) -> Result<Response, Refusal> {
    file(&cx, &sha256).await
}

/// The file as a download. Whatever it says it is, no browser shows or runs it here.
async fn file(cx: &Cx, sha256: &str) -> Result<Response, Refusal> {
    let (file, content) = evidence::open(cx, sha256).await?;
    let headers = [
        (header::CONTENT_TYPE, file.media.clone()),
        (header::CONTENT_LENGTH, file.bytes.to_string()),
        (header::CONTENT_DISPOSITION, disposition(&file)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, Body::from_stream(content)).into_response())
}

/// `attachment` with the file's name twice (RFC 6266): in ASCII, and as it is.
fn disposition(file: &File) -> String {
    let name = if file.name.is_empty() { file.sha256.get(..16).unwrap_or_default() } else { &file.name };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", crate::session::encode(name))
}
