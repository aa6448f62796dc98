//! `/v1/imports`

use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use domain::Problem;
use domain::id::ImportId;
use domain::imports::{self, Import, Mapping, Refusal as RefusedRow, State};
use domain::page::{List, Page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::receipts::{json, unread};
use crate::auth::ApiCx;
use crate::problem::{ProblemOut, Refusal};

/// An import.
#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
pub struct ImportOut {
    /// Always `import`.
    #[schema(example = "import")]
    object: &'static str,
    /// `imp_…`
    #[schema(value_type = String)]
    id: ImportId,
    /// The file's name.
    name: String,
    /// `queued`, `running`, `finished` or `failed`.
    #[schema(value_type = String, example = "running")]
    state: State,
    /// Rows in the file.
    rows_total: u64,
    /// Rows that are receipts.
    rows_done: u64,
    /// Rows that were refused.
    rows_refused: u64,
    /// Why it gave up; while it is under way, why it had to begin again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "The database does not answer just now.")]
    failure: Option<String>,
}

impl From<Import> for ImportOut {
    fn from(import: Import) -> Self {
        Self {
            object: "import",
            id: import.id,
            name: import.name,
            state: import.state,
            rows_total: import.rows_total,
            rows_done: import.rows_done,
            rows_refused: import.rows_refused,
            failure: import.failure,
        }
    }
}

/// A page of refused rows.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportRefusalList)]
pub struct RefusalListOut {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    /// In the file's order.
    data: Vec<RefusalOut>,
    /// Whether more follow.
    has_more: bool,
    /// Give it as `after` for the next page.
    next_cursor: Option<String>,
}

/// A row that did not become a receipt.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportRefusal)]
pub struct RefusalOut {
    /// Its line, from 1.
    line: u64,
    /// Why.
    reason: String,
}

/// Imports a file: every row becomes a receipt, or is named with its line and the reason.
///
/// The same file and mapping again is the same import: nothing is issued twice, and one that failed goes on.
#[utoipa::path(
    post,
    path = "/imports",
    tag = "imports",
    security(("api_key" = [])),
    params(
        ("name" = Option<String>, Query, description = "What to call it."),
        ("map" = Vec<String>, Query, description = "TARGET=COLUMN, repeated: `reference=order`, `occurred_at=date:compact`, `amount=total`, `currency=USD`, `data.items=cds`, `delimiter=whitespace`, `header=no`."),
    ),
    request_body(content = String, content_type = "text/csv", description = "The file, up to 64 MiB."),
    responses(
        (status = 202, description = "It is being imported.", body = ImportOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 413, description = "The file is too large.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "The mapping does not fit the file.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn create_import(
    ApiCx(cx): ApiCx,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let body = body.map_err(|rejection| unread(&rejection))?;
    let (mut mapping, mut name) = (Mapping::default(), "import".to_owned());
    let pairs = form_pairs(query.as_deref().unwrap_or_default());
    for (key, value) in pairs {
        match key.as_str() {
            "name" => name = value,
            "map" => mapping.set(&value).map_err(|error| Problem::invalid().field("map", "map", error.0))?,
            _ => {
                return Err(Problem::invalid()
                    .field(key, "unknown_field", "The parameters are `name` and `map`.")
                    .into());
            }
        }
    }
    let import = imports::start(&cx, &name, mapping, body.into()).await?;
    Ok((StatusCode::ACCEPTED, json(&ImportOut::from(import))).into_response())
}

/// The pairs of a query, in order and with repeats.
fn form_pairs(query: &str) -> Vec<(String, String)> {
    serde_urlencoded::from_str(query).unwrap_or_default()
}

/// An import and how far it is.
#[utoipa::path(
    get,
    path = "/imports/{id}",
    tag = "imports",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "imp_…")),
    responses(
        (status = 200, description = "The import.", body = ImportOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such import of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn get_import(ApiCx(cx): ApiCx, Path(id): Path<String>) -> Result<Response, Refusal> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    Ok(json(&ImportOut::from(imports::get(&cx, id).await?)))
}

#[derive(Deserialize)]
pub struct RefusalsQuery {
    after: Option<String>,
    limit: Option<u32>,
}

/// The rows of an import that were refused.
#[utoipa::path(
    get,
    path = "/imports/{id}/refusals",
    tag = "imports",
    security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "imp_…"),
        ("after" = Option<String>, Query, description = "The page after this cursor."),
        ("limit" = Option<u32>, Query, description = "Rows a page, 1 to 200.")
    ),
    responses(
        (status = 200, description = "A page.", body = RefusalListOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "No such import of yours in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn list_import_refusals(
    ApiCx(cx): ApiCx,
    Path(id): Path<String>,
    query: Result<Query<RefusalsQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|rejection| Problem::invalid().field("query", "query", rejection.body_text()))?;
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let page = Page { limit: query.limit.unwrap_or_default(), after: query.after, before: None };
    let List { data, next, .. } = imports::refusals(&cx, id, &page).await?;
    let out = |RefusedRow { line, reason }| RefusalOut { line, reason };
    Ok(json(&RefusalListOut {
        object: "list",
        data: data.into_iter().map(out).collect(),
        has_more: next.is_some(),
        next_cursor: next,
    }))
}
