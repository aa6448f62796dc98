//! `/v1/log`

use axum::response::Response;
use domain::logs;
use serde::Serialize;
use utoipa::ToSchema;

use super::receipts::json;
use crate::auth::ApiCx;
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
    let head = logs::head(&cx).await?;
    Ok(json(&LogOut {
        object: "log",
        origin: head.origin,
        size: head.size,
        receipts: head.receipts,
        checkpoint: head.checkpoint,
        log_key: head.keys.log,
        issuing_key: head.keys.issuing,
    }))
}
