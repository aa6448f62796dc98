//! What happens around every request: its id, its line in the log, the headers of its answer, and where it may come from.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::Problem;
use domain::id::RequestId;

use crate::AppState;
use crate::auth;
use crate::edge::Waits;
use crate::problem::{Refusal, with_body};

static REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Gives the request an id, refuses what another site asked for, answers in time, logs it in one line, and puts the security
/// headers on whatever is answered.
pub async fn around(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = RequestId(state.new_id());
    request.extensions_mut().insert(id);
    let (method, path) = (request.method().clone(), request.extensions().get::<MatchedPath>().cloned());
    let started = Instant::now();
    let answer = if is_welcome(&request) { in_time(request, next).await } else { unwelcome() };
    let mut response = with_body(answer, id);
    let (status, path) = (response.status().as_u16(), path.as_ref().map_or("-", MatchedPath::as_str));
    let ms = started.elapsed().as_secs_f64() * 1e3;
    match response.extensions().get::<Problem>() {
        Some(problem) if status >= 500 => {
            tracing::error!(%id, %method, path, status, ms, code = %problem.code, cause = problem.internal.as_deref().unwrap_or("-"), "failed");
        }
        _ => tracing::debug!(%id, %method, path, status, ms, "answered"),
    }
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID.clone(), id);
    }
    security_headers(response.headers_mut(), &state);
    response
}

/// How long an answer may be made; longer than the sequencer's patience.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Between two looks at whether it is the client that is waited for.
const LOOK: Duration = Duration::from_secs(5);

/// Ends what takes too long on our side, such as what waits for a connection to the database that went dead under it. The
/// time that the client takes for its body is its own: the edge has limits for that.
async fn in_time(request: Request, next: Next) -> Response {
    let waits = request.extensions().get::<Waits>().cloned().unwrap_or_default();
    let overdue = async {
        let mut looks = 0;
        while LOOK * looks < ANSWER_MAX {
            tokio::time::sleep(LOOK).await;
            looks = if waits.for_client() { 0 } else { looks + 1 };
        }
    };
    tokio::select! {
        response = next.run(request) => response,
        () = overdue => {
            let message = "This took too long, and may or may not have been done. Look, before you ask again.";
            Refusal(Problem::new(503, "outcome_unknown", message).retry_after(1)).into_response()
        }
    }
}

fn security_headers(headers: &mut HeaderMap, state: &AppState) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ("x-frame-options", "DENY"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers
        .entry(HeaderName::from_static("cross-origin-resource-policy"))
        .or_insert(HeaderValue::from_static("same-origin"));
    // Pages set their own policy, with the nonce of their scripts; everything else may do nothing at all.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ));
    if state.config.public_url.starts_with("https://") {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
}

/// Whether a request is no change that another site's page asked this browser for. `/v1` takes no cookies, so it has nothing
/// to fear.
///
/// `Sec-Fetch-Site` decides where the browser sends it; `Origin` against `Host` where not; a request with neither is not
/// a browser's cross-site one, as every browser sends `Origin` with a POST.
fn is_welcome(request: &Request) -> bool {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    safe || request.uri().path().starts_with("/v1/") || is_same_origin(request.headers())
}

fn unwelcome() -> Response {
    Refusal(Problem::new(403, "cross_origin", "This request came from another site and was refused.")).into_response()
}

/// Whether a request comes from our own pages, or from no page at all.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin" || site == "none";
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(host))
        }
        (Some(_), None) => false,
    }
}

/// Pages that anyone may see; every other page asks for a session.
const PUBLIC: [&str; 6] = ["/", "/sign-in", "/sign-up", "/verify", "/docs/errors", "/design"];

/// Where shared receipts are.
const SHARED: &str = "/r/";
static ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// Sends strangers to sign in, and the signed-in past the doors, before anything is rendered.
pub async fn pages(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if parts.uri.path() == "/design" && !state.config.design_page {
        return Refusal(Problem::not_found()).into_response();
    }
    let cx = match auth::session(&state.domain, &parts).await {
        Ok(cx) => cx,
        Err(problem) => {
            // Pages that need nobody are as ever; the others say what is wrong, where they would have asked who is there.
            parts.extensions.insert(problem);
            return next.run(Request::from_parts(parts, body)).await;
        }
    };
    let path = parts.uri.path();
    let signed_in = cx.user_id().is_some();
    let shared = path.starts_with(SHARED);
    let public = PUBLIC.contains(&path) || path.starts_with("/fn/") || shared;
    if !signed_in && !public {
        let next_path: String = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        return Redirect::to(&format!("/sign-in?next={}", crate::session::encode(&next_path))).into_response();
    }
    if signed_in && ["/", "/sign-in", "/sign-up"].contains(&path) {
        return Redirect::to("/dashboard").into_response();
    }
    parts.extensions.insert(cx);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if shared {
        // Its address is its key: no other site learns it, and no search engine keeps it.
        for (name, value) in [(header::REFERRER_POLICY, "no-referrer"), (ROBOTS.clone(), "noindex")] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
