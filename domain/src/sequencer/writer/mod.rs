//! The loop that commits batches.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use ledger::hash::Hash;
use sqlx::{Connection as _, PgConnection};

use crate::Problem;
use crate::context::Clock;
use crate::database::Database;
use crate::id::ReceiptId;
use crate::keyring::Keyring;
use crate::sequencer::batch::{LogKey, Plan};
use crate::sequencer::head::{Head, tile_root};
use crate::sequencer::node::inbox::Forwarder;
use crate::sequencer::node::{self, Node};
use crate::sequencer::queue::Queue;
use crate::sequencer::store::Fence;
use crate::sequencer::{
    Entry, Fault, Faults, Outcome, Outcomes, Waiting, deal, found, refs, store, unavailable, unknown,
};

mod heads;

/// Times a batch is tried when others win the race or the connection breaks.
const TRIES: usize = 8;

pub(super) struct Writer {
    database: Database,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    faults: Faults,
    node: Arc<Node>,
    forwarder: Arc<Forwarder>,
    heads: HashMap<LogKey, Head>,
}

/// Why a try did not commit.
enum Failed {
    /// Nothing was written: another writer was first, or the database refused. Try again.
    Before(sqlx::Error),
    /// An idempotency key is taken: find out by whom.
    Taken,
    /// A receipt that would be ended has ended: find out which.
    Ended,
    /// A shard is another node's by now.
    NotOurs,
    /// COMMIT was sent, or a statement that commits by itself, and no answer came.
    Unknown,
    /// These are older than their logs' newest entry: this node's clock is behind. The first entry's id names what waits.
    Behind(Vec<ReceiptId>),
    /// These cannot be written, whatever is tried; the others can.
    Refused(Vec<ReceiptId>, Box<Problem>),
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            // The same entry may be there as well: by a COMMIT that arrived after it was given up.
            sqlx::Error::Database(cause) if cause.constraint().is_some_and(is_of_a_second) => Self::Taken,
            sqlx::Error::Database(cause) if cause.constraint() == Some(refs::store::ENDED_KEY) => Self::Ended,
            sqlx::Error::Database(cause) if cause.code().as_deref() == Some(store::NOT_OURS) => Self::NotOurs,
            _ => Self::Before(error),
        }
    }
}

impl Writer {
    pub(super) fn new(
        database: Database,
        keyring: Keyring,
        clock: Arc<dyn Clock>,
        faults: Faults,
        node: Arc<Node>,
        forwarder: Arc<Forwarder>,
    ) -> Self {
        Self { database, keyring, clock, faults, node, forwarder, heads: HashMap::new() }
    }

    /// Writes what waits, for ever.
    pub(super) async fn run(mut self, queue: Arc<Queue>) {
        let mut taken = 0;
        loop {
            let mut rest = queue.take(taken).await;
            taken = rest.iter().map(Waiting::len).sum();
            // Repeats of a key within a batch go after it: by then the key is taken, and they are told whose it is.
            while !rest.is_empty() {
                let (rest_of_keys, mut again) = split_repeats(rest);
                let (first, ended) = refs::split_repeats(rest_of_keys);
                again.extend(ended);
                self.settle(first).await;
                rest = again;
            }
            queue.answered(taken);
        }
    }

    /// Commits a batch and answers everyone in it, one way or another.
    async fn settle(&mut self, mut waiting: Vec<Waiting>) {
        let (mut last, mut in_doubt) = (None, false);
        for attempt in 0..TRIES {
            waiting.retain(|waiting| !waiting.is_given_up());
            if waiting.is_empty() {
                return;
            }
            match self.commit(&waiting).await {
                Ok(placed) => {
                    for (waiting, placed) in deal(waiting, placed) {
                        let placed: Option<Vec<_>> = placed.into_iter().collect();
                        let outcomes = placed.map(|all| all.into_iter().map(Outcome::Placed).map(Some).collect());
                        self.answer(waiting, outcomes.ok_or_else(Problem::not_found));
                    }
                    return;
                }
                Err(Failed::Taken) => waiting = self.answer_taken(waiting).await,
                Err(Failed::Ended) => waiting = self.refuse_ended(waiting).await,
                Err(Failed::NotOurs) => {
                    self.forget(&waiting);
                    waiting = self.hand_over(waiting).await;
                }
                // Something in one of them: alone, the others are not held up by it.
                Err(Failed::Before(error)) if waiting.len() > 1 && is_of_the_data(&error) => {
                    self.forget(&waiting);
                    for one in waiting {
                        Box::pin(self.settle(vec![one])).await;
                    }
                    return;
                }
                Err(Failed::Before(error)) => {
                    self.forget(&waiting);
                    last = Some(error.to_string());
                    tokio::time::sleep(Duration::from_millis(2 << attempt)).await;
                }
                Err(Failed::Unknown) => {
                    in_doubt = true;
                    self.forget(&waiting);
                    waiting = self.answer_unknown(waiting).await;
                }
                Err(Failed::Behind(ids)) => {
                    // What was issued before is answered as ever.
                    let rest = self.answer_taken(waiting).await;
                    let (behind, rest) = rest.into_iter().partition(|waiting| ids.contains(&waiting.entry.id));
                    self.refuse(behind, &heads::clock_behind()).await;
                    waiting = rest;
                }
                Err(Failed::Refused(ids, problem)) => {
                    let (refused, rest) = waiting.into_iter().partition(|waiting| ids.contains(&waiting.entry.id));
                    self.refuse(refused, &problem).await;
                    waiting = rest;
                }
            }
        }
        self.refuse(waiting, &if in_doubt { unknown() } else { unavailable(last) }).await;
    }

    async fn refuse(&self, waiting: Vec<Waiting>, problem: &Problem) {
        let ids: Vec<i64> = waiting.iter().filter_map(Waiting::inbox_id).collect();
        if !ids.is_empty() {
            let refused = async {
                let mut connection = self.database.lend().await?;
                node::store::refuse_in_inbox(&mut connection, &ids, problem).await
            };
            // If this fails too, the row is read and refused again.
            let _ = self.database.in_time(refused).await;
        }
        waiting.into_iter().for_each(|waiting| self.answer(waiting, Err(problem.clone())));
    }

    /// Answers a caller; of what came through the inbox, the row tells.
    fn answer(&self, waiting: Waiting, outcomes: Result<Outcomes, Problem>) {
        if let Some(id) = waiting.inbox_id() {
            self.node.taken_in().remove(&id);
        }
        waiting.answer(outcomes);
    }

    /// Commits a batch on a connection that answers in time. One that does not is closed: the try is over, and whether it
    /// came to COMMIT nobody knows.
    async fn commit(&mut self, waiting: &[Waiting]) -> Result<Vec<Option<super::Placed>>, Failed> {
        self.database.fence().refusal().map_err(|problem| Failed::Refused(ids(waiting), problem.into()))?;
        let mut connection = self.database.lend().await?;
        let database = self.database.clone();
        let result = database.in_time(async { Ok(self.commit_on(&mut connection, waiting).await) }).await;
        result.unwrap_or_else(|_| {
            connection.distrust();
            Err(Failed::Unknown)
        })
    }

    async fn commit_on(
        &mut self,
        connection: &mut PgConnection,
        waiting: &[Waiting],
    ) -> Result<Vec<Option<super::Placed>>, Failed> {
        let fence = self.fence(waiting)?;
        let database = self.database.clone();
        self.faults.at(Fault::Load)?;
        self.load_heads(connection, waiting).await?;
        self.check_times(waiting)?;
        let wanted: Vec<&Entry> = waiting.iter().flat_map(Waiting::entries).collect();
        let plan = Plan::make(&wanted, &self.heads, |key, head| self.genesis(key, head));
        let inbox: Vec<i64> = waiting.iter().filter_map(Waiting::inbox_id).collect();
        let entries = || wanted.iter().copied();
        self.faults.at(Fault::Append)?;
        if plan.grows_no_tile() && entries().all(|entry| entry.refs.is_empty()) {
            self.faults.at(Fault::Commit).map_err(|_| Failed::Unknown)?;
            let appended = store::append(connection, &fence, &plan.heads, &plan.rows, &inbox, self.clock.now()).await;
            appended.map_err(|error| if is_refusal(&error) { error.into() } else { Failed::Unknown })?;
        } else {
            let mut tx = connection.begin().await?;
            store::append(&mut tx, &fence, &plan.heads, &plan.rows, &inbox, self.clock.now()).await?;
            self.faults.at(Fault::References)?;
            refs::store::insert(&mut tx, entries()).await?;
            for log in &plan.logs {
                for tile in &log.tiles {
                    self.faults.at(Fault::Tile)?;
                    grow(&mut tx, log.key, tile.index, tile.hash).await?;
                }
            }
            self.faults.at(Fault::Commit).map_err(|_| Failed::Unknown)?;
            tx.commit().await.map_err(|_| Failed::Unknown)?;
        }
        self.faults.at(Fault::CommitAnswer).map_err(|_| Failed::Unknown)?;
        let moved: Vec<LogKey> = plan.logs.iter().map(|log| log.key).collect();
        Plan::apply(plan.logs, &mut self.heads);
        let heads = moved.iter().filter_map(|key| self.heads.get(key));
        database
            .fence()
            .record(heads.map(|head| (head.identity.origin.as_str(), head.frontier.size(), head.frontier.root())));
        Ok(plan.placed)
    }

    /// The shards of a batch with their epochs; refused when one is not ours.
    fn fence(&self, waiting: &[Waiting]) -> Result<Fence, Failed> {
        let shards: BTreeSet<u8> = waiting.iter().map(|waiting| Node::shard_of(waiting.entry.org_id)).collect();
        let mut fence = Fence { owner: self.node.key(), ..Fence::default() };
        for shard in shards {
            fence.shards.push(i16::from(shard));
            fence.epochs.push(self.node.epoch(shard).ok_or(Failed::NotOurs)?);
        }
        Ok(fence)
    }

    /// What is no longer ours goes to whom it belongs; the rest stays. What came through the inbox is read again by its
    /// owner, if it is still there.
    async fn hand_over(&self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        self.node.look().await;
        let mut rest = Vec::new();
        for waiting in waiting {
            if let Some(id) = waiting.inbox_id() {
                self.node.taken_in().remove(&id);
            } else if self.node.queue_of(waiting.entry.org_id).is_some() {
                rest.push(waiting);
            } else {
                self.forwarder.take_over(waiting);
            }
        }
        rest
    }

    /// Answers those of whom an idempotency key is taken; the others go on.
    async fn answer_taken(&self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        let Ok(holders) = self.holders(&waiting).await else { return waiting };
        let (mut taken, mut rest) = (Vec::new(), Vec::new());
        for (waiting, holders) in deal(waiting, holders) {
            match found(holders) {
                Some(outcomes) => taken.push((waiting, outcomes)),
                None => rest.push(waiting),
            }
        }
        let ids: Vec<i64> = taken.iter().filter_map(|(waiting, _)| waiting.inbox_id()).collect();
        if self.remove_from_inbox(&ids).await.is_err() {
            rest.extend(taken.into_iter().map(|(waiting, _)| waiting));
            return rest;
        }
        taken.into_iter().for_each(|(waiting, outcomes)| self.answer(waiting, Ok(outcomes)));
        rest
    }

    /// Refuses those who would end a receipt that has ended; the others go on.
    async fn refuse_ended(&self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        let found = async {
            let mut connection = self.database.lend().await?;
            refs::store::ended(&mut connection, waiting.iter().flat_map(Waiting::entries)).await
        };
        let Ok(found) = self.database.in_time(found).await else { return waiting };
        let is_late = |waiting: &Waiting| waiting.entries().flat_map(refs::ends).any(|end| found.contains(&end));
        let (late, rest) = waiting.into_iter().partition(is_late);
        self.refuse(late, &refs::refused()).await;
        rest
    }

    /// After a COMMIT without an answer: looks whether it happened, which is all of it or nothing. If it did, the callers
    /// ask again for their proof.
    async fn answer_unknown(&self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        match self.holders(&waiting).await {
            Ok(holders) => {
                let mut rest = Vec::new();
                for (waiting, holders) in deal(waiting, holders) {
                    match found(holders) {
                        Some(outcomes) => self.answer(waiting, Ok(outcomes)),
                        None => rest.push(waiting),
                    }
                }
                rest
            }
            Err(_) => {
                waiting.into_iter().for_each(|waiting| self.answer(waiting, Err(unknown())));
                Vec::new()
            }
        }
    }

    async fn holders(&self, waiting: &[Waiting]) -> Result<Vec<Option<ReceiptId>>, sqlx::Error> {
        let found = async {
            let mut connection = self.database.lend().await?;
            store::holders(&mut connection, waiting.iter().flat_map(Waiting::entries)).await
        };
        self.database.in_time(found).await
    }

    async fn remove_from_inbox(&self, ids: &[i64]) -> Result<(), sqlx::Error> {
        let removed = async {
            let mut connection = self.database.lend().await?;
            node::store::remove_from_inbox(&mut connection, ids).await
        };
        self.database.in_time(removed).await
    }
}

fn ids(waiting: &[Waiting]) -> Vec<ReceiptId> {
    waiting.iter().map(|waiting| waiting.entry.id).collect()
}

/// Whether a constraint refuses what is in a log already. Contents have a primary key in each month.
fn is_of_a_second(constraint: &str) -> bool {
    let is_of_contents = constraint.starts_with("payloads_") && constraint.ends_with("_pkey");
    is_of_contents || matches!(constraint, "receipts_idempotency_key" | "receipts_pkey")
}

/// Whether the database refused what was to be written, and not the writing (SQLSTATE classes 22 and 23). An index that is
/// taken is no fault of the entry's: another writer was first.
fn is_of_the_data(error: &sqlx::Error) -> bool {
    let Some(cause) = error.as_database_error() else { return false };
    let refused = cause.code().is_some_and(|code| code.starts_with("22") || code.starts_with("23"));
    refused && cause.constraint() != Some("receipts_log_index_key")
}

/// Whether the database said no to a statement, so that nothing of it is there. What a connection's end says, or a server's
/// (SQLSTATE classes 08, 57 and XX), leaves open what became of one that commits by itself.
fn is_refusal(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|cause| cause.code());
    code.is_some_and(|code| !["08", "57", "XX"].iter().any(|class| code.starts_with(class)))
}

/// Splits off the requests of which an idempotency key is already in the batch.
fn split_repeats(batch: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    let mut seen: HashSet<(LogKey, Hash)> = HashSet::new();
    batch.into_iter().partition(|waiting| {
        let keys = || waiting.entries().filter_map(|entry| entry.idempotency.map(|hash| (waiting.log(), hash)));
        let is_first = keys().all(|key| !seen.contains(&key));
        if is_first {
            seen.extend(keys());
        }
        is_first
    })
}

/// Appends a hash to a tile of level 1; a tile that became full is one hash more in the tile above.
async fn grow(tx: &mut PgConnection, key: LogKey, index: u64, hash: Hash) -> Result<(), Failed> {
    let (mut level, mut index, mut hash) = (1, index, hash);
    loop {
        let stored = store::grow_tile(tx, key, level, index, &hash).await?;
        if stored.len() < 256 * 32 {
            return Ok(());
        }
        let all: Vec<Hash> = stored.chunks(32).filter_map(Hash::from_slice).collect();
        (level, index, hash) = (level + 1, index / 256, tile_root(&all));
    }
}
