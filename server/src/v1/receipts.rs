//! `/v1/receipts`

use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use domain::id::ReceiptId;
use domain::page::{List, Page};
use domain::receipts::{self, Filter, Issued, NewReceipt, Proof, Receipt, Repeat, Summary};
use domain::{Mode, Problem};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::body::{cut_off, json_only};
use super::evidence::{EvidenceIn, EvidenceOut};
use super::life::{LifeOut, RefOut};
use crate::auth::ApiCx;
use crate::problem::{ProblemOut, Refusal};

static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Money: a decimal in quotes, so that it stays exact, and its currency.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Amount)]
pub struct AmountOut {
    /// With all the currency's decimals.
    #[schema(example = "11.77")]
    value: String,
    /// ISO 4217, or an asset: BTC, STX, USDC.
    #[schema(example = "USD")]
    currency: String,
}

/// What a receipt is wanted for. Every number in `data` is a whole one within ±(2⁵³−1); write fractions as text.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewReceipt)]
#[expect(dead_code, reason = "describes the body to OpenAPI; the strict parser reads it")]
pub struct NewReceiptIn {
    /// `transaction`, `value_calculation`, `approval`, `go_live`, or a name of your own.
    #[schema(example = "transaction", default = "transaction", pattern = "^[a-z][a-z0-9_.-]{0,63}$")]
    kind: Option<String>,
    /// Your own name for the event, to find it by.
    #[schema(example = "order-1234", min_length = 1, max_length = 255)]
    reference: Option<String>,
    /// When it happened; now, if not said.
    #[schema(example = "2026-11-20T09:30:00Z", format = DateTime)]
    occurred_at: Option<String>,
    /// How much, if money moved.
    amount: Option<AmountOut>,
    /// Whatever else belongs to it.
    #[schema(value_type = Option<Object>, example = json!({"customer": "c-17", "items": 2}))]
    data: Option<serde_json::Value>,
    /// Receipts of the same log that it refers to, 16 at most; a receipt is revoked or superseded once.
    refs: Option<Vec<RefOut>>,
    /// Files that go with it, sent before to `/v1/evidence`, 16 at most.
    evidence: Option<Vec<EvidenceIn>>,
}

/// A receipt.
#[derive(Serialize, ToSchema)]
#[schema(as = Receipt)]
pub struct ReceiptOut {
    /// Always `receipt`.
    #[schema(example = "receipt")]
    object: &'static str,
    /// `rcpt_…`
    #[schema(value_type = String, example = "rcpt_01kaqm7n4ef8zs9v0yq2p3r5tw")]
    id: ReceiptId,
    /// `live` or `test`.
    #[schema(value_type = String, example = "test")]
    mode: Mode,
    /// Its kind.
    #[schema(example = "transaction")]
    kind: String,
    /// Your own name for the event.
    reference: Option<String>,
    /// When it happened.
    #[schema(format = DateTime, example = "2026-11-20T09:30:00Z")]
    occurred_at: String,
    /// When it was signed.
    #[schema(format = DateTime, example = "2026-11-20T09:30:01.204Z")]
    issued_at: String,
    /// How much.
    amount: Option<AmountOut>,
    /// `included`: the log has it, durably; `anchored`: the public root log has the log's state; `witnessed`: enough
    /// witnesses signed that they saw it.
    #[schema(example = "included")]
    status: &'static str,
    /// Where in the root log the log's state is; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<AnchorOut>,
    /// The witnesses that saw it; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    witnesses: Option<WitnessesOut>,
    #[serde(flatten)]
    life: LifeOut,
    /// The files that go with it, by its statement; not in lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceOut>,
    /// Exactly what was committed to, as canonical JSON (RFC 8785).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    payload: Option<Box<RawValue>>,
    /// The commitment is SHA-256 of this salt and the payload's canonical JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    /// The log's entry: the signed statement, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    /// That the log includes it; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<ProofOut>,
}

/// A place in the root log.
#[derive(Serialize, ToSchema)]
#[schema(as = Anchor)]
pub struct AnchorOut {
    /// The entry of the root log.
    root_index: u64,
    /// Since when.
    #[schema(format = DateTime, example = "2026-11-20T09:30:02Z")]
    anchored_at: String,
}

/// Who signed that they saw the root log with the log's state in it.
#[derive(Serialize, ToSchema)]
#[schema(as = Witnesses)]
pub struct WitnessesOut {
    /// Their names in this server's policy.
    #[schema(example = json!(["w1", "w3"]))]
    names: Vec<String>,
    /// How many the policy names.
    #[schema(example = 3)]
    asked: u32,
}

/// An inclusion proof (RFC 6962) and the signed checkpoint it leads to.
#[derive(Serialize, ToSchema)]
#[schema(as = Proof)]
pub struct ProofOut {
    /// The log's name.
    origin: String,
    /// The entry's index.
    log_index: u64,
    /// The entry's leaf hash, in hex.
    leaf_hash: String,
    /// The size of the tree.
    tree_size: u64,
    /// Sibling hashes in base64, from the leaf upwards.
    hashes: Vec<String>,
    /// The signed checkpoint (C2SP tlog-checkpoint), verbatim.
    checkpoint: String,
    /// The verifier key that signs checkpoints (C2SP signed-note).
    log_key: String,
    /// The verifier key that signs receipts.
    issuing_key: String,
}

impl From<Proof> for ProofOut {
    fn from(proof: Proof) -> Self {
        Self {
            origin: proof.origin,
            log_index: proof.log_index,
            leaf_hash: proof.leaf_hash,
            tree_size: proof.tree_size,
            hashes: proof.hashes,
            checkpoint: proof.checkpoint,
            log_key: proof.keys.log,
            issuing_key: proof.keys.issuing,
        }
    }
}

pub fn rfc3339(at: time::OffsetDateTime) -> String {
    at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

impl ReceiptOut {
    pub(super) fn summary(summary: Summary, mode: Mode) -> Self {
        Self {
            object: "receipt",
            id: summary.id,
            mode,
            kind: summary.kind,
            reference: summary.reference,
            occurred_at: rfc3339(summary.occurred_at),
            issued_at: rfc3339(summary.issued_at),
            amount: summary.amount.map(|money| AmountOut { value: money.value(), currency: money.currency }),
            status: summary.state.as_str(),
            anchor: None,
            witnesses: None,
            life: LifeOut::short(summary.standing),
            evidence: Vec::new(),
            payload: None,
            salt: None,
            statement: None,
            proof: None,
        }
    }
}

impl From<Receipt> for ReceiptOut {
    fn from(receipt: Receipt) -> Self {
        Self {
            payload: receipt.payload.and_then(|payload| RawValue::from_string(payload).ok()),
            salt: receipt.salt,
            statement: Some(ledger::encoding::base64(receipt.statement.as_bytes())),
            proof: Some(receipt.proof.into()),
            evidence: receipt.evidence.into_iter().map(EvidenceOut::from).collect(),
            anchor: receipt
                .status
                .anchored
                .map(|anchor| AnchorOut { root_index: anchor.root_index, anchored_at: rfc3339(anchor.at) }),
            witnesses: (receipt.status.asked > 0)
                .then_some(WitnessesOut { names: receipt.status.witnesses, asked: receipt.status.asked }),
            life: LifeOut::whole(receipt.summary.standing, receipt.life),
            ..Self::summary(receipt.summary, receipt.mode)
        }
    }
}

/// A page of receipts.
#[derive(Serialize, ToSchema)]
#[schema(as = ReceiptList)]
pub struct ReceiptListOut {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    /// In the order asked for.
    data: Vec<ReceiptOut>,
    /// Whether more follow.
    has_more: bool,
    /// Give it as `after` for the next page.
    next_cursor: Option<String>,
    /// Give it as `before` for the page before.
    previous_cursor: Option<String>,
}

/// How a list is narrowed and walked.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Rows a page, 1 to 200; 50 if not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The page after this cursor: `next_cursor` as it was given, or the id of a receipt of the list.
    after: Option<String>,
    /// The page before this cursor: `previous_cursor` as it was given, or the id of a receipt of the list.
    before: Option<String>,
    /// Only this kind.
    kind: Option<String>,
    /// Only this reference, or this id.
    search: Option<String>,
    /// Occurred on or after this day (UTC).
    #[param(example = "2026-11-01")]
    from: Option<String>,
    /// Occurred on or before this day (UTC).
    until: Option<String>,
    /// At least this much; with `currency`.
    min: Option<String>,
    /// At most this much; with `currency`.
    max: Option<String>,
    /// Only this currency.
    currency: Option<String>,
    /// `issued`, `happened` or, with `currency`, `amount`; `-` before it for the greatest first. `-issued` if not said.
    #[param(example = "-happened")]
    sort: Option<String>,
}

/// By what a repeated request is known.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IssueQuery {
    /// `content`, instead of an `Idempotency-Key`: a receipt with the same payload, `refs` and `evidence` that was issued so
    /// before is the answer, for ever, without its contents if they were erased since.
    #[param(example = "content")]
    idempotent: Option<String>,
}

/// Issues a receipt.
///
/// The answer carries the inclusion proof and the signed checkpoint: once you have it, the receipt is in the log for
/// good. With an `Idempotency-Key` the same request gives the same answer for ever, so a retry is always safe; with
/// `?idempotent=content` so does the same content.
#[utoipa::path(
    post,
    path = "/receipts",
    tag = "receipts",
    security(("api_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters."), IssueQuery),
    request_body = NewReceiptIn,
    responses(
        (status = 201, description = "The receipt, in the log. `Idempotent-Replayed: true` when it had been issued before.", body = ReceiptOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 409, description = "The idempotency key belongs to a receipt with other content.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "The body is not acceptable; `errors` says where.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 429, description = "Too many at once; see Retry-After.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 503, description = "Not just now; see Retry-After.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn create_receipt(
    ApiCx(cx): ApiCx,
    query: Result<Query<IssueQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|rejection| Problem::invalid().field("query", "query", rejection.body_text()))?;
    json_only(&headers)?;
    let body = body.map_err(|rejection| unread(&rejection))?;
    let key = idempotency_key(&headers)?.map(str::to_owned);
    let repeat = Repeat::of(key, query.idempotent.as_deref())?;
    Ok(issued(receipts::issue_as(&cx, NewReceipt::from_json(&body)?, &repeat).await?))
}

/// The header that makes a repeated request the same one.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let refused =
        |_| Problem::invalid().field("Idempotency-Key", "idempotency_key", "Visible ASCII characters are wanted.");
    headers.get("idempotency-key").map(HeaderValue::to_str).transpose().map_err(refused)
}

/// 201, with the receipt.
pub(super) fn issued(issued: Issued) -> Response {
    let location = format!("/v1/receipts/{}", issued.receipt.summary.id);
    let mut response =
        (StatusCode::CREATED, [(header::LOCATION, location)], json(&ReceiptOut::from(issued.receipt))).into_response();
    if issued.replayed {
        response.headers_mut().insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    }
    response
}

/// Lists receipts, newest first unless `sort` says otherwise.
#[utoipa::path(
    get,
    path = "/receipts",
    tag = "receipts",
    security(("api_key" = [])),
    params(ListQuery),
    responses(
        (status = 200, description = "A page.", body = ReceiptListOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn list_receipts(
    ApiCx(cx): ApiCx,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|rejection| Problem::invalid().field("query", "query", rejection.body_text()))?;
    let page = Page { limit: query.limit.unwrap_or_default(), after: query.after, before: query.before };
    let filter = Filter {
        kind: query.kind,
        search: query.search,
        from: query.from,
        until: query.until,
        min: query.min,
        max: query.max,
        currency: query.currency,
        sort: query.sort,
    };
    let List { data, next, previous } = receipts::list(&cx, &filter, &page).await?;
    let mode = cx.tenant()?.1;
    let body = ReceiptListOut {
        object: "list",
        data: data.into_iter().map(|summary| ReceiptOut::summary(summary, mode)).collect(),
        has_more: next.is_some(),
        next_cursor: next,
        previous_cursor: previous,
    };
    Ok(json(&body))
}

/// A receipt, with its proof in the log as it is now.
#[utoipa::path(
    get,
    path = "/receipts/{id}",
    tag = "receipts",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "rcpt_…")),
    responses(
        (status = 200, description = "The receipt.", body = ReceiptOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such receipt of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_receipt(ApiCx(cx): ApiCx, Path(id): Path<String>) -> Result<Response, Refusal> {
    Ok(json(&ReceiptOut::from(receipts::get(&cx, parse(&id)?).await?)))
}

/// A receipt's id, of an address.
pub fn parse(id: &str) -> Result<ReceiptId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// JSON that is not to be kept by anyone on the way.
pub fn json(body: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    match serde_json::to_vec(body) {
        Ok(bytes) => (headers, bytes).into_response(),
        Err(error) => Refusal(Problem::internal(error)).into_response(),
    }
}

/// A body that could not be read: too large, too slow, or cut off.
pub fn unread(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(413, "too_large", "The body is too large."),
        _ => cut_off(rejection),
    }
}
