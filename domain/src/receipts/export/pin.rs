//! In which state of the logs an archive was made, and which bytes it is: enough to make it again.

use std::fmt;

use ledger::encoding::hex;
use sha2::{Digest as _, Sha256};

use super::plan::Plan;
use crate::Problem;
use crate::anchors::{self, RootState};
use crate::context::Cx;

/// The states of the two logs that an archive rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    /// The size of the log.
    pub(super) size: u64,
    /// The root log's state, if that has the log's.
    pub(super) root: Option<RootState>,
}

impl Pin {
    /// The first state that the root log has of the log with an entry, or the log as it is now, of this size.
    pub(super) async fn newest(cx: &Cx, size: u64, last: u64) -> Result<Self, Problem> {
        match anchors::covering(cx, last).await? {
            None => Ok(Self { size, root: None }),
            Some(anchor) => {
                let root = anchors::state_for(cx.domain(), &anchor).await?;
                Ok(Self { size: anchor.log_size, root: Some(root) })
            }
        }
    }
}

/// Names an archive's bytes: the state it was made in, and a fingerprint of all that could be otherwise when it is made in that
/// state again: its first part, with proofs and keys, and which contents are still there. Contents are never put back, so
/// that as many as before are the same as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) pin: Pin,
    fingerprint: String,
}

impl Tag {
    pub(super) fn of(pin: Pin, beginning: &[u8], plan: &Plan) -> Self {
        let mut sha256 = Sha256::new();
        sha256.update(beginning);
        for part in plan.parts() {
            for number in [part.entries, part.statements, part.contents, part.payloads] {
                sha256.update(number.to_be_bytes());
            }
        }
        Self { pin, fingerprint: hex(&sha256.finalize()[..16]) }
    }

    /// Reads what [`fmt::Display`] wrote; none for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut number = || parts.next()?.parse::<u64>().ok();
        let (size, root_size, cosignatures) = (number()?, number()?, number()?);
        let (fingerprint, None) = (parts.next()?.to_owned(), parts.next()) else { return None };
        let cosignatures = u32::try_from(cosignatures).ok()?;
        let root = (root_size > 0).then_some(RootState { size: root_size, cosignatures });
        Some(Self { pin: Pin { size, root }, fingerprint })
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.pin.root.unwrap_or(RootState { size: 0, cosignatures: 0 });
        write!(f, "{}.{}.{}.{}", self.pin.size, root.size, root.cosignatures, self.fingerprint)
    }
}
