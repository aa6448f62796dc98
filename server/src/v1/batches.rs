//! `/v1/receipts/batch`

use axum::Extension;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use domain::Problem;
use domain::id::RequestId;
use domain::receipts::{self, Issued, batch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::json_only;
use super::receipts::{NewReceiptIn, ReceiptOut, json, unread};
use crate::auth::ApiCx;
use crate::problem::{ProblemOut, Refusal};

/// What became of one receipt of a batch: it, or why not.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchResult)]
pub struct BatchResultOut {
    /// 201, or the problem's.
    #[schema(example = 201)]
    status: u16,
    /// It had been issued before, by the same key and content.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
    /// The receipt, in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<ReceiptOut>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemOut>,
}

/// The results of a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchResultList)]
pub struct BatchOut {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    /// In the order of what was sent.
    data: Vec<BatchResultOut>,
}

/// A receipt of a batch.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewBatchReceipt)]
#[expect(dead_code, reason = "describes the body to OpenAPI; the strict parser reads it")]
pub struct NewBatchReceiptIn {
    /// As the header of a single one: 1 to 255 visible ASCII characters.
    #[schema(example = "order-1234")]
    idempotency_key: Option<String>,
    /// `content`, instead of a key: as `?idempotent=content` of a single one.
    #[schema(example = "content")]
    idempotent: Option<String>,
    #[serde(flatten)]
    receipt: NewReceiptIn,
}

/// Receipts that are wanted together.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewBatch)]
#[expect(dead_code, reason = "describes the body to OpenAPI; the strict parser reads it")]
pub struct NewBatchIn {
    /// 1 to 1,000; 256 at most with `atomic`.
    #[schema(min_items = 1, max_items = 1000)]
    receipts: Vec<NewBatchReceiptIn>,
    /// All of them or none: they get their places together, next to each other.
    #[schema(default = false)]
    atomic: Option<bool>,
}

/// Issues up to 1,000 receipts, each on its own: what is refused of one leaves the others.
///
/// Those for which there is no room within five seconds are 429, and `Retry-After` on the whole says when to send these again.
///
/// With `"atomic": true` up to 256 are issued together or not at all. When one of them is refused, so is the request, with
/// 422 `batch_refused`, and `errors` names each that was by its place. Those that were issued under their key before are
/// answered as they were, so a request can be repeated; with keys, a 503 leaves no doubt for long.
#[utoipa::path(
    post,
    path = "/receipts/batch",
    tag = "receipts",
    security(("api_key" = [])),
    request_body = NewBatchIn,
    responses(
        (status = 200, description = "A result for each, in the same order.", body = BatchOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than 8 MiB.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "The body as a whole is not acceptable, or, with `atomic`, one of the receipts; nothing was issued.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 429, description = "With `atomic`: too many at once; see Retry-After.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 503, description = "With `atomic`: not just now; see Retry-After.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn create_receipts(
    ApiCx(cx): ApiCx,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    json_only(&headers)?;
    let body = body.map_err(|rejection| unread(&rejection))?;
    let batch::Batch { wanted, atomic } = batch::parse(&body)?;
    let results = if atomic {
        receipts::issue_together(&cx, wanted).await?.into_iter().map(Ok).collect()
    } else {
        batch::issue_batch(&cx, wanted).await?
    };
    let retry_after_s = results.iter().filter_map(|result| result.as_ref().err()?.retry_after_s).max();
    let result = |result: Result<Issued, Problem>| match result {
        Ok(Issued { receipt, replayed }) => {
            BatchResultOut { status: 201, replayed, receipt: Some(receipt.into()), problem: None }
        }
        Err(problem) => BatchResultOut {
            status: problem.status,
            replayed: false,
            receipt: None,
            problem: Some(ProblemOut::new(&problem, request_id)),
        },
    };
    let mut response = json(&BatchOut { object: "list", data: results.into_iter().map(result).collect() });
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}
