//! What can go wrong at a step of a commit, for tests to bring about. In a release build nothing is left of it.

#[cfg(any(test, feature = "testing"))]
use std::sync::{Arc, Mutex, PoisonError};

/// A fault, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The heads cannot be read.
    Load,
    /// The rows cannot be written.
    Append,
    /// In a transaction: the rows are written, and what they refer to cannot be.
    References,
    /// In a transaction: the rows are written, and a tile cannot grow.
    Tile,
    /// The connection breaks before COMMIT arrives.
    Commit,
    /// COMMIT works, and its answer is lost.
    CommitAnswer,
}

/// The faults that are to come.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    #[cfg(any(test, feature = "testing"))]
    coming: Arc<Mutex<Vec<Fault>>>,
}

impl Faults {
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn plan(&self, fault: Fault) {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// How many have not come yet.
    #[cfg(test)]
    pub(super) fn left(&self) -> usize {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Fails if this fault is next of its kind.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn at(&self, fault: Fault) -> Result<(), sqlx::Error> {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        match coming.iter().position(|coming| *coming == fault) {
            None => Ok(()),
            Some(place) => {
                coming.remove(place);
                Err(sqlx::Error::Io(std::io::Error::other("a fault that a test planned")))
            }
        }
    }

    #[cfg(not(any(test, feature = "testing")))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the shape of the tests' own")]
    pub(super) const fn at(&self, _fault: Fault) -> Result<(), sqlx::Error> {
        Ok(())
    }
}
