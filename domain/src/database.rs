//! The database: pools that act as roles without power, migrations, and the transaction bound to one tenant.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Postgres, Transaction};

use crate::Problem;
use crate::fence::Fence;
use crate::id::{OrgId, UserId};
use crate::objects::Objects;
use crate::published;

/// The oldest PostgreSQL that works, as `server_version_num`.
pub const OLDEST_VERSION: i32 = 150_000;

const APP: &str = "certnode_app";
const SEQUENCER: &str = "certnode_sequencer";
/// Two writers, what waits for other nodes, what they send, and anchoring.
const SEQUENCER_CONNECTIONS: u32 = 6;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// The pools, and what is kept beside the database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    app: PgPool,
    sequencer: PgPool,
    owner: PgConnectOptions,
    files: Files,
    fence: Fence,
}

/// The logs' files, and those of their tiles that are at hand.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) objects: Objects,
    pub(crate) cache: published::Cache,
}

/// What can go wrong before the first request.
#[derive(Debug)]
pub enum DatabaseError {
    /// The server is older than [`OLDEST_VERSION`].
    TooOld(String),
    /// A setting would lose acknowledged receipts.
    Unsafe(&'static str),
    /// A migration failed, or was changed after it ran.
    Migration(sqlx::migrate::MigrateError),
    /// Anything else.
    Sqlx(sqlx::Error),
    /// The job queue's own schema.
    Jobs(String),
}

impl std::fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooOld(version) => write!(f, "PostgreSQL {version} is too old: 15 or newer is needed"),
            Self::Unsafe(setting) => {
                write!(
                    f,
                    "PostgreSQL runs with {setting} off: acknowledged receipts could be lost, so CertNode refuses to start"
                )
            }
            Self::Migration(error) => write!(f, "migration: {error}"),
            Self::Sqlx(error) => write!(f, "database: {error}"),
            Self::Jobs(error) => write!(f, "job queue: {error}"),
        }
    }
}

impl std::error::Error for DatabaseError {}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlx(error)
    }
}

impl Database {
    /// Opens the pools; connections are made when needed.
    ///
    /// `connections` bounds the application's pool; the sequencer has a few more of its own.
    pub fn open(url: &str, connections: u32) -> Result<Self, DatabaseError> {
        let owner: PgConnectOptions = url.parse::<PgConnectOptions>()?.application_name("certnode");
        let pool = |role: &'static str, connections: u32| {
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(Duration::from_secs(5))
                .test_before_acquire(false)
                .after_connect(move |connection, _| Box::pin(async move { set_role(connection, role).await }))
                .connect_lazy_with(owner.clone().statement_cache_capacity(256))
        };
        let files = Files { objects: Objects::memory(), cache: published::Cache::default() };
        Ok(Self {
            app: pool(APP, connections),
            sequencer: pool(SEQUENCER, SEQUENCER_CONNECTIONS),
            owner,
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
        let mut tx = self.app.begin().await.map_err(unavailable)?;
        let org = org_id.map(|id| id.0.to_string()).unwrap_or_default();
        let user = user_id.map(|id| id.0.to_string()).unwrap_or_default();
        sqlx::query!(
            "select set_config('certnode.org_id', $1, true) as org, set_config('certnode.user_id', $2, true) as person",
            org,
            user
        )
        .fetch_one(&mut *tx)
        .await
        .map_err(unavailable)?;
        Ok(self.tx(tx))
    }

    /// A transaction that sees the one public log whose origin ends in these 32 digits, and nothing else.
    pub(crate) async fn begin_for_public_log(&self, name: &str) -> Result<Tx, Problem> {
        let mut tx = self.app.begin().await.map_err(unavailable)?;
        sqlx::query!("select set_config('certnode.log_name', $1, true)", name)
            .fetch_one(&mut *tx)
            .await
            .map_err(unavailable)?;
        Ok(self.tx(tx))
    }

    /// A transaction that sees the one API key that was presented, and nothing else.
    pub(crate) async fn begin_with_key(&self, hash: &[u8; 32]) -> Result<Tx, Problem> {
        let mut tx = self.app.begin().await.map_err(unavailable)?;
        let hash = ledger::hash::Hash(*hash).to_hex();
        sqlx::query!("select set_config('certnode.key_hash', $1, true)", hash)
            .fetch_one(&mut *tx)
            .await
            .map_err(unavailable)?;
        Ok(self.tx(tx))
    }

    fn tx(&self, transaction: Transaction<'static, Postgres>) -> Tx {
        Tx { transaction, files: self.files.clone() }
    }

    /// A connection of the sequencer's own, that no pool closes: what its session holds, the node holds.
    pub(crate) async fn connect_as_sequencer(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = PgConnection::connect_with(&self.owner).await?;
        set_role(&mut connection, SEQUENCER).await?;
        Ok(connection)
    }

    /// A transaction that sees the one shared receipt whose link was presented, and nothing else.
    pub(crate) async fn begin_with_share(&self, hash: &[u8; 32]) -> Result<Tx, Problem> {
        let mut tx = self.app.begin().await.map_err(unavailable)?;
        let hash = ledger::hash::Hash(*hash).to_hex();
        sqlx::query!("select set_config('certnode.share_hash', $1, true)", hash)
            .fetch_one(&mut *tx)
            .await
            .map_err(unavailable)?;
        Ok(self.tx(tx))
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
        sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(&self.app).await.is_ok()
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
/// values. The sequencer's are made once: it goes by keys, a row at a time, whatever the values and the statistics.
async fn set_role(connection: &mut PgConnection, role: &'static str) -> Result<(), sqlx::Error> {
    let (plans, scans) = if role == SEQUENCER { ("force_generic_plan", "off") } else { ("force_custom_plan", "on") };
    sqlx::query(
        "select set_config('role', $1, false), set_config('plan_cache_mode', $2, false),
            set_config('enable_seqscan', $3, false), set_config('enable_hashjoin', $3, false),
            set_config('enable_mergejoin', $3, false)",
    )
    .bind(role)
    .bind(plans)
    .bind(scans)
    .execute(connection)
    .await
    .map(|_| ())
}

/// A transaction bound to one tenant. Dropped, it rolls back.
pub struct Tx {
    transaction: Transaction<'static, Postgres>,
    files: Files,
}

impl Tx {
    /// The connection, for the queries of `store.rs`.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
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
    pub(crate) async fn commit(self) -> Result<(), Problem> {
        Ok(self.transaction.commit().await?)
    }
}

fn unavailable(error: sqlx::Error) -> Problem {
    let mut problem =
        Problem::new(503, "unavailable", "The database does not answer just now. Nothing was changed.").retry_after(1);
    problem.internal = Some(error.to_string());
    problem
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => unavailable(error),
            error => Self::internal(error),
        }
    }
}

/// Turns a named constraint's violation into a refusal, at the query it belongs to.
pub(crate) trait ResultExt<T> {
    /// `problem` when the error is a violation of `constraint`; any other error as it is.
    fn on_constraint(self, constraint: &str, problem: impl FnOnce() -> Problem) -> Result<T, Problem>;
}

impl<T> ResultExt<T> for Result<T, sqlx::Error> {
    fn on_constraint(self, constraint: &str, problem: impl FnOnce() -> Problem) -> Result<T, Problem> {
        self.map_err(|error| match &error {
            sqlx::Error::Database(cause) if cause.constraint() == Some(constraint) => problem(),
            _ => error.into(),
        })
    }
}
