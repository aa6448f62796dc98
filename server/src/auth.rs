//! Who a request is from: a session's cookie for people, a bearer key for programs.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::context::{Cx, Domain, Request};
use domain::id::RequestId;
use domain::{Problem, accounts, api_keys};

use crate::AppState;
use crate::problem::Refusal;

/// The session's cookie. The prefix makes browsers insist on Secure, Path=/ and no Domain.
pub const COOKIE: &str = "__Host-certnode";
const AGENT_MAX: usize = 256;

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// What the domain wants to know of a request.
pub fn request(parts: &Parts) -> Request {
    let id = parts.extensions.get::<RequestId>().copied().unwrap_or(RequestId(uuid::Uuid::nil()));
    let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    Request { id, address, agent: agent.chars().take(AGENT_MAX).collect() }
}

/// The context of the session whose cookie the request carries; nobody's, if none or ended.
pub async fn session(domain: &Domain, parts: &Parts) -> Result<Cx, Problem> {
    let Some(token) = cookie(&parts.headers, COOKIE) else { return Ok(domain.nobody(request(parts))) };
    match accounts::authenticate(domain, token, request(parts)).await {
        Err(problem) if problem.status == 401 => Ok(domain.nobody(request(parts))),
        other => other,
    }
}

/// The context of an API key; what the handlers of `/v1` take.
pub struct ApiCx(pub Cx);

impl FromRequestParts<AppState> for ApiCx {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(Problem::unauthenticated)?;
        Ok(Self(api_keys::authenticate(&state.domain, token.trim(), request(parts)).await?))
    }
}

/// The context of a session, or nobody's; what form handlers take.
pub struct SessionCx(pub Cx);

impl FromRequestParts<AppState> for SessionCx {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        Ok(Self(session(&state.domain, parts).await?))
    }
}
