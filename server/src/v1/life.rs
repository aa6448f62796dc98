//! What becomes of a receipt: `/v1/receipts/{id}/revoke` and `/v1/receipts/{id}/payload`

use axum::extract::Path;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use domain::Problem;
use domain::id::ReceiptId;
use domain::receipts::life::{self, Erasure, Life};
use domain::receipts::{Ref, Relation, Standing};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::json_only;
use super::receipts::{ReceiptOut, idempotency_key, issued, json, parse, rfc3339, unread};
use crate::auth::ApiCx;
use crate::problem::{ProblemOut, Refusal};

/// A receipt that another refers to, or that refers to it.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Ref)]
pub struct RefOut {
    /// `rcpt_…`, of the same log.
    #[schema(value_type = String, example = "rcpt_01kaqm7n4ef8zs9v0yq2p3r5tw")]
    id: ReceiptId,
    /// `revokes`, `supersedes` or `relates_to`.
    #[schema(value_type = String, example = "supersedes", pattern = "^(revokes|supersedes|relates_to)$")]
    relation: Relation,
}

impl From<Ref> for RefOut {
    fn from(other: Ref) -> Self {
        Self { id: other.id, relation: other.relation }
    }
}

/// That the contents were erased.
#[derive(Serialize, ToSchema)]
#[schema(as = Erasure)]
pub struct ErasureOut {
    /// When.
    #[schema(format = DateTime, example = "2026-11-20T09:30:01.204Z")]
    erased_at: String,
    /// A person's name, or an API key's id.
    erased_by: String,
    /// Why, in their words.
    reason: String,
    /// The receipt of kind `payload_erased` that tells of it.
    #[schema(value_type = Option<String>)]
    record: Option<ReceiptId>,
}

impl From<Erasure> for ErasureOut {
    fn from(erasure: Erasure) -> Self {
        Self {
            erased_at: rfc3339(erasure.erased_at),
            erased_by: erasure.erased_by,
            reason: erasure.reason,
            record: erasure.record,
        }
    }
}

/// Whether a receipt still holds, and what it has to do with others.
#[derive(Serialize, ToSchema)]
#[schema(as = Life)]
pub struct LifeOut {
    /// `active`, `revoked` or `superseded`: what the log says now. A verified file does not say it.
    #[schema(value_type = String, example = "active")]
    state: Standing,
    /// The receipt that revoked or superseded it; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    ended_by: Option<ReceiptId>,
    /// The receipts it refers to, as signed; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    refs: Option<Vec<RefOut>>,
    /// The receipts that refer to it: the one that ended it first, then the newest, 100 at most; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    referred_by: Option<Vec<RefOut>>,
    /// That its contents were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    erasure: Option<ErasureOut>,
}

impl LifeOut {
    /// What a list says.
    pub const fn short(state: Standing) -> Self {
        Self { state, ended_by: None, refs: None, referred_by: None, erasure: None }
    }

    /// What the receipt itself says.
    pub fn whole(state: Standing, life: Life) -> Self {
        Self {
            state,
            ended_by: life.ended_by().map(|by| by.id),
            refs: Some(life.refs.into_iter().map(RefOut::from).collect()),
            referred_by: Some(life.referred_by.into_iter().map(RefOut::from).collect()),
            erasure: life.erasure.map(ErasureOut::from),
        }
    }
}

/// Why something is done that cannot be undone.
#[derive(Deserialize, ToSchema)]
#[schema(as = Reason)]
#[serde(deny_unknown_fields)]
pub struct ReasonIn {
    /// In your own words. It is kept, and signed in the log's record: name nobody in it.
    #[schema(example = "The order was entered twice.", min_length = 1, max_length = 1000)]
    reason: String,
}

fn reason(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<String, Problem> {
    json_only(headers)?;
    let body = body.map_err(|rejection| unread(&rejection))?;
    let refused = |_| Problem::invalid().field("reason", "reason", r#"A body such as {"reason": "…"} is wanted."#);
    serde_json::from_slice(&body).map(|ReasonIn { reason }| reason).map_err(refused)
}

/// Revokes a receipt.
///
/// The log never changes: a new receipt of kind `revocation` refers to the old one and says why, and from then on the old
/// one's `state` is `revoked`. It still verifies: that it was issued stays true. A receipt ends once.
#[utoipa::path(
    post,
    path = "/receipts/{id}/revoke",
    tag = "receipts",
    security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "rcpt_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters.")
    ),
    request_body = ReasonIn,
    responses(
        (status = 201, description = "The revocation, in the log.", body = ReceiptOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 409, description = "It was revoked or superseded before, or it is itself a revocation.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "There is no reason.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn revoke_receipt(
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let id = parse(&id)?;
    let why = reason(&headers, body)?;
    Ok(issued(life::revoke(&cx, id, &why, idempotency_key(&headers)?).await?))
}

/// Erases what a receipt is about.
///
/// The payload and its salt are gone for good, and so are reference, amount and time of happening, which are copies of it.
/// Statement, proofs and place in the log stay, and still verify. A receipt of kind `payload_erased` tells of it. Only
/// owners and admins may, and the keys that they made. Erasing twice changes nothing.
#[utoipa::path(
    delete,
    path = "/receipts/{id}/payload",
    tag = "receipts",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "rcpt_…")),
    request_body = ReasonIn,
    responses(
        (status = 200, description = "The receipt, without its contents.", body = ReceiptOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 403, description = "Whoever made the key is neither owner nor admin.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 409, description = "An import is under way, whose file may hold the same contents.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "There is no reason.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn delete_receipt_payload(
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let id = parse(&id)?;
    let why = reason(&headers, body)?;
    Ok(json(&ReceiptOut::from(life::erase(&cx, id, &why).await?)))
}
