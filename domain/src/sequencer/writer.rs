//! The loop that commits batches.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ledger::commitment::commit;
use ledger::hash::Hash;
use ledger::statement::Statement;
use sqlx::{Acquire as _, PgConnection};
use tokio::sync::mpsc;

use super::batch::{LogKey, Plan};
use super::head::{Head, tile_root};
use super::{BATCH, Entry, Outcome, Waiting, store, unknown};
use crate::Problem;
use crate::context::Clock;
use crate::database::Database;
use crate::id::ReceiptId;
use crate::keyring::Keyring;
use crate::logs::{self, Identity};

/// Logs kept in memory: about 10 kB each.
const HEADS: usize = 20_000;
/// Times a batch is tried when others win the race or the connection breaks.
const TRIES: usize = 8;

pub(super) struct Writer {
    database: Database,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    heads: HashMap<LogKey, Head>,
}

pub(super) async fn run(mut writer: Writer, mut queue: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        // Repeats of a key within a batch go after it: by then the key is taken, and they are told whose it is.
        let mut rest = std::mem::take(&mut batch);
        while !rest.is_empty() {
            let (first, again) = split_repeats(rest);
            writer.settle(first).await;
            rest = again;
        }
    }
}

/// Why a try did not commit.
enum Failed {
    /// Nothing was written: another writer was first, or the database refused. Try again.
    Before(sqlx::Error),
    /// An idempotency key is taken: find out by whom.
    Taken,
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
    pub(super) fn new(database: Database, keyring: Keyring, clock: Arc<dyn Clock>) -> Self {
        Self { database, keyring, clock, heads: HashMap::new() }
    }

    /// Commits a batch and answers everyone in it, one way or another.
    async fn settle(&mut self, mut waiting: Vec<Waiting>) {
        let mut last = None;
        for attempt in 0..TRIES {
            waiting.retain(|waiting| !waiting.reply.is_closed());
            if waiting.is_empty() {
                return;
            }
            match self.commit(&waiting).await {
                Ok(placed) => {
                    for (waiting, placed) in waiting.into_iter().zip(placed) {
                        let outcome = placed.map(Outcome::Placed).ok_or_else(Problem::not_found);
                        let _ = waiting.reply.send(outcome);
                    }
                    return;
                }
                Err(Failed::Taken) => match self.answer_taken(waiting).await {
                    Ok(rest) => waiting = rest,
                    Err(()) => return,
                },
                Err(Failed::Before(error)) => {
                    self.forget(&waiting);
                    last = Some(error.to_string());
                    tokio::time::sleep(std::time::Duration::from_millis(2 << attempt)).await;
                }
                Err(Failed::Unknown) => {
                    self.forget(&waiting);
                    match self.answer_unknown(waiting).await {
                        Ok(rest) => waiting = rest,
                        Err(()) => return,
                    }
                }
                Err(Failed::Never(problem)) => {
                    self.forget(&waiting);
                    waiting.into_iter().for_each(|waiting| drop(waiting.reply.send(Err(problem.clone()))));
                    return;
                }
            }
        }
        let mut problem =
            Problem::new(503, "unavailable", "The receipt could not be stored just now. Nothing was changed.")
                .retry_after(1);
        problem.internal = last;
        waiting.into_iter().for_each(|waiting| drop(waiting.reply.send(Err(problem.clone()))));
    }

    async fn commit(&mut self, waiting: &[Waiting]) -> Result<Vec<Option<super::Placed>>, Failed> {
        let database = self.database.clone();
        database.fence().refusal().map_err(Failed::Never)?;
        let mut connection = database.sequencer().acquire().await?;
        self.load_heads(&mut connection, waiting).await?;
        let plan = Plan::make(waiting, &self.heads, |key, head| self.genesis(key, head));
        let mut tx = connection.begin().await?;
        if store::compare_and_set(&mut tx, &plan.heads).await? != plan.logs.len() as u64 {
            return Err(Failed::Before(sqlx::Error::RowNotFound));
        }
        store::insert_receipts(&mut tx, &plan.rows).await?;
        store::insert_payloads(&mut tx, &plan.rows).await?;
        for log in &plan.logs {
            for tile in &log.tiles {
                grow(&mut tx, log.key, tile.index, tile.hash).await?;
            }
        }
        store::emit_issued(&mut tx, &plan.heads, self.clock.now()).await?;
        tx.commit().await.map_err(|_| Failed::Unknown)?;
        Plan::apply(plan.logs, &mut self.heads);
        let moved = waiting.iter().map(|waiting| (waiting.entry.org_id, waiting.entry.mode)).collect::<HashSet<_>>();
        let heads = moved.iter().filter_map(|key| self.heads.get(key));
        database
            .fence()
            .record(heads.map(|head| (head.identity.origin.as_str(), head.frontier.size(), head.frontier.root())));
        Ok(plan.placed)
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
            self.database.fence().check(&row.origin, row.size, &row.frontier.root()).map_err(Failed::Never)?;
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
    async fn answer_taken(&mut self, waiting: Vec<Waiting>) -> Result<Vec<Waiting>, ()> {
        let (mut org_ids, mut modes, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for (entry, hash) in waiting.iter().filter_map(|waiting| Some((&waiting.entry, waiting.entry.idempotency?))) {
            org_ids.push(entry.org_id.0);
            modes.push(entry.mode.as_str().to_owned());
            keys.push(hash.0.to_vec());
        }
        let found = async {
            let mut connection = self.database.sequencer().acquire().await?;
            store::taken(&mut connection, &org_ids, &modes, &keys).await
        };
        let Ok(found) = found.await else { return Ok(waiting) };
        let mut rest = Vec::new();
        for waiting in waiting {
            let entry = &waiting.entry;
            let holder = entry.idempotency.and_then(|hash| {
                let same = |(org_id, mode, key, _): &&(_, _, Vec<u8>, _)| {
                    *org_id == entry.org_id && *mode == entry.mode && key.as_slice() == hash.0
                };
                found.iter().find(same)
            });
            match holder {
                Some((.., id)) => drop(waiting.reply.send(Ok(Outcome::Taken(*id)))),
                None => rest.push(waiting),
            }
        }
        Ok(rest)
    }

    /// After a COMMIT without an answer: looks whether it happened. If it did, the callers ask again for their proof.
    async fn answer_unknown(&self, waiting: Vec<Waiting>) -> Result<Vec<Waiting>, ()> {
        let Some(first) = waiting.first().map(|waiting| (waiting.entry.org_id, waiting.entry.mode, waiting.entry.id))
        else {
            return Err(());
        };
        let found = async {
            let mut connection = self.database.sequencer().acquire().await?;
            store::exists(&mut connection, first.0, first.1, first.2).await
        };
        match found.await {
            // One transaction: all of it or none.
            Ok(false) => Ok(waiting),
            Ok(true) => {
                for waiting in waiting {
                    let id = waiting.entry.id;
                    let _ = waiting.reply.send(Ok(Outcome::Taken(id)));
                }
                Err(())
            }
            Err(_) => {
                waiting.into_iter().for_each(|waiting| drop(waiting.reply.send(Err(unknown()))));
                Err(())
            }
        }
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
