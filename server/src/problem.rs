//! Refusals over HTTP: RFC 9457 `application/problem+json`.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Problem;
use domain::id::RequestId;
use serde::Serialize;
use utoipa::ToSchema;

/// The body of every refusal (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemOut {
    /// Names the kind of problem; `/docs/errors` explains each.
    #[schema(example = "/docs/errors#invalid")]
    r#type: String,
    /// The HTTP status in words.
    #[schema(example = "Unprocessable Entity")]
    title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// One sentence about this refusal.
    #[schema(example = "Some of the input was not accepted.")]
    detail: String,
    /// Stable, machine-readable.
    #[schema(example = "invalid")]
    code: String,
    /// The first refused part of the input, if it was the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "amount.value")]
    param: Option<String>,
    /// Every refused part of the input, if it was the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldOut>,
    /// The request: name it when you ask us about it. Also in the header `Request-Id`.
    #[schema(value_type = String, example = "req_01kaqm7n4ef8zs9v0yq2p3r5tw")]
    request_id: RequestId,
}

/// One refused part of the input.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemField)]
pub struct FieldOut {
    /// Where it is.
    #[schema(example = "amount.value")]
    location: String,
    /// Stable, machine-readable.
    #[schema(example = "decimals")]
    code: String,
    /// What is wrong and how to mend it.
    #[schema(example = "USD has 2 decimals.")]
    message: String,
}

impl ProblemOut {
    /// What is said of a problem, in a request of that id.
    pub fn new(problem: &Problem, request_id: RequestId) -> Self {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let errors = problem.fields.iter().map(|field| FieldOut {
            location: field.location.clone(),
            code: field.code.to_string(),
            message: field.message.to_string(),
        });
        Self {
            r#type: format!("/docs/errors#{}", problem.code),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: problem.detail.to_string(),
            code: problem.code.to_string(),
            param: problem.fields.first().map(|field| field.location.clone()),
            errors: errors.collect(),
            request_id,
        }
    }
}

/// A refusal as a response. What is internal stays here, for the one line in the log.
///
/// Its body is written by [`with_body`], in the layer that knows the request's id.
#[derive(Debug)]
pub struct Refusal(pub Problem);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if let Some(seconds) = problem.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(problem);
        response
    }
}

/// Gives a refusal its body; any other response is as it was.
pub fn with_body(mut response: Response, request_id: RequestId) -> Response {
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    let json = serde_json::to_vec(&ProblemOut::new(problem, request_id)).unwrap_or_default();
    for (name, value) in [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    // What was said of the body that is replaced no longer holds.
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(json);
    response
}
