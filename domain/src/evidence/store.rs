//! SQL of evidence.

use ledger::hash::Hash;
use ledger::statement::Evidence;
use time::OffsetDateTime;

use super::File;
use crate::database::Tx;
use crate::id::OrgId;
use crate::{Mode, Problem};

/// A file that was received.
pub(super) struct New<'a> {
    pub(super) sha256: Hash,
    pub(super) blake3: Hash,
    pub(super) bytes: u64,
    pub(super) media: &'a str,
    pub(super) name: &'a str,
    pub(super) now: OffsetDateTime,
}

/// A file that is kept.
pub(super) struct Kept {
    pub(super) evidence: Evidence,
    pub(super) name: String,
    pub(super) erased_at: Option<OffsetDateTime>,
}

impl From<Kept> for File {
    fn from(Kept { evidence, name, erased_at }: Kept) -> Self {
        Self {
            sha256: evidence.sha256.to_hex(),
            blake3: evidence.blake3.to_hex(),
            bytes: evidence.bytes,
            media: evidence.media,
            name,
            erased_at,
        }
    }
}

/// One at a time puts a file where it stays, or takes it away.
pub(super) async fn hold(tx: &mut Tx, (org_id, mode): (OrgId, Mode), sha256: &Hash) -> Result<(), Problem> {
    let key = format!("evidence/{}/{mode}/{}", org_id.0, sha256.to_hex());
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", key).fetch_one(tx.connection()).await?;
    Ok(())
}

/// Notes a file; whether it is new. One that was erased is kept again.
pub(super) async fn insert(tx: &mut Tx, (org_id, mode): (OrgId, Mode), new: &New<'_>) -> Result<bool, Problem> {
    let inserted = sqlx::query!(
        "insert into evidence (org_id, mode, sha256, blake3, bytes, media, name, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (org_id, mode, sha256) do update
            set name = excluded.name, created_at = excluded.created_at, erased_at = null, erased_by = null
            where evidence.erased_at is not null",
        org_id.0,
        mode.as_str(),
        new.sha256.0.as_slice(),
        new.blake3.0.as_slice(),
        new.bytes.cast_signed(),
        new.media,
        new.name,
        new.now
    )
    .execute(tx.connection())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Notes that a file is gone, with what its sender called it; whether there is such a file, or was.
pub(super) async fn erase(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    sha256: &Hash,
    by: &str,
    now: OffsetDateTime,
) -> Result<bool, Problem> {
    let found = sqlx::query!(
        "update evidence set name = '', erased_at = coalesce(erased_at, $4), erased_by = coalesce(erased_by, $5)
        where org_id = $1 and mode = $2 and sha256 = $3",
        org_id.0,
        mode.as_str(),
        sha256.0.as_slice(),
        now,
        by
    )
    .execute(tx.connection())
    .await?;
    Ok(found.rows_affected() == 1)
}

/// Files of these hashes that are kept, or were.
pub(super) async fn find(tx: &mut Tx, (org_id, mode): (OrgId, Mode), sha256: &[Hash]) -> Result<Vec<Kept>, Problem> {
    let wanted: Vec<Vec<u8>> = sha256.iter().map(|hash| hash.0.to_vec()).collect();
    let rows = sqlx::query!(
        "select sha256, blake3, bytes, media, name, erased_at from evidence where org_id = $1 and mode = $2 and sha256 = any($3)",
        org_id.0,
        mode.as_str(),
        &wanted
    )
    .fetch_all(tx.connection())
    .await?;
    let kept = rows.into_iter().filter_map(|row| {
        let (sha256, blake3) = (Hash::from_slice(&row.sha256)?, Hash::from_slice(&row.blake3)?);
        let evidence = Evidence { sha256, blake3, bytes: row.bytes.cast_unsigned(), media: row.media };
        Some(Kept { evidence, name: row.name, erased_at: row.erased_at })
    });
    Ok(kept.collect())
}
