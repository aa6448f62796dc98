//! The brake on guessing: failures are counted for each account and each address, and cost time.

use time::{Duration, OffsetDateTime};

use super::store;
use crate::Problem;
use crate::context::Cx;
use crate::database::Tx;
use crate::secret;

/// Failures without consequence for an account.
const ACCOUNT_FREE: i32 = 5;
/// Failures without consequence for an address, behind which there may be an office.
const ADDRESS_FREE: i32 = 20;
/// The longest wait.
const LONGEST: Duration = Duration::minutes(15);
/// After this long without a failure the count starts anew.
const FORGIVEN: Duration = Duration::hours(24);

/// The two things that are counted for a try.
pub(super) struct Subjects([([u8; 32], i32); 2]);

impl Subjects {
    pub(super) fn of(cx: &Cx, email: &str) -> Self {
        let address = cx.request().address.map(|address| address.to_string()).unwrap_or_default();
        Self([
            (secret::hash("certnode brake account v1", email), ACCOUNT_FREE),
            (secret::hash("certnode brake address v1", &address), ADDRESS_FREE),
        ])
    }

    /// Refuses with 429 while either must wait.
    pub(super) async fn check(&self, tx: &mut Tx, now: OffsetDateTime) -> Result<(), Problem> {
        for (subject, free) in &self.0 {
            let Some((failures, failed_at)) = store::failures(tx, subject).await? else { continue };
            let wait = (failed_at + pause(failures, *free)) - now;
            if now - failed_at < FORGIVEN && wait > Duration::ZERO {
                let seconds = u64::try_from(wait.whole_seconds()).unwrap_or(0) + 1;
                let detail = "Too many tries. Wait a little, then try again.";
                return Err(Problem::new(429, "too_many_tries", detail).retry_after(seconds));
            }
        }
        Ok(())
    }

    pub(super) async fn failed(&self, tx: &mut Tx, now: OffsetDateTime) -> Result<(), Problem> {
        for (subject, _) in &self.0 {
            store::count_failure(tx, subject, now, now - FORGIVEN).await?;
        }
        Ok(())
    }

    /// The right password: the account's count is forgotten, the address's is not.
    pub(super) async fn succeeded(&self, tx: &mut Tx) -> Result<(), Problem> {
        store::forget_failures(tx, &self.0[0].0).await
    }
}

/// 1, 2, 4 … seconds from the first failure beyond the free ones.
fn pause(failures: i32, free: i32) -> Duration {
    match failures - free {
        over if over < 0 => Duration::ZERO,
        over if over > 10 => LONGEST,
        over => Duration::seconds(1 << over).min(LONGEST),
    }
}
