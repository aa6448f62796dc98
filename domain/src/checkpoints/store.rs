//! SQL of checkpoints.

use time::OffsetDateTime;

use crate::database::Tx;
use crate::id::OrgId;
use crate::{Mode, Problem};

/// A state of a log in the root log.
pub(super) struct Row {
    pub(super) size: u64,
    pub(super) root_index: u64,
    pub(super) at: OffsetDateTime,
    pub(super) checkpoint: Option<String>,
}

/// The newest states, newest first.
pub(super) async fn history(tx: &mut Tx, (org_id, mode): (OrgId, Mode), limit: i64) -> Result<Vec<Row>, Problem> {
    let rows = sqlx::query!(
        "select log_size, root_index, anchored_at, checkpoint from anchors where org_id = $1 and mode = $2
        order by log_size desc limit $3",
        org_id.0,
        mode.as_str(),
        limit
    )
    .fetch_all(tx.connection())
    .await?;
    let row = |(size, root_index, at, checkpoint): (i64, i64, _, _)| Row {
        size: size.cast_unsigned(),
        root_index: root_index.cast_unsigned(),
        at,
        checkpoint,
    };
    Ok(rows.into_iter().map(|r| row((r.log_size, r.root_index, r.anchored_at, r.checkpoint))).collect())
}

/// The checkpoint of a size as it was signed, if it was kept.
pub(super) async fn kept(tx: &mut Tx, (org_id, mode): (OrgId, Mode), size: u64) -> Result<Option<String>, Problem> {
    let kept = sqlx::query_scalar!(
        "select checkpoint from anchors where org_id = $1 and mode = $2 and log_size = $3",
        org_id.0,
        mode.as_str(),
        size.cast_signed()
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(kept.flatten())
}

/// The state of the root log that a witness signed last.
pub(super) async fn seen(tx: &mut Tx, witness: &str) -> Result<Option<(u64, OffsetDateTime)>, Problem> {
    let row = sqlx::query!(
        "select root_size, cosigned_at from root_cosignatures where witness = $1 order by root_size desc limit 1",
        witness
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.map(|row| (row.root_size.cast_unsigned(), row.cosigned_at)))
}
