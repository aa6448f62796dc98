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

/// The right to write: shards, and the epochs under which they are the node's.
#[derive(Default)]
pub(super) struct Fence {
    pub(super) owner: i32,
    pub(super) shards: Vec<i16>,
    pub(super) epochs: Vec<i64>,
}

/// The writer's epoch of a shard is not the one in force, or an entry of the inbox was taken out by another.
pub(super) const NOT_OURS: &str = "CN001";

/// Appends a batch: moves the heads, writes rows, payloads and events, empties the inbox. One statement, so one round
/// trip, and all of it or nothing: it fails with [`NOT_OURS`], and with another code where a head is not what we last saw.
/// It returns after the answer's last word, which without a transaction around it comes after COMMIT.
pub(super) async fn append(
    connection: &mut PgConnection,
    fence: &Fence,
    heads: &Heads,
    rows: &Rows,
    inbox: &[i64],
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!(
        r#"with fenced as (
            select from shard_leases lease join unnest($1::smallint[], $2::bigint[]) as mine (shard, epoch)
                on lease.shard = mine.shard and lease.epoch = mine.epoch
            where lease.owner = $3 for share of lease
        ), head as materialized (
            select * from unnest($4::uuid[], $5::text[], $6::bigint[], $7::bytea[], $8::bigint[], $9::bytea[], $10::bytea[], $11::text[],
                $30::bigint[]) as head (org_id, mode, old_size, old_root, size, root, frontier, checkpoint, key_epoch)
        ), moved as (
            update logs set size = head.size, root = head.root, frontier = head.frontier, checkpoint = head.checkpoint
            from head
            where logs.org_id = head.org_id and logs.mode = head.mode and logs.size = head.old_size and logs.root = head.old_root
                and logs.key_epoch = head.key_epoch
            returning 1
        ), entry as materialized (
            select * from unnest($12::uuid[], $13::text[], $14::uuid[], $15::bigint[], $16::bigint[], $17::text[], $18::text[],
                $19::timestamptz[], $20::timestamptz[], $21::bigint[], $22::text[], $23::bytea[], $24::bytea[], $25::bytea[],
                $26::bytea[], $27::bytea[])
                as entry (org_id, mode, id, log_index, tree_size, kind, reference, occurred_at, issued_at, amount_minor,
                    currency, idempotency, leaf_hash, statement, payload, salt)
        ), received as (
            insert into receipts (org_id, mode, id, log_index, tree_size, kind, reference, occurred_at, issued_at,
                amount_minor, currency, idempotency, leaf_hash, statement)
            select org_id, mode, id, log_index, tree_size, kind, reference, occurred_at, issued_at, amount_minor, currency,
                idempotency, leaf_hash, statement
            from entry
        ), kept as (
            insert into payloads (org_id, mode, receipt_id, payload, salt) select org_id, mode, id, payload, salt from entry
        ), announced as (
            -- One event a log and batch, with the range of entries: the receipts themselves are the details.
            insert into events (org_id, mode, type, data, created_at)
            select org_id, mode, 'receipts.issued', jsonb_build_object('from_index', old_size, 'until_index', size), $28
            from head
        ), taken_out as (
            delete from inbox where id = any($29) returning 1
        )
        select case
            when (select count(*) from fenced) <> cardinality($1) or (select count(*) from taken_out) <> cardinality($29)
                then refuse_append('CN001')
            when (select count(*) from moved) <> cardinality($4) then refuse_append('CN002')
            else true end"#,
        &fence.shards,
        &fence.epochs,
        fence.owner,
        &heads.org_ids,
        &heads.modes,
        &heads.old_sizes,
        &heads.old_roots,
        &heads.sizes,
        &heads.roots,
        &heads.frontiers,
        &heads.checkpoints,
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
        &rows.statements,
        &rows.payloads,
        &rows.salts,
        now,
        inbox,
        &heads.key_epochs
    )
    .fetch_all(connection)
    .await
    .map(drop)
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

/// Where entries are, if they are in a log: under their own id, or under that of the receipt that holds their
/// idempotency key.
pub(super) async fn holders(
    connection: &mut PgConnection,
    entries: impl Iterator<Item = &Entry>,
) -> Result<Vec<Option<ReceiptId>>, sqlx::Error> {
    let (mut org_ids, mut modes, mut ids, mut keys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        org_ids.push(entry.org_id.0);
        modes.push(entry.mode.as_str().to_owned());
        ids.push(entry.id.0);
        keys.push(entry.idempotency.map(|hash| hash.0.to_vec()));
    }
    let holders = sqlx::query_scalar!(
        r#"select coalesce(own.id, holder.id) as id
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[]) with ordinality as wanted (org_id, mode, id, idempotency, place)
        left join receipts own on own.org_id = wanted.org_id and own.mode = wanted.mode and own.id = wanted.id
        left join receipts holder on holder.org_id = wanted.org_id and holder.mode = wanted.mode
            and holder.idempotency = wanted.idempotency
        order by wanted.place"#,
        &org_ids,
        &modes,
        &ids,
        &keys as _
    )
    .fetch_all(connection)
    .await?;
    Ok(holders.into_iter().map(|id| id.map(ReceiptId)).collect())
}
