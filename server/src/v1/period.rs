//! A period's receipts as one file: `/v1/receipts/export`, and the same for the dashboard. What broke off is taken up again
//! (RFC 9110, sections 13 and 14): the same bytes are made again, and those that arrived are left out.

use axum::body::Body;
use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::Problem;
use domain::context::Cx;
use domain::receipts::{self, Export};
use futures::{StreamExt as _, TryStreamExt as _, future};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::{ApiCx, SessionCx};
use crate::problem::{ProblemOut, Refusal};

/// A period, by its days (UTC).
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodQuery {
    /// Its first day.
    #[serde(default)]
    #[param(example = "2026-11-01")]
    from: String,
    /// Its last day.
    #[serde(default)]
    #[param(example = "2026-11-30")]
    until: String,
    /// The ETag of an archive that broke off, without its quotes: the same bytes again, of which `Range` leaves out those that
    /// arrived.
    at: Option<String>,
}

/// Every receipt that was issued in a period, as one file that verifies offline, completeness included.
///
/// A tar archive, streamed: the log's checkpoint and proofs, a line for each entry, and a manifest at the end, without which
/// `certnode verify` takes it for cut off. A download that broke off goes on with `Range: bytes=N-`, and `If-Range` with its
/// ETag or `at` in the address, which `Content-Location` has. Where the same bytes cannot be made any more, the answer is 200
/// with a whole new archive.
#[utoipa::path(
    get,
    path = "/receipts/export",
    tag = "receipts",
    security(("api_key" = [])),
    params(
        PeriodQuery,
        ("Range" = Option<String>, Header, description = "`bytes=N-`: from byte N on."),
        ("If-Range" = Option<String>, Header, description = "The ETag of what broke off: its rest, or else the whole of a new one."),
    ),
    responses(
        (status = 200, description = "The archive: see docs/api/formats.md.", content_type = "application/x-tar"),
        (status = 206, description = "The rest of it.", content_type = "application/x-tar"),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 416, description = "It has no such byte; `Content-Range` says how many it has."),
        (status = 422, description = "That is no period, or nothing was issued in it.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn export_receipts(
    ApiCx(cx): ApiCx,
    Query(period): Query<PeriodQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    export(&cx, "/v1/receipts/export", &period, &headers).await
}

/// `GET /receipts/export`: the same for the dashboard.
pub async fn download_export(
    SessionCx(cx): SessionCx,
    Query(period): Query<PeriodQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    match export(&cx, "/receipts/export", &period, &headers).await {
        // Back to the form, which says so in words.
        Err(Refusal(problem)) if problem.status == 422 => Ok(Redirect::to("/receipts?export=refused").into_response()),
        answer => answer,
    }
}

async fn export(cx: &Cx, path: &str, period: &PeriodQuery, headers: &HeaderMap) -> Result<Response, Refusal> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    // A weak tag, or a date, names no bytes.
    let if_range = text(header::IF_RANGE);
    let if_range = if_range.map(|tag| tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or_default());
    let wanted = period.at.as_deref().or(if_range);
    let export = receipts::export(cx, (&period.from, &period.until), wanted).await?;
    // A range of other bytes than those that arrived would be spliced to them: the whole, then.
    let same = wanted == Some(export.tag.as_str()) && if_range.is_none_or(|tag| tag == export.tag);
    let part = text(header::RANGE).filter(|_| same).and_then(first_byte);
    let Export { name, tag, length, archive } = export;
    if part.is_some_and(|first| first >= length) {
        let size = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
        return Ok((StatusCode::RANGE_NOT_SATISFIABLE, size).into_response());
    }
    let first = part.unwrap_or_default();
    let (from, until) = (period.from.trim(), period.until.trim());
    let mut answer = [
        (header::CONTENT_TYPE, "application/x-tar".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CONTENT_LENGTH, (length - first).to_string()),
        (header::CONTENT_LOCATION, format!("{path}?from={from}&until={until}&at={tag}")),
        (header::ETAG, format!("\"{tag}\"")),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ]
    .into_response();
    if part.is_some() {
        let range = format!("bytes {first}-{}/{length}", length - 1);
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
        answer.headers_mut().insert(header::CONTENT_RANGE, HeaderValue::try_from(range).map_err(Problem::internal)?);
    }
    // What goes wrong on the way ends the answer before its end: the client sees that it broke off.
    let archive = archive.inspect_err(|problem| {
        tracing::error!(%problem, cause = problem.internal.as_deref().unwrap_or("-"), "an export broke off");
    });
    let bytes = archive.map_err(|problem| std::io::Error::other(problem.to_string()));
    let bytes = bytes.scan(first, |before, bytes| future::ready(Some(bytes.map(|bytes| rest(bytes, before)))));
    *answer.body_mut() = Body::from_stream(bytes);
    Ok(answer)
}

/// `bytes=N-`, the one kind of range there is here: others are not asked for by who goes on, and may be ignored.
fn first_byte(range: &str) -> Option<u64> {
    let number = range.strip_prefix("bytes=")?.strip_suffix('-')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
}

/// What of these bytes is not among the first so many, which arrived before.
fn rest(mut bytes: Vec<u8>, before: &mut u64) -> Vec<u8> {
    let known = usize::try_from(*before).unwrap_or(usize::MAX).min(bytes.len());
    *before -= known as u64;
    bytes.drain(..known);
    bytes
}
