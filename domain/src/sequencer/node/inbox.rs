//! Entries that reach a node which does not own their shard: through a table to the one that does.
//!
//! The owner deletes the row in the transaction that places the entry, so a row that is gone was either placed, or
//! refused because its idempotency key is taken, or lost with the database's memory; which of them, the receipts tell.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Node, store};
use crate::database::Database;
use crate::sequencer::batch::LogKey;
use crate::sequencer::room::{Limits, Places};
use crate::sequencer::{self, BATCH, Entry, Outcomes, Reply, Waiting, unavailable, unknown};

/// Between two looks at what became of them.
const LOOK: Duration = Duration::from_millis(5);
/// Between two looks into the inbox when nobody says that something arrived.
const READ: Duration = Duration::from_secs(1);

/// Hands entries to the nodes that own their shards, and waits with the callers.
pub(in crate::sequencer) struct Forwarder {
    database: Database,
    node: Arc<Node>,
    arrived: Mutex<Vec<Waiting>>,
    /// Those of entries here, in any state.
    places: Places,
    woken: Notify,
}

impl Forwarder {
    pub(in crate::sequencer) fn new(database: Database, node: Arc<Node>, room: Limits) -> Self {
        Self { database, node, arrived: Mutex::default(), places: Places::new(room), woken: Notify::new() }
    }

    /// Takes an entry with those that belong to it; gives it back when there is no room.
    pub(in crate::sequencer) fn push(&self, waiting: Waiting) -> Result<(), Box<Waiting>> {
        if !self.places.take(waiting.log(), waiting.len()) {
            return Err(Box::new(waiting));
        }
        self.arrive(waiting);
        Ok(())
    }

    /// Takes an entry that was accepted before, when its log was this node's: room or not, nobody waits for it.
    pub(in crate::sequencer) fn take_over(&self, waiting: Waiting) {
        self.places.take_anyway(waiting.log(), waiting.len());
        self.arrive(waiting);
    }

    /// Takes an entry when there is room; gives it back when there was none until then.
    pub(in crate::sequencer) async fn push_patiently(
        &self,
        mut waiting: Waiting,
        until: Option<Instant>,
    ) -> Result<(), Box<Waiting>> {
        while let Err(back) = self.push(waiting) {
            if until.is_some_and(|until| Instant::now() >= until) {
                return Err(back);
            }
            waiting = *back;
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    fn arrive(&self, waiting: Waiting) {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
        self.woken.notify_one();
    }

    pub(in crate::sequencer) fn is_idle(&self) -> bool {
        self.places.is_empty()
    }

    /// Works until aborted.
    pub(in crate::sequencer) async fn run(self: Arc<Self>) {
        let (mut here, mut sent): (Vec<Waiting>, HashMap<i64, Waiting>) = Default::default();
        loop {
            if here.is_empty() && sent.is_empty() {
                self.woken.notified().await;
            } else {
                tokio::time::sleep(LOOK).await;
            }
            here.append(&mut self.arrived.lock().unwrap_or_else(PoisonError::into_inner));
            let away = self.keep_ours(&mut here);
            if let Err(error) = self.send(away, &mut sent).await {
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

    /// Takes out what is for others. What became ours in the meantime is written here; what of it finds no room stays, and
    /// keeps nobody else.
    fn keep_ours(&self, here: &mut Vec<Waiting>) -> Vec<Waiting> {
        let mut away = Vec::new();
        for waiting in std::mem::take(here) {
            let (key, entries) = (waiting.log(), waiting.len());
            if waiting.is_given_up() {
                self.places.give_back(key, entries);
                continue;
            }
            match self.node.queue_of(key.0) {
                None => away.push(waiting),
                Some(queue) => match queue.push(waiting) {
                    Ok(()) => self.places.give_back(key, entries),
                    Err(back) => here.push(*back),
                },
            }
        }
        away
    }

    async fn send(&self, mut arrived: Vec<Waiting>, sent: &mut HashMap<i64, Waiting>) -> Result<(), sqlx::Error> {
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
            rows.push(i16::from(Node::shard_of(waiting.entry.org_id)), &waiting.entry, bytes);
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
            self.places.give_back(waiting.log(), waiting.len());
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
                None => self.arrive(waiting),
            }
        }
        Ok(())
    }

    fn answer(&self, waiting: Waiting, outcomes: Result<Outcomes, crate::Problem>) {
        self.places.give_back(waiting.log(), waiting.len());
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
    // Logs for which there is no room. Their rows wait where they are, so that those of others are read.
    let mut full: HashSet<LogKey> = HashSet::new();
    loop {
        while read_some(database, node, &mut full).await? {}
        let pause = if full.is_empty() { READ } else { LOOK };
        match tokio::time::timeout(pause, listener.recv()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) if full.is_empty() => database.check_listener(listener).await?,
            Err(_) => {}
        }
        full.retain(|(org_id, mode)| node.queue_of(*org_id).is_some_and(|queue| !queue.has_room((*org_id, *mode))));
    }
}

/// Takes in what there is room for; whether anything came of it, so that there may be more.
async fn read_some(database: &Database, node: &Node, full: &mut HashSet<LogKey>) -> Result<bool, sqlx::Error> {
    let busy: Vec<i64> = node.taken_in().iter().copied().collect();
    let rows = async {
        let mut connection = database.lend().await?;
        store::read_inbox(&mut connection, &node.shards(), &busy, full).await
    };
    let rows = database.in_time(rows).await?;
    let mut is_news = false;
    for (id, bytes) in rows {
        match unpack(&bytes) {
            Ok(entries) => is_news |= take_in(node, id, entries, full),
            Err(error) => {
                tracing::error!(%error, id, "an entry of the inbox cannot be read");
                let removed = async { store::remove_from_inbox(&mut *database.lend().await?, &[id]).await };
                database.in_time(removed).await?;
            }
        }
    }
    Ok(is_news)
}

/// Takes an entry in, behind those of its log that came before it, or not at all; whether it was, or its log is full as of now.
fn take_in(node: &Node, id: i64, (entry, others): (Entry, Vec<Entry>), full: &mut HashSet<LogKey>) -> bool {
    let key = (entry.org_id, entry.mode);
    let queue = node.queue_of(entry.org_id).filter(|_| !full.contains(&key));
    let Some(queue) = queue else { return false };
    node.taken_in().insert(id);
    if queue.push(Waiting { entry, others, reply: Reply::Inbox(id) }).is_err() {
        node.taken_in().remove(&id);
        full.insert(key);
    }
    true
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
