//! Time, ids and randomness: from here and nowhere else.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::moment::whole_milliseconds;

/// The source of time, ids and randomness.
pub trait Clock: Send + Sync + 'static {
    /// Now, in whole milliseconds, UTC.
    fn now(&self) -> OffsetDateTime;
    /// A UUIDv7 (RFC 9562 §5.7) that is greater than the ones before it from this process.
    fn new_id(&self) -> Uuid;
    /// Fills with bytes nobody can predict.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> OffsetDateTime {
        whole_milliseconds(OffsetDateTime::now_utc())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }
}
