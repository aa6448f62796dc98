//! The one public error.
//!
//! A [`Problem`] is mapped once to RFC 9457 for the REST API and once to the page. Anything else that goes wrong is
//! [`Problem::internal`]: logged at the edge with the request's id, and shown as nothing more than that.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A refusal: what a caller may know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, machine-readable: `snake_case`.
    pub code: Cow<'static, str>,
    /// The HTTP status it maps to.
    pub status: u16,
    /// One sentence for a person.
    pub detail: Cow<'static, str>,
    /// Which parts of the input, if it was the input.
    pub fields: Vec<Field>,
    /// Seconds after which to try again, if waiting helps.
    pub retry_after_s: Option<u64>,
    /// What an operator reads in the log; never leaves the server.
    #[serde(skip)]
    pub internal: Option<String>,
}

/// One part of the input that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Where: the form field's name, or the path in the body (`amount.value`).
    pub location: String,
    /// Stable, machine-readable.
    pub code: Cow<'static, str>,
    /// One sentence: what is wrong and how to mend it.
    pub message: Cow<'static, str>,
}

impl Problem {
    /// A refusal with a status, a code and a sentence.
    pub const fn new(status: u16, code: &'static str, detail: &'static str) -> Self {
        Self {
            code: Cow::Borrowed(code),
            status,
            detail: Cow::Borrowed(detail),
            fields: Vec::new(),
            retry_after_s: None,
            internal: None,
        }
    }

    /// 422: the input was understood and is not acceptable; add what with [`Problem::field`].
    pub const fn invalid() -> Self {
        Self::new(422, "invalid", "Some of the input was not accepted.")
    }

    /// 404: not there, or not yours; which of the two is not told.
    pub const fn not_found() -> Self {
        Self::new(404, "not_found", "There is nothing here by that name.")
    }

    /// 401: nobody is signed in, or the key is not valid.
    pub const fn unauthenticated() -> Self {
        Self::new(401, "unauthenticated", "Sign in, or send a valid API key as a bearer token.")
    }

    /// 403: the actor is known and may not do this; the sentence names the missing permission.
    pub fn forbidden(permission: crate::permission::Permission) -> Self {
        let mut problem = Self::new(403, "forbidden", "");
        problem.detail = Cow::Owned(format!("This needs the permission {permission}."));
        problem
    }

    /// 500: ours. `cause` goes to the log only.
    pub fn internal(cause: impl fmt::Display) -> Self {
        let mut problem = Self::new(500, "internal", "Something went wrong on our side. Nothing was changed.");
        problem.internal = Some(cause.to_string());
        problem
    }

    /// 429 or 503 with the seconds to wait.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// With a sentence of its own.
    #[must_use]
    pub fn because(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With one more refused part of the input.
    #[must_use]
    pub fn field(
        mut self,
        location: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.fields.push(Field { location: location.into(), code: code.into(), message: message.into() });
        self
    }

    /// The problem if any field was refused.
    pub fn unless_empty(self) -> Result<(), Self> {
        if self.fields.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)?;
        for field in &self.fields {
            write!(f, " [{}: {}]", field.location, field.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
