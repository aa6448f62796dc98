//! SQL of accounts and sessions.

use time::OffsetDateTime;

use crate::Mode;
use crate::Problem;
use crate::database::{ResultExt as _, Tx};
use crate::id::{OrgId, SessionId, UserId};
use crate::permission::Role;

pub(super) struct User {
    pub(super) id: UserId,
    pub(super) password_hash: String,
}

pub(super) async fn insert_user(
    tx: &mut Tx,
    id: UserId,
    email: &str,
    name: &str,
    password_hash: &str,
    now: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into users (id, email, name, password_hash, created_at) values ($1, $2, $3, $4, $5)",
        id.0,
        email,
        name,
        password_hash,
        now
    )
    .execute(tx.connection())
    .await
    .on_constraint("users_email_key", || {
        let message = "There is already an account with this email. Sign in instead.";
        Problem::invalid().field("email", "taken", message)
    })?;
    Ok(())
}

pub(super) async fn find_user(tx: &mut Tx, email: &str) -> Result<Option<User>, Problem> {
    let row = sqlx::query!("select id, password_hash from users where lower(email) = lower($1)", email)
        .fetch_optional(tx.connection())
        .await?;
    Ok(row.map(|row| User { id: UserId(row.id), password_hash: row.password_hash }))
}

pub(super) async fn name_and_email(tx: &mut Tx, id: UserId) -> Result<(String, String), Problem> {
    let row = sqlx::query!("select name, email from users where id = $1", id.0).fetch_one(tx.connection()).await?;
    Ok((row.name, row.email))
}

pub(super) struct NewSession<'a> {
    pub(super) token_hash: [u8; 32],
    pub(super) id: SessionId,
    pub(super) user_id: UserId,
    pub(super) org_id: OrgId,
    pub(super) mode: Mode,
    pub(super) address: &'a str,
    pub(super) agent: &'a str,
    pub(super) now: OffsetDateTime,
    pub(super) expires_at: OffsetDateTime,
}

pub(super) async fn insert_session(tx: &mut Tx, new: NewSession<'_>) -> Result<(), Problem> {
    sqlx::query!(
        "insert into sessions (token_hash, id, user_id, org_id, mode, address, agent, created_at, seen_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
        new.token_hash.as_slice(),
        new.id.0,
        new.user_id.0,
        new.org_id.0,
        new.mode.as_str(),
        new.address,
        new.agent,
        new.now,
        new.expires_at
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) user_id: UserId,
    pub(super) org_id: OrgId,
    pub(super) mode: Mode,
    pub(super) role: Role,
    pub(super) seen_at: OffsetDateTime,
}

/// The session of a token that is neither expired nor idle for too long, with the member's role.
pub(super) async fn find_session(
    tx: &mut Tx,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
    idle_since: OffsetDateTime,
) -> Result<Option<Session>, Problem> {
    let row = sqlx::query!(
        "with session as (
            select id, user_id, org_id, mode, seen_at, set_config('certnode.user_id', user_id::text, true) from sessions
            where token_hash = $1 and expires_at > $2 and seen_at > $3
        )
        select session.id, session.user_id, session.org_id, session.mode, session.seen_at from session",
        token_hash.as_slice(),
        now,
        idle_since
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let role =
        sqlx::query_scalar!("select role from memberships where org_id = $1 and user_id = $2", row.org_id, row.user_id)
            .fetch_optional(tx.connection())
            .await?;
    let session = role.and_then(|role| {
        Some(Session {
            id: SessionId(row.id),
            user_id: UserId(row.user_id),
            org_id: OrgId(row.org_id),
            mode: row.mode.parse().ok()?,
            role: Role::from_str_or_viewer(&role),
            seen_at: row.seen_at,
        })
    });
    Ok(session)
}

pub(super) async fn touch_session(tx: &mut Tx, id: SessionId, now: OffsetDateTime) -> Result<(), Problem> {
    sqlx::query!("update sessions set seen_at = $2 where id = $1", id.0, now).execute(tx.connection()).await?;
    Ok(())
}

pub(super) async fn set_place(tx: &mut Tx, id: SessionId, org_id: OrgId, mode: Mode) -> Result<(), Problem> {
    sqlx::query!("update sessions set org_id = $2, mode = $3 where id = $1", id.0, org_id.0, mode.as_str())
        .execute(tx.connection())
        .await?;
    Ok(())
}

pub(super) async fn delete_session(tx: &mut Tx, id: SessionId) -> Result<(), Problem> {
    sqlx::query!("delete from sessions where id = $1", id.0).execute(tx.connection()).await?;
    Ok(())
}

pub(super) async fn sweep(tx: &mut Tx, now: OffsetDateTime, forgiven: OffsetDateTime) -> Result<(), Problem> {
    sqlx::query!("delete from sessions where expires_at < $1", now).execute(tx.connection()).await?;
    sqlx::query!("delete from sign_in_failures where failed_at < $1", forgiven).execute(tx.connection()).await?;
    Ok(())
}

pub(super) async fn failures(tx: &mut Tx, subject: &[u8; 32]) -> Result<Option<(i32, OffsetDateTime)>, Problem> {
    let row = sqlx::query!("select failures, failed_at from sign_in_failures where subject = $1", subject.as_slice())
        .fetch_optional(tx.connection())
        .await?;
    Ok(row.map(|row| (row.failures, row.failed_at)))
}

pub(super) async fn count_failure(
    tx: &mut Tx,
    subject: &[u8; 32],
    now: OffsetDateTime,
    forgiven: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into sign_in_failures (subject, failures, failed_at) values ($1, 1, $2)
        on conflict (subject) do update set failed_at = excluded.failed_at,
            failures = case when sign_in_failures.failed_at < $3 then 1 else sign_in_failures.failures + 1 end",
        subject.as_slice(),
        now,
        forgiven
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

pub(super) async fn forget_failures(tx: &mut Tx, subject: &[u8; 32]) -> Result<(), Problem> {
    sqlx::query!("delete from sign_in_failures where subject = $1", subject.as_slice())
        .execute(tx.connection())
        .await?;
    Ok(())
}
