//! Use-cases of accounts.

use ledger::encoding::base64;
use time::Duration;

use super::brake::Subjects;
use super::password::weakness;
use super::{Me, SignIn, SignUp, store};
use crate::context::{Actor, Cx, Domain, Request};
use crate::database::Tx;
use crate::id::{OrgId, SessionId, UserId};
use crate::permission::Role;
use crate::{Mode, Problem, logs, orgs, secret};

const TOKEN: &str = "certnode session token v1";
/// A session ends this long after signing in.
const LIFETIME: Duration = Duration::hours(24 * 7);
/// A session ends after this long without a request.
const IDLE: Duration = Duration::hours(24);
/// A session's last use is written at most this often.
const TOUCH: Duration = Duration::minutes(1);

/// Who just signed in: the token goes into the cookie and nowhere else.
#[derive(Clone)]
pub struct SignedIn {
    /// 256 bits in base64url.
    pub token: String,
    /// Seconds the cookie lasts.
    pub max_age_s: i64,
}

/// Makes an account, its organisation with both logs, and a session.
pub async fn sign_up(cx: &Cx, form: SignUp) -> Result<SignedIn, Problem> {
    let form = check(form)?;
    let subjects = Subjects::of(cx, &form.email.to_lowercase());
    let mut tx = cx.begin().await?;
    subjects.check(&mut tx, cx.now()).await?;
    drop(tx);
    let password_hash = cx.domain.hasher.hash(&form.password, cx.random()).await?;
    let (user_id, org_id, now) = (UserId(cx.new_id()), OrgId(cx.new_id()), cx.now());
    let mut tx = cx.begin().await?;
    store::insert_user(&mut tx, user_id, &form.email, &form.name, &password_hash, now).await?;
    tx.bind(org_id).await?;
    orgs::store::insert(&mut tx, org_id, &form.organisation, now).await?;
    orgs::store::insert_member(&mut tx, org_id, user_id, Role::Owner, now).await?;
    logs::create(cx, &mut tx, org_id).await?;
    let signed_in = open_session(cx, &mut tx, user_id, org_id).await?;
    tx.commit().await?;
    Ok(signed_in)
}

fn check(form: SignUp) -> Result<SignUp, Problem> {
    let trim = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let form = SignUp {
        name: trim(form.name),
        email: form.email.trim().to_owned(),
        organisation: trim(form.organisation),
        password: form.password,
    };
    let mut problem = Problem::invalid();
    for (field, text, message) in [
        ("name", &form.name, "Tell us your name, in up to 100 characters."),
        ("organisation", &form.organisation, "Tell us your organisation's name, in up to 100 characters."),
    ] {
        if text.is_empty() || text.chars().count() > 100 || text.chars().any(char::is_control) {
            problem = problem.field(field, "length", message);
        }
    }
    if !looks_like_email(&form.email) {
        problem = problem.field("email", "email", "This does not look like an email address.");
    }
    let local = form.email.split('@').next().unwrap_or_default();
    if let Some((code, message)) =
        weakness(&form.password, &[&form.name, &form.email, local, &form.organisation, "certnode"])
    {
        problem = problem.field("password", code, message);
    }
    problem.unless_empty()?;
    Ok(form)
}

fn looks_like_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let fine = |part: &str| {
        !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
    };
    text.len() <= 254
        && local.len() <= 64
        && fine(local)
        && fine(host)
        && !host.starts_with('.')
        && !host.ends_with('.')
}

/// Signs in. The answer and the time it takes are the same for a wrong password and an unknown email.
pub async fn sign_in(cx: &Cx, form: SignIn) -> Result<SignedIn, Problem> {
    let email = form.email.trim().to_lowercase();
    let subjects = Subjects::of(cx, &email);
    let mut tx = cx.begin().await?;
    subjects.check(&mut tx, cx.now()).await?;
    let user = store::find_user(&mut tx, &email).await?;
    drop(tx);
    let right = cx.domain.hasher.verify(&form.password, user.as_ref().map(|user| user.password_hash.as_str())).await?;
    let mut tx = cx.begin().await?;
    let Some(user) = user.filter(|_| right) else {
        subjects.failed(&mut tx, cx.now()).await?;
        tx.commit().await?;
        return Err(Problem::new(401, "wrong_credentials", "The email or the password is not right."));
    };
    subjects.succeeded(&mut tx).await?;
    let mut as_user = cx.domain.database.begin(None, Some(user.id)).await?;
    let org = orgs::store::of_user(&mut as_user, user.id).await?.into_iter().next();
    let org =
        org.ok_or_else(|| Problem::new(403, "no_organisation", "This account belongs to no organisation any more."))?;
    let signed_in = open_session(cx, &mut tx, user.id, org.id).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// A new session begins in test mode: nothing real happens until somebody chooses to.
async fn open_session(cx: &Cx, tx: &mut Tx, user_id: UserId, org_id: OrgId) -> Result<SignedIn, Problem> {
    let token = base64(&cx.random::<32>()).replace('+', "-").replace('/', "_").replace('=', "");
    let now = cx.now();
    let address = cx.request().address.map(|address| address.to_string()).unwrap_or_default();
    let new = store::NewSession {
        token_hash: secret::hash(TOKEN, &token),
        id: SessionId(cx.new_id()),
        user_id,
        org_id,
        mode: Mode::Test,
        address: &address,
        agent: &cx.request().agent,
        now,
        expires_at: now + LIFETIME,
    };
    store::insert_session(tx, new).await?;
    Ok(SignedIn { token, max_age_s: LIFETIME.whole_seconds() })
}

/// The context of a session's token; 401 for a token that is none, ended, or idle for too long.
pub async fn authenticate(domain: &Domain, token: &str, request: Request) -> Result<Cx, Problem> {
    let cx = domain.nobody(request);
    let now = cx.now();
    let mut tx = cx.begin().await?;
    let session = store::find_session(&mut tx, &secret::hash(TOKEN, token), now, now - IDLE).await?;
    let session = session.ok_or_else(Problem::unauthenticated)?;
    if now - session.seen_at > TOUCH {
        store::touch_session(&mut tx, session.id, now).await?;
        tx.commit().await?;
    }
    let store::Session { id, user_id, org_id, mode, role, .. } = session;
    Ok(cx.acting(Actor::User { user_id, session_id: id, org_id, mode, role }))
}

/// Who acts, for the page around everything.
pub async fn me(cx: &Cx) -> Result<Me, Problem> {
    let Actor::User { user_id, session_id, org_id, mode, role } = *cx.actor() else {
        return Err(Problem::unauthenticated());
    };
    let mut tx = cx.begin().await?;
    let (name, email) = store::name_and_email(&mut tx, user_id).await?;
    let orgs = orgs::store::of_user(&mut tx, user_id).await?;
    Ok(Me { user_id, session_id, name, email, org_id, role, mode, orgs })
}

/// Ends the session, everywhere at once.
pub async fn sign_out(cx: &Cx) -> Result<(), Problem> {
    let Actor::User { session_id, .. } = *cx.actor() else { return Ok(()) };
    let mut tx = cx.begin().await?;
    store::delete_session(&mut tx, session_id).await?;
    tx.commit().await
}

/// Looks at live or test from now on, in this session.
pub async fn choose_mode(cx: &Cx, mode: Mode) -> Result<(), Problem> {
    let Actor::User { session_id, org_id, .. } = *cx.actor() else { return Err(Problem::unauthenticated()) };
    let mut tx = cx.begin().await?;
    store::set_place(&mut tx, session_id, org_id, mode).await?;
    tx.commit().await
}

/// Looks at another of the person's organisations from now on; 404 for any other.
pub async fn choose_org(cx: &Cx, chosen: OrgId) -> Result<(), Problem> {
    let Actor::User { user_id, session_id, mode, .. } = *cx.actor() else { return Err(Problem::unauthenticated()) };
    let mut tx = cx.begin().await?;
    let orgs = orgs::store::of_user(&mut tx, user_id).await?;
    if !orgs.iter().any(|org| org.id == chosen) {
        return Err(Problem::not_found());
    }
    store::set_place(&mut tx, session_id, chosen, mode).await?;
    tx.commit().await
}

/// Forgets sessions that ended and failures that are forgiven.
pub async fn sweep_sessions(domain: &Domain) -> Result<(), Problem> {
    let now = domain.clock.now();
    let mut tx = domain.database.begin(None, None).await?;
    store::sweep(&mut tx, now, now - Duration::hours(24)).await?;
    tx.commit().await
}
