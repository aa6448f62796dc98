//! The REST API, version 1.

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn;
use axum::routing::{any, get, options};
use domain::Problem;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::Refusal;
use crate::{AppState, files};

pub mod batches;
mod body;
pub mod downloads;
pub mod evidence;
pub mod imports;
pub mod life;
pub mod log_keys;
pub mod logs;
pub mod period;
pub mod receipts;
pub mod rows;
pub mod schemas;
pub mod shares;

/// The largest body of a request that is no import: a receipt's 256 KiB and what is around it.
const BODY_MAX: usize = 320 << 10;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "CertNode",
        description = "Signed, tamper-evident receipts of business events, in a log that anyone can verify.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    modifiers(&Bearer),
    paths(logs::get_log_tile),
    tags(
        (name = "receipts", description = "Issue receipts, find them, and take them away as files that verify offline."),
        (name = "evidence", description = "Files that go with receipts, by their hashes."),
        (name = "schemas", description = "What the payloads of a kind look like: JSON Schema, in versions."),
        (name = "imports", description = "Files of business events that become receipts."),
        (name = "log", description = "The log of your organisation in the key's mode.")
    )
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut http = Http::new(HttpAuthScheme::Bearer);
        http.description = Some("An API key: cn_live_… or cn_test_…".to_owned());
        document.components.get_or_insert_default().add_security_scheme("api_key", SecurityScheme::Http(http));
    }
}

fn api() -> OpenApiRouter<AppState> {
    let small = OpenApiRouter::new()
        .routes(routes!(receipts::list_receipts, receipts::create_receipt))
        .routes(routes!(receipts::get_receipt))
        .routes(routes!(period::export_receipts))
        .routes(routes!(rows::export_receipts_csv))
        .routes(routes!(rows::export_receipts_ndjson))
        .routes(routes!(downloads::get_receipt_bundle))
        .routes(routes!(downloads::get_receipt_proof))
        .routes(routes!(downloads::get_receipt_root_proof))
        .routes(routes!(downloads::get_receipt_cose))
        .routes(routes!(downloads::get_receipt_pdf))
        .routes(routes!(shares::get_receipt_share, shares::share_receipt, shares::withdraw_receipt_share))
        .routes(routes!(life::revoke_receipt))
        .routes(routes!(life::delete_receipt_payload))
        .routes(routes!(schemas::list_schemas))
        .routes(routes!(evidence::create_evidence))
        .routes(routes!(evidence::get_evidence, evidence::erase_evidence))
        .routes(routes!(schemas::list_schema_versions, schemas::put_schema))
        .routes(routes!(imports::get_import))
        .routes(routes!(imports::list_import_refusals))
        .routes(routes!(logs::get_log, logs::update_log))
        .routes(routes!(logs::get_log_consistency))
        .routes(routes!(log_keys::get_log_keys))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX));
    let large = OpenApiRouter::new()
        .routes(routes!(imports::create_import))
        .layer(axum::extract::DefaultBodyLimit::max(domain::imports::MAX_BYTES));
    let batch = OpenApiRouter::new()
        .routes(routes!(batches::create_receipts))
        .layer(axum::extract::DefaultBodyLimit::max(domain::receipts::batch::MAX_BYTES));
    let watched = OpenApiRouter::new().routes(routes!(logs::get_log_checkpoint)).layer(from_fn(files::for_pages));
    OpenApiRouter::with_openapi(Document::openapi()).nest("/v1", small.merge(batch).merge(large).merge(watched))
}

/// The OpenAPI 3.1 document, from the handlers themselves.
pub fn openapi() -> String {
    let mut text = api().into_openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// The routes, with refusals for what is not one.
pub fn router() -> Router<AppState> {
    let document: &'static str = openapi().leak();
    let (router, _) = api().split_for_parts();
    router
        // Of several segments, which an OpenAPI path cannot say.
        .route(
            "/v1/log/tile/{*path}",
            get(logs::get_log_tile).layer(from_fn(files::for_pages)).options(files::preflight),
        )
        .route("/v1/log/checkpoint", options(files::preflight))
        .route("/v1/openapi.json", get(async move || ([("content-type", "application/json")], document)))
        .route("/v1", any(missing))
        .route("/v1/{*rest}", any(missing))
        .method_not_allowed_fallback(wrong_method)
}

async fn missing() -> Refusal {
    Refusal(Problem::not_found())
}

async fn wrong_method(method: Method) -> Refusal {
    Refusal(Problem::new(405, "wrong_method", "").because(format!("{method} is not something that can be done here.")))
}
