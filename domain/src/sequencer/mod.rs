//! The sequencer: gives receipts their places in the logs.
//!
//! Receipts of many tenants are committed together: while one transaction is on its way to disk, the next batch gathers,
//! and under load a few milliseconds longer, so a batch is as large as the load makes it and an idle system answers at once. Sequencing and integration are one
//! step: rows, leaf hashes, frontier, signed checkpoint and outbox are one transaction.
//!
//! **Several nodes** share the work by shards of tenants: a shard has one owner ([`node`]), and what reaches another node
//! is handed to it through the database ([`node::inbox`]). That is for speed. What keeps a log from forking is the database: a
//! commit holds only under the owner's epoch, only where the log's size and root are still what the writer last saw
//! (compare and set), and an index can be taken once (`receipts_log_index_key`).
//!
//! **If we crash**: before COMMIT nothing happened, and nobody was answered; after it the receipt is there, and the caller
//! who never heard asks again with the same idempotency key. Nothing signed over a tree leaves before COMMIT returned.

use std::sync::Arc;
use std::time::Duration;

use ledger::hash::Hash;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

use self::batch::LogKey;
use self::node::Node;
use self::node::inbox::Forwarder;
use self::queue::Queue;
use self::writer::Writer;
use crate::context::Clock;
use crate::database::Database;
use crate::id::{OrgId, ReceiptId};
use crate::keyring::Keyring;
use crate::money::Money;
use crate::receipts::Ref;
use crate::{Mode, Problem};

mod batch;
mod faults;
mod head;
mod node;
mod queue;
mod refs;
mod room;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use self::faults::Fault;
use self::faults::Faults;
pub(crate) use self::head::tile_root;
pub use self::room::{Limits, Room};

/// Entries of one transaction, and so the most that can get their places together.
pub(crate) const BATCH: usize = 256;
/// Transactions on their way at once, each with the shards of its own.
const WRITERS: usize = 2;
/// How long a caller waits for its place before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(20);

/// A signed statement on its way into a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) org_id: OrgId,
    pub(crate) mode: Mode,
    pub(crate) id: ReceiptId,
    pub(crate) kind: String,
    pub(crate) reference: Option<String>,
    pub(crate) occurred_at: OffsetDateTime,
    pub(crate) issued_at: OffsetDateTime,
    pub(crate) amount: Option<Money>,
    #[serde(with = "node::inbox::hash")]
    pub(crate) idempotency: Option<Hash>,
    pub(crate) refs: Vec<Ref>,
    pub(crate) statement: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) salt: [u8; 16],
}

/// A place in a log.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) log_index: u64,
    pub(crate) leaf_hash: Hash,
    pub(crate) tree_size: u64,
    pub(crate) proof: Vec<Hash>,
    pub(crate) checkpoint: Arc<str>,
    /// The statement as it was signed again, if the key it was signed with had been replaced.
    pub(crate) statement: Option<Vec<u8>>,
}

/// What became of an entry.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is in the log.
    Placed(Placed),
    /// Its idempotency key is taken by this receipt; or it is this receipt, and another node placed it.
    Taken(ReceiptId),
}

/// What became of entries that belong together, each in its place: all of them are placed, or none is and those whose key is
/// taken say by whom. One that is not placed and has no key that is taken has no outcome.
pub(crate) type Outcomes = Vec<Option<Outcome>>;

/// Entries of one log that get their places together or not at all, and who waits for what becomes of them. Nearly always it
/// is one.
pub(crate) struct Waiting {
    /// The first; its id stands for all.
    entry: Entry,
    others: Vec<Entry>,
    reply: Reply,
}

enum Reply {
    /// A caller of this node.
    Caller(oneshot::Sender<Result<Outcomes, Problem>>),
    /// A caller of another node, who sees that this row of the inbox is gone.
    Inbox(i64),
}

/// What a caller waits for.
type Answer = oneshot::Receiver<Result<Outcomes, Problem>>;

impl Waiting {
    fn of_caller(entry: Entry, others: Vec<Entry>) -> (Self, Answer) {
        let (reply, answer) = oneshot::channel();
        (Self { entry, others, reply: Reply::Caller(reply) }, answer)
    }

    /// The entries, in the order of their places.
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        std::iter::once(&self.entry).chain(&self.others)
    }

    /// How many entries it is.
    const fn len(&self) -> usize {
        1 + self.others.len()
    }

    /// The log it is for.
    const fn log(&self) -> LogKey {
        (self.entry.org_id, self.entry.mode)
    }

    /// Whether nobody waits any more.
    fn is_given_up(&self) -> bool {
        matches!(&self.reply, Reply::Caller(reply) if reply.is_closed())
    }

    fn answer(self, outcomes: Result<Outcomes, Problem>) {
        if let Reply::Caller(reply) = self.reply {
            let _ = reply.send(outcomes);
        }
    }

    const fn inbox_id(&self) -> Option<i64> {
        match self.reply {
            Reply::Caller(_) => None,
            Reply::Inbox(id) => Some(id),
        }
    }
}

/// Deals what was found for each entry of a batch out to those who wait: for each as many as it has entries.
fn deal<T>(waiting: Vec<Waiting>, each: impl IntoIterator<Item = T>) -> impl Iterator<Item = (Waiting, Vec<T>)> {
    let mut each = each.into_iter();
    waiting.into_iter().map(move |waiting| {
        let own = each.by_ref().take(waiting.len()).collect();
        (waiting, own)
    })
}

/// What is said to those whose entries, or keys, are in the log under these ids; nothing where none is.
fn found(holders: Vec<Option<ReceiptId>>) -> Option<Outcomes> {
    let any = holders.iter().any(Option::is_some);
    any.then(|| holders.into_iter().map(|holder| holder.map(Outcome::Taken)).collect())
}

/// The handle callers hold. Cheap to clone; the work ends with the last clone.
#[derive(Clone)]
pub(crate) struct Sequencer(Arc<Tasks>);

struct Tasks {
    node: Arc<Node>,
    forwarder: Arc<Forwarder>,
    patience: Duration,
    #[cfg(any(test, feature = "testing"))]
    faults: Faults,
    running: Vec<AbortHandle>,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.running.iter().for_each(AbortHandle::abort);
    }
}

impl Sequencer {
    #[expect(clippy::disallowed_methods, reason = "the writers live as long as the process")]
    pub(crate) fn start(database: &Database, keyring: &Keyring, clock: &Arc<dyn Clock>, room: Room) -> Self {
        let faults = Faults::default();
        let node = Arc::new(Node::new(database.clone(), clock, room.own));
        let forwarder = Arc::new(Forwarder::new(database.clone(), node.clone(), room.others));
        let writer = |queue: &Arc<Queue>| {
            let (node, forwarder) = (node.clone(), forwarder.clone());
            let writer = Writer::new(database.clone(), keyring.clone(), clock.clone(), faults.clone(), node, forwarder);
            tokio::spawn(writer.run(queue.clone())).abort_handle()
        };
        let mut running: Vec<AbortHandle> = node.queues().iter().map(writer).collect();
        running.push(tokio::spawn(node.clone().run()).abort_handle());
        running.push(tokio::spawn(forwarder.clone().run()).abort_handle());
        Self(Arc::new(Tasks {
            node,
            forwarder,
            patience: room.patience,
            #[cfg(any(test, feature = "testing"))]
            faults,
            running,
        }))
    }

    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn plan_fault(&self, fault: Fault) {
        self.0.faults.plan(fault);
    }

    /// Puts an entry into its log and waits until that is durable.
    ///
    /// Errors: 429 when too many are waiting; 503 when the database did not take it in time, in which case it may still
    /// have been taken, and only the idempotency key tells.
    pub(crate) async fn place(&self, entry: Entry) -> Result<Outcome, Problem> {
        only(self.place_now(entry, Vec::new()).await?)
    }

    /// Puts entries of one log into it together, in order and next to each other, or none of them; [`BATCH`] at most.
    ///
    /// Errors: as [`Sequencer::place`], of all of them.
    pub(crate) async fn place_together(&self, entries: Vec<Entry>) -> Result<Outcomes, Problem> {
        let mut entries = entries.into_iter();
        let Some(first) = entries.next() else { return Ok(Vec::new()) };
        self.place_now(first, entries.collect()).await
    }

    async fn place_now(&self, entry: Entry, others: Vec<Entry>) -> Result<Outcomes, Problem> {
        let (waiting, answer) = Waiting::of_caller(entry, others);
        self.0.node.join().await;
        let refused = match self.0.node.queue_of(waiting.entry.org_id) {
            Some(queue) => queue.push(waiting).is_err(),
            None => self.0.forwarder.push(waiting).is_err(),
        };
        if refused {
            return Err(too_busy());
        }
        match timeout(PATIENCE, answer).await {
            Ok(Ok(outcomes)) => outcomes,
            Ok(Err(_)) => Err(stopping()),
            Err(_) => Err(unknown()),
        }
    }

    /// Puts many entries into their logs, in order; waits for room where [`Sequencer::place`] would refuse.
    pub(crate) async fn place_many(&self, entries: Vec<Entry>) -> Vec<Result<Outcome, Problem>> {
        let mut outcomes = Vec::with_capacity(entries.len());
        for answer in self.push_many(entries, None).await {
            outcomes.push(match answer {
                Some(answer) => answer.await.unwrap_or_else(|_| Err(stopping())).and_then(only),
                None => Err(too_busy()),
            });
        }
        outcomes
    }

    /// As [`Sequencer::place_many`], for a caller who does not wait for ever: each entry is answered as
    /// [`Sequencer::place`] would, but that it waits a little for room.
    pub(crate) async fn place_many_in_time(&self, entries: Vec<Entry>) -> Vec<Result<Outcome, Problem>> {
        let started = Instant::now();
        let mut outcomes = Vec::with_capacity(entries.len());
        for answer in self.push_many(entries, Some(started + self.0.patience)).await {
            outcomes.push(match answer {
                Some(answer) => match timeout_at(started + PATIENCE, answer).await {
                    Ok(answer) => answer.unwrap_or_else(|_| Err(stopping())).and_then(only),
                    Err(_) => Err(unknown()),
                },
                None => Err(too_busy()),
            });
        }
        outcomes
    }

    /// Lets entries wait for their places, once there is room for them; none for those that found none in time.
    async fn push_many(&self, entries: Vec<Entry>, until: Option<Instant>) -> Vec<Option<Answer>> {
        self.0.node.join().await;
        let mut answers = Vec::with_capacity(entries.len());
        for entry in entries {
            let (waiting, answer) = Waiting::of_caller(entry, Vec::new());
            let pushed = match self.0.node.queue_of(waiting.entry.org_id) {
                Some(queue) => queue.push_patiently(waiting, until).await,
                None => self.0.forwarder.push_patiently(waiting, until).await,
            };
            answers.push(pushed.is_ok().then_some(answer));
        }
        answers
    }

    /// Whether this node writes the logs of an organisation.
    pub(crate) async fn owns(&self, org_id: OrgId) -> bool {
        self.0.node.join().await;
        self.0.node.queue_of(org_id).is_some()
    }

    /// Waits until everything that was taken is answered, and lets the other nodes have the shards. Callers must have
    /// stopped.
    pub(crate) async fn drain(&self) {
        while !(self.0.node.queues().iter().all(|queue| queue.is_idle()) && self.0.forwarder.is_idle()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.0.node.leave().await;
    }
}

/// The outcome of an entry that was by itself.
fn only(outcomes: Outcomes) -> Result<Outcome, Problem> {
    outcomes.into_iter().next().flatten().ok_or_else(|| Problem::internal("an entry was not answered"))
}

fn stopping() -> Problem {
    Problem::new(503, "stopping", "The server is restarting. Try again with the same idempotency key.").retry_after(1)
}

fn too_busy() -> Problem {
    Problem::new(429, "too_busy", "Too many receipts are waiting. Try again in a second.").retry_after(1)
}

fn unavailable(cause: Option<String>) -> Problem {
    let message = "The receipt could not be stored just now. Nothing was changed.";
    let mut problem = Problem::new(503, "unavailable", message).retry_after(1);
    problem.internal = cause;
    problem
}

pub(crate) fn unknown() -> Problem {
    Problem::new(
        503,
        "outcome_unknown",
        "The receipt may or may not have been issued. Try again with the same idempotency key to find out.",
    )
    .retry_after(1)
}
