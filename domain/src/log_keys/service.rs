//! Use-cases of signing keys.

use ledger::checkpoint::Checkpoint;
use ledger::key_event::{Change, KeyEvent};
use ledger::note::{Note, NoteSigner};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use super::store::{self, Changing, New, Row};
use super::{History, LogKey, Purpose};
use crate::anchors::{ROOT, fact_hash};
use crate::context::{Cx, Domain};
use crate::id::{OrgId, ReceiptId};
use crate::keyring::SealedFor;
use crate::logs::identity::{open, signer};
use crate::logs::{self, Identity};
use crate::moment::timestamp;
use crate::permission::Permission;
use crate::sequencer::{Entry, Outcome};
use crate::{Mode, Problem};

type Log = (OrgId, Mode);

/// Seals what is still derived from the master key, and refuses a master key that is not the one at work here: at start.
pub async fn adopt(domain: &Domain) -> Result<(), Problem> {
    let (keyring, mut connection) = (&domain.keyring, domain.database.lend().await?);
    if let Some(other) = store::other_master(&mut connection, keyring.id()).await? {
        return Err(Problem::internal(format!(
            "The master key from {} is {}, but the signing keys of this database are sealed by {other}. Nothing is signed \
            with the wrong one: start with the master key that belongs to this database.",
            keyring.place(),
            keyring.id()
        )));
    }
    loop {
        let unsealed = store::unsealed(&mut connection).await?;
        for key in &unsealed {
            let (org_id, mode) = key.log;
            let seed = keyring.inherited(org_id, mode, key.purpose);
            if signer(key.purpose, &key.origin, &seed)?.verifier().to_string() != key.vkey {
                return Err(Problem::internal(format!(
                    "The master key from {} is not the one that the signing keys of {} came from. Nothing is signed with \
                    the wrong one: start with the master key that belongs to this database.",
                    keyring.place(),
                    key.origin
                )));
            }
            let of = SealedFor { org_id, mode, purpose: key.purpose, version: key.version, vkey: &key.vkey };
            let mut nonce = [0; 24];
            domain.clock.fill(&mut nonce);
            let sealed = keyring.seal(nonce, &seed, &of);
            store::set_sealed(&mut connection, key, &sealed, keyring.id()).await?;
        }
        if unsealed.is_empty() {
            return Ok(());
        }
    }
}

/// The keys of the actor's log and what the root log says of them.
pub async fn list(cx: &Cx) -> Result<History, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let origin = logs::store::find(tx.connection(), org_id, mode).await?.origin;
    let keys = store::of_log(tx.connection(), log).await?.into_iter().map(|row| row.key).collect();
    Ok(History { origin, keys, events: store::events(tx.connection(), log).await? })
}

/// The root log's keys, for everyone; while it is not made, those that it will have.
pub async fn published(domain: &Domain) -> Result<History, Problem> {
    let root = domain.system(ROOT.0, ROOT.1);
    match list(&root).await {
        Err(problem) if problem.status == 404 => {
            let origin = domain.root_origin();
            let first = |purpose| New::make(&root, ROOT, &origin, purpose, 1, 0).map(|new| new.key);
            let keys = vec![first(Purpose::Checkpoint)?, first(Purpose::Issuing)?];
            Ok(History { origin, keys, events: Vec::new() })
        }
        history => history,
    }
}

/// Every log's name and size with a context that acts on it, or those of one name: for whoever runs the server.
pub async fn logs(root: &Cx, origin: Option<&str>) -> Result<Vec<(Cx, String, u64)>, Problem> {
    if root.require(Permission::SigningKeysWrite)? != ROOT {
        return Err(Problem::forbidden(Permission::SigningKeysWrite));
    }
    let mut connection = root.domain.database.lend().await?;
    let found = store::logs(&mut connection, origin).await?;
    let acting = |((org_id, mode), origin, size)| (root.domain.system(org_id, mode), origin, size);
    Ok(found.into_iter().map(acting).collect())
}

/// How a key makes room for its successor.
#[derive(Clone, Copy)]
enum Leave {
    /// Both sign for a while, if it signs checkpoints; entries have one issuer.
    After(Duration),
    /// It has signed its last, and the state it signed last is signed anew.
    AtOnce,
}

/// A new version of a key of the actor's log; the answer is its public half.
///
/// An issuing key takes over at the log's next entry. A checkpoint key signs from the next state on, beside the old one until
/// `overlap` is over. Nodes that are running follow with the next receipt.
pub async fn rotate(cx: &Cx, purpose: Purpose, overlap: Duration) -> Result<LogKey, Problem> {
    let mut change = ChangeOf::begin(cx).await?;
    let new = change.replace(purpose, Leave::After(overlap)).await?;
    change.finish("log_keys.rotated").await?;
    Ok(new)
}

/// Says that what a key signed from a size on is not to be believed: from the log's present size, if none is given. If the
/// key still signs, another takes its place at once.
pub async fn revoke(cx: &Cx, purpose: Purpose, version: i32, from_size: Option<u64>) -> Result<LogKey, Problem> {
    let mut change = ChangeOf::begin(cx).await?;
    let found = change.rows.iter().find(|row| row.key.purpose == purpose && row.key.version == version);
    let mut key = found.map(|row| row.key.clone()).ok_or_else(Problem::not_found)?;
    if key.revoked_from.is_some() {
        return Err(Problem::invalid().field("version", "revoked", "This key is revoked already."));
    }
    let size = change.held.size;
    let from = from_size.unwrap_or_else(|| key.until_size.unwrap_or(size));
    if from < key.from_size || from > size {
        let message = format!("A size from {} to {size} is wanted.", key.from_size);
        return Err(Problem::invalid().field("from_size", "from_size", message));
    }
    if change.newest(purpose)?.key.version == version {
        change.replace(purpose, Leave::AtOnce).await?;
        key = change.key(purpose, version)?;
    } else if key.until_size.is_none() {
        key.until_size = Some(size.max(key.from_size));
        key.retired_at = Some(cx.now());
    }
    key.revoked_from = Some(from);
    key.revoked_at = Some(cx.now());
    change.write(&key).await?;
    let by = change.signer_of(change.newest(Purpose::Checkpoint)?)?;
    change.event(Change::Revoked, &key, from, &by).await?;
    change.finish("log_keys.revoked").await?;
    Ok(key)
}

/// Lets the keys go whose time beside their successors is over.
pub async fn retire_due(domain: &Domain) -> Result<(), Problem> {
    let now = domain.clock.now();
    let mut connection = domain.database.lend().await?;
    let due = store::due(&mut connection, now).await?;
    drop(connection);
    for (org_id, mode) in due {
        let cx = domain.system(org_id, mode);
        let mut change = ChangeOf::begin(&cx).await?;
        let is_due = |key: &LogKey| key.retired_at.is_none() && key.retires_at.is_some_and(|at| at <= now);
        let keys: Vec<LogKey> = change.rows.iter().map(|row| row.key.clone()).filter(is_due).collect();
        for key in keys {
            let until = change.held.size + 1;
            let key = LogKey { until_size: Some(until), retired_at: Some(now), ..key };
            let by = change.signer_of(change.row(key.purpose, key.version)?)?;
            change.write(&key).await?;
            change.event(Change::Retired, &key, until, &by).await?;
        }
        change.finish("log_keys.retired").await?;
    }
    Ok(())
}

/// Puts what happened to keys into the root log.
///
/// **If we crash** between the entry and the note of where it is, the next round finds the entry by its idempotency key,
/// which is made of the note alone: whoever restores the root log from its entries has it as well.
pub async fn record_events(domain: &Domain) -> Result<(), Problem> {
    let mut connection = domain.database.lend().await?;
    let pending = store::pending(&mut connection).await?;
    drop(connection);
    if pending.is_empty() {
        return Ok(());
    }
    let root = domain.system(ROOT.0, ROOT.1);
    let identity = logs::identity_of_root(&root).await?;
    let now = root.now();
    let entry = |event: &store::Pending| Entry {
        org_id: ROOT.0,
        mode: ROOT.1,
        id: ReceiptId(root.new_id()),
        kind: "key_event".to_owned(),
        reference: Some(event.origin.clone()),
        occurred_at: now,
        issued_at: now,
        amount: None,
        idempotency: Some(fact_hash(&identity.origin, &event.note)),
        refs: Vec::new(),
        statement: event.note.clone().into_bytes(),
        payload: Vec::new(),
        salt: [0; 16],
    };
    let outcomes = domain.sequencer.place_many(pending.iter().map(entry).collect()).await;
    let mut connection = domain.database.lend().await?;
    for (event, outcome) in pending.iter().zip(outcomes) {
        let index = match outcome? {
            Outcome::Placed(placed) => placed.log_index,
            Outcome::Taken(id) => crate::anchors::store::index_of(&mut connection, ROOT, id).await?,
        };
        store::recorded(&mut connection, event.id, index).await?;
    }
    Ok(())
}

/// A change of a log's keys under way: the log is held, and does not move until it is finished or dropped.
struct ChangeOf<'c> {
    cx: &'c Cx,
    log: Log,
    tx: sqlx::Transaction<'static, sqlx::Postgres>,
    held: Changing,
    rows: Vec<Row>,
    now: OffsetDateTime,
}

impl<'c> ChangeOf<'c> {
    async fn begin(cx: &'c Cx) -> Result<Self, Problem> {
        let log = cx.require(Permission::SigningKeysWrite)?;
        let mut tx = cx.domain.database.sequencer().begin().await?;
        let held = store::hold(&mut tx, log).await?;
        store::inherit(&mut tx, log).await?;
        let rows = store::of_log(&mut tx, log).await?;
        Ok(Self { cx, log, tx, held, rows, now: cx.now() })
    }

    fn newest(&self, purpose: Purpose) -> Result<&Row, Problem> {
        let newest = self.rows.iter().rfind(|row| row.key.purpose == purpose);
        newest.ok_or_else(|| Problem::internal(format!("{} has no {purpose} key", self.held.origin)))
    }

    fn row(&self, purpose: Purpose, version: i32) -> Result<&Row, Problem> {
        let row = self.rows.iter().find(|row| row.key.purpose == purpose && row.key.version == version);
        row.ok_or_else(Problem::not_found)
    }

    fn key(&self, purpose: Purpose, version: i32) -> Result<LogKey, Problem> {
        self.row(purpose, version).map(|row| row.key.clone())
    }

    fn signer_of(&self, row: &Row) -> Result<NoteSigner, Problem> {
        let seed = open(&self.cx.domain.keyring, self.log, &self.held.origin, row)?;
        signer(row.key.purpose, &self.held.origin, &seed)
    }

    async fn write(&mut self, key: &LogKey) -> Result<(), Problem> {
        store::update(&mut self.tx, self.log, key).await?;
        self.read().await
    }

    async fn read(&mut self) -> Result<(), Problem> {
        self.rows = store::of_log(&mut self.tx, self.log).await?;
        Ok(())
    }

    /// A new version after the newest of a purpose.
    async fn replace(&mut self, purpose: Purpose, leave: Leave) -> Result<LogKey, Problem> {
        let old = self.newest(purpose)?;
        let (by, mut key, size) = (self.signer_of(old)?, old.key.clone(), self.held.size);
        let from = match (purpose, leave) {
            (Purpose::Checkpoint, Leave::After(_)) => size + 1,
            _ => size,
        };
        match leave {
            Leave::After(overlap) if purpose == Purpose::Checkpoint && overlap > Duration::ZERO => {
                key.retires_at = Some(self.now + overlap);
            }
            _ => {
                key.until_size = Some(from);
                key.retired_at = Some(self.now);
            }
        }
        let new = New::make(self.cx, self.log, &self.held.origin, purpose, key.version + 1, from)?;
        store::update(&mut self.tx, self.log, &key).await?;
        store::insert(&mut self.tx, self.log, &new).await?;
        self.event(Change::Added, &new.key, from, &by).await?;
        if let Some(until) = key.until_size {
            self.event(Change::Retired, &key, until, &by).await?;
        }
        self.read().await?;
        Ok(new.key)
    }

    async fn event(&mut self, change: Change, key: &LogKey, from_size: u64, by: &NoteSigner) -> Result<(), Problem> {
        let event = KeyEvent {
            change,
            log: self.held.origin.clone(),
            key: key.vkey.parse().map_err(|_| Problem::internal("a stored key is none"))?,
            from_size,
            at: timestamp(self.now),
        };
        store::insert_event(&mut self.tx, self.log, &event.sign(by), self.now).await
    }

    /// The log's state, signed by the keys that are now in force for it; and everyone is told.
    async fn finish(mut self, told: &str) -> Result<(), Problem> {
        let checkpoint = self.sign_again().await?;
        let (log_key, issuing) = (self.newest(Purpose::Checkpoint)?, self.newest(Purpose::Issuing)?);
        let newest = (log_key.key.vkey.clone(), issuing.key.vkey.clone());
        store::announce(&mut self.tx, self.log, (&newest.0, &newest.1), &checkpoint).await?;
        store::emit(&mut self.tx, self.log, told, self.now).await?;
        self.tx.commit().await?;
        self.cx.domain.identities.forget(self.log).await;
        Ok(())
    }

    async fn sign_again(&mut self) -> Result<String, Problem> {
        if self.held.checkpoint.is_empty() {
            return Ok(String::new());
        }
        let note = Note::parse(&self.held.checkpoint).map_err(|error| Problem::internal(format!("{error:?}")))?;
        let checkpoint =
            Checkpoint::parse(note.text()).ok_or_else(|| Problem::internal("the stored checkpoint is none"))?;
        let connection: &mut PgConnection = &mut self.tx;
        let row = logs::store::find(connection, self.log.0, self.log.1).await?;
        let identity = Identity::load(connection, &self.cx.domain.keyring, self.log, &row).await?;
        Ok(identity.sign(&checkpoint))
    }
}
