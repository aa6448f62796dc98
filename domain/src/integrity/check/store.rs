//! SQL of checks that were asked for.

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::Tx;
use crate::id::{LogCheckId, OrgId};
use crate::integrity::{Check, Checks, Outcome, Stage};
use crate::{Mode, Problem};

pub(super) async fn find(tx: &mut Tx, (org_id, mode): (OrgId, Mode), now: OffsetDateTime) -> Result<Checks, Problem> {
    let row = sqlx::query!(
        r#"select asked_at, began_at, alive_until, ended_at, failed_at, entries_done, entries_total,
            outcome as "outcome: Json<Outcome>"
        from log_checks where org_id = $1 and mode = $2"#,
        org_id.0,
        mode.as_str()
    )
    .fetch_optional(tx.connection())
    .await?;
    let Some(row) = row else { return Ok(Checks::default()) };
    let stage = match (row.ended_at, row.failed_at, row.began_at) {
        (Some(_), _, _) => Stage::Over,
        (_, Some(_), _) => Stage::BrokenOff,
        _ if row.alive_until <= now => Stage::BrokenOff,
        (_, _, None) => Stage::Waiting,
        (_, _, Some(_)) => Stage::Reading,
    };
    let (done, total) = (row.entries_done.cast_unsigned(), row.entries_total.cast_unsigned());
    let latest = Some(Check { stage, asked_at: row.asked_at, done, total });
    Ok(Checks { latest, outcome: row.outcome.map(|outcome| outcome.0) })
}

/// Takes the place of the check before, unless that is under way; whether it did.
pub(super) async fn start(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    id: LogCheckId,
    asked_by: Option<Uuid>,
    now: OffsetDateTime,
    alive_until: OffsetDateTime,
) -> Result<bool, Problem> {
    let started = sqlx::query!(
        "insert into log_checks (org_id, mode, id, asked_by, asked_at, alive_until) values ($1, $2, $3, $4, $5, $6)
        on conflict (org_id, mode) do update set id = excluded.id, asked_by = excluded.asked_by,
            asked_at = excluded.asked_at, alive_until = excluded.alive_until, began_at = null, ended_at = null,
            failed_at = null, entries_done = 0, entries_total = 0
        where log_checks.ended_at is not null or log_checks.failed_at is not null or log_checks.alive_until <= $5",
        org_id.0,
        mode.as_str(),
        id.0,
        asked_by,
        now,
        alive_until
    )
    .execute(tx.connection())
    .await?;
    Ok(started.rows_affected() == 1)
}

/// Notes how far a check is that is not over; whether it is the one that was asked for last.
pub(super) async fn note(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    id: LogCheckId,
    (done, total): (u64, u64),
    now: OffsetDateTime,
    alive_until: OffsetDateTime,
) -> Result<bool, Problem> {
    let noted = sqlx::query!(
        "update log_checks set began_at = coalesce(began_at, $4), alive_until = $5, entries_done = $6, entries_total = $7
        where org_id = $1 and mode = $2 and id = $3 and ended_at is null and failed_at is null",
        org_id.0,
        mode.as_str(),
        id.0,
        now,
        alive_until,
        done.cast_signed(),
        total.cast_signed()
    )
    .execute(tx.connection())
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Ends a check: with what it came to, or without.
pub(super) async fn end(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    id: LogCheckId,
    now: OffsetDateTime,
    outcome: Option<&Outcome>,
) -> Result<(), Problem> {
    sqlx::query!(
        "update log_checks set outcome = coalesce($4, outcome), ended_at = case when $4::jsonb is not null then $5::timestamptz end,
            failed_at = case when $4::jsonb is null then $5::timestamptz end
        where org_id = $1 and mode = $2 and id = $3 and ended_at is null and failed_at is null",
        org_id.0,
        mode.as_str(),
        id.0,
        outcome.map(Json) as _,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
