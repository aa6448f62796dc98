//! SQL of schemas.

use time::OffsetDateTime;

use super::Schema;
use crate::database::Tx;
use crate::id::OrgId;
use crate::{Mode, Problem};

struct Row {
    kind: String,
    version: i32,
    document: String,
    created_at: OffsetDateTime,
}

impl From<Row> for Schema {
    fn from(row: Row) -> Self {
        let version = row.version.cast_unsigned();
        Self { kind: row.kind, version, document: row.document, created_at: Some(row.created_at) }
    }
}

/// Waits for whoever else puts a schema into the same log.
pub(super) async fn lock(tx: &mut Tx, (org_id, mode): (OrgId, Mode)) -> Result<(), Problem> {
    let key = format!("schemas {org_id} {mode}");
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", key).fetch_one(tx.connection()).await?;
    Ok(())
}

/// The newest version of each kind.
pub(super) async fn in_force(tx: &mut Tx, (org_id, mode): (OrgId, Mode)) -> Result<Vec<(String, u32)>, Problem> {
    let rows = sqlx::query!(
        r#"select kind, max(version) as "version!" from schemas where org_id = $1 and mode = $2 group by kind"#,
        org_id.0,
        mode.as_str()
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (row.kind, row.version.cast_unsigned())).collect())
}

pub(super) async fn document(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    kind: &str,
    version: u32,
) -> Result<String, Problem> {
    let document = sqlx::query_scalar!(
        "select document from schemas where org_id = $1 and mode = $2 and kind = $3 and version = $4",
        org_id.0,
        mode.as_str(),
        kind,
        version.cast_signed()
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(document)
}

pub(super) async fn versions(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    kind: &str,
    limit: i64,
) -> Result<Vec<Schema>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "select kind, version, document, created_at from schemas
        where org_id = $1 and mode = $2 and kind = $3 order by version desc limit $4",
        org_id.0,
        mode.as_str(),
        kind,
        limit
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(Schema::from).collect())
}

pub(super) async fn current(tx: &mut Tx, (org_id, mode): (OrgId, Mode)) -> Result<Vec<Schema>, Problem> {
    let rows = sqlx::query_as!(
        Row,
        "select distinct on (kind) kind, version, document, created_at from schemas
        where org_id = $1 and mode = $2 order by kind, version desc",
        org_id.0,
        mode.as_str()
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(Schema::from).collect())
}

pub(super) async fn count(tx: &mut Tx, (org_id, mode): (OrgId, Mode)) -> Result<i64, Problem> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from schemas where org_id = $1 and mode = $2"#,
        org_id.0,
        mode.as_str()
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(count)
}

pub(super) async fn insert(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    schema: &Schema,
    now: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into schemas (org_id, mode, kind, version, document, created_at) values ($1, $2, $3, $4, $5, $6)",
        org_id.0,
        mode.as_str(),
        schema.kind,
        schema.version.cast_signed(),
        schema.document,
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
