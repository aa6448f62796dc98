//! Pure arithmetic of one batch: which entry goes where, and what every log looks like afterwards.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use ledger::checkpoint::Checkpoint;
use ledger::hash::{Hash, leaf_hash};
use ledger::tree::{Batch, Frontier};

use time::OffsetDateTime;

use super::head::{Head, TileWrite};
use super::store::{Heads, Rows};
use super::{Entry, Placed};
use crate::Mode;
use crate::id::OrgId;
use crate::logs::Identity;

pub(super) type LogKey = (OrgId, Mode);

/// A log's part of a batch.
pub(super) struct LogPlan {
    pub(super) key: LogKey,
    pub(super) tiles: Vec<TileWrite>,
    edge: Vec<Hash>,
    frontier: Frontier,
    newest: OffsetDateTime,
}

/// A batch, ready to be written.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) rows: Rows,
    pub(super) heads: Heads,
    pub(super) logs: Vec<LogPlan>,
    /// For each entry, in order.
    pub(super) placed: Vec<Option<Placed>>,
}

impl Plan {
    /// Gives every entry its place. `genesis` makes the first statement of a log that has none.
    pub(super) fn make(
        wanted: &[&Entry],
        heads: &HashMap<LogKey, Head>,
        genesis: impl Fn(LogKey, &Head) -> Option<Entry>,
    ) -> Self {
        let mut plan = Self { placed: wanted.iter().map(|_| None).collect(), ..Self::default() };
        let mut by_log: Vec<(LogKey, Vec<usize>)> = Vec::new();
        let mut position: HashMap<LogKey, usize> = HashMap::new();
        for (index, entry) in wanted.iter().enumerate() {
            let key = (entry.org_id, entry.mode);
            let at = *position.entry(key).or_insert_with(|| {
                by_log.push((key, Vec::new()));
                by_log.len() - 1
            });
            by_log[at].1.push(index);
        }
        for (key, members) in by_log {
            if let Some(head) = heads.get(&key) {
                plan.add_log(key, head, &members, wanted, genesis(key, head));
            }
        }
        plan
    }

    fn add_log(&mut self, key: LogKey, head: &Head, members: &[usize], wanted: &[&Entry], genesis: Option<Entry>) {
        let entries = genesis.iter().chain(members.iter().map(|index| wanted[*index]));
        let entries: Vec<Cow<'_, Entry>> = entries.map(|entry| in_force(&head.identity, entry)).collect();
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(&entry.statement)).collect();
        let batch = Batch::append(&head.frontier, &leaves);
        let (old, size) = (head.frontier.size(), batch.frontier().size());
        let checkpoint = Checkpoint::new(&head.identity.origin, size, *batch.root());
        let checkpoint: Arc<str> = head.identity.sign(&checkpoint).into();
        for (place, entry) in entries.iter().enumerate() {
            self.rows.push(entry, old + place as u64, size, &leaves[place]);
        }
        let skipped = leaves.len() - members.len();
        for (place, index) in members.iter().enumerate() {
            let place = place + skipped;
            self.placed[*index] = Some(Placed {
                log_index: old + place as u64,
                leaf_hash: leaves[place],
                tree_size: size,
                proof: batch.inclusion_proof(place),
                checkpoint: checkpoint.clone(),
                statement: match &entries[place] {
                    Cow::Borrowed(_) => None,
                    Cow::Owned(entry) => Some(entry.statement.clone()),
                },
            });
        }
        self.heads.org_ids.push(key.0.0);
        self.heads.modes.push(key.1.as_str().to_owned());
        self.heads.key_epochs.push(head.identity.epoch);
        self.heads.old_sizes.push(old.cast_signed());
        self.heads.old_roots.push(head.frontier.root().0.to_vec());
        self.heads.sizes.push(size.cast_signed());
        self.heads.roots.push(batch.root().0.to_vec());
        self.heads.frontiers.push(batch.frontier().to_bytes());
        self.heads.checkpoints.push(checkpoint.as_ref().to_owned());
        let (tiles, edge) = head.tiles(&leaves);
        let newest = entries.iter().map(|entry| entry.issued_at).fold(head.newest, OffsetDateTime::max);
        self.logs.push(LogPlan { key, tiles, edge, frontier: batch.frontier().clone(), newest });
    }

    /// Whether all of it is in the rows and the heads.
    pub(super) fn grows_no_tile(&self) -> bool {
        self.logs.iter().all(|log| log.tiles.is_empty())
    }

    /// After COMMIT: the heads are what was planned.
    pub(super) fn apply(logs: Vec<LogPlan>, heads: &mut HashMap<LogKey, Head>) {
        for log in logs {
            if let Some(head) = heads.get_mut(&log.key) {
                head.frontier = log.frontier;
                head.edge = log.edge;
                head.newest = log.newest;
            }
        }
    }
}

/// The entry, signed by the issuing key that is in force where it gets its place.
fn in_force<'e>(identity: &Identity, entry: &'e Entry) -> Cow<'e, Entry> {
    match identity.sign_again(&entry.statement) {
        Some(statement) => Cow::Owned(Entry { statement, ..entry.clone() }),
        None => Cow::Borrowed(entry),
    }
}
