//! Entries that reach a node which does not own their shard: through a table to the one that does.
//!
//! The owner deletes the row in the transaction that places the entry, so a row that is gone was either placed, or
//! refused because its idempotency key is taken, or lost with the database's memory; which of them, the receipts tell.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use super::{Node, store};
use crate::database::Database;
use crate::sequencer::{self, BATCH, Entry, Outcomes, Reply, Waiting, unavailable, unknown};

/// Entries on their way to other nodes; beyond it callers are told to come back.
const MAX: usize = 4_096;
/// Between two looks at what became of them.
const LOOK: Duration = Duration::from_millis(5);
/// Between two looks into the inbox when nobody says that something arrived.
const READ: Duration = Duration::from_secs(1);

/// Hands entries to the nodes that own their shards, and waits with the callers.
pub(in crate::sequencer) struct Forwarder {
    database: Database,
    node: Arc<Node>,
    arrived: Mutex<Vec<Waiting>>,
    /// Entries here, in any state.
    count: AtomicUsize,
    woken: Notify,
}

impl Forwarder {
    pub(in crate::sequencer) fn new(database: Database, node: Arc<Node>) -> Self {
        Self { database, node, arrived: Mutex::default(), count: AtomicUsize::new(0), woken: Notify::new() }
    }

    /// Takes an entry with those that belong to it; gives it back when there is no room.
    pub(in crate::sequencer) fn push(&self, waiting: Waiting) -> Result<(), Box<Waiting>> {
        let entries = waiting.len();
        if self.count.fetch_add(entries, Ordering::AcqRel) >= MAX {
            self.count.fetch_sub(entries, Ordering::AcqRel);
            return Err(Box::new(waiting));
        }
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
        self.woken.notify_one();
        Ok(())
    }

    /// Takes an entry when there is room.
    pub(in crate::sequencer) async fn push_patiently(&self, mut waiting: Waiting) {
        while let Err(back) = self.push(waiting) {
            waiting = *back;
            tokio::time::sleep(LOOK).await;
        }
    }

    pub(in crate::sequencer) fn is_idle(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// Works until aborted.
    pub(in crate::sequencer) async fn run(self: Arc<Self>) {
        let mut sent: HashMap<i64, Waiting> = HashMap::new();
        loop {
            if sent.is_empty() {
                self.woken.notified().await;
            } else {
                tokio::time::sleep(LOOK).await;
            }
            let arrived = std::mem::take(&mut *self.arrived.lock().unwrap_or_else(PoisonError::into_inner));
            if let Err(error) = self.send(arrived, &mut sent).await {
                tracing::warn!(%error, "handing entries to another node");
            }
            match self.look(&mut sent).await {
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(%error, "waiting for another node");
                    tokio::time::sleep(READ).await;
                }
            }
        }
    }

    async fn send(&self, mut arrived: Vec<Waiting>, sent: &mut HashMap<i64, Waiting>) -> Result<(), sqlx::Error> {
        // What became ours in the meantime is written here.
        let ours = arrived.extract_if(.., |waiting| self.node.queue_of(waiting.entry.org_id).is_some());
        for waiting in ours.collect::<Vec<_>>() {
            self.count.fetch_sub(waiting.len(), Ordering::AcqRel);
            if let Some(queue) = self.node.queue_of(waiting.entry.org_id) {
                queue.push_patiently(waiting).await;
            }
        }
        while !arrived.is_empty() {
            let some: Vec<Waiting> = arrived.drain(..arrived.len().min(BATCH)).collect();
            match self.put(&some).await {
                Ok(ids) => sent.extend(ids.into_iter().zip(some)),
                Err(error) => {
                    // Not sent, or sent without our knowing: whoever has a key may ask again.
                    for waiting in some.into_iter().chain(arrived) {
                        self.answer(waiting, Err(unavailable(Some(error.to_string()))));
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn put(&self, waiting: &[Waiting]) -> Result<Vec<i64>, sqlx::Error> {
        let mut rows = store::InboxRows::default();
        for waiting in waiting {
            let bytes = pack(waiting).map_err(|error| sqlx::Error::Encode(error.into()))?;
            rows.push(i16::from(Node::shard_of(waiting.entry.org_id)), waiting.entry.id, bytes);
        }
        let put = async {
            let mut connection = self.database.lend().await?;
            store::put_into_inbox(&mut connection, &rows).await
        };
        self.database.in_time(put).await
    }

    /// Answers those whose rows are gone.
    async fn look(&self, sent: &mut HashMap<i64, Waiting>) -> Result<(), sqlx::Error> {
        if sent.is_empty() {
            return Ok(());
        }
        let given_up = sent.extract_if(|_, waiting| waiting.is_given_up()).map(|(id, waiting)| {
            self.count.fetch_sub(waiting.len(), Ordering::AcqRel);
            id
        });
        let given_up: Vec<i64> = given_up.collect();
        let ids: Vec<i64> = sent.keys().copied().collect();
        let settled = async {
            let mut connection = self.database.lend().await?;
            store::remove_from_inbox(&mut connection, &given_up).await?;
            store::settled_in_inbox(&mut connection, &ids).await
        };
        let (mut gone, mut refused) = (Vec::new(), Vec::new());
        for (id, refusal) in self.database.in_time(settled).await? {
            match (sent.remove(&id), refusal) {
                (Some(waiting), None) => gone.push(waiting),
                (Some(waiting), Some(problem)) => {
                    refused.push(id);
                    self.answer(waiting, Err(problem));
                }
                (None, _) => {}
            }
        }
        self.settle(gone, &refused).await
    }

    /// Answers those whose rows are gone, and clears away the rows of those who were refused.
    async fn settle(&self, gone: Vec<Waiting>, refused: &[i64]) -> Result<(), sqlx::Error> {
        if gone.is_empty() && refused.is_empty() {
            return Ok(());
        }
        let holders = async {
            let mut connection = self.database.lend().await?;
            store::remove_from_inbox(&mut connection, refused).await?;
            sequencer::store::holders(&mut connection, gone.iter().flat_map(Waiting::entries)).await
        };
        let holders = match self.database.in_time(holders).await {
            Ok(holders) => holders,
            Err(error) => {
                gone.into_iter().for_each(|waiting| self.answer(waiting, Err(unknown())));
                return Err(error);
            }
        };
        for (waiting, holders) in sequencer::deal(gone, holders) {
            match sequencer::found(holders) {
                Some(outcomes) => self.answer(waiting, Ok(outcomes)),
                // It was never placed: it sets out again.
                None => {
                    self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
                    self.woken.notify_one();
                }
            }
        }
        Ok(())
    }

    fn answer(&self, waiting: Waiting, outcomes: Result<Outcomes, crate::Problem>) {
        self.count.fetch_sub(waiting.len(), Ordering::AcqRel);
        waiting.answer(outcomes);
    }
}

/// Where a row's bytes begin with this, entries that belong together follow. An entry by itself begins with the length of an
/// id, and is what earlier releases hand over, and understand.
const TOGETHER: u8 = 0;

/// What waits, as the bytes of a row.
pub(in crate::sequencer) fn pack(waiting: &Waiting) -> Result<Vec<u8>, postcard::Error> {
    if waiting.others.is_empty() {
        return postcard::to_allocvec(&waiting.entry);
    }
    let entries: Vec<&Entry> = waiting.entries().collect();
    postcard::to_extend(&entries, vec![TOGETHER])
}

/// The entries of a row's bytes: the first, and those that belong to it.
pub(in crate::sequencer) fn unpack(bytes: &[u8]) -> Result<(Entry, Vec<Entry>), postcard::Error> {
    match bytes.split_first() {
        Some((&TOGETHER, bytes)) => {
            let mut entries: Vec<Entry> = postcard::from_bytes(bytes)?;
            if entries.is_empty() {
                return Err(postcard::Error::DeserializeUnexpectedEnd);
            }
            let others = entries.split_off(1);
            let first = entries.pop().ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
            Ok((first, others))
        }
        _ => Ok((postcard::from_bytes(bytes)?, Vec::new())),
    }
}

/// Reads what other nodes put into the inbox for this one, for ever.
pub(super) async fn read(database: &Database, node: &Node) {
    loop {
        let read = async {
            let mut listener = database.listen("certnode_inbox").await?;
            read_with(database, node, &mut listener).await
        };
        if let Err(error) = read.await {
            tracing::warn!(%error, "the inbox");
        }
        tokio::time::sleep(READ).await;
    }
}

async fn read_with(database: &Database, node: &Node, listener: &mut PgListener) -> Result<(), sqlx::Error> {
    loop {
        loop {
            let busy: Vec<i64> = node.taken_in().iter().copied().collect();
            let rows = async {
                let mut connection = database.lend().await?;
                store::read_inbox(&mut connection, &node.shards(), &busy).await
            };
            let rows = database.in_time(rows).await?;
            if rows.is_empty() {
                break;
            }
            for (id, bytes) in rows {
                match unpack(&bytes) {
                    Ok(entries) => take_in(node, id, entries).await,
                    Err(error) => {
                        tracing::error!(%error, id, "an entry of the inbox cannot be read");
                        let removed = async { store::remove_from_inbox(&mut *database.lend().await?, &[id]).await };
                        database.in_time(removed).await?;
                    }
                }
            }
        }
        match tokio::time::timeout(READ, listener.recv()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => database.check_listener(listener).await?,
        }
    }
}

async fn take_in(node: &Node, id: i64, (entry, others): (Entry, Vec<Entry>)) {
    if let Some(queue) = node.queue_of(entry.org_id) {
        node.taken_in().insert(id);
        queue.push_patiently(Waiting { entry, others, reply: Reply::Inbox(id) }).await;
    }
}

/// A hash as its bytes.
pub(in crate::sequencer) mod hash {
    use ledger::hash::Hash;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(crate) fn serialize<S: Serializer>(hash: &Option<Hash>, serializer: S) -> Result<S::Ok, S::Error> {
        hash.map(|hash| hash.0).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Hash>, D::Error> {
        Ok(Option::<[u8; 32]>::deserialize(deserializer)?.map(Hash))
    }
}
