//! `/v1/log/keys` and `/.well-known/certnode-keys.json`

use axum::extract::State as Axum;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use domain::log_keys::{self, History, LogKey, State};
use ledger::policy::{Log, Policy};
use serde::Serialize;
use utoipa::ToSchema;

use super::receipts::{json, rfc3339};
use crate::AppState;
use crate::auth::ApiCx;
use crate::files;
use crate::problem::{ProblemOut, Refusal};

/// A version of a log's key.
#[derive(Serialize, ToSchema)]
#[schema(as = LogKey)]
pub struct LogKeyOut {
    /// `checkpoint` or `issuing`.
    #[schema(example = "issuing")]
    purpose: String,
    /// From 1.
    version: i32,
    /// `active`, `retiring`, `retired` or `revoked`.
    #[schema(example = "active")]
    state: &'static str,
    /// The C2SP verifier key.
    key: String,
    /// The first size it signs: an entry's index for issuing, the tree's size for checkpoints.
    from_size: u64,
    /// The first size it no longer signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    until_size: Option<u64>,
    /// The first size at which it is not to be believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_from: Option<u64>,
    /// When it was made.
    added_at: String,
    /// When it is to stop signing beside its successor.
    #[serde(skip_serializing_if = "Option::is_none")]
    retires_at: Option<String>,
    /// When it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired_at: Option<String>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

impl From<LogKey> for LogKeyOut {
    fn from(key: LogKey) -> Self {
        Self {
            purpose: key.purpose.to_string(),
            version: key.version,
            state: match key.state() {
                State::Active => "active",
                State::Retiring => "retiring",
                State::Retired => "retired",
                State::Revoked => "revoked",
            },
            key: key.vkey,
            from_size: key.from_size,
            until_size: key.until_size,
            revoked_from: key.revoked_from,
            added_at: rfc3339(key.added_at),
            retires_at: key.retires_at.map(rfc3339),
            retired_at: key.retired_at.map(rfc3339),
            revoked_at: key.revoked_at.map(rfc3339),
        }
    }
}

/// What happened to a key.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyEvent)]
pub struct KeyEventOut {
    /// A C2SP signed note, by the key that was there before.
    note: String,
    /// Its entry in the root log, once it is there.
    root_index: Option<u64>,
}

/// A log's keys.
#[derive(Serialize, ToSchema)]
#[schema(as = LogKeys)]
pub struct LogKeysOut {
    /// Always `log_keys`.
    #[schema(example = "log_keys")]
    object: &'static str,
    /// The log's name.
    origin: String,
    /// The oldest of each purpose first.
    keys: Vec<LogKeyOut>,
    /// What happened to them, the oldest first.
    events: Vec<KeyEventOut>,
}

impl From<History> for LogKeysOut {
    fn from(History { origin, keys, events }: History) -> Self {
        Self {
            object: "log_keys",
            origin,
            keys: keys.into_iter().map(LogKeyOut::from).collect(),
            events: events.into_iter().map(|(note, root_index)| KeyEventOut { note, root_index }).collect(),
        }
    }
}

/// The keys that sign your log, and what happened to them.
#[utoipa::path(
    get,
    path = "/log/keys",
    tag = "log",
    security(("api_key" = [])),
    responses(
        (status = 200, description = "Every version, with the sizes it signs.", body = LogKeysOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_log_keys(ApiCx(cx): ApiCx) -> Result<Response, Refusal> {
    Ok(json(&LogKeysOut::from(log_keys::list(&cx).await?)))
}

#[derive(Serialize)]
struct Published {
    format: &'static str,
    root_log: LogKeysOut,
    policy: String,
}

/// The root log's keys and what happened to them, and whom to believe: a C2SP `tlog-policy` of its keys and its witnesses.
pub async fn published(Axum(state): Axum<AppState>) -> Result<Response, Refusal> {
    let root = log_keys::published(&state.domain).await?;
    let signing = root.keys.iter().filter(|key| key.vkey.starts_with(&format!("{}+", root.origin)));
    let believed = signing.filter(|key| matches!(key.state(), State::Active | State::Retiring));
    let logs = believed.filter_map(|key| Some(Log { key: key.vkey.parse().ok()?, url: None }));
    let policy = Policy { logs: logs.collect(), ..state.domain.witnesses().clone() };
    let body = Published { format: "certnode/keys/v1", policy: policy.to_string(), root_log: root.into() };
    let mut response = json(&body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    Ok(files::public(response))
}
