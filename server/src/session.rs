//! Signing up, in and out, and the choices of a session: plain forms that work without JavaScript.

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::accounts::{self, SignIn, SignUp, SignedIn};
use domain::id::OrgId;
use domain::{Mode, Problem};
use serde::Deserialize;

use crate::AppState;
use crate::auth::{COOKIE, SessionCx};
use crate::problem::Refusal;

/// Where a form leads when it is done.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// A path of our own pages; anything else is the dashboard, so that no link leads elsewhere through us.
fn own_path(next: &str) -> &str {
    let own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if own && !next.starts_with("/fn/") { next } else { "/dashboard" }
}

/// Percent-encodes a query's value.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn signed_in(SignedIn { token, max_age_s }: &SignedIn, next: &str) -> Response {
    let cookie = format!("{COOKIE}={token}; Path=/; Max-Age={max_age_s}; HttpOnly; Secure; SameSite=Lax");
    with_cookie(Redirect::to(own_path(next)).into_response(), &cookie)
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Back to the form: codes and field names only, so that nobody can put words into our mouth by a link.
fn back(page: &str, problem: &Problem, kept: &[(&str, &str)]) -> Response {
    if problem.status >= 500 {
        return Refusal(problem.clone()).into_response();
    }
    let fields: Vec<String> = problem.fields.iter().map(|field| format!("{}.{}", field.location, field.code)).collect();
    let mut location = format!("{page}?error={}&fields={}", problem.code, fields.join(","));
    for (name, value) in kept.iter().filter(|(_, value)| !value.is_empty()) {
        location.push_str(&format!("&{name}={}", encode(value)));
    }
    Redirect::to(&location).into_response()
}

#[derive(Deserialize)]
pub struct SignUpForm {
    #[serde(flatten)]
    form: SignUp,
    #[serde(flatten)]
    next: Next,
}

/// `POST /sign-up`
pub async fn sign_up(SessionCx(cx): SessionCx, Form(SignUpForm { form, next }): Form<SignUpForm>) -> Response {
    let kept = form.clone();
    match accounts::sign_up(&cx, form).await {
        Ok(session) => signed_in(&session, &next.next),
        Err(problem) => {
            let kept = [
                ("name", &*kept.name),
                ("email", &kept.email),
                ("organisation", &kept.organisation),
                ("next", &next.next),
            ];
            back("/sign-up", &problem, &kept)
        }
    }
}

#[derive(Deserialize)]
pub struct SignInForm {
    #[serde(flatten)]
    form: SignIn,
    #[serde(flatten)]
    next: Next,
}

/// `POST /sign-in`
pub async fn sign_in(SessionCx(cx): SessionCx, Form(SignInForm { form, next }): Form<SignInForm>) -> Response {
    let email = form.email.clone();
    match accounts::sign_in(&cx, form).await {
        Ok(session) => {
            // The session that was there, if any, ends: a new one is never grafted onto an old cookie.
            let _ = accounts::sign_out(&cx).await;
            signed_in(&session, &next.next)
        }
        Err(problem) => back("/sign-in", &problem, &[("email", &email), ("next", &next.next)]),
    }
}

/// `POST /sign-out`
pub async fn sign_out(SessionCx(cx): SessionCx) -> Result<Response, Refusal> {
    accounts::sign_out(&cx).await?;
    let cookie = format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
    let mut response = with_cookie(Redirect::to("/sign-in").into_response(), &cookie);
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}

#[derive(Deserialize)]
pub struct ModeForm {
    mode: Mode,
}

/// `POST /mode`: live or test, from now on in this session.
pub async fn choose_mode(
    SessionCx(cx): SessionCx,
    headers: HeaderMap,
    Form(form): Form<ModeForm>,
) -> Result<Response, Refusal> {
    accounts::choose_mode(&cx, form.mode).await?;
    Ok(Redirect::to(&section(came_from(&headers))).into_response())
}

#[derive(Deserialize)]
pub struct OrgForm {
    org: OrgId,
}

/// `POST /org`: another of the person's organisations.
pub async fn choose_org(SessionCx(cx): SessionCx, Form(form): Form<OrgForm>) -> Result<Response, Refusal> {
    accounts::choose_org(&cx, form.org).await?;
    Ok(Redirect::to("/dashboard").into_response())
}

#[derive(Deserialize)]
pub struct ThemeForm {
    theme: Theme,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Theme {
    Light,
    Dark,
    System,
}

/// `POST /theme`: kept in a cookie, so that the first paint is right.
pub async fn choose_theme(State(state): State<AppState>, headers: HeaderMap, Form(form): Form<ThemeForm>) -> Response {
    let theme = match form.theme {
        Theme::Light => "light",
        Theme::Dark => "dark",
        Theme::System => "system",
    };
    let secure = if state.config.public_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!("theme={theme}; Path=/; Max-Age=31536000; SameSite=Lax{secure}");
    with_cookie(Redirect::to(came_from(&headers)).into_response(), &cookie)
}

/// The list that a page belongs to: one receipt, or one place in a list, means nothing in another mode.
fn section(path: &str) -> String {
    let first = path.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    // An import has no list of its own.
    format!("/{}", if first == "imports" { "dashboard" } else { first })
}

/// The page a form was on.
fn came_from(headers: &HeaderMap) -> &str {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path = referer.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    own_path(path.unwrap_or_default())
}

#[cfg(test)]
mod tests;
