//! A receipt ends once: who refers to which, written with the entry that says so.

use std::collections::HashSet;

use super::batch::LogKey;
use super::{Entry, Waiting};
use crate::Problem;
use crate::id::ReceiptId;

pub(super) mod store;

/// The receipts that an entry puts an end to.
pub(super) fn ends(entry: &Entry) -> impl Iterator<Item = (LogKey, ReceiptId)> {
    let ended = entry.refs.iter().filter(|other| other.relation.ends());
    ended.map(|other| ((entry.org_id, entry.mode), other.id))
}

/// Splits off the entries that would end a receipt which one before them in the batch ends.
pub(super) fn split_repeats(batch: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    let mut ended = HashSet::new();
    batch.into_iter().partition(|waiting| {
        let own: Vec<_> = waiting.entries().flat_map(ends).collect();
        let is_first = own.iter().all(|end| !ended.contains(end));
        if is_first {
            ended.extend(own);
        }
        is_first
    })
}

pub(super) fn refused() -> Problem {
    let detail = "A receipt that this one would revoke or supersede was revoked or superseded just before.";
    Problem::new(409, "receipt_ended", detail)
}
