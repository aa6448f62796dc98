//! What can go wrong with a database, and what callers hear of it.

use crate::Problem;

/// What can go wrong before the first request.
#[derive(Debug)]
pub enum DatabaseError {
    /// The server is older than [`super::OLDEST_VERSION`].
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

pub(super) fn unavailable(error: sqlx::Error) -> Problem {
    let mut problem =
        Problem::new(503, "unavailable", "The database does not answer just now. Nothing was changed.").retry_after(1);
    problem.internal = Some(error.to_string());
    problem
}

/// Whether this says something of the connection alone: another one may be better.
pub(super) fn is_of_the_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(cause) => {
            cause.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
        }
        _ => false,
    }
}

/// Whether this says something of the database's state, and nothing of what was asked of it: later it may work.
///
/// SQLSTATE: 40 it gave way to another transaction, 53 no room (on the disk, in memory, of connections), 55P03 a lock, 57 told
/// to stop, 58 the machine. A transaction that met one of them changed nothing.
fn is_of_the_moment(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|cause| cause.code());
    let passing = |code: &str| ["40", "53", "55P03", "57", "58"].iter().any(|class| code.starts_with(class));
    matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed)
        || is_of_the_connection(error)
        || code.is_some_and(|code| passing(&code))
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if is_of_the_moment(&error) { unavailable(error) } else { Self::internal(error) }
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
