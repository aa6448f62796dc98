//! The one file that knows axum: what a server function or a page learns of its request, and says of its answer.

use axum::http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use domain::Problem;
use domain::context::Cx;
use domain::id::RequestId;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use crate::error::AppError;

/// The context of whoever asks. Called first in every server function.
pub fn cx() -> Result<Cx, AppError> {
    let parts = use_context::<Parts>();
    let extensions = parts.as_ref().map(|parts| &parts.extensions);
    let cx = extensions.and_then(|extensions| extensions.get::<Cx>().cloned());
    let problem = || extensions.and_then(|extensions| extensions.get::<Problem>().cloned());
    cx.ok_or_else(|| refuse(problem().unwrap_or_else(Problem::unauthenticated)))
}

/// A problem as the wire's error, with its status on the answer. What is internal is logged here, once.
pub fn refuse(problem: Problem) -> AppError {
    if let Some(options) = use_context::<ResponseOptions>()
        && let Ok(status) = StatusCode::from_u16(problem.status)
    {
        options.set_status(status);
    }
    if let Some(cause) = &problem.internal {
        leptos::logging::error!("server function: {cause}");
    }
    let request =
        use_context::<Parts>().and_then(|parts| parts.extensions.get::<RequestId>().map(RequestId::to_string));
    AppError { request: request.unwrap_or_default(), ..problem.into() }
}

/// The theme of the cookie, for the first paint.
pub fn theme() -> &'static str {
    let parts = use_context::<Parts>();
    let cookies = parts.as_ref().and_then(|parts| parts.headers.get(header::COOKIE)?.to_str().ok()).unwrap_or_default();
    match cookies.split(';').find_map(|pair| pair.trim().strip_prefix("theme=")) {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "system",
    }
}

/// Says which scripts this page may run: those with its nonce, and WebAssembly.
pub fn set_policy() {
    let (Some(options), Some(nonce)) = (use_context::<ResponseOptions>(), use_nonce()) else { return };
    let policy = format!(
        "default-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
        font-src 'self'; connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    options.insert_header(HeaderName::from_static("vary"), HeaderValue::from_static("cookie"));
}

/// The address the server is reached at: what the request itself says, so that copied commands work.
pub fn public_url() -> String {
    let parts = use_context::<Parts>();
    let host =
        parts.as_ref().and_then(|parts| parts.headers.get(header::HOST)?.to_str().ok()).unwrap_or("127.0.0.1:3000");
    let local = host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
    format!("{}://{host}", if local { "http" } else { "https" })
}

/// Every server function: path and method. For the tests that call them all as a stranger.
pub fn functions() -> Vec<(String, String)> {
    let all = server_fn::axum::server_fn_paths();
    all.map(|(path, method)| (path.to_owned(), method.to_string())).collect()
}
