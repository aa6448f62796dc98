//! SQL of the sequencer: a statement for each part of the one transaction.

use ledger::hash::Hash;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Entry;
use crate::Mode;
use crate::id::{OrgId, ReceiptId};

/// One column a field, one element a row: what `unnest` turns into rows.
#[derive(Default)]
pub(super) struct Rows {
    org_ids: Vec<Uuid>,
    modes: Vec<String>,
    ids: Vec<Uuid>,
    log_indices: Vec<i64>,
    tree_sizes: Vec<i64>,
    kinds: Vec<String>,
    references: Vec<Option<String>>,
    occurred_ats: Vec<OffsetDateTime>,
    issued_ats: Vec<OffsetDateTime>,
    amounts: Vec<Option<i64>>,
    currencies: Vec<Option<String>>,
    idempotencies: Vec<Option<Vec<u8>>>,
    leaf_hashes: Vec<Vec<u8>>,
    statements: Vec<Vec<u8>>,
    payloads: Vec<Vec<u8>>,
    salts: Vec<Vec<u8>>,
}

impl Rows {
    pub(super) fn push(&mut self, entry: &Entry, log_index: u64, tree_size: u64, leaf: &Hash) {
        self.org_ids.push(entry.org_id.0);
        self.modes.push(entry.mode.as_str().to_owned());
        self.ids.push(entry.id.0);
        self.log_indices.push(log_index.cast_signed());
        self.tree_sizes.push(tree_size.cast_signed());
        self.kinds.push(entry.kind.clone());
        self.references.push(entry.reference.clone());
        self.occurred_ats.push(entry.occurred_at);
        self.issued_ats.push(entry.issued_at);
        self.amounts.push(entry.amount.as_ref().map(|money| money.minor));
        self.currencies.push(entry.amount.as_ref().map(|money| money.currency.clone()));
        self.idempotencies.push(entry.idempotency.map(|hash| hash.0.to_vec()));
        self.leaf_hashes.push(leaf.0.to_vec());
        self.statements.push(entry.statement.clone());
        self.payloads.push(entry.payload.clone());
        self.salts.push(entry.salt.to_vec());
    }
}

pub(super) async fn insert_receipts(connection: &mut PgConnection, rows: &Rows) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into receipts (org_id, mode, id, log_index, tree_size, kind, reference, occurred_at, issued_at,
            amount_minor, currency, idempotency, leaf_hash, statement)
        select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
            $8::timestamptz[], $9::timestamptz[], $10::bigint[], $11::text[], $12::bytea[], $13::bytea[], $14::bytea[])",
        &rows.org_ids,
        &rows.modes,
        &rows.ids,
        &rows.log_indices,
        &rows.tree_sizes,
        &rows.kinds,
        &rows.references as _,
        &rows.occurred_ats,
        &rows.issued_ats,
        &rows.amounts as _,
        &rows.currencies as _,
        &rows.idempotencies as _,
        &rows.leaf_hashes,
        &rows.statements
    )
    .execute(connection)
    .await
    .map(|_| ())
}

pub(super) async fn insert_payloads(connection: &mut PgConnection, rows: &Rows) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into payloads (org_id, mode, receipt_id, payload, salt)
        select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::bytea[])",
        &rows.org_ids,
        &rows.modes,
        &rows.ids,
        &rows.payloads,
        &rows.salts
    )
    .execute(connection)
    .await
    .map(|_| ())
}

/// The heads of a batch: what was, and what is to be.
#[derive(Default)]
pub(super) struct Heads {
    pub(super) org_ids: Vec<Uuid>,
    pub(super) modes: Vec<String>,
    pub(super) key_epochs: Vec<i64>,
    pub(super) old_sizes: Vec<i64>,
    pub(super) old_roots: Vec<Vec<u8>>,
    pub(super) sizes: Vec<i64>,
    pub(super) roots: Vec<Vec<u8>>,
    pub(super) frontiers: Vec<Vec<u8>>,
    pub(super) checkpoints: Vec<String>,
}

/// Moves the heads on, where they still are what we last saw; the number that were.
pub(super) async fn compare_and_set(connection: &mut PgConnection, heads: &Heads) -> Result<u64, sqlx::Error> {
    let moved = sqlx::query!(
        "update logs set size = new.size, root = new.root, frontier = new.frontier, checkpoint = new.checkpoint
        from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bytea[], $7::bytea[], $8::text[], $9::bigint[])
            as new (org_id, mode, old_size, old_root, size, root, frontier, checkpoint, key_epoch)
        where logs.org_id = new.org_id and logs.mode = new.mode and logs.size = new.old_size and logs.root = new.old_root
            and logs.key_epoch = new.key_epoch",
        &heads.org_ids,
        &heads.modes,
        &heads.old_sizes,
        &heads.old_roots,
        &heads.sizes,
        &heads.roots,
        &heads.frontiers,
        &heads.checkpoints,
        &heads.key_epochs
    )
    .execute(connection)
    .await?;
    Ok(moved.rows_affected())
}

/// One event a log and batch, with the range of entries: the receipts themselves are the details.
pub(super) async fn emit_issued(
    connection: &mut PgConnection,
    heads: &Heads,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into events (org_id, mode, type, data, created_at)
        select org_id, mode, 'receipts.issued', jsonb_build_object('from_index', old_size, 'until_index', size), $5
        from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[]) as head (org_id, mode, old_size, size)",
        &heads.org_ids,
        &heads.modes,
        &heads.old_sizes,
        &heads.sizes,
        now
    )
    .execute(connection)
    .await
    .map(|_| ())
}

/// Appends a hash to a growing tile; the tile's bytes afterwards.
pub(super) async fn grow_tile(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    level: u8,
    index: u64,
    hash: &Hash,
) -> Result<Vec<u8>, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into tiles (org_id, mode, level, tile_index, hashes) values ($1, $2, $3, $4, $5)
        on conflict (org_id, mode, level, tile_index) do update set hashes = tiles.hashes || excluded.hashes
        returning hashes",
        org_id.0,
        mode.as_str(),
        i16::from(level),
        index.cast_signed(),
        hash.0.as_slice()
    )
    .fetch_one(connection)
    .await
}

/// Receipts that already hold these idempotency keys.
pub(super) async fn taken(
    connection: &mut PgConnection,
    org_ids: &[Uuid],
    modes: &[String],
    keys: &[Vec<u8>],
) -> Result<Vec<(OrgId, Mode, Vec<u8>, ReceiptId)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select r.org_id, r.mode, r.idempotency as "idempotency!", r.id
        from unnest($1::uuid[], $2::text[], $3::bytea[]) as wanted (org_id, mode, idempotency)
        join receipts r on r.org_id = wanted.org_id and r.mode = wanted.mode and r.idempotency = wanted.idempotency"#,
        org_ids,
        modes,
        keys
    )
    .fetch_all(connection)
    .await?;
    let known = rows
        .into_iter()
        .filter_map(|row| Some((OrgId(row.org_id), row.mode.parse().ok()?, row.idempotency, ReceiptId(row.id))));
    Ok(known.collect())
}

/// Whether a receipt is there: how an unknown COMMIT is settled.
pub(super) async fn exists(
    connection: &mut PgConnection,
    org_id: OrgId,
    mode: Mode,
    id: ReceiptId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from receipts where org_id = $1 and mode = $2 and id = $3) as "exists!""#,
        org_id.0,
        mode.as_str(),
        id.0
    )
    .fetch_one(connection)
    .await
}
