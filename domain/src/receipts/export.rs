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

mod pin;
mod plan;

use pin::{Pin, Tag};
use plan::Plan;

/// Entries of one statement and one part of the archive.
const CHUNK: u64 = 256;

/// An archive on its way.
pub struct Export {
    /// What to call the file.
    pub name: String,
    /// Which bytes these are: whoever has this can ask for the same ones again. Letters, digits and dots.
    pub tag: String,
    /// How many bytes they are.
    pub length: u64,
    /// The bytes. An error ends them before the manifest, so that what arrived is not taken for the whole.
    pub archive: BoxStream<'static, Result<Vec<u8>, Problem>>,
}

/// Every receipt that was issued from one day until another (UTC, both included), with what proves that none is missing.
///
/// With the tag of an earlier archive of the same days: the same bytes, however much the log grew since. Where they cannot be
/// made any more, because contents were erased or keys replaced, another archive with another tag.
///
/// Memory does not grow with the period: 256 receipts at a time, each in a transaction of its own. Entries never change, so
/// that does not show; contents that are erased meanwhile end the archive before its end.
pub async fn export(cx: &Cx, (from, until): (&str, &str), tag: Option<&str>) -> Result<Export, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let period = Period { days: (from.trim(), until.trim()), moments: days(from, until)? };
    let size = logs::store::find(cx.begin().await?.connection(), org_id, mode).await?.size;
    if let Some(tag) = tag.and_then(Tag::parse)
        && tag.pin.size <= size
        && let Some(export) = archive(cx, &period, tag.pin).await?
        && export.tag == tag.to_string()
    {
        return Ok(export);
    }
    let nothing = || {
        let (from, until) = period.days;
        Problem::invalid().field("from", "empty", format!("No receipt was issued from {from} until {until}."))
    };
    let issued = store::issued_between(&mut cx.begin().await?, log, period.moments, size).await?;
    let (_, last) = issued.ok_or_else(nothing)?;
    let pin = Pin::newest(cx, size, last).await?;
    archive(cx, &period, pin).await?.ok_or_else(nothing)
}

/// Some days, as they were asked for and as moments.
struct Period<'d> {
    days: (&'d str, &'d str),
    moments: (OffsetDateTime, OffsetDateTime),
}

/// The archive of a period in a state of the logs; none where they were never in it, or nothing was issued by then.
async fn archive(cx: &Cx, period: &Period<'_>, pin: Pin) -> Result<Option<Export>, Problem> {
    let (log, size) = (cx.tenant()?, pin.size);
    let mut root = None;
    if let Some(state) = pin.root {
        let Some(anchor) = anchors::covering(cx, size.saturating_sub(1)).await?.filter(|found| found.log_size == size)
        else {
            return Ok(None);
        };
        root = anchors::proof_in(cx.domain(), &anchor, state).await?;
        if root.is_none() {
            return Ok(None);
        }
    }
    let mut tx = cx.begin().await?;
    let Some((first, last)) = store::issued_between(&mut tx, log, period.moments, size).await? else {
        return Ok(None);
    };
    // With the entry before and the one after: they show that the period is all there.
    let (from_index, until_index) = (first.saturating_sub(1), (last + 2).min(size));
    let identity = logs::identity_now(cx, &mut tx, log).await?;
    let (left, right) = beside(&mut tx, log, from_index, until_index, size).await?;
    let keys = identity.believed(size).map(|key| key.vkey.as_str());
    let policy = anchors::policy(cx, keys, root.as_ref())?.to_string();
    let head = Head {
        from: period.days.0.to_owned(),
        until: period.days.1.to_owned(),
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
    let plan = Plan::make(&mut tx, log, &head, (first, last)).await?;
    drop(tx);
    let (writer, beginning) = Writer::begin(&head);
    let (tag, length) = (Tag::of(pin, &beginning, &plan).to_string(), plan.length(beginning.len() as u64));
    let entries = Entries { cx: cx.clone(), writer, next: from_index, until: until_index, period: (first, last), plan };
    let rest = try_unfold(Some(entries), next);
    let archive = futures::stream::once(async { Ok(beginning) }).chain(rest).boxed();
    let name = format!("receipts-{}-to-{}.tar", head.from, head.until);
    Ok(Some(Export { name, tag, length, archive }))
}

/// What is still to come.
struct Entries {
    cx: Cx,
    writer: Writer,
    next: u64,
    until: u64,
    /// First and last entry whose contents belong to it.
    period: (u64, u64),
    /// How long each part is, as was said before the first byte left.
    plan: Plan,
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
    // By what they weigh, not by how long the part is: what fills its last block would hide a little that is gone.
    if Some(weight(rows.clone())) != entries.plan.next_part() {
        let why = format!("contents of the entries {} to {until} were erased meanwhile", entries.next);
        return Err(Problem::internal(why));
    }
    let bytes = entries.writer.entries(rows);
    entries.next = until;
    Ok(Some((bytes, Some(entries))))
}

/// What rows of a part weigh.
fn weight<'r>(rows: impl Iterator<Item = (&'r [u8], Option<(&'r [u8; 16], &'r [u8])>)>) -> store::Weight {
    rows.fold(store::Weight::default(), |before, (statement, contents)| store::Weight {
        entries: before.entries + 1,
        statements: before.statements + statement.len() as u64,
        contents: before.contents + u64::from(contents.is_some()),
        payloads: before.payloads + contents.map_or(0, |(_, payload)| payload.len() as u64),
    })
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
