//! SQL of the outbox.

use sqlx::types::Json;

use crate::context::Cx;
use crate::database::Tx;
use crate::{Mode, Problem};

/// Writes an event in the transaction of the change it tells of.
pub async fn emit(cx: &Cx, tx: &mut Tx, mode: Mode, kind: &str, data: serde_json::Value) -> Result<(), Problem> {
    let (org_id, _) = cx.tenant()?;
    sqlx::query!(
        "insert into events (org_id, mode, type, data, created_at) values ($1, $2, $3, $4, $5)",
        org_id.0,
        mode.as_str(),
        kind,
        Json(data) as _,
        cx.now()
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The offset of the organisation's newest event; 0 when there is none. A page carries it, so that its socket starts there.
pub async fn latest_id(cx: &Cx) -> Result<i64, Problem> {
    let (org_id, _) = cx.tenant()?;
    let mut tx = cx.begin().await?;
    let id = sqlx::query_scalar!(r#"select coalesce(max(id), 0) as "id!" from events where org_id = $1"#, org_id.0)
        .fetch_one(tx.connection())
        .await?;
    Ok(id)
}
