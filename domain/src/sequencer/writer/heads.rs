//! What a writer knows of the logs it writes: loaded when needed, forgotten when in doubt.

use std::time::Duration;

use ledger::commitment::commit;
use ledger::statement::Statement;
use sqlx::PgConnection;

use super::{Failed, Writer};
use crate::Problem;
use crate::id::ReceiptId;
use crate::logs::{self, Identity};
use crate::sequencer::batch::LogKey;
use crate::sequencer::head::Head;
use crate::sequencer::{Entry, Waiting};

/// Logs kept in memory by each writer: about 10 kB each.
const HEADS: usize = 10_000;
/// How much older than the log's newest an entry may be: it may have waited, and come from another node.
const DISORDER: Duration = Duration::from_secs(60);

impl Writer {
    /// Reads the heads that are not in memory.
    pub(super) async fn load_heads(
        &mut self,
        connection: &mut PgConnection,
        waiting: &[Waiting],
    ) -> Result<(), Failed> {
        if self.heads.len() > HEADS {
            self.heads.clear();
        }
        for key in waiting.iter().map(Waiting::log) {
            if self.heads.contains_key(&key) {
                continue;
            }
            let head = self.load_head(connection, key).await.map_err(|problem| {
                let of_log = waiting.iter().filter(|waiting| waiting.log() == key);
                Failed::Refused(of_log.map(|waiting| waiting.entry.id).collect(), problem.into())
            })?;
            self.heads.insert(key, head);
        }
        Ok(())
    }

    async fn load_head(&self, connection: &mut PgConnection, key @ (org_id, mode): LogKey) -> Result<Head, Problem> {
        let row = logs::store::find(connection, org_id, mode).await?;
        let identity = Identity::load(connection, &self.keyring, key, &row).await?;
        self.database.fence().check(&row.origin, row.size, &row.frontier.root())?;
        let edge = logs::store::leaf_hashes(connection, org_id, mode, row.size / 256 * 256, row.size).await?;
        let newest = logs::store::newest(connection, org_id, mode, row.size).await?;
        Ok(Head { identity, frontier: row.frontier, edge, newest })
    }

    /// A log's times rise, give or take what entries wait: a node whose clock fell behind says so instead of signing.
    pub(super) fn check_times(&self, waiting: &[Waiting]) -> Result<(), Failed> {
        let is_behind = |Entry { org_id, mode, issued_at, .. }: &Entry| {
            self.heads.get(&(*org_id, *mode)).is_some_and(|head| *issued_at + DISORDER < head.newest)
        };
        let behind = waiting.iter().filter(|waiting| waiting.entries().any(is_behind)).map(|waiting| waiting.entry.id);
        let behind: Vec<ReceiptId> = behind.collect();
        if behind.is_empty() { Ok(()) } else { Err(Failed::Behind(behind)) }
    }

    /// A log begins with a statement about itself, so that every receipt has a sibling: a proof is never empty, which
    /// COSE receipts do not allow (`inclusion-path: [+ bstr]`).
    pub(super) fn genesis(&self, (org_id, mode): LogKey, head: &Head) -> Option<Entry> {
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
            issued_at: crate::moment::timestamp(now),
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
            refs: Vec::new(),
            statement: statement.sign(&head.identity.keys.issuing).ok()?,
            payload,
            salt,
        })
    }

    pub(super) fn forget(&mut self, waiting: &[Waiting]) {
        for waiting in waiting {
            self.heads.remove(&waiting.log());
        }
    }
}

/// A clock that fell behind is the server's to mend; nothing was signed with it.
pub(super) fn clock_behind() -> Problem {
    let message =
        "This server's clock is behind the log's newest entry, so nothing is signed. Its operator must set it.";
    Problem::new(503, "clock_behind", message).retry_after(30)
}
