//! Connections that are given back to their pool, unless nobody knows any more what they are at.
//!
//! A connection whose other end is gone without a word, as when a cable is pulled or a firewall forgets, answers nothing, for
//! ever. Its pool would wait for it when it is given back, and count it as one that is in use.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnection;

/// What was held for longer is closed, and not given back: whoever held it may have stopped waiting for it.
const HELD_MAX: Duration = Duration::from_secs(1);

/// A connection of a pool.
pub(crate) struct Lent {
    connection: Option<PoolConnection<Postgres>>,
    since: Instant,
    trusted: bool,
}

impl Lent {
    pub(super) fn new(connection: PoolConnection<Postgres>) -> Self {
        Self { connection: Some(connection), since: Instant::now(), trusted: true }
    }

    /// Says that it is not to be given back.
    pub(crate) const fn distrust(&mut self) {
        self.trusted = false;
    }

    /// Says that it may be given back after all.
    pub(super) const fn trust(&mut self) {
        self.trusted = true;
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_deref().unwrap_or_else(|| unreachable!("it is taken when it is dropped"))
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_deref_mut().unwrap_or_else(|| unreachable!("it is taken when it is dropped"))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.trusted && self.since.elapsed() < HELD_MAX {
            drop(connection);
        } else {
            // The socket is closed at once, without a farewell that might wait.
            drop(connection.detach());
        }
    }
}
