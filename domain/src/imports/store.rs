//! SQL of imports.

use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Import, Mapping, Refusal, State};
use crate::Mode;
use crate::Problem;
use crate::database::Tx;
use crate::id::{ImportId, OrgId};

struct Row {
    id: Uuid,
    name: String,
    mode: String,
    state: String,
    rows_total: i64,
    rows_done: i64,
    rows_refused: i64,
    failure: Option<String>,
    created_at: OffsetDateTime,
    finished_at: Option<OffsetDateTime>,
}

impl From<Row> for Import {
    fn from(row: Row) -> Self {
        Self {
            id: ImportId(row.id),
            name: row.name,
            mode: row.mode.parse().unwrap_or(Mode::Test),
            state: match row.state.as_str() {
                "queued" => State::Queued,
                "running" => State::Running,
                "finished" => State::Finished,
                _ => State::Failed,
            },
            rows_total: row.rows_total.cast_unsigned(),
            rows_done: row.rows_done.cast_unsigned(),
            rows_refused: row.rows_refused.cast_unsigned(),
            failure: row.failure,
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

pub(super) struct New<'a> {
    pub(super) id: ImportId,
    pub(super) name: &'a str,
    pub(super) content_hash: [u8; 32],
    pub(super) mapping: &'a Mapping,
    pub(super) source: &'a [u8],
    pub(super) rows_total: i64,
    pub(super) created_by: Option<Uuid>,
    pub(super) now: OffsetDateTime,
}

/// Stores an import; the one that is already there when the same content was imported before, queued again with its file if it
/// failed.
pub(super) async fn insert(tx: &mut Tx, (org_id, mode): (OrgId, Mode), new: New<'_>) -> Result<ImportId, Problem> {
    let id = sqlx::query_scalar!(
        "insert into imports (org_id, id, mode, name, content_hash, mapping, source, state, rows_total, created_by, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, 'queued', $8, $9, $10)
        on conflict (org_id, mode, content_hash) do update
            set state = case when imports.state = 'failed' then 'queued' else imports.state end,
                source = case when imports.state = 'failed' then excluded.source else imports.source end,
                failure = case when imports.state = 'failed' then null else imports.failure end,
                finished_at = case when imports.state = 'failed' then null else imports.finished_at end
        returning id",
        org_id.0,
        new.id.0,
        mode.as_str(),
        new.name,
        new.content_hash.as_slice(),
        Json(new.mapping) as _,
        new.source,
        new.rows_total,
        new.created_by,
        new.now
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(ImportId(id))
}

pub(super) async fn find(tx: &mut Tx, org_id: OrgId, id: ImportId) -> Result<Import, Problem> {
    let row = sqlx::query_as!(
        Row,
        "select id, name, mode, state, rows_total, rows_done, rows_refused, failure, created_at, finished_at
        from imports where org_id = $1 and id = $2",
        org_id.0,
        id.0
    )
    .fetch_optional(tx.connection())
    .await?;
    row.map(Import::from).ok_or_else(Problem::not_found)
}

pub(super) async fn list(tx: &mut Tx, (org_id, mode): (OrgId, Mode), limit: i64) -> Result<Vec<Import>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "select id, name, mode, state, rows_total, rows_done, rows_refused, failure, created_at, finished_at
        from imports where org_id = $1 and mode = $2 order by id desc limit $3",
        org_id.0,
        mode.as_str(),
        limit
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(Import::from).collect())
}

pub(super) async fn source(tx: &mut Tx, org_id: OrgId, id: ImportId) -> Result<(Vec<u8>, Mapping), Problem> {
    let row = sqlx::query!(
        r#"select source, mapping as "mapping: Json<Mapping>" from imports where org_id = $1 and id = $2"#,
        org_id.0,
        id.0
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or_else(Problem::not_found)?;
    Ok((row.source, row.mapping.0))
}

/// Notes how far an import is. A finished one needs its file no more: it would be a copy of contents that may be erased.
pub(super) async fn progress(
    tx: &mut Tx,
    org_id: OrgId,
    id: ImportId,
    state: &str,
    (done, refused): (i64, i64),
    finished_at: Option<OffsetDateTime>,
) -> Result<(), Problem> {
    sqlx::query!(
        "update imports set state = $3, rows_done = $4, rows_refused = $5, finished_at = $6, failure = null,
            source = case when $6::timestamptz is not null then ''::bytea else source end
        where org_id = $1 and id = $2",
        org_id.0,
        id.0,
        state,
        done,
        refused,
        finished_at
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Notes why a run stopped.
pub(super) async fn note_failure(tx: &mut Tx, org_id: OrgId, id: ImportId, why: &str) -> Result<(), Problem> {
    sqlx::query!("update imports set failure = $3 where org_id = $1 and id = $2", org_id.0, id.0, why)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Gives an import up that is under way, for the reason that was noted last, if one was; whether it was under way. Its file
/// goes, as that of a finished one does.
pub(super) async fn fail(
    tx: &mut Tx,
    org_id: OrgId,
    id: ImportId,
    why: &str,
    now: OffsetDateTime,
) -> Result<bool, Problem> {
    let failed = sqlx::query!(
        "update imports set state = 'failed', failure = coalesce(failure, $3), finished_at = $4, source = ''::bytea
        where org_id = $1 and id = $2 and state in ('queued', 'running')",
        org_id.0,
        id.0,
        why,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(failed.rows_affected() == 1)
}

pub(super) async fn insert_refusals(
    tx: &mut Tx,
    org_id: OrgId,
    id: ImportId,
    refusals: &[Refusal],
) -> Result<(), Problem> {
    let lines: Vec<i64> = refusals.iter().map(|refusal| refusal.line.cast_signed()).collect();
    let reasons: Vec<String> = refusals.iter().map(|refusal| refusal.reason.clone()).collect();
    sqlx::query!(
        "insert into import_refusals (org_id, import_id, line, reason)
        select $1, $2, line, reason from unnest($3::bigint[], $4::text[]) as refused (line, reason) on conflict do nothing",
        org_id.0,
        id.0,
        &lines,
        &reasons
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Refused rows in the file's order, after a line.
pub(super) async fn refusals(
    tx: &mut Tx,
    org_id: OrgId,
    id: ImportId,
    after: i64,
    limit: i64,
) -> Result<Vec<Refusal>, Problem> {
    let rows = sqlx::query!(
        "select line, reason from import_refusals where org_id = $1 and import_id = $2 and line > $3 order by line limit $4",
        org_id.0,
        id.0,
        after,
        limit
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| Refusal { line: row.line.cast_unsigned(), reason: row.reason }).collect())
}
