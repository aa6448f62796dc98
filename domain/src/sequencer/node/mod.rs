//! Which shards this node owns.
//!
//! A lease is a row with an epoch; its owner is known by an advisory lock of the owner's session, so that the shards of a
//! process that died are taken over as soon as the database sees its connection end, and those of one that hangs, or whose
//! connection ended without a word, when the lease runs out. Times are the database's alone: a node's own clock plays no part.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::PgConnection;
use tokio::sync::{Mutex, Notify, OnceCell};

use super::WRITERS;
use super::queue::Queue;
use super::room::Limits;
use crate::context::Clock;
use crate::database::Database;
use crate::id::OrgId;

pub(super) mod inbox;
pub(super) mod store;

/// Shards of tenants; as many as the migration made rows.
pub(super) const SHARDS: u8 = 16;
/// Between two looks at who owns what. A lease lasts four times as long (`store::renew`).
const ROUND: Duration = Duration::from_secs(1);
/// A round that takes longer has lost its connection.
const ROUND_MAX: Duration = Duration::from_secs(3);

pub(super) struct Node {
    database: Database,
    /// The advisory lock that says that this node lives.
    key: i32,
    /// The epoch under which each shard is ours; 0 where it is not.
    epochs: [AtomicI64; SHARDS as usize],
    queues: [Arc<Queue>; WRITERS],
    /// Rows of the inbox that are being written.
    taken_in: StdMutex<HashSet<i64>>,
    session: Mutex<Option<PgConnection>>,
    joined: OnceCell<()>,
    left: AtomicBool,
    nudged: Notify,
}

/// A row of `shard_leases`.
struct Lease {
    shard: i16,
    owner: Option<i32>,
    expired: bool,
}

impl Node {
    pub(super) fn new(database: Database, clock: &Arc<dyn Clock>, room: Limits) -> Self {
        let mut key = [0; 4];
        clock.fill(&mut key);
        Self {
            database,
            key: i32::from_be_bytes(key) & i32::MAX,
            epochs: Default::default(),
            queues: std::array::from_fn(|_| Arc::new(Queue::new(room))),
            taken_in: StdMutex::default(),
            session: Mutex::new(None),
            joined: OnceCell::new(),
            left: AtomicBool::new(false),
            nudged: Notify::new(),
        }
    }

    /// The shard of an organisation: ids end in random bits.
    pub(super) fn shard_of(org_id: OrgId) -> u8 {
        org_id.0.as_bytes()[15] % SHARDS
    }

    /// The epoch under which the shard is ours.
    pub(super) fn epoch(&self, shard: u8) -> Option<i64> {
        let epoch = self.epochs[usize::from(shard)].load(Ordering::Acquire);
        (epoch > 0).then_some(epoch)
    }

    /// The shards that are ours.
    pub(super) fn shards(&self) -> Vec<i16> {
        (0_i16..).zip(&self.epochs).filter(|(_, epoch)| epoch.load(Ordering::Acquire) > 0).map(|(n, _)| n).collect()
    }

    /// Where an organisation's entries wait, if they are ours to write.
    pub(super) fn queue_of(&self, org_id: OrgId) -> Option<&Queue> {
        let shard = Self::shard_of(org_id);
        self.epoch(shard).map(|_| &*self.queues[usize::from(shard) % WRITERS])
    }

    pub(super) const fn queues(&self) -> &[Arc<Queue>; WRITERS] {
        &self.queues
    }

    /// Takes part from now on: a node that never writes owns nothing.
    pub(super) async fn join(&self) {
        self.joined
            .get_or_init(async || {
                self.round().await;
                self.nudged.notify_one();
            })
            .await;
    }

    /// Looks at the leases now, and not at the next round.
    pub(super) async fn look(&self) {
        self.round().await;
    }

    /// Keeps the leases, and reads what other nodes send, once the node took part; ends when aborted.
    pub(super) async fn run(self: Arc<Self>) {
        self.nudged.notified().await;
        tokio::join!(self.keep(), inbox::read(&self.database, &self));
    }

    async fn keep(&self) {
        while !self.left.load(Ordering::Acquire) {
            let _ = tokio::time::timeout(ROUND, self.nudged.notified()).await;
            self.round().await;
        }
    }

    /// Gives the shards up, for the others to take at once.
    pub(super) async fn leave(&self) {
        self.left.store(true, Ordering::Release);
        let mut session = self.session.lock().await;
        self.epochs.iter().for_each(|epoch| epoch.store(0, Ordering::Release));
        if let Some(mut connection) = session.take() {
            let all: Vec<i16> = (0..i16::from(SHARDS)).collect();
            let _ = store::release(&mut connection, self.key, &all).await;
        }
    }

    async fn round(&self) {
        let mut session = self.session.lock().await;
        if self.left.load(Ordering::Acquire) {
            return;
        }
        let result = tokio::time::timeout(ROUND_MAX, async {
            let mut connection = match session.take() {
                Some(connection) => connection,
                None => self.open().await?,
            };
            self.share_out(&mut connection).await?;
            Ok::<_, sqlx::Error>(connection)
        });
        match result.await {
            Ok(Ok(connection)) => *session = Some(connection),
            Ok(Err(error)) => tracing::warn!(%error, "leases"),
            Err(_) => tracing::warn!("leases: the database does not answer"),
        }
    }

    async fn open(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.database.connect_as_sequencer().await?;
        store::announce(&mut connection, self.key).await?;
        Ok(connection)
    }

    /// Takes what is free, up to a fair share; gives up what is more than that; keeps the rest for another while.
    async fn share_out(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        store::be_heard(connection, self.key).await?;
        let living = store::living(connection).await?;
        let leases = store::leases(connection).await?;
        let share = usize::from(SHARDS).div_ceil(living.len().max(1));
        let is_free = |lease: &Lease| lease.expired || lease.owner.is_none_or(|owner| !living.contains(&owner));
        let (mine, others): (Vec<_>, Vec<_>) = leases.iter().partition(|lease| lease.owner == Some(self.key));
        let surplus: Vec<i16> = mine.iter().skip(share).map(|lease| lease.shard).collect();
        if !surplus.is_empty() {
            for shard in surplus.iter().filter_map(|shard| usize::try_from(*shard).ok()) {
                self.epochs[shard].store(0, Ordering::Release);
            }
            store::release(connection, self.key, &surplus).await?;
        }
        let free = others.iter().filter(|lease| is_free(lease)).take(share.saturating_sub(mine.len()));
        let free: Vec<i16> = free.map(|lease| lease.shard).collect();
        if !free.is_empty() {
            store::take_over(connection, self.key, &free, &living).await?;
        }
        let ours = store::renew(connection, self.key).await?;
        for (shard, epoch) in (0_i16..).zip(&self.epochs) {
            let ours = ours.iter().find(|(ours, _)| *ours == shard);
            epoch.store(ours.map_or(0, |(_, epoch)| *epoch), Ordering::Release);
        }
        Ok(())
    }

    pub(super) const fn key(&self) -> i32 {
        self.key
    }

    /// The rows of the inbox that are being written.
    pub(super) fn taken_in(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.taken_in.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
