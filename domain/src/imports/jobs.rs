//! The job that turns rows into receipts.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Refusal, State, rows, store};
use crate::context::{Cx, Domain};
use crate::database::Tx;
use crate::id::{ImportId, OrgId};
use crate::permission::Permission;
use crate::receipts::{self, NewReceipt};
use crate::{Mode, Problem, events, jobs};

/// Rows between two reports of progress.
const CHUNK: usize = 1_000;

/// What is said of an import whose server ended while it ran, each time.
const CUT_OFF: &str = "It was cut off too often.";

/// Runs an import to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunImport {
    /// Whose.
    pub org_id: OrgId,
    /// Into which log.
    pub mode: Mode,
    /// Which.
    pub import_id: ImportId,
}

/// Turns the rows of an import into receipts, from the start: rows that are receipts already are found again by their
/// idempotency key, so a run that was cut off, or a second run, adds nothing twice.
pub async fn run(domain: &Domain, job: &RunImport) -> Result<(), Problem> {
    let cx = domain.system(job.org_id, job.mode);
    cx.require(Permission::ImportsWrite)?;
    let mut tx = cx.begin().await?;
    if matches!(store::find(&mut tx, job.org_id, job.import_id).await?.state, State::Finished | State::Failed) {
        return Ok(());
    }
    let (source, mapping) = store::source(&mut tx, job.org_id, job.import_id).await?;
    drop(tx);
    let result = async {
        let rows = rows::read(&source, &mapping)?;
        let mut counts = (0, 0);
        let mut seen = HashMap::new();
        for chunk in chunks(rows) {
            import_chunk(&cx, job, chunk, &mut seen, &mut counts).await?;
        }
        report(&cx, job, "finished", counts).await
    };
    match result.await {
        Ok(()) => Ok(()),
        Err(problem) => stopped(&cx, job, problem).await,
    }
}

/// Notes why a run stopped. What is wrong with the file itself is as wrong the next time: the import is given up at once.
async fn stopped(cx: &Cx, job: &RunImport, problem: Problem) -> Result<(), Problem> {
    tracing::error!(import = %job.import_id, %problem, internal = problem.internal, "an import stopped");
    let ours = problem.status >= 500 || problem.status == 429;
    let why = if problem.status == 500 { "Something went wrong on our side.".into() } else { problem.detail.clone() };
    let mut tx = cx.begin().await?;
    store::note_failure(&mut tx, job.org_id, job.import_id, &why).await?;
    if ours {
        tx.commit().await?;
        return Err(problem);
    }
    give_up(cx, tx, job).await
}

/// Gives up the imports whose jobs are not run again, each with its job.
pub(crate) async fn fail_dead(domain: &Domain) -> Result<(), Problem> {
    for (key, job) in jobs::dead::<RunImport>(domain).await? {
        let cx = domain.system(job.org_id, job.mode);
        cx.require(Permission::ImportsWrite)?;
        let mut tx = cx.begin().await?;
        // The same file may have been sent again just now: then its job lives.
        if jobs::drop_dead(&mut tx, &key).await? {
            give_up(&cx, tx, &job).await?;
        }
    }
    Ok(())
}

async fn give_up(cx: &Cx, mut tx: Tx, job: &RunImport) -> Result<(), Problem> {
    if store::fail(&mut tx, job.org_id, job.import_id, CUT_OFF, cx.now()).await? {
        events::emit(cx, &mut tx, job.mode, "import.failed", serde_json::json!({ "id": job.import_id })).await?;
    }
    tx.commit().await
}

fn chunks(rows: Vec<rows::Row>) -> impl Iterator<Item = Vec<rows::Row>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<_> = rows.by_ref().take(CHUNK).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}

async fn import_chunk(
    cx: &Cx,
    job: &RunImport,
    chunk: Vec<rows::Row>,
    seen: &mut HashMap<[u8; 32], u32>,
    (done, refused): &mut (i64, i64),
) -> Result<(), Problem> {
    let mut refusals = Vec::new();
    let mut wanted = Vec::new();
    let mut lines = Vec::new();
    for rows::Row { line, result } in chunk {
        match result {
            Ok(new) => {
                wanted.push((key(&new, seen), new));
                lines.push(line);
            }
            Err(reason) => refusals.push(Refusal { line, reason }),
        }
    }
    let wanted = wanted.into_iter().map(|(key, new)| (new, key)).collect();
    for (line, outcome) in lines.into_iter().zip(receipts::issue_many(cx, wanted).await?) {
        match outcome {
            Ok(_) => *done += 1,
            Err(problem) if problem.status < 500 && problem.status != 429 => {
                refusals.push(Refusal { line, reason: problem.to_string() });
            }
            Err(problem) => return Err(problem),
        }
    }
    *refused += refusals.len() as i64;
    let mut tx = cx.begin().await?;
    store::insert_refusals(&mut tx, job.org_id, job.import_id, &refusals).await?;
    tx.commit().await?;
    report(cx, job, "running", (*done, *refused)).await
}

/// The idempotency key of a row: its content, and which of its equals it is. Lines may move or be added, and the same
/// purchase twice is two receipts.
fn key(new: &NewReceipt, seen: &mut HashMap<[u8; 32], u32>) -> String {
    let content = *blake3::hash(&new.payload()).as_bytes();
    let nth = seen.entry(content).or_default();
    *nth += 1;
    format!("import/{}/{nth}", ledger::encoding::hex(&content))
}

async fn report(cx: &Cx, job: &RunImport, state: &str, counts: (i64, i64)) -> Result<(), Problem> {
    let finished_at = (state == "finished").then(|| cx.now());
    let mut tx = cx.begin().await?;
    store::progress(&mut tx, job.org_id, job.import_id, state, counts, finished_at).await?;
    let data = serde_json::json!({ "id": job.import_id, "done": counts.0, "refused": counts.1 });
    events::emit(cx, &mut tx, job.mode, "import.progressed", data).await?;
    tx.commit().await
}
