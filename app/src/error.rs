//! What goes wrong, as it travels to the page: codes, never somebody else's words.

use domain::Problem;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::codec::TextEncoding;

/// A refusal: its code, and the refused fields with theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppError {
    /// The problem's code.
    pub code: String,
    /// Field and code.
    pub fields: Vec<(String, String)>,
    /// The request's id, for whoever is asked about it; empty if no request arrived.
    #[serde(default)]
    pub request: String,
}

impl From<Problem> for AppError {
    fn from(problem: Problem) -> Self {
        let fields = problem.fields.into_iter().map(|field| (field.location, field.code.into_owned()));
        Self { code: problem.code.into_owned(), fields: fields.collect(), request: String::new() }
    }
}

impl FromServerFnError for AppError {
    type Encoder = TextEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let code = match error {
            ServerFnErrorErr::Request(_) => "offline",
            _ => "internal",
        };
        Self { code: code.to_owned(), fields: Vec::new(), request: String::new() }
    }
}

impl std::fmt::Display for AppError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(sentence(&self.code))
    }
}

impl std::error::Error for AppError {}

/// The sentence of a problem's code.
pub fn sentence(code: &str) -> &'static str {
    match code {
        "wrong_credentials" => "The email or the password is not right.",
        "too_many_tries" => "Too many tries. Wait a little, then try again.",
        "no_organisation" => "This account belongs to no organisation any more.",
        "invalid" => "Something needs another look.",
        "not_found" => "There is nothing here by that name, in this mode.",
        "unauthenticated" => "Your session has ended. Sign in again.",
        "forbidden" => "Your role does not allow this. Ask an owner or an admin of your organisation.",
        "offline" => "The server cannot be reached just now. Check your connection and try again.",
        "receipt_ended" => "This receipt was revoked or superseded before, which happens once.",
        "receipt_final" => "A revocation and the record of an erasure stand for good.",
        "import_running" => {
            "An import is under way, and its file may hold the same contents. Try again when it has ended."
        }
        "test_mode_only" => "The demo is for test mode: switch first.",
        "too_busy" | "unavailable" | "outcome_unknown" | "stopping" => {
            "The server is busy just now. Try again in a moment."
        }
        _ => "Something went wrong on our side. Nothing was changed.",
    }
}

/// The sentence of a field's code.
pub fn field_sentence(field: &str, code: &str) -> &'static str {
    match (field, code) {
        ("email", "taken") => "There is already an account with this email. Sign in instead.",
        ("email", _) => "This does not look like an email address.",
        ("password", "too_short") => "Use at least 15 characters; a few words make a good one.",
        ("password", "too_common") => "This is one of the first that would be guessed. Choose another.",
        ("password", _) => "Use at most 256 characters.",
        ("organisation", _) => "Tell us your organisation's name, in up to 100 characters.",
        ("reason", _) => "Say why, in up to 1,000 characters.",
        ("name", _) => "A name of up to 100 characters is needed.",
        ("from" | "until", _) => "A day such as 2026-11-20 is wanted.",
        ("min" | "max", _) => "A decimal such as 11.77 is wanted.",
        ("currency", _) => "Choose the currency that amounts are compared in.",
        _ => "This is not acceptable.",
    }
}
