//! SQL of API keys.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::ApiKey;
use crate::database::Tx;
use crate::id::{ApiKeyId, OrgId, UserId};
use crate::{Mode, Problem};

/// How long a key that was found good, or not, is believed: the longest time a revoked key works on another node.
pub(super) const BELIEVED: Duration = Duration::from_millis(800);

pub(super) struct New<'a> {
    pub(super) org_id: OrgId,
    pub(super) id: ApiKeyId,
    pub(super) mode: Mode,
    pub(super) name: &'a str,
    pub(super) secret_hash: [u8; 32],
    pub(super) preview: &'a str,
    pub(super) created_by: UserId,
    pub(super) now: OffsetDateTime,
}

pub(super) async fn insert(tx: &mut Tx, new: New<'_>) -> Result<(), Problem> {
    sqlx::query!(
        "insert into api_keys (org_id, id, mode, name, secret_hash, preview, created_by, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.org_id.0,
        new.id.0,
        new.mode.as_str(),
        new.name,
        new.secret_hash.as_slice(),
        new.preview,
        new.created_by.0,
        new.now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The keys of both modes, those that work first, newest first.
pub(super) async fn list(tx: &mut Tx, org_id: OrgId) -> Result<Vec<ApiKey>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "select k.id, k.mode, k.name, k.preview, u.name as created_by, k.created_at, k.used_at, k.used_from, k.uses, k.revoked_at
        from api_keys k join users u on u.id = k.created_by where k.org_id = $1
        order by k.revoked_at is not null, k.id desc limit 500",
        org_id.0
    )
    .fetch_all(tx.connection())
    .await?;
    let key = |row: Row| {
        Some(ApiKey {
            id: ApiKeyId(row.id),
            name: row.name,
            mode: row.mode.parse().ok()?,
            preview: row.preview,
            created_by: row.created_by,
            created_at: row.created_at,
            used_at: row.used_at,
            used_from: row.used_from,
            uses: row.uses.cast_unsigned(),
            revoked_at: row.revoked_at,
        })
    };
    Ok(rows.into_iter().filter_map(key).collect())
}

struct Row {
    id: Uuid,
    mode: String,
    name: String,
    preview: String,
    created_by: String,
    created_at: OffsetDateTime,
    used_at: Option<OffsetDateTime>,
    used_from: Option<String>,
    uses: i64,
    revoked_at: Option<OffsetDateTime>,
}

/// Whose a presented key is, unless it is revoked.
pub(super) async fn find(tx: &mut Tx, secret_hash: &[u8; 32]) -> Result<Option<(OrgId, ApiKeyId, Mode)>, Problem> {
    let row = sqlx::query!(
        "select org_id, id, mode from api_keys where secret_hash = $1 and revoked_at is null",
        secret_hash.as_slice()
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.and_then(|row| Some((OrgId(row.org_id), ApiKeyId(row.id), row.mode.parse().ok()?))))
}

/// Revokes a key that is not revoked yet; whether there is such a key at all.
pub(super) async fn revoke(tx: &mut Tx, org_id: OrgId, id: ApiKeyId, now: OffsetDateTime) -> Result<bool, Problem> {
    let found = sqlx::query!(
        "update api_keys set revoked_at = coalesce(revoked_at, $3) where org_id = $1 and id = $2",
        org_id.0,
        id.0,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(found.rows_affected() == 1)
}

pub(super) async fn record_uses(
    tx: &mut Tx,
    org_id: OrgId,
    id: ApiKeyId,
    uses: i64,
    at: OffsetDateTime,
    from: Option<&str>,
) -> Result<(), Problem> {
    sqlx::query!(
        "update api_keys set uses = uses + $3, used_at = $4, used_from = coalesce($5, used_from) where org_id = $1 and id = $2",
        org_id.0,
        id.0,
        uses,
        at,
        from
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
