//! Every route of the server.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use domain::context::{Clock as _, Domain, SystemClock};
use leptos::config::LeptosOptions;
use leptos_axum::{AxumRouteListing, LeptosRoutes as _};
use tower_http::services::ServeDir;

use crate::config::Config;
use crate::{layers, live, root_log, session, shared, v1};

/// The largest form or server-function call.
const FORM_MAX: usize = 64 << 10;

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The business.
    pub domain: Domain,
    /// The configuration.
    pub config: Arc<Config>,
    leptos: Arc<LeptosOptions>,
}

impl AppState {
    /// The state of a server.
    pub fn new(domain: Domain, config: Arc<Config>) -> Self {
        let leptos = LeptosOptions::builder()
            .output_name("certnode")
            .site_root(config.site_root.to_string_lossy().into_owned())
            .site_addr(config.site_addr)
            .hash_files(config.hashed_files)
            .build();
        Self { domain, config, leptos: Arc::new(leptos) }
    }

    /// A request's id.
    pub fn new_id(&self) -> uuid::Uuid {
        SystemClock.new_id()
    }
}

impl axum::extract::FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        LeptosOptions::clone(&state.leptos)
    }
}

/// The router, ready to serve.
pub fn router(state: AppState) -> Router {
    let forms = Router::new()
        .route("/sign-up", post(session::sign_up))
        .route("/sign-in", post(session::sign_in))
        .route("/sign-out", post(session::sign_out))
        .route("/mode", post(session::choose_mode))
        .route("/org", post(session::choose_org))
        .route("/theme", post(session::choose_theme));
    Router::new()
        .merge(pages(&state).merge(forms))
        .layer(axum::extract::DefaultBodyLimit::max(FORM_MAX))
        .merge(v1::router())
        .merge(root_log::router())
        .route("/live", get(live::live))
        .route("/evidence/{sha256}", get(v1::evidence::download))
        .route("/ledger/check.json", get(v1::downloads::download_log_check))
        .route("/receipts/export", get(v1::period::download_export))
        .route("/receipts.csv", get(v1::rows::download_csv))
        .route("/receipts.ndjson", get(v1::rows::download_ndjson))
        .route("/receipts/{id}/{file}", get(v1::downloads::download))
        .route("/r/{token}/badge.svg", get(shared::badge))
        .route("/r/{token}/bundle", get(shared::bundle))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
        .fallback_service(files(&state))
        .layer(from_fn_with_state(state.clone(), layers::around))
        .with_state(state)
}

/// The paths of the pages. Once for each process: while leptos_router walks the pages it keeps every resource of the
/// process from loading, and a page that another router rendered meanwhile would wait for ever.
static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| leptos_axum::generate_route_list(app::App));

/// Pages and server functions: both find the context of whoever asks among the request's extensions.
fn pages(state: &AppState) -> Router<AppState> {
    let options = state.leptos.clone();
    let functions = leptos_axum::handle_server_fns;
    Router::new()
        .route("/fn/{*function}", get(functions).post(functions))
        .leptos_routes(state, ROUTES.clone(), move || app::shell(LeptosOptions::clone(&options)))
        .layer(from_fn(no_store))
        .layer(from_fn_with_state(state.clone(), layers::pages))
}

/// Pages show what only their reader may see.
async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn ready(State(state): State<AppState>) -> Response {
    if !state.domain.database().ping().await {
        return axum::http::StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    // Reading goes on, so it is ready for that.
    match state.domain.database().fence().rolled_back() {
        None => "ready".into_response(),
        Some(rolled_back) => format!("read-only: {rolled_back}").into_response(),
    }
}

/// Built files: those with a hash in their name never change. What is no file is the page that says so.
fn files(state: &AppState) -> Router {
    let not_found = {
        let state = state.clone();
        axum::routing::any(async move |request: Request| {
            let options = state.leptos.clone();
            let handler = leptos_axum::render_app_to_stream(move || app::shell(LeptosOptions::clone(&options)));
            let mut response = handler(request).await;
            *response.status_mut() = axum::http::StatusCode::NOT_FOUND;
            response
        })
    };
    let directory = ServeDir::new(&state.config.site_root)
        .precompressed_br()
        .precompressed_gzip()
        .append_index_html_on_directories(false);
    Router::new().fallback_service(directory.fallback(not_found)).layer(from_fn(cached))
}

/// A worker has a policy of its own, not its page's: this one runs the pages' code and fetches the rest of it.
const WORKER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

async fn cached(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if response.status().is_success() {
        let hashed = path.starts_with("/pkg/");
        let value = if hashed { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
        if path == "/verify-worker.js" {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(WORKER_POLICY));
        }
    }
    response
}
