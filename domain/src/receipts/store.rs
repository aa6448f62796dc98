//! SQL of receipts.

use ledger::hash::Hash;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::Tx;
use crate::id::{OrgId, ReceiptId};
use crate::money::Money;
use crate::{Mode, Problem, months};

use super::life::{self, Life, Relation, Standing};
use super::place::Place;
use super::{State, Summary};

/// A receipt as the database has it.
pub(super) struct Row {
    pub(super) summary: Summary,
    pub(super) life: Life,
    pub(super) tree_size: u64,
    pub(super) leaf_hash: Vec<u8>,
    pub(super) statement: Vec<u8>,
    pub(super) payload: Option<Vec<u8>>,
    pub(super) salt: Option<Vec<u8>>,
}

/// What a list is narrowed to and sorted by, in the database's types.
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
    /// By what, and whether the greatest comes first.
    pub(super) order: (Order, bool),
}

/// What a list is sorted by; the id decides between equals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// When it was signed: ids are in that order.
    #[default]
    Issued,
    /// When it happened.
    Happened,
    /// How much, in one currency.
    Amount,
}

/// Which side of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// What follows it, in the list's order.
    After,
    /// What leads to it, the nearest first.
    Before,
}

#[derive(sqlx::FromRow)]
struct SummaryRow {
    id: Uuid,
    kind: String,
    reference: Option<String>,
    occurred_at: OffsetDateTime,
    issued_at: OffsetDateTime,
    amount_minor: Option<i64>,
    currency: Option<String>,
    log_index: i64,
    ended: Option<String>,
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
            state: State::Included,
            standing: Standing::after(row.ended.as_deref().and_then(Relation::named)),
        }
    }
}

/// A page of receipts on one side of a place; the log's own first statement is not one of them.
///
/// Only the conditions that are given are in the statement: its plan is the narrowed query's own. None that nearly always
/// holds may fit an index, which would look like the best one while statistics are poor.
pub(super) async fn list(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    narrowed: &Narrowed,
    side: Side,
    place: Option<Place>,
    limit: i64,
) -> Result<Vec<Summary>, Problem> {
    let mut sql = sqlx::QueryBuilder::<sqlx::Postgres>::new(
        "select id, kind, reference, occurred_at, issued_at, amount_minor, currency, log_index,
            (select relation from receipt_refs e where e.org_id = receipts.org_id and e.mode = receipts.mode
                and e.target_id = receipts.id and e.relation <> 'relates_to') as ended
        from receipts where org_id = ",
    );
    sql.push_bind(org_id.0).push(" and mode = ").push_bind(mode.as_str()).push(" and kind <> 'log_created'");
    let mut narrow = Conditions(&mut sql);
    narrow.by("kind =", narrowed.kind.as_deref());
    narrow.by("reference =", narrowed.reference.as_deref());
    narrow.by("id =", narrowed.id.map(|id| id.0));
    narrow.by("occurred_at >=", narrowed.from);
    narrow.by("occurred_at <", narrowed.before);
    narrow.by("amount_minor >=", narrowed.min);
    narrow.by("amount_minor <=", narrowed.max);
    narrow.by("currency =", narrowed.currency.as_deref());
    let (key, falling) = narrowed.order;
    let (compared, order) = match (side, falling) {
        (Side::After, true) | (Side::Before, false) => ("<", "desc"),
        (Side::After, false) | (Side::Before, true) => (">", "asc"),
    };
    let column = match key {
        Order::Issued => "id",
        Order::Happened => "occurred_at",
        Order::Amount => "amount_minor",
    };
    if key == Order::Amount {
        sql.push(" and amount_minor is not null");
    }
    match place {
        Some(Place::Issued(id)) => {
            sql.push(format_args!(" and id {compared} ")).push_bind(id.0);
        }
        Some(Place::Happened(at, id)) => {
            sql.push(format_args!(" and (occurred_at, id) {compared} (")).push_bind(at);
            sql.push(", ").push_bind(id.0).push(")");
        }
        Some(Place::Amount(minor, id)) => {
            sql.push(format_args!(" and (amount_minor, id) {compared} (")).push_bind(minor);
            sql.push(", ").push_bind(id.0).push(")");
        }
        None => {}
    }
    let second = if key == Order::Issued { String::new() } else { format!(", id {order}") };
    sql.push(format_args!(" order by {column} {order}{second} limit ")).push_bind(limit);
    let rows: Vec<SummaryRow> = sql.build_query_as().fetch_all(tx.connection()).await?;
    Ok(rows.into_iter().map(Summary::from).collect())
}

/// The optional conditions of a query.
struct Conditions<'a>(&'a mut sqlx::QueryBuilder<sqlx::Postgres>);

impl Conditions<'_> {
    /// ` and <condition> $n`, if there is a value.
    fn by<'v, T>(&mut self, condition: &'static str, value: Option<T>)
    where
        T: sqlx::Encode<'v, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + 'v,
    {
        if let Some(value) = value {
            self.0.push(" and ").push(condition).push(" ").push_bind(value);
        }
    }
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
    let life = life::store::find(tx, (org_id, mode), id).await?;
    let contents = match row.payload.zip(row.salt) {
        None if life.erasure.is_none() => {
            months::store::archived(tx.connection(), (org_id, mode), &[id.0]).await?.remove(&id.0)
        }
        contents => contents,
    };
    let (payload, salt) = contents.unzip();
    let summary = SummaryRow {
        id: row.id,
        kind: row.kind,
        reference: row.reference,
        occurred_at: row.occurred_at,
        issued_at: row.issued_at,
        amount_minor: row.amount_minor,
        currency: row.currency,
        log_index: row.log_index,
        ended: life.ended_by().map(|by| by.relation.as_str().to_owned()),
    };
    Ok(Row {
        summary: summary.into(),
        life,
        tree_size: row.tree_size.cast_unsigned(),
        leaf_hash: row.leaf_hash,
        statement: row.statement,
        payload,
        salt,
    })
}

/// Whether a receipt holds this idempotency key.
pub(super) async fn is_taken(tx: &mut Tx, (org_id, mode): (OrgId, Mode), key: &Hash) -> Result<bool, Problem> {
    let taken = sqlx::query_scalar!(
        r#"select exists (select from receipts where org_id = $1 and mode = $2 and idempotency = $3) as "taken!""#,
        org_id.0,
        mode.as_str(),
        key.0.as_slice()
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(taken)
}

/// The first and the last entry of the log of a size that were signed from one moment until another (not included), if there
/// are any. Ids begin with the time at which they were made, so an hour on either side bounds the search.
pub(super) async fn issued_between(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    (from, before): (OffsetDateTime, OffsetDateTime),
    size: u64,
) -> Result<Option<(u64, u64)>, Problem> {
    let id = |at: OffsetDateTime| {
        let millis = u64::try_from(at.unix_timestamp().saturating_mul(1000)).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
    };
    let hour = time::Duration::HOUR;
    let row = sqlx::query!(
        "select min(log_index) as first, max(log_index) as last from receipts
        where org_id = $1 and mode = $2 and id >= $3 and id < $4 and issued_at >= $5 and issued_at < $6 and kind <> 'log_created'
            and log_index < $7",
        org_id.0,
        mode.as_str(),
        id(from.saturating_sub(hour)),
        id(before.saturating_add(hour)),
        from,
        before,
        size.cast_signed()
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(row.first.zip(row.last).map(|(first, last)| (first.cast_unsigned(), last.cast_unsigned())))
}

/// What entries weigh, of a part of an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) entries: u64,
    /// Bytes of their statements.
    pub(super) statements: u64,
    /// Those whose contents belong to the period, and are there.
    pub(super) contents: u64,
    /// Bytes of these contents.
    pub(super) payloads: u64,
}

/// The weights of the entries from one index up to another (not included), `part` entries at a time. The contents are those
/// of the entries from the period's first to its last.
pub(super) async fn weights(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    (from, until): (u64, u64),
    (first, last): (u64, u64),
    part: u64,
) -> Result<Vec<Weight>, Problem> {
    let rows = sqlx::query!(
        r#"select count(*) as "entries!", coalesce(sum(octet_length(r.statement)), 0)::bigint as "statements!",
            count(p.receipt_id) + count(a.receipt_id) as "contents!",
            coalesce(sum(octet_length(coalesce(p.payload, a.payload))), 0)::bigint as "payloads!"
        from receipts r left join payloads p on p.org_id = r.org_id and p.mode = r.mode and p.receipt_id = r.id
            and r.log_index between $5 and $6
        left join archive.payloads a on p.receipt_id is null and a.org_id = r.org_id and a.mode = r.mode and a.receipt_id = r.id
            and r.log_index between $5 and $6
        where r.org_id = $1 and r.mode = $2 and r.log_index >= $3 and r.log_index < $4
        group by (r.log_index - $3) / $7 order by (r.log_index - $3) / $7"#,
        org_id.0,
        mode.as_str(),
        from.cast_signed(),
        until.cast_signed(),
        first.cast_signed(),
        last.cast_signed(),
        part.cast_signed()
    )
    .fetch_all(tx.connection())
    .await?;
    let weight = |entries: i64, statements: i64, contents: i64, payloads: i64| Weight {
        entries: entries.cast_unsigned(),
        statements: statements.cast_unsigned(),
        contents: contents.cast_unsigned(),
        payloads: payloads.cast_unsigned(),
    };
    Ok(rows.into_iter().map(|row| weight(row.entries, row.statements, row.contents, row.payloads)).collect())
}

/// An entry of the log, with what it is committed to.
pub(super) struct EntryRow {
    pub(super) statement: Vec<u8>,
    pub(super) payload: Option<Vec<u8>>,
    pub(super) salt: Option<[u8; 16]>,
}

/// The entries from one index up to another (not included), in order.
pub(super) async fn entries(
    tx: &mut Tx,
    (org_id, mode): (OrgId, Mode),
    from: u64,
    until: u64,
) -> Result<Vec<EntryRow>, Problem> {
    let rows = sqlx::query!(
        "select id, statement from receipts
        where org_id = $1 and mode = $2 and log_index >= $3 and log_index < $4 order by log_index",
        org_id.0,
        mode.as_str(),
        from.cast_signed(),
        until.cast_signed()
    )
    .fetch_all(tx.connection())
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut contents = months::store::contents(tx.connection(), (org_id, mode), &ids).await?;
    let mut entry = |id: Uuid, statement: Vec<u8>| {
        let (payload, salt) = contents.remove(&id).unzip();
        EntryRow { statement, payload, salt: salt.and_then(|salt| salt.try_into().ok()) }
    };
    Ok(rows.into_iter().map(|row| entry(row.id, row.statement)).collect())
}
