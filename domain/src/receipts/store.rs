//! SQL of receipts.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::Tx;
use crate::id::{OrgId, ReceiptId};
use crate::money::Money;
use crate::{Mode, Problem};

use super::Summary;

/// A receipt as the database has it.
pub(super) struct Row {
    pub(super) summary: Summary,
    pub(super) tree_size: u64,
    pub(super) leaf_hash: Vec<u8>,
    pub(super) statement: Vec<u8>,
    pub(super) payload: Option<Vec<u8>>,
    pub(super) salt: Option<Vec<u8>>,
}

/// What a list is narrowed to, in the database's types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Narrowed {
    pub(super) kind: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) id: Option<ReceiptId>,
    pub(super) from: Option<OffsetDateTime>,
    pub(super) before: Option<OffsetDateTime>,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) currency: Option<String>,
}

/// Which side of a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Issued before it, newest first.
    Older,
    /// Issued after it, oldest first.
    Newer,
}

struct SummaryRow {
    id: Uuid,
    kind: String,
    reference: Option<String>,
    occurred_at: OffsetDateTime,
    issued_at: OffsetDateTime,
    amount_minor: Option<i64>,
    currency: Option<String>,
    log_index: i64,
}

impl From<SummaryRow> for Summary {
    fn from(row: SummaryRow) -> Self {
        Self {
            id: ReceiptId(row.id),
            kind: row.kind,
            reference: row.reference,
            occurred_at: row.occurred_at,
            issued_at: row.issued_at,
            amount: row.amount_minor.zip(row.currency).map(|(minor, currency)| Money { minor, currency }),
            log_index: row.log_index.cast_unsigned(),
        }
    }
}

/// A page of receipts on one side of a cursor; the log's own first statement is not one of them.
///
/// Each optional condition is `$n is null or …`: the planner sees the values, so the plan is the narrowed query's own.
/// No condition that nearly always holds may fit an index: it would look like the best one while statistics are poor.
pub(super) async fn list(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    narrowed: &Narrowed,
    side: Side,
    cursor: Option<ReceiptId>,
    limit: i64,
) -> Result<Vec<Summary>, Problem> {
    let (cursor, id) = (cursor.map(|id| id.0), narrowed.id.map(|id| id.0));
    let rows = match side {
        Side::Older => {
            sqlx::query_as!(
                SummaryRow,
                "select id, kind, reference, occurred_at, issued_at, amount_minor, currency, log_index from receipts
                where org_id = $1 and mode = $2 and kind <> 'log_created' and ($3::uuid is null or id < $3)
                    and ($4::text is null or kind = $4) and ($5::text is null or reference = $5) and ($6::uuid is null or id = $6)
                    and ($7::timestamptz is null or occurred_at >= $7) and ($8::timestamptz is null or occurred_at < $8)
                    and ($9::bigint is null or amount_minor >= $9) and ($10::bigint is null or amount_minor <= $10)
                    and ($11::text is null or currency = $11)
                order by id desc limit $12",
                org_id.0,
                mode.as_str(),
                cursor,
                narrowed.kind.as_deref(),
                narrowed.reference.as_deref(),
                id,
                narrowed.from,
                narrowed.before,
                narrowed.min,
                narrowed.max,
                narrowed.currency.as_deref(),
                limit
            )
            .fetch_all(tx.connection())
            .await?
        }
        Side::Newer => {
            sqlx::query_as!(
                SummaryRow,
                "select id, kind, reference, occurred_at, issued_at, amount_minor, currency, log_index from receipts
                where org_id = $1 and mode = $2 and kind <> 'log_created' and ($3::uuid is null or id > $3)
                    and ($4::text is null or kind = $4) and ($5::text is null or reference = $5) and ($6::uuid is null or id = $6)
                    and ($7::timestamptz is null or occurred_at >= $7) and ($8::timestamptz is null or occurred_at < $8)
                    and ($9::bigint is null or amount_minor >= $9) and ($10::bigint is null or amount_minor <= $10)
                    and ($11::text is null or currency = $11)
                order by id limit $12",
                org_id.0,
                mode.as_str(),
                cursor,
                narrowed.kind.as_deref(),
                narrowed.reference.as_deref(),
                id,
                narrowed.from,
                narrowed.before,
                narrowed.min,
                narrowed.max,
                narrowed.currency.as_deref(),
                limit
            )
            .fetch_all(tx.connection())
            .await?
        }
    };
    Ok(rows.into_iter().map(Summary::from).collect())
}

pub(super) async fn find(tx: &mut Tx, (org_id, mode): (OrgId, Mode), id: ReceiptId) -> Result<Row, Problem> {
    let row = sqlx::query!(
        r#"select r.id, r.kind, r.reference, r.occurred_at, r.issued_at, r.amount_minor, r.currency, r.log_index, r.tree_size,
            r.leaf_hash, r.statement, p.payload as "payload?", p.salt as "salt?"
        from receipts r left join payloads p on p.org_id = r.org_id and p.mode = r.mode and p.receipt_id = r.id
        where r.org_id = $1 and r.mode = $2 and r.id = $3"#,
        org_id.0,
        mode.as_str(),
        id.0
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or_else(Problem::not_found)?;
    let summary = SummaryRow {
        id: row.id,
        kind: row.kind,
        reference: row.reference,
        occurred_at: row.occurred_at,
        issued_at: row.issued_at,
        amount_minor: row.amount_minor,
        currency: row.currency,
        log_index: row.log_index,
    };
    Ok(Row {
        summary: summary.into(),
        tree_size: row.tree_size.cast_unsigned(),
        leaf_hash: row.leaf_hash,
        statement: row.statement,
        payload: row.payload,
        salt: row.salt,
    })
}
