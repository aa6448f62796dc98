//! The sequencer: gives receipts their places in the logs.
//!
//! Receipts of many tenants are committed together: while one transaction is on its way to disk, the next batch gathers,
//! so a batch is as large as the load makes it and an idle system answers at once. Sequencing and integration are one
//! step: rows, leaf hashes, frontier, signed checkpoint and outbox are one transaction.
//!
//! **One writer per log** is the database's rule, not ours: a log's row is updated only where its size and root are still
//! what this process last saw (compare and set), and an index can be taken once (`receipts_log_index_key`). A process
//! that is not alone loses the race, forgets what it knew, and tries again from what is stored.
//!
//! **If we crash**: before COMMIT nothing happened, and nobody was answered; after it the receipt is there, and the caller
//! who never heard asks again with the same idempotency key. Nothing signed over a tree leaves before COMMIT returned.

use std::sync::Arc;
use std::time::Duration;

use ledger::hash::Hash;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

use crate::context::Clock;
use crate::database::Database;
use crate::id::{OrgId, ReceiptId};
use crate::keyring::Keyring;
use crate::money::Money;
use crate::{Mode, Problem};

mod batch;
mod head;
mod store;
mod writer;

pub(crate) use head::tile_root;

/// Entries of one transaction.
const BATCH: usize = 256;
/// Entries that may wait; beyond it callers are told to come back.
const QUEUE: usize = 8_192;
/// How long a caller waits for its place before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(20);

/// A signed statement on its way into a log.
pub(crate) struct Entry {
    pub(crate) org_id: OrgId,
    pub(crate) mode: Mode,
    pub(crate) id: ReceiptId,
    pub(crate) kind: String,
    pub(crate) reference: Option<String>,
    pub(crate) occurred_at: OffsetDateTime,
    pub(crate) issued_at: OffsetDateTime,
    pub(crate) amount: Option<Money>,
    pub(crate) idempotency: Option<Hash>,
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
}

/// What became of an entry.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is in the log.
    Placed(Placed),
    /// Its idempotency key is taken by this receipt.
    Taken(ReceiptId),
}

pub(crate) struct Waiting {
    pub(crate) entry: Entry,
    pub(crate) reply: oneshot::Sender<Result<Outcome, Problem>>,
}

/// The handle callers hold. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sequencer {
    queue: mpsc::Sender<Waiting>,
}

impl Sequencer {
    #[expect(clippy::disallowed_methods, reason = "the writer lives as long as the process")]
    pub(crate) fn start(database: Database, keyring: Keyring, clock: Arc<dyn Clock>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(writer::run(writer::Writer::new(database, keyring, clock), waiting));
        Self { queue }
    }

    /// Puts an entry into its log and waits until that is durable.
    ///
    /// Errors: 429 when too many are waiting; 503 when the database did not take it in time, in which case it may still
    /// have been taken, and only the idempotency key tells.
    pub(crate) async fn place(&self, entry: Entry) -> Result<Outcome, Problem> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Waiting { entry, reply }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => {
                Problem::new(429, "too_busy", "Too many receipts are waiting. Try again in a second.").retry_after(1)
            }
            mpsc::error::TrySendError::Closed(_) => stopping(),
        })?;
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(stopping()),
            Err(_) => Err(unknown()),
        }
    }

    /// Puts many entries into their logs, in order; waits for room where [`Sequencer::place`] would refuse.
    pub(crate) async fn place_many(&self, entries: Vec<Entry>) -> Vec<Result<Outcome, Problem>> {
        let mut answers = Vec::with_capacity(entries.len());
        for entry in entries {
            let (reply, answer) = oneshot::channel();
            let sent = self.queue.send(Waiting { entry, reply }).await.is_ok();
            answers.push(sent.then_some(answer));
        }
        let mut outcomes = Vec::with_capacity(answers.len());
        for answer in answers {
            outcomes.push(match answer {
                Some(answer) => answer.await.unwrap_or_else(|_| Err(stopping())),
                None => Err(stopping()),
            });
        }
        outcomes
    }

    /// Waits until everything that was taken is answered. Callers must have stopped.
    pub(crate) async fn drain(&self) {
        while self.queue.capacity() < self.queue.max_capacity() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn stopping() -> Problem {
    Problem::new(503, "stopping", "The server is restarting. Try again with the same idempotency key.").retry_after(1)
}

pub(crate) fn unknown() -> Problem {
    Problem::new(
        503,
        "outcome_unknown",
        "The receipt may or may not have been issued. Try again with the same idempotency key to find out.",
    )
    .retry_after(1)
}
