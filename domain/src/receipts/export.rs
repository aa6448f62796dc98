//! A period's receipts as one archive ([`ledger::period`]), read from the database as it is fetched.

use futures::stream::{BoxStream, StreamExt as _, try_unfold};
use ledger::period::{Head, Writer};
use time::format_description::well_known::Iso8601;
use time::{Date, OffsetDateTime};

use super::proofs::{beside, prove};
use super::store;
use crate::context::Cx;
use crate::permission::Permission;
use crate::{Problem, anchors, logs};

/// Entries of one statement and one part of the archive.
const CHUNK: u64 = 256;

/// An archive on its way.
pub struct Export {
    /// What to call the file.
    pub name: String,
    /// Its bytes. An error ends them before the manifest, so that what arrived is not taken for the whole.
    pub archive: BoxStream<'static, Result<Vec<u8>, Problem>>,
}

/// Every receipt that was issued from one day until another (UTC, both included), with what proves that none is missing.
///
/// Memory does not grow with the period: 256 receipts at a time, each in a transaction of its own. Entries never change,
/// so that does not show; a payload that is erased meanwhile is left out.
pub async fn export(cx: &Cx, from: &str, until: &str) -> Result<Export, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let (since, before) = days(from, until)?;
    let mut tx = cx.begin().await?;
    let (first, last) = store::issued_between(&mut tx, log, since, before).await?.ok_or_else(|| {
        Problem::invalid().field("from", "empty", format!("No receipt was issued from {from} until {until}."))
    })?;
    let mut size = logs::store::find(tx.connection(), org_id, mode).await?.size;
    drop(tx);
    let mut root = None;
    if let Some(anchor) = anchors::covering(cx, last).await? {
        size = anchor.log_size;
        root = Some(anchors::proof(cx.domain(), &anchor).await?);
    }
    // With the entry before and the one after: they show that the period is all there.
    let (from_index, until_index) = (first.saturating_sub(1), (last + 2).min(size));
    let mut tx = cx.begin().await?;
    let identity = logs::identity_now(cx, &mut tx, log).await?;
    let (left, right) = beside(&mut tx, log, from_index, until_index, size).await?;
    let keys = identity.believed(size).map(|key| key.vkey.as_str());
    let policy = anchors::policy(cx, keys, root.as_ref())?.to_string();
    let head = Head {
        from: from.trim().to_owned(),
        until: until.trim().to_owned(),
        from_index,
        until_index,
        checkpoint: prove(&mut tx, log, &identity, from_index, size).await?.checkpoint,
        left,
        right,
        policy,
        root_proof: root.map(|root| root.proof.text()),
        issuing_keys: identity.issuing_keys(),
        revoked_keys: identity.revoked_keys(),
    };
    drop(tx);
    let (writer, beginning) = Writer::begin(&head);
    let entries = Entries { cx: cx.clone(), writer, next: from_index, until: until_index, period: (first, last) };
    let rest = try_unfold(Some(entries), next);
    let archive = futures::stream::once(async { Ok(beginning) }).chain(rest).boxed();
    Ok(Export { name: format!("receipts-{}-to-{}.tar", head.from, head.until), archive })
}

/// What is still to come.
struct Entries {
    cx: Cx,
    writer: Writer,
    next: u64,
    until: u64,
    /// First and last entry whose contents belong to it.
    period: (u64, u64),
}

async fn next(entries: Option<Entries>) -> Result<Option<(Vec<u8>, Option<Entries>)>, Problem> {
    let Some(mut entries) = entries else { return Ok(None) };
    if entries.next == entries.until {
        return Ok(Some((entries.writer.finish(), None)));
    }
    let until = (entries.next + CHUNK).min(entries.until);
    let log = entries.cx.tenant()?;
    let mut tx = entries.cx.begin().await?;
    let rows = store::entries(&mut tx, log, entries.next, until).await?;
    drop(tx);
    if rows.len() as u64 != until - entries.next {
        return Err(Problem::internal(format!("entries {} to {until} are not all there", entries.next)));
    }
    let (first, last) = entries.period;
    let rows = rows.iter().zip(entries.next..).map(|(row, index)| {
        let contents = row.salt.as_ref().zip(row.payload.as_deref()).filter(|_| (first..=last).contains(&index));
        (row.statement.as_slice(), contents)
    });
    let bytes = entries.writer.entries(rows);
    entries.next = until;
    Ok(Some((bytes, Some(entries))))
}

/// The moment the first day begins, and the one the last has ended.
fn days(from: &str, until: &str) -> Result<(OffsetDateTime, OffsetDateTime), Problem> {
    let mut problem = Problem::invalid();
    let mut day = |name: &'static str, text: &str| {
        let day = Date::parse(text.trim(), &Iso8601::DATE).ok().filter(|day| day.to_string() == text.trim());
        if day.is_none() {
            let refused = std::mem::replace(&mut problem, Problem::invalid());
            problem = refused.field(name, "date", "A day such as 2026-11-20 is wanted.");
        }
        day
    };
    let (first, last) = (day("from", from), day("until", until));
    if first > last {
        problem = problem.field("until", "order", "The last day is before the first.");
    }
    problem.unless_empty()?;
    let ends = last.and_then(Date::next_day).zip(first);
    ends.map(|(end, first)| (first.midnight().assume_utc(), end.midnight().assume_utc())).ok_or_else(Problem::invalid)
}

#[cfg(test)]
mod tests;
