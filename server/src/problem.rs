//! Refusals over HTTP: RFC 9457 `application/problem+json`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// The body of every refusal (RFC 9457).
#[derive(Serialize, ToSchema)]
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
    /// Which parts of the input, if it was the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldOut>,
}

/// One refused part of the input.
#[derive(Serialize, ToSchema)]
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

/// A refusal as a response. What is internal was logged, and stays here.
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
        let errors = problem.fields.iter().map(|field| FieldOut {
            location: field.location.clone(),
            code: field.code.to_string(),
            message: field.message.to_string(),
        });
        let body = ProblemOut {
            r#type: format!("/docs/errors#{}", problem.code),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: problem.detail.to_string(),
            code: problem.code.to_string(),
            errors: errors.collect(),
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], json).into_response();
        if let Some(seconds) = problem.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // The layer that knows the request's id writes the one line in the log.
        response.extensions_mut().insert(problem);
        response
    }
}
