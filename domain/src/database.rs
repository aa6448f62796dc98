//! The database: pools that act as roles without power, migrations, and the transaction bound to one tenant.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Postgres};
use sqlx_core::transaction::TransactionManager as _;

use crate::Problem;
use crate::fence::Fence;
use crate::id::{OrgId, UserId};
use crate::objects::Objects;
use crate::published;

mod error;
mod lent;
#[cfg(test)]
mod tests;

pub use error::DatabaseError;
pub(crate) use error::ResultExt;
use error::{is_of_the_connection, unavailable};
pub(crate) use lent::Lent;

/// The oldest PostgreSQL that works, as `server_version_num`.
pub const OLDEST_VERSION: i32 = 150_000;

const APP: &str = "certnode_app";
const SEQUENCER: &str = "certnode_sequencer";
/// Two writers, what waits for other nodes, what they send, and anchoring.
const SEQUENCER_CONNECTIONS: u32 = 6;
/// How long a caller waits for a connection.
const ACQUIRE_MAX: Duration = Duration::from_secs(5);
/// A connection that says nothing for so long, when it is asked for next to nothing, is dead.
const SILENCE_MAX: Duration = Duration::from_secs(3);
/// Between two attempts to begin that the database refused.
const BEGIN_AGAIN: Duration = Duration::from_millis(50);
/// How long a caller waits for COMMIT.
const COMMIT_MAX: Duration = Duration::from_secs(10);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// The pools, and what is kept beside the database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    app: PgPool,
    sequencer: PgPool,
    owner: PgConnectOptions,
    silence: Silence,
    files: Files,
    fence: Fence,
}

/// When a connection was last found to be dead without a word. Those that are older are as dead, or soon will be.
#[derive(Clone, Default)]
struct Silence(Arc<Mutex<Option<Instant>>>);

impl Silence {
    fn note(&self) -> sqlx::Error {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database does not answer"))
    }

    /// Whether a connection of this age was made since.
    fn is_before(&self, age: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|silence| age < silence.elapsed())
    }
}

/// The logs' files, and those of their tiles that are at hand.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) objects: Objects,
    pub(crate) cache: published::Cache,
}

impl Database {
    /// Opens the pools; connections are made when needed.
    ///
    /// `connections` bounds the application's pool; the sequencer has a few more of its own.
    pub fn open(url: &str, connections: u32) -> Result<Self, DatabaseError> {
        let owner: PgConnectOptions = url.parse::<PgConnectOptions>()?.application_name("certnode");
        let silence = Silence::default();
        let pool = |role: &'static str, connections: u32| {
            let silence = silence.clone();
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_MAX)
                .test_before_acquire(false)
                .after_connect(move |connection, _| Box::pin(async move { set_role(connection, role).await }))
                .before_acquire(move |_, connection| {
                    let is_trusted = silence.is_before(connection.age);
                    Box::pin(async move { Ok(is_trusted) })
                })
                .connect_lazy_with(owner.clone().statement_cache_capacity(256))
        };
        let files = Files { objects: Objects::memory(), cache: published::Cache::default() };
        Ok(Self {
            app: pool(APP, connections),
            sequencer: pool(SEQUENCER, SEQUENCER_CONNECTIONS),
            owner,
            silence,
            files,
            fence: Fence::default(),
        })
    }

    /// With the store that the logs' files are in; without it they are in memory.
    #[must_use]
    pub fn with_objects(mut self, objects: Objects) -> Self {
        self.files = Files { objects, cache: published::Cache::default() };
        self
    }

    /// With the fence that says what was signed; without it nothing outlives the process.
    #[must_use]
    pub fn with_fence(mut self, fence: Fence) -> Self {
        self.fence = fence;
        self
    }

    /// The fence.
    pub const fn fence(&self) -> &Fence {
        &self.fence
    }

    /// The store that the logs' files are in.
    pub(crate) const fn objects(&self) -> &Objects {
        &self.files.objects
    }

    /// Waits for a server that is not there yet, or not ready; any other answer is an answer.
    pub async fn wait(&self, patience: Duration) -> Result<(), DatabaseError> {
        let pause = Duration::from_millis(250);
        let mut left = patience;
        loop {
            match PgConnection::connect_with(&self.owner).await {
                Ok(connection) => return Ok(connection.close().await?),
                Err(error) if left.is_zero() || !is_not_ready(&error) => return Err(error.into()),
                Err(error) if left == patience => tracing::warn!(%error, "waiting for the database"),
                Err(_) => {}
            }
            tokio::time::sleep(pause).await;
            left = left.saturating_sub(pause);
        }
    }

    /// Checks the server and brings the schema up to date, as the URL's own user.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        let mut connection = PgConnection::connect_with(&self.owner).await?;
        let version = sqlx::query_scalar!(r#"select current_setting('server_version_num')::int as "number!""#)
            .fetch_one(&mut connection)
            .await?;
        if version < OLDEST_VERSION {
            return Err(DatabaseError::TooOld(format!("{}.{}", version / 10_000, version % 10_000)));
        }
        MIGRATIONS.run(&mut connection).await.map_err(DatabaseError::Migration)?;
        connection.close().await?;
        crate::jobs::migrate(&self.owner).await
    }

    /// Refuses settings under which an acknowledged receipt could be lost (`fsync`, `full_page_writes`, `synchronous_commit`).
    pub async fn check_durability(&self) -> Result<(), DatabaseError> {
        let settings = sqlx::query!(
            r#"select current_setting('fsync') as "fsync!", current_setting('full_page_writes') as "full_page_writes!",
                current_setting('synchronous_commit') as "synchronous_commit!""#
        )
        .fetch_one(&self.app)
        .await?;
        match (settings.fsync.as_str(), settings.full_page_writes.as_str(), settings.synchronous_commit.as_str()) {
            ("off", ..) => Err(DatabaseError::Unsafe("fsync")),
            (_, "off", _) => Err(DatabaseError::Unsafe("full_page_writes")),
            (.., "off") => Err(DatabaseError::Unsafe("synchronous_commit")),
            _ => Ok(()),
        }
    }

    /// A transaction bound to an organisation and a person; row-level security hides everything else.
    pub(crate) async fn begin(&self, org_id: Option<OrgId>, user_id: Option<UserId>) -> Result<Tx, Problem> {
        self.begin_as(&Bound::Tenant(org_id, user_id)).await
    }

    /// A transaction that sees the one public log whose origin ends in these 32 digits, and nothing else.
    pub(crate) async fn begin_for_public_log(&self, name: &str) -> Result<Tx, Problem> {
        self.begin_as(&Bound::PublicLog(name)).await
    }

    /// A transaction that sees the one API key that was presented, and nothing else.
    pub(crate) async fn begin_with_key(&self, hash: &[u8; 32]) -> Result<Tx, Problem> {
        self.begin_as(&Bound::Key(hash)).await
    }

    /// A transaction that sees the one shared receipt whose link was presented, and nothing else.
    pub(crate) async fn begin_with_share(&self, hash: &[u8; 32]) -> Result<Tx, Problem> {
        self.begin_as(&Bound::Share(hash)).await
    }

    /// A connection that broke or went silent while it was idle shows at its first use. Nothing was asked of it yet, so
    /// another takes its place, whatever it said, for as long as a caller waits for one at all.
    async fn begin_as(&self, bound: &Bound<'_>) -> Result<Tx, Problem> {
        let give_up = tokio::time::Instant::now() + ACQUIRE_MAX;
        loop {
            let connection = self.app.acquire().await.map_err(unavailable)?;
            let mut tx = Tx::new(connection, self.files.clone());
            let error = match tokio::time::timeout(SILENCE_MAX, tx.open(bound)).await {
                Ok(Ok(())) => return Ok(tx),
                Ok(Err(error)) => error,
                Err(_) => self.silence.note(),
            };
            tx.distrust();
            if tokio::time::Instant::now() > give_up {
                return Err(unavailable(error));
            }
            if !is_of_the_connection(&error) {
                tokio::time::sleep(BEGIN_AGAIN).await;
            }
        }
    }

    /// A connection of the sequencer's own, that no pool closes: what its session holds, the node holds.
    pub(crate) async fn connect_as_sequencer(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = PgConnection::connect_with(&self.owner).await?;
        set_role(&mut connection, SEQUENCER).await?;
        Ok(connection)
    }

    /// One of the sequencer's connections.
    pub(crate) async fn lend(&self) -> Result<Lent, sqlx::Error> {
        self.sequencer.acquire().await.map(Lent::new)
    }

    /// What is asked on a connection that is lent for it, as long as the database answers.
    pub(crate) async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        tokio::time::timeout(SILENCE_MAX, asked).await.unwrap_or_else(|_| Err(self.silence.note()))
    }

    /// Hears of a channel, on a connection of its own: one that died without a word takes no place in a pool.
    pub(crate) async fn listen(&self, channel: &str) -> Result<PgListener, sqlx::Error> {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_MAX).idle_timeout(None);
        let pool = pool.max_lifetime(None).connect_lazy_with(self.owner.clone());
        let listening = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.ignore_pool_close_event(true);
            listener.listen(channel).await?;
            Ok(listener)
        };
        tokio::time::timeout(ACQUIRE_MAX, listening).await.unwrap_or_else(|_| Err(self.silence.note()))
    }

    /// Whether a listener's connection still answers.
    pub(crate) async fn check_listener(&self, listener: &mut PgListener) -> Result<(), sqlx::Error> {
        let asked = sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(listener);
        tokio::time::timeout(SILENCE_MAX, asked).await.unwrap_or_else(|_| Err(self.silence.note())).map(drop)
    }

    pub(crate) const fn sequencer(&self) -> &PgPool {
        &self.sequencer
    }

    pub(crate) const fn app(&self) -> &PgPool {
        &self.app
    }

    pub(crate) const fn owner(&self) -> &PgConnectOptions {
        &self.owner
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> bool {
        self.begin(None, None).await.is_ok()
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.app.close().await;
        self.sequencer.close().await;
    }
}

/// Nobody listens, or the server is starting or stopping (`cannot_connect_now`).
fn is_not_ready(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(cause) => cause.code().as_deref() == Some("57P03"),
        _ => false,
    }
}

/// The application's plans are made for the values at hand: a list's optional conditions would fool one made for all
/// values. The sequencer's are made once: it goes by keys, a row at a time, whatever the values and the statistics. Nor are
/// they compiled: what has no key, such as the inbox, looks so dear to a planner that is told not to scan it that it would be
/// compiled each time it is read, for a tenth of a second.
///
/// A node that is gone without a word holds no lock for longer than its lease: PostgreSQL ends what it left open. (The
/// application's transactions are given longer: they hold locks on nothing that others wait for.)
async fn set_role(connection: &mut PgConnection, role: &'static str) -> Result<(), sqlx::Error> {
    let (plans, scans, jit, idle, lock) = if role == SEQUENCER {
        ("force_generic_plan", "off", Some("off"), "3s", "2500ms")
    } else {
        ("force_custom_plan", "on", None, "60s", "10s")
    };
    sqlx::query(
        "select set_config('role', $1, false), set_config('plan_cache_mode', $2, false),
            set_config('enable_seqscan', $3, false), set_config('enable_hashjoin', $3, false),
            set_config('enable_mergejoin', $3, false), set_config('idle_in_transaction_session_timeout', $4, false),
            set_config('lock_timeout', $5, false), set_config('jit', coalesce($6, current_setting('jit')), false),
            set_config('tcp_keepalives_idle', '10', false),
            set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)",
    )
    .bind(role)
    .bind(plans)
    .bind(scans)
    .bind(idle)
    .bind(lock)
    .bind(jit)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Whom or what a transaction is bound to.
enum Bound<'a> {
    Tenant(Option<OrgId>, Option<UserId>),
    PublicLog(&'a str),
    Key(&'a [u8; 32]),
    Share(&'a [u8; 32]),
}

impl Bound<'_> {
    async fn set(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let hex = |hash: &[u8; 32]| ledger::hash::Hash(*hash).to_hex();
        match self {
            Self::Tenant(org_id, user_id) => {
                let org = org_id.map(|id| id.0.to_string()).unwrap_or_default();
                let user = user_id.map(|id| id.0.to_string()).unwrap_or_default();
                sqlx::query!(
                    "select set_config('certnode.org_id', $1, true) as org, set_config('certnode.user_id', $2, true) as person",
                    org,
                    user
                )
                .fetch_one(connection)
                .await
                .map(drop)
            }
            Self::PublicLog(name) => sqlx::query!("select set_config('certnode.log_name', $1, true)", name)
                .fetch_one(connection)
                .await
                .map(drop),
            Self::Key(hash) => sqlx::query!("select set_config('certnode.key_hash', $1, true)", hex(hash))
                .fetch_one(connection)
                .await
                .map(drop),
            Self::Share(hash) => sqlx::query!("select set_config('certnode.share_hash', $1, true)", hex(hash))
                .fetch_one(connection)
                .await
                .map(drop),
        }
    }
}

type Transactions = <Postgres as sqlx::Database>::TransactionManager;

/// A transaction bound to one tenant. Dropped, it rolls back.
pub struct Tx {
    connection: Lent,
    is_open: bool,
    files: Files,
}

impl Drop for Tx {
    fn drop(&mut self) {
        if self.is_open {
            Transactions::start_rollback(&mut self.connection);
        }
    }
}

impl Tx {
    fn new(connection: PoolConnection<Postgres>, files: Files) -> Self {
        Self { connection: Lent::new(connection), is_open: false, files }
    }

    async fn open(&mut self, bound: &Bound<'_>) -> Result<(), sqlx::Error> {
        Transactions::begin(&mut self.connection, None).await?;
        self.is_open = true;
        bound.set(&mut self.connection).await
    }

    const fn distrust(&mut self) {
        self.is_open = false;
        self.connection.distrust();
    }

    /// The connection, for the queries of `store.rs`.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// The logs' files, which are beside the database and in no transaction.
    pub(crate) fn files(&self) -> Files {
        self.files.clone()
    }

    /// Binds the transaction to an organisation that was just made.
    pub(crate) async fn bind(&mut self, org_id: OrgId) -> Result<(), Problem> {
        sqlx::query!("select set_config('certnode.org_id', $1, true)", org_id.0.to_string())
            .fetch_one(self.connection())
            .await?;
        Ok(())
    }

    /// Makes it so.
    ///
    /// Dropped on the way, by a caller who stopped waiting, it takes the connection with it: nobody knows whether that is
    /// in a transaction still, and whoever got it next would begin inside of one.
    ///
    /// Errors: 503 `outcome_unknown` when COMMIT was sent and no answer came.
    pub(crate) async fn commit(mut self) -> Result<(), Problem> {
        self.distrust();
        let commit = Transactions::commit(&mut self.connection);
        let error = match tokio::time::timeout(COMMIT_MAX, commit).await {
            Ok(Ok(())) => {
                self.connection.trust();
                return Ok(());
            }
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()),
        };
        if !is_of_the_connection(&error) {
            return Err(error.into());
        }
        let message = "What was asked for may or may not have been done. Look, before you ask again.";
        let mut problem = Problem::new(503, "outcome_unknown", message).retry_after(1);
        problem.internal = Some(error.to_string());
        Err(problem)
    }
}
