//! `/v1/log`

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use domain::checkpoints::{self, Signed};
use domain::{Problem, logs};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::receipts::json;
use crate::auth::ApiCx;
use crate::files;
use crate::problem::{ProblemOut, Refusal};

/// The state of a log.
#[derive(Serialize, ToSchema)]
#[schema(as = Log)]
pub struct LogOut {
    /// Always `log`.
    #[schema(example = "log")]
    object: &'static str,
    /// The log's name.
    origin: String,
    /// Entries, the log's own first statement included.
    size: u64,
    /// Receipts.
    receipts: u64,
    /// The latest signed checkpoint, verbatim; none while the log is empty.
    checkpoint: Option<String>,
    /// The verifier key that signs checkpoints.
    log_key: String,
    /// The verifier key that signs receipts.
    issuing_key: String,
    /// Whether everyone may read its checkpoint, tiles and statements below the path of its name, such as `/t/0123…`.
    public: bool,
}

impl From<logs::Head> for LogOut {
    fn from(head: logs::Head) -> Self {
        Self {
            object: "log",
            origin: head.origin,
            size: head.size,
            receipts: head.receipts,
            checkpoint: head.checkpoint,
            log_key: head.keys.log,
            issuing_key: head.keys.issuing,
            public: head.made_public_at.is_some(),
        }
    }
}

/// What may be changed of a log.
#[derive(Deserialize, ToSchema)]
#[schema(as = LogUpdate)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// Whether everyone may read it. Checkpoint, tree and statements become public: ids, kinds, times, and commitments to
    /// payloads. Payloads never do.
    public: bool,
}

/// The log of your organisation in the key's mode.
#[utoipa::path(
    get,
    path = "/log",
    tag = "log",
    security(("api_key" = [])),
    responses(
        (status = 200, description = "Its state.", body = LogOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_log(ApiCx(cx): ApiCx) -> Result<Response, Refusal> {
    Ok(json(&LogOut::from(logs::head(&cx).await?)))
}

/// Lets everyone read the log, or nobody any more.
///
/// A public log is served without a key below the path of its name: `/t/<32 hex>/checkpoint` and `/t/<32 hex>/tile/…`.
/// What was read while it was public cannot be taken back.
#[utoipa::path(
    patch,
    path = "/log",
    tag = "log",
    security(("api_key" = [])),
    request_body = LogIn,
    responses(
        (status = 200, description = "Its state afterwards.", body = LogOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "The body is not that.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn update_log(ApiCx(cx): ApiCx, body: Bytes) -> Result<Response, Refusal> {
    let wanted: LogIn = serde_json::from_slice(&body).map_err(|_| {
        let message = "true or false is wanted, and nothing beside it.";
        Problem::invalid().field("public", "boolean", message)
    })?;
    Ok(json(&LogOut::from(logs::make_public(&cx, wanted.public).await?)))
}

/// The log's latest checkpoint (C2SP tlog-tiles, below the prefix `/v1/log`).
#[utoipa::path(
    get,
    path = "/log/checkpoint",
    tag = "log",
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A signed note: the log's name, its size, its root, and the signature.", content_type = "text/plain", body = String),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "The log is empty.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_log_checkpoint(ApiCx(cx): ApiCx) -> Result<Response, Refusal> {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, logs::tiles::checkpoint(&cx).await?).into_response())
}

/// Two sizes of a log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ConsistencyQuery {
    /// The smaller size, from 1.
    #[param(example = 128)]
    from: u64,
    /// The larger one, up to the log's.
    #[param(example = 4096)]
    to: u64,
}

/// A state of a log.
#[derive(Serialize, ToSchema)]
#[schema(as = LogState)]
pub struct StateOut {
    /// Entries.
    tree_size: u64,
    /// The checkpoint: verbatim for a state that was anchored and for the newest, signed for this answer for others; none
    /// for those while the log is read-only.
    checkpoint: Option<String>,
}

/// What shows that one state of a log continues another.
#[derive(Serialize, ToSchema)]
#[schema(as = Consistency)]
pub struct ConsistencyOut {
    /// Always `consistency_proof`.
    #[schema(example = "consistency_proof")]
    object: &'static str,
    /// The log's name.
    origin: String,
    /// The earlier state.
    from: StateOut,
    /// The later one.
    to: StateOut,
    /// The proof's hashes in base64 (RFC 6962 §2.1.2).
    hashes: Vec<String>,
}

/// That the log of one size begins with the log of another (RFC 6962): nothing was changed or taken out in between.
#[utoipa::path(
    get,
    path = "/log/consistency",
    tag = "log",
    security(("api_key" = [])),
    params(ConsistencyQuery),
    responses(
        (status = 200, description = "The proof, and both checkpoints.", body = ConsistencyOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "These are not two sizes of the log.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_log_consistency(
    ApiCx(cx): ApiCx,
    query: Result<Query<ConsistencyQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|rejection| Problem::invalid().field("query", "query", rejection.body_text()))?;
    let proof = checkpoints::consistency(&cx, query.from, query.to).await?;
    let state = |state: Signed| StateOut { tree_size: state.size, checkpoint: state.checkpoint };
    Ok(json(&ConsistencyOut {
        object: "consistency_proof",
        origin: proof.origin,
        from: state(proof.from),
        to: state(proof.to),
        hashes: proof.hashes,
    }))
}

/// A tile of the log's tree, or a bundle of its entries (C2SP tlog-tiles).
///
/// `<level>/<index>` are up to 256 hashes of 32 bytes; `entries/<index>` up to 256 entries, each after its length in two
/// bytes. An index is written in groups of three digits, all but the last with an `x` before it; `.p/<width>` at the end
/// asks for the beginning of one that is not full yet. What is there never changes.
#[utoipa::path(
    get,
    path = "/v1/log/tile/{path}",
    tag = "log",
    security(("api_key" = [])),
    params(("path" = String, Path, description = "The rest of the tile's path.", example = "0/x001/234.p/56")),
    responses(
        (status = 200, description = "The hashes, or the entries.", content_type = "application/octet-stream", body = [u8]),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "The log is not that large, or the path is not spelt that way.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_log_tile(ApiCx(cx): ApiCx, Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    files::tile(&cx, &path, &headers, "private, max-age=31536000, immutable").await
}
