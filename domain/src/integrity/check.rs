//! The check of one log that its owner asks for: a job, with its progress and its outcome in a row of the log's own.
//!
//! **If its server dies** the row says so by itself: whoever runs a check moves its time to live on, second by second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::fsck::{Options, Signatures, fsck_log};
use super::{Checks, LogReport, Outcome};
use crate::context::{Cx, Domain};
use crate::id::{LogCheckId, OrgId};
use crate::permission::Permission;
use crate::{Mode, Problem, events, jobs};

mod store;
#[cfg(test)]
mod tests;

/// How long a check may wait for a worker, and then go on without a word, before it counts as broken off.
const WAIT: time::Duration = time::Duration::minutes(10);
const SILENCE: time::Duration = time::Duration::seconds(30);
/// Between two words.
const EVERY: Duration = Duration::from_secs(1);
/// Findings that are kept by name: a log that is damaged all over is told from the first of them.
const NAMED: usize = 1_000;

/// Runs a check to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunLogCheck {
    /// Whose.
    pub org_id: OrgId,
    /// Of which log.
    pub mode: Mode,
    /// Which: one that another took the place of does nothing.
    pub check_id: LogCheckId,
}

/// The checks of the actor's log that were asked for.
pub async fn find(cx: &Cx) -> Result<Checks, Problem> {
    let log = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    store::find(&mut tx, log, cx.now()).await
}

/// Starts a check of the actor's log, unless one is under way; either way, how it stands.
pub async fn start(cx: &Cx) -> Result<Checks, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::LogsCheck)?;
    let now = cx.now();
    let job = RunLogCheck { org_id, mode, check_id: LogCheckId(cx.new_id()) };
    let mut tx = cx.begin().await?;
    let person = cx.user_id().map(|id| id.0);
    if store::start(&mut tx, log, job.check_id, person, now, now + WAIT).await? {
        jobs::enqueue(&mut tx, &job, &format!("log_check/{org_id}/{mode}")).await?;
        events::emit(cx, &mut tx, mode, "log_check.started", serde_json::json!({})).await?;
    }
    let checks = store::find(&mut tx, log, now).await?;
    tx.commit().await?;
    Ok(checks)
}

/// The last whole check's outcome, as a file for programs and for whoever mends: pretty JSON.
///
/// Errors: 404 when there was none.
pub async fn report(cx: &Cx) -> Result<String, Problem> {
    let outcome = find(cx).await?.outcome.ok_or_else(Problem::not_found)?;
    let at = |at: OffsetDateTime| at.format(&Rfc3339).map_err(Problem::internal);
    let Outcome { began_at, ended_at, found, report } = outcome;
    let report = serde_json::json!({
        "format": "certnode-log-check/1",
        "ok": found == 0,
        "began_at": at(began_at)?,
        "ended_at": at(ended_at)?,
        "found": found,
        "log": report,
    });
    serde_json::to_string_pretty(&report).map_err(Problem::internal)
}

/// Checks the log, all signatures included, and keeps what came of it. A second run begins from the front.
pub async fn run(domain: &Domain, job: &RunLogCheck) -> Result<(), Problem> {
    let cx = domain.system(job.org_id, job.mode);
    let log = cx.require(Permission::LogsCheck)?;
    let began_at = cx.now();
    let far = Far::default();
    if !note(&cx, job, &far).await? {
        return Ok(());
    }
    let options = Options { signatures: Signatures::All, gently: true, ..Options::default() };
    let progress = |_: &str, done, total| far.set(done, total);
    let checked = tokio::select! {
        checked = fsck_log(domain.database(), &options, log, &progress) => checked,
        () = keep_alive(&cx, job, &far) => return Ok(()),
    };
    if let Err(problem) = &checked {
        tracing::error!(%problem, internal = problem.internal, "a check of a log broke off");
    }
    let outcome = checked.ok().map(|report| outcome(began_at, cx.now(), report));
    for finding in outcome.iter().flat_map(|outcome| &outcome.report.findings) {
        tracing::error!(subject = finding.subject, problem = finding.problem, "damaged");
    }
    note(&cx, job, &far).await?;
    let mut tx = cx.begin().await?;
    store::end(&mut tx, log, job.check_id, cx.now(), outcome.as_ref()).await?;
    events::emit(&cx, &mut tx, job.mode, "log_check.ended", serde_json::json!({})).await?;
    tx.commit().await
}

fn outcome(began_at: OffsetDateTime, ended_at: OffsetDateTime, mut report: LogReport) -> Outcome {
    let found = report.findings.len() as u64;
    report.findings.truncate(NAMED);
    Outcome { began_at, ended_at, found, report }
}

/// How far it is.
#[derive(Default)]
struct Far {
    done: AtomicU64,
    total: AtomicU64,
}

impl Far {
    fn set(&self, done: u64, total: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }
}

/// Says how far it is, for as long as it is this one that is wanted.
async fn keep_alive(cx: &Cx, job: &RunLogCheck, far: &Far) {
    loop {
        tokio::time::sleep(EVERY).await;
        match note(cx, job, far).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(problem) => tracing::warn!(%problem, internal = problem.internal, "a check's progress"),
        }
    }
}

/// Notes that it is alive; whether it is still wanted.
async fn note(cx: &Cx, job: &RunLogCheck, far: &Far) -> Result<bool, Problem> {
    let (done, total) = (far.done.load(Ordering::Relaxed), far.total.load(Ordering::Relaxed));
    let mut tx = cx.begin().await?;
    let now = cx.now();
    let wanted = store::note(&mut tx, (job.org_id, job.mode), job.check_id, (done, total), now, now + SILENCE).await?;
    tx.commit().await?;
    Ok(wanted)
}
