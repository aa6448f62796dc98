//! The loop that commits batches.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use ledger::commitment::commit;
use ledger::hash::Hash;
use ledger::statement::Statement;
use sqlx::{Acquire as _, PgConnection};

use super::batch::{LogKey, Plan};
use super::head::{Head, tile_root};
use super::node::inbox::Forwarder;
use super::node::{self, Node};
use super::queue::Queue;
use super::store::Fence;
use super::{BATCH, Entry, Fault, Faults, Outcome, Waiting, store, unavailable, unknown};
use crate::Problem;
use crate::context::Clock;
use crate::database::Database;
use crate::id::ReceiptId;
use crate::keyring::Keyring;
use crate::logs::{self, Identity};

/// Logs kept in memory by each writer: about 10 kB each.
const HEADS: usize = 10_000;
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
    /// A shard is another node's by now.
    NotOurs,
    /// COMMIT was sent and no answer came.
    Unknown,
    /// It cannot work.
    Never(Problem),
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) if cause.constraint() == Some("receipts_idempotency_key") => Self::Taken,
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
        loop {
            let mut rest = queue.take(BATCH).await;
            let taken = rest.len();
            // Repeats of a key within a batch go after it: by then the key is taken, and they are told whose it is.
            while !rest.is_empty() {
                let (first, again) = split_repeats(rest);
                self.settle(first).await;
                rest = again;
            }
            queue.answered(taken);
        }
    }

    /// Commits a batch and answers everyone in it, one way or another.
    async fn settle(&mut self, mut waiting: Vec<Waiting>) {
        let mut last = None;
        for attempt in 0..TRIES {
            waiting.retain(|waiting| !waiting.is_given_up());
            if waiting.is_empty() {
                return;
            }
            match self.commit(&waiting).await {
                Ok(placed) => {
                    for (waiting, placed) in waiting.into_iter().zip(placed) {
                        self.answer(waiting, placed.map(Outcome::Placed).ok_or_else(Problem::not_found));
                    }
                    return;
                }
                Err(Failed::Taken) => waiting = self.answer_taken(waiting).await,
                Err(Failed::NotOurs) => {
                    self.forget(&waiting);
                    waiting = self.hand_over(waiting).await;
                }
                Err(Failed::Before(error)) => {
                    self.forget(&waiting);
                    last = Some(error.to_string());
                    tokio::time::sleep(std::time::Duration::from_millis(2 << attempt)).await;
                }
                Err(Failed::Unknown) => {
                    self.forget(&waiting);
                    waiting = self.answer_unknown(waiting).await;
                }
                Err(Failed::Never(problem)) => {
                    self.forget(&waiting);
                    waiting.into_iter().for_each(|waiting| self.answer(waiting, Err(problem.clone())));
                    return;
                }
            }
        }
        let problem = unavailable(last);
        waiting.into_iter().for_each(|waiting| self.answer(waiting, Err(problem.clone())));
    }

    /// Answers a caller; of what came through the inbox, the row tells.
    fn answer(&self, waiting: Waiting, outcome: Result<Outcome, Problem>) {
        if let Some(id) = waiting.inbox_id() {
            self.node.taken_in().remove(&id);
        }
        waiting.answer(outcome);
    }

    async fn commit(&mut self, waiting: &[Waiting]) -> Result<Vec<Option<super::Placed>>, Failed> {
        let fence = self.fence(waiting)?;
        let database = self.database.clone();
        let mut connection = database.sequencer().acquire().await?;
        self.faults.at(Fault::Load)?;
        self.load_heads(&mut connection, waiting).await?;
        let plan = Plan::make(waiting, &self.heads, |key, head| self.genesis(key, head));
        let inbox: Vec<i64> = waiting.iter().filter_map(Waiting::inbox_id).collect();
        let mut tx = connection.begin().await?;
        self.faults.at(Fault::Append)?;
        let appended = store::append(&mut tx, &fence, &plan.heads, &plan.rows, &inbox, self.clock.now()).await?;
        if appended.fenced != fence.shards.len() as u64 || appended.taken_out != inbox.len() as u64 {
            return Err(Failed::NotOurs);
        }
        if appended.moved != plan.logs.len() as u64 {
            return Err(Failed::Before(sqlx::Error::RowNotFound));
        }
        for log in &plan.logs {
            for tile in &log.tiles {
                grow(&mut tx, log.key, tile.index, tile.hash).await?;
            }
        }
        self.faults.at(Fault::Commit).map_err(|_| Failed::Unknown)?;
        tx.commit().await.map_err(|_| Failed::Unknown)?;
        self.faults.at(Fault::CommitAnswer).map_err(|_| Failed::Unknown)?;
        Plan::apply(plan.logs, &mut self.heads);
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
                self.forwarder.push_patiently(waiting).await;
            }
        }
        rest
    }

    /// Reads the heads that are not in memory.
    async fn load_heads(&mut self, connection: &mut PgConnection, waiting: &[Waiting]) -> Result<(), Failed> {
        if self.heads.len() > HEADS {
            self.heads.clear();
        }
        for waiting in waiting {
            let key @ (org_id, mode) = (waiting.entry.org_id, waiting.entry.mode);
            if self.heads.contains_key(&key) {
                continue;
            }
            let row = logs::store::find(connection, org_id, mode).await.map_err(Failed::Never)?;
            let identity = Identity::load(&self.keyring, org_id, mode, &row).map_err(Failed::Never)?;
            let full = row.size / 256 * 256;
            let edge =
                logs::store::leaf_hashes(connection, org_id, mode, full, row.size).await.map_err(Failed::Never)?;
            self.heads.insert(key, Head { identity, frontier: row.frontier, edge });
        }
        Ok(())
    }

    /// A log begins with a statement about itself, so that every receipt has a sibling: a proof is never empty, which
    /// COSE receipts do not allow (`inclusion-path: [+ bstr]`).
    fn genesis(&self, (org_id, mode): LogKey, head: &Head) -> Option<Entry> {
        if head.frontier.size() > 0 {
            return None;
        }
        let (id, now) = (ReceiptId(self.clock.new_id()), self.clock.now());
        let mut salt = [0; 16];
        self.clock.fill(&mut salt);
        let payload = ledger::json::Value::object([("log", head.identity.origin.as_str().into())]);
        let payload = ledger::jcs::canonical(&payload);
        let statement = Statement {
            log: head.identity.origin.clone(),
            id: id.to_string(),
            kind: "log_created".to_owned(),
            issued_at: crate::receipts::timestamp(now),
            schema: "log_created/1".to_owned(),
            payload: commit(&salt, &payload),
            evidence: Vec::new(),
            refs: Vec::new(),
            idempotency: None,
        };
        Some(Entry {
            org_id,
            mode,
            id,
            kind: statement.kind.clone(),
            reference: None,
            occurred_at: now,
            issued_at: now,
            amount: None,
            idempotency: None,
            statement: statement.sign(&head.identity.keys.issuing).ok()?,
            payload,
            salt,
        })
    }

    fn forget(&mut self, waiting: &[Waiting]) {
        for waiting in waiting {
            self.heads.remove(&(waiting.entry.org_id, waiting.entry.mode));
        }
    }

    /// Answers those whose idempotency key is taken; the others go on.
    async fn answer_taken(&self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        let Ok(holders) = self.holders(&waiting).await else { return waiting };
        let taken = waiting.iter().zip(&holders).filter(|(_, holder)| holder.is_some());
        let taken: Vec<i64> = taken.filter_map(|(waiting, _)| waiting.inbox_id()).collect();
        if !taken.is_empty() && self.remove_from_inbox(&taken).await.is_err() {
            return waiting;
        }
        let mut rest = Vec::new();
        for (waiting, holder) in waiting.into_iter().zip(holders) {
            match holder {
                Some(id) => self.answer(waiting, Ok(Outcome::Taken(id))),
                None => rest.push(waiting),
            }
        }
        rest
    }

    /// After a COMMIT without an answer: looks whether it happened, which is all of it or nothing. If it did, the callers
    /// ask again for their proof.
    async fn answer_unknown(&self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        match self.holders(&waiting).await {
            Ok(holders) => {
                let mut rest = Vec::new();
                for (waiting, holder) in waiting.into_iter().zip(holders) {
                    match holder {
                        Some(id) => self.answer(waiting, Ok(Outcome::Taken(id))),
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
        let mut connection = self.database.sequencer().acquire().await?;
        store::holders(&mut connection, waiting.iter().map(|waiting| &waiting.entry)).await
    }

    async fn remove_from_inbox(&self, ids: &[i64]) -> Result<(), sqlx::Error> {
        let mut connection = self.database.sequencer().acquire().await?;
        node::store::remove_from_inbox(&mut connection, ids).await
    }
}

/// Splits off the requests whose idempotency key is already in the batch.
fn split_repeats(batch: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    let mut seen: HashSet<(LogKey, Hash)> = HashSet::new();
    batch.into_iter().partition(|waiting| {
        let entry = &waiting.entry;
        entry.idempotency.is_none_or(|hash| seen.insert(((entry.org_id, entry.mode), hash)))
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
