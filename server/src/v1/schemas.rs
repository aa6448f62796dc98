//! `/v1/schemas`

use axum::extract::Path;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use domain::Problem;
use domain::schemas::{self, Schema};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::body::json_only;
use super::receipts::{json, rfc3339, unread};
use crate::auth::ApiCx;
use crate::problem::{ProblemOut, Refusal};

/// A version of a kind's schema.
#[derive(Serialize, ToSchema)]
#[schema(as = Schema)]
pub struct SchemaOut {
    /// Always `schema`.
    #[schema(example = "schema")]
    object: &'static str,
    /// The kind of receipt.
    #[schema(example = "order")]
    kind: String,
    /// From 1, one more with each. Statements name it: `order/1`.
    #[schema(example = 1)]
    version: u32,
    /// Whether it is CertNode's own.
    built_in: bool,
    /// JSON Schema (draft 2020-12), about the payload.
    #[schema(value_type = Object)]
    schema: Box<RawValue>,
    /// When it was put; none for CertNode's own.
    #[schema(format = DateTime)]
    created_at: Option<String>,
}

impl TryFrom<Schema> for SchemaOut {
    type Error = Problem;

    fn try_from(schema: Schema) -> Result<Self, Problem> {
        Ok(Self {
            object: "schema",
            kind: schema.kind,
            version: schema.version,
            built_in: schema.created_at.is_none(),
            schema: RawValue::from_string(schema.document).map_err(Problem::internal)?,
            created_at: schema.created_at.map(rfc3339),
        })
    }
}

/// Schemas.
#[derive(Serialize, ToSchema)]
#[schema(as = SchemaList)]
pub struct SchemaListOut {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    /// All of them.
    data: Vec<SchemaOut>,
}

fn all(schemas: Vec<Schema>) -> Result<Response, Refusal> {
    let data = schemas.into_iter().map(SchemaOut::try_from).collect::<Result<_, _>>()?;
    Ok(json(&SchemaListOut { object: "list", data }))
}

/// Lists the schema in force of every kind that has one.
#[utoipa::path(
    get,
    path = "/schemas",
    tag = "schemas",
    security(("api_key" = [])),
    responses(
        (status = 200, description = "By kind; CertNode's own among them.", body = SchemaListOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn list_schemas(ApiCx(cx): ApiCx) -> Result<Response, Refusal> {
    all(schemas::list(&cx).await?)
}

/// Lists every version of a kind's schema, the newest first.
#[utoipa::path(
    get,
    path = "/schemas/{kind}",
    tag = "schemas",
    security(("api_key" = [])),
    params(("kind" = String, Path, description = "A kind of receipt.")),
    responses(
        (status = 200, description = "The first is in force.", body = SchemaListOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 404, description = "The kind has no schema in this mode.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn list_schema_versions(ApiCx(cx): ApiCx, Path(kind): Path<String>) -> Result<Response, Refusal> {
    all(schemas::versions(&cx, &kind).await?)
}

/// Puts the schema of a kind.
///
/// From then on a payload of the kind that does not fit is refused with 422, `param` being the JSON pointer of the first
/// place; the statement of one that fits says `kind/version`. Versions are never changed: this makes the next, or finds
/// the one in force if it is the same. A schema has 64 KiB at most; `$ref` is `#/$defs/NAME`, and leads in no circle;
/// patterns have no look-around and no back-references.
#[utoipa::path(
    put,
    path = "/schemas/{kind}",
    tag = "schemas",
    security(("api_key" = [])),
    params(("kind" = String, Path, description = "A kind of receipt.")),
    request_body(content = Object, description = "JSON Schema, draft 2020-12, about the payload: `kind`, `reference`, `occurred_at`, `amount`, `data`."),
    responses(
        (status = 200, description = "The version in force.", body = SchemaOut),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 413, description = "The schema is larger than 64 KiB.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "This is no schema, or one that reaches out or costs too much; `errors` says where.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn put_schema(
    ApiCx(cx): ApiCx,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    json_only(&headers)?;
    let body = body.map_err(|rejection| unread(&rejection))?;
    Ok(json(&SchemaOut::try_from(schemas::put(&cx, &kind, &body).await?)?))
}
