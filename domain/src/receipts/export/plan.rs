//! How long an archive will be, part by part, before it is made.

use ledger::hash::Hash;
use ledger::period::{END, Head, Manifest, lines_length, member_length};

use super::CHUNK;
use crate::database::Tx;
use crate::id::OrgId;
use crate::receipts::store::{self, Weight};
use crate::{Mode, Problem};

/// Entries that are weighed by one statement, in a moment.
const STEP: u64 = 256 * CHUNK;

/// The weights of an archive's parts.
pub(super) struct Plan {
    parts: Vec<Weight>,
    made: usize,
}

impl Plan {
    /// Weighs the entries that the head names; the contents that count are those of the period's first to last entry.
    pub(super) async fn make(
        tx: &mut Tx,
        log: (OrgId, Mode),
        head: &Head,
        period: (u64, u64),
    ) -> Result<Self, Problem> {
        let mut parts = Vec::new();
        let mut next = head.from_index;
        while next < head.until_index {
            let until = (next + STEP).min(head.until_index);
            parts.extend(store::weights(tx, log, (next, until), period, CHUNK).await?);
            next = until;
        }
        let entries: u64 = parts.iter().map(|part| part.entries).sum();
        if entries != head.until_index - head.from_index {
            let (from, until) = (head.from_index, head.until_index);
            return Err(Problem::internal(format!("entries {from} to {until} are not all there")));
        }
        Ok(Self { parts, made: 0 })
    }

    /// The parts.
    pub(super) fn parts(&self) -> &[Weight] {
        &self.parts
    }

    /// What the next part is to weigh; none after the last.
    pub(super) fn next_part(&mut self) -> Option<Weight> {
        let part = self.parts.get(self.made).copied();
        self.made += 1;
        part
    }

    /// How long the archive is, with a beginning of this length.
    pub(super) fn length(&self, beginning: u64) -> u64 {
        let sum = |of: fn(&Weight) -> u64| self.parts.iter().map(of).sum::<u64>();
        let manifest = Manifest {
            entries: sum(|part| part.entries),
            payloads: sum(|part| part.contents),
            // As long as any other.
            sha256: Hash([0; 32]),
        };
        beginning + sum(length) + member_length(manifest.to_bytes().len() as u64) + END.len() as u64
    }
}

fn length(part: &Weight) -> u64 {
    member_length(lines_length(part.entries, part.statements, part.contents, part.payloads))
}
