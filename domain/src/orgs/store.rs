//! SQL of organisations and memberships.

use time::OffsetDateTime;

use super::Org;
use crate::Problem;
use crate::database::Tx;
use crate::id::{OrgId, UserId};
use crate::permission::Role;

pub(crate) async fn insert(tx: &mut Tx, id: OrgId, name: &str, now: OffsetDateTime) -> Result<(), Problem> {
    sqlx::query!("insert into orgs (id, name, created_at) values ($1, $2, $3)", id.0, name, now)
        .execute(tx.connection())
        .await?;
    Ok(())
}

pub(crate) async fn insert_member(
    tx: &mut Tx,
    org_id: OrgId,
    user_id: UserId,
    role: Role,
    now: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into memberships (org_id, user_id, role, created_at) values ($1, $2, $3, $4)",
        org_id.0,
        user_id.0,
        role.as_str(),
        now
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The organisations of a person, by name.
pub(crate) async fn of_user(tx: &mut Tx, user_id: UserId) -> Result<Vec<Org>, Problem> {
    let rows = sqlx::query!(
        "select o.id, o.name from memberships m join orgs o on o.id = m.org_id where m.user_id = $1 order by o.name, o.id",
        user_id.0
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(rows.into_iter().map(|row| Org { id: OrgId(row.id), name: row.name }).collect())
}
