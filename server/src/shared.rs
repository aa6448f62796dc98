//! What is below a shared receipt's address beside its page: the offline file, and a small picture for any site to show.

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use domain::receipts::Standing;
use domain::{Mode, shares};
use ledger::verify::verify;

use crate::AppState;
use crate::problem::Refusal;

/// `/r/{token}/bundle`: the offline file, as far as it is shared.
pub async fn bundle(State(state): State<AppState>, Path(token): Path<String>) -> Result<Response, Refusal> {
    let opened = shares::open(&state.domain, &token).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.certnode.bundle+json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"receipt.certnode\""),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    Ok((headers, opened.bundle).into_response())
}

/// `/r/{token}/badge.svg`: whether the receipt verifies and still holds, found out anew each time it is asked for. 404 once it
/// is withdrawn.
pub async fn badge(State(state): State<AppState>, Path(token): Path<String>) -> Result<Response, Refusal> {
    let opened = shares::open(&state.domain, &token).await?;
    let (word, color) = match (verify(opened.bundle.as_bytes(), None).is_verified(), opened.standing, opened.mode) {
        (false, ..) => ("does not verify", "#b42318"),
        (true, Standing::Revoked, _) => ("revoked receipt", "#b42318"),
        (true, Standing::Superseded, _) => ("replaced receipt", "#946200"),
        (true, Standing::Active, Mode::Test) => ("test receipt", "#946200"),
        (true, Standing::Active, Mode::Live) => ("verified receipt", "#067647"),
    };
    let mut response = draw(word, color).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=60"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

fn draw(word: &str, color: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"186\" height=\"24\" viewBox=\"0 0 186 24\" role=\"img\" aria-label=\"CertNode: {word}\">\
        <title>CertNode: {word}</title><rect width=\"186\" height=\"24\" rx=\"4\" fill=\"#1f2430\"/>\
        <path d=\"M72 0h110a4 4 0 0 1 4 4v16a4 4 0 0 1-4 4H72z\" fill=\"{color}\"/>\
        <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\" text-anchor=\"middle\">\
        <text x=\"36\" y=\"16\" textLength=\"54\">CertNode</text><text x=\"129\" y=\"16\">{word}</text></g></svg>"
    )
}
