//! The check that goes round for ever: a stretch of one log at a time, at a bounded pace, on one node.
//!
//! It reads entries with all that is stored beside them, and the full tiles and bundles in the object store, and at the end
//! of each log its keys and its checkpoint. Files that are not full, anchors and cosignatures are for [`super::fsck`].
//!
//! What it finds stays in a table until a whole round has not found it again, and is told to the log's owner when it is new.
//! It mends nothing: what is right, a person decides, who has the database, the files and `certnode fsck`.

use std::time::Duration;

use ledger::fsck::{Finding, Subject};
use ledger::tile::WIDTH;

use super::files::Files;
use super::fsck::Signatures;
use super::keys::Keys;
use super::rows::{self, Against};
use super::store::{self, LogRow, Round};
use crate::Problem;
use crate::anchors::ROOT;
use crate::context::Domain;
use crate::published::{self, folder};

/// Entries looked at together: whole bundles.
const STRETCH: u64 = 1024;
/// For a whole stretch, and in proportion for less: 1,024 entries a second at most, 88 million a day.
const EVERY: Duration = Duration::from_secs(1);
/// A short log counts as so many entries, for what is asked of the database beside them: 64 logs a second at most.
const LEAST: u64 = 16;

/// Goes round for as long as it is let.
pub(crate) async fn run(domain: &Domain) {
    loop {
        // One node's work, as anchoring is: that of the root log's writer.
        if domain.sequencer.owns(ROOT.0).await
            && let Err(problem) = round(domain, EVERY).await
        {
            tracing::warn!(%problem, internal = problem.internal, "checking over");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// One stretch of every log, with a pause after each for what was looked at. What cannot be read holds up no other log.
pub(super) async fn round(domain: &Domain, pause: Duration) -> Result<(), Problem> {
    for log in store::logs(domain.database.sequencer()).await?.iter().filter(|log| log.size > 0) {
        let read = crate::jobs::in_a_round(stretch(domain, log)).await;
        if let Err(problem) = &read {
            tracing::warn!(log = log.origin, %problem, internal = problem.internal, "checking over");
        }
        tokio::time::sleep(pause_after(pause, read.unwrap_or(STRETCH))).await;
    }
    Ok(())
}

/// The pause after so many entries.
fn pause_after(pause: Duration, entries: u64) -> Duration {
    pause.mul_f64(entries.clamp(LEAST, STRETCH) as f64 / STRETCH as f64)
}

/// Looks at a stretch; how many entries.
async fn stretch(domain: &Domain, log: &LogRow) -> Result<u64, Problem> {
    let id = (log.org_id, log.mode);
    let from = if log.checked_size < log.size { log.checked_size / WIDTH * WIDTH } else { 0 };
    let until = (from + STRETCH).min(log.size);
    let (keys, wrong) = Keys::of(log);
    let against = Against {
        origin: log.origin.clone(),
        keys: keys.issuing.clone(),
        size: log.size,
        restored_size: log.restored_size,
        signatures: Signatures::Sampled,
    };
    // As the tenant, so that no commit waits for a connection of the sequencer's.
    let mut tx = domain.system(log.org_id, log.mode).begin().await?;
    let rows = rows::store::entries(tx.connection(), id, from, until).await?;
    let around = rows::store::around(tx.connection(), id, (from, until, log.size)).await?;
    let mut above = Vec::new();
    for index in from / WIDTH..until / WIDTH {
        above.push(published::store::hash_above(tx.connection(), id, 0, index).await?);
    }
    drop(tx);
    let folder = folder(&log.origin).to_owned();
    let files = Files { objects: domain.database.objects().clone(), folder, published_size: log.published_size };
    let kept = files.stretch(from, until).await?;
    let work = move || {
        let mut checked = rows::check(&against, (from, until), &rows, &around);
        kept.iter().for_each(|kept| kept.compare(from, &checked.bundles, &mut checked.findings));
        checked
    };
    let mut checked = tokio::task::spawn_blocking(work).await.map_err(Problem::internal)?;
    // A bundle is what the tile above says: so a row that was changed together with its leaf is found as well.
    for (index, (bundle, above)) in (from / WIDTH..).zip(checked.bundles.iter().zip(above)) {
        if above != Some(bundle.root) {
            let problem = "does not hash to its place in the tile above it";
            checked.findings.push(Finding::new(Subject::Bundle(index, WIDTH as u16), problem));
        }
    }
    let is_over = until == log.size;
    if is_over {
        checked.findings.extend(wrong);
        head(domain, log, &keys, &mut checked.findings).await?;
    }
    for finding in &checked.findings {
        tracing::error!(log = log.origin, %finding, "damaged");
    }
    let (subjects, problems): (Vec<String>, Vec<String>) =
        checked.findings.iter().map(|finding| (finding.subject.to_string(), finding.problem.clone())).unzip();
    let now = domain.clock.now();
    let mut connection = domain.database.lend().await?;
    store::note_round(&mut connection, id, Round { checked_size: until, is_over }, now).await?;
    store::keep_findings(&mut connection, id, &subjects, &problems, now).await?;
    if is_over {
        store::forget_mended(&mut connection, id).await?;
    }
    Ok(until - from)
}

/// At the end of a round: the keys, and the checkpoint, against the tiles that the stretches were held against and the last entries.
async fn head(domain: &Domain, log: &LogRow, keys: &Keys, found: &mut Vec<Finding>) -> Result<(), Problem> {
    keys.check_events(log, &[], found);
    let anchors = store::anchors(&mut *domain.database.lend().await?, (log.org_id, log.mode)).await?;
    keys.check_revoked(log.size, &anchors, found);
    let mut wrong = |problem: &str| found.push(Finding::new(Subject::Checkpoint, problem));
    let mut tx = domain.system(log.org_id, log.mode).begin().await?;
    let root = crate::receipts::root_at(&mut tx, (log.org_id, log.mode), log.size).await;
    match (keys.checkpoint.check_checkpoint(&log.checkpoint, &log.origin), root) {
        (Err(finding), _) => found.push(finding),
        (Ok(_), Err(problem)) => wrong(&problem.internal.unwrap_or_else(|| problem.detail.into_owned())),
        (Ok(checkpoint), Ok(root)) => {
            if checkpoint.size != log.size || checkpoint.root != root || log.root != root.0 {
                wrong("has another root than the tiles give");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
