//! SQL of recovery.

use ledger::hash::Hash;
use ledger::tile::TileId;
use ledger::tree::Frontier;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::restore::Keys;
use crate::database::Database;
use crate::id::{OrgId, ReceiptId};
use crate::{Mode, Problem, log_keys, logs};

/// Lets a transaction rest between two statements, as while a file is fetched.
pub(super) async fn take_time(connection: &mut PgConnection) -> Result<(), Problem> {
    sqlx::query!("select set_config('idle_in_transaction_session_timeout', '0', true)").fetch_one(connection).await?;
    Ok(())
}

/// Keeps a log from growing until the transaction ends; its size and its checkpoint.
pub(super) async fn lock(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
) -> Result<(u64, String), Problem> {
    let row = sqlx::query!(
        "select size, checkpoint from logs where org_id = $1 and mode = $2 for update",
        org_id.0,
        mode.as_str()
    )
    .fetch_one(connection)
    .await?;
    Ok((row.size.cast_unsigned(), row.checkpoint))
}

/// The tiles of level 1 and above are these and no others.
pub(super) async fn replace_tiles(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    tiles: &[(TileId, &[Hash])],
) -> Result<(), Problem> {
    sqlx::query!("delete from tiles where org_id = $1 and mode = $2", org_id.0, mode.as_str())
        .execute(&mut *connection)
        .await?;
    let levels: Vec<i16> = tiles.iter().map(|(id, _)| i16::from(id.level)).collect();
    let indices: Vec<i64> = tiles.iter().map(|(id, _)| id.index.cast_signed()).collect();
    let hashes: Vec<Vec<u8>> =
        tiles.iter().map(|(_, hashes)| hashes.iter().flat_map(|hash| hash.0).collect()).collect();
    sqlx::query!(
        "insert into tiles (org_id, mode, level, tile_index, hashes)
        select $1, $2, * from unnest($3::smallint[], $4::bigint[], $5::bytea[])",
        org_id.0,
        mode.as_str(),
        &levels,
        &indices,
        &hashes
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// All full files are there, and the edge is to be written anew.
pub(super) async fn mark_published(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    size: u64,
) -> Result<(), Problem> {
    sqlx::query!(
        "update published_logs set published_size = $3, edge_size = 0, edge_at = null, refusal = null
        where org_id = $1 and mode = $2",
        org_id.0,
        mode.as_str(),
        size.cast_signed()
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes an organisation and an empty log with its keys, where they are not there; refused where the log has entries.
pub(super) async fn make_log(
    database: &Database,
    origin: &str,
    keys: &Keys,
    (org_id, mode): (OrgId, Mode),
    now: OffsetDateTime,
) -> Result<(), Problem> {
    let mut tx = database.begin(Some(org_id), None).await?;
    sqlx::query!(
        "insert into orgs (id, name, created_at) values ($1, $2, $3) on conflict (id) do nothing",
        org_id.0,
        format!("Restored {}", org_id.0),
        now
    )
    .execute(tx.connection())
    .await?;
    let Keys { rows, log_vkey, issuing_vkey, .. } = keys;
    let new = logs::store::New { origin, log_vkey, issuing_vkey, created_at: now };
    logs::store::insert(tx.connection(), org_id, mode, new).await?;
    let log = logs::store::find(tx.connection(), org_id, mode).await?;
    if log.size > 0 || log.log_vkey != *log_vkey || log.origin != origin {
        return Err(Problem::internal("the database has this log already: only what is not there is restored"));
    }
    for row in rows {
        log_keys::store::bring_back(tx.connection(), (org_id, mode), row).await?;
    }
    tx.commit().await
}

/// A receipt as far as its entry tells.
pub(super) struct Row {
    pub(super) id: ReceiptId,
    pub(super) kind: String,
    pub(super) reference: Option<String>,
    pub(super) issued_at: OffsetDateTime,
    pub(super) idempotency: Option<Hash>,
    pub(super) leaf: Hash,
    pub(super) entry: Vec<u8>,
    pub(super) is_bare: bool,
    pub(super) refs: Vec<(ReceiptId, &'static str)>,
}

/// One column a field, as `unnest` takes them.
#[derive(Default)]
pub(super) struct Rows {
    org_ids: Vec<Uuid>,
    modes: Vec<String>,
    ids: Vec<Uuid>,
    indices: Vec<i64>,
    tree_sizes: Vec<i64>,
    kinds: Vec<String>,
    references: Vec<Option<String>>,
    issued_ats: Vec<OffsetDateTime>,
    idempotencies: Vec<Option<Vec<u8>>>,
    leaves: Vec<Vec<u8>>,
    entries: Vec<Vec<u8>>,
    /// Entries of the root log that are no statements: their payload is empty.
    bare: Vec<Uuid>,
    refs: Refs,
}

/// What receipts refer to, one column a field.
#[derive(Default)]
pub(super) struct Refs {
    org_ids: Vec<Uuid>,
    modes: Vec<String>,
    receipts: Vec<Uuid>,
    targets: Vec<Uuid>,
    relations: Vec<String>,
}

impl Refs {
    pub(super) fn push(&mut self, (org_id, mode): (OrgId, Mode), row: &Row) {
        for (target, relation) in &row.refs {
            self.org_ids.push(org_id.0);
            self.modes.push(mode.as_str().to_owned());
            self.receipts.push(row.id.0);
            self.targets.push(target.0);
            self.relations.push((*relation).to_owned());
        }
    }
}

impl Rows {
    /// `tree_size` is one that was signed: the checkpoint that the receipt was answered with is not known any more.
    pub(super) fn push(&mut self, (org_id, mode): (OrgId, Mode), index: u64, tree_size: u64, row: &Row) {
        self.org_ids.push(org_id.0);
        self.modes.push(mode.as_str().to_owned());
        self.ids.push(row.id.0);
        self.indices.push(index.cast_signed());
        self.tree_sizes.push(tree_size.cast_signed());
        self.kinds.push(row.kind.clone());
        self.references.push(row.reference.clone());
        self.issued_ats.push(row.issued_at);
        self.idempotencies.push(row.idempotency.map(|hash| hash.0.to_vec()));
        self.leaves.push(row.leaf.0.to_vec());
        self.entries.push(row.entry.clone());
        if row.is_bare {
            self.bare.push(row.id.0);
        }
        self.refs.push((org_id, mode), row);
    }
}

pub(super) async fn insert(connection: &mut PgConnection, rows: &Rows, is_root: bool) -> Result<(), Problem> {
    sqlx::query!(
        "insert into receipts (org_id, mode, id, log_index, tree_size, kind, reference, occurred_at, issued_at,
            idempotency, leaf_hash, statement)
        select org_id, mode, id, log_index, tree_size, kind, reference, issued_at, issued_at, idempotency, leaf_hash, statement
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
            $8::timestamptz[], $9::bytea[], $10::bytea[], $11::bytea[])
            as row (org_id, mode, id, log_index, tree_size, kind, reference, issued_at, idempotency, leaf_hash, statement)",
        &rows.org_ids,
        &rows.modes,
        &rows.ids,
        &rows.indices,
        &rows.tree_sizes,
        &rows.kinds,
        &rows.references as _,
        &rows.issued_ats,
        &rows.idempotencies as _,
        &rows.leaves,
        &rows.entries
    )
    .execute(&mut *connection)
    .await?;
    if is_root {
        let (org_id, mode) = crate::anchors::ROOT;
        sqlx::query!(
            "insert into payloads (org_id, mode, receipt_id, payload, salt)
            select $1, $2, id, '', decode(repeat('00', 16), 'hex') from unnest($3::uuid[]) as made (id)",
            org_id.0,
            mode.as_str(),
            &rows.bare
        )
        .execute(&mut *connection)
        .await?;
    }
    insert_refs(connection, &rows.refs).await
}

/// Writes what receipts refer to; the receipts of both sides are there.
pub(super) async fn insert_refs(connection: &mut PgConnection, refs: &Refs) -> Result<(), Problem> {
    sqlx::query!(
        "insert into receipt_refs (org_id, mode, receipt_id, target_id, relation)
        select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[])",
        &refs.org_ids,
        &refs.modes,
        &refs.receipts,
        &refs.targets,
        &refs.relations
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn set_head(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    frontier: &Frontier,
    checkpoint: &str,
    key_epoch: i64,
) -> Result<(), Problem> {
    let root = frontier.root();
    let moved = sqlx::query!(
        "update logs set size = $3, root = $4, frontier = $5, checkpoint = $6, key_epoch = $7, restored_size = $3
        where org_id = $1 and mode = $2 and size = 0",
        org_id.0,
        mode.as_str(),
        frontier.size().cast_signed(),
        root.0.as_slice(),
        frontier.to_bytes(),
        checkpoint,
        key_epoch
    )
    .execute(connection)
    .await?;
    if moved.rows_affected() == 1 { Ok(()) } else { Err(Problem::internal("the log got entries meanwhile")) }
}

/// The rows that are mended: by their place, with all that belongs there.
#[derive(Default)]
pub(super) struct Mended {
    pub(super) ids: Vec<Uuid>,
    pub(super) indices: Vec<i64>,
    pub(super) tree_sizes: Vec<i64>,
    pub(super) kinds: Vec<String>,
    pub(super) references: Vec<Option<String>>,
    pub(super) occurred_ats: Vec<OffsetDateTime>,
    pub(super) issued_ats: Vec<OffsetDateTime>,
    pub(super) amounts: Vec<Option<i64>>,
    pub(super) currencies: Vec<Option<String>>,
    pub(super) idempotencies: Vec<Option<Vec<u8>>>,
    pub(super) leaves: Vec<Vec<u8>>,
    pub(super) statements: Vec<Vec<u8>>,
    /// Entries of the root log, whose payload is empty.
    pub(super) bare: Vec<Uuid>,
    pub(super) refs: Refs,
}

/// Lets the owner of the tables at every log's rows, until the transaction ends: nobody else may change an entry.
pub(super) async fn open_rows(connection: &mut PgConnection) -> Result<(), Problem> {
    for statement in [
        "alter table receipts no force row level security",
        "alter table receipt_refs no force row level security",
        "alter table payloads no force row level security",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn close_rows(connection: &mut PgConnection) -> Result<(), Problem> {
    for statement in [
        "alter table receipts force row level security",
        "alter table receipt_refs force row level security",
        "alter table payloads force row level security",
    ] {
        sqlx::query(statement).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Puts the right rows in the place of those that are there, or are not.
pub(super) async fn mend(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    rows: &Mended,
) -> Result<(), Problem> {
    // What the wrong rows refer to, under the ids that they have and those that they should have.
    sqlx::query!(
        "delete from receipt_refs where org_id = $1 and mode = $2 and (receipt_id = any($3) or receipt_id in
            (select id from receipts where org_id = $1 and mode = $2 and log_index = any($4)))",
        org_id.0,
        mode.as_str(),
        &rows.ids,
        &rows.indices
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "update receipts r set id = right_row.id from unnest($3::uuid[], $4::bigint[]) as right_row (id, log_index)
        where r.org_id = $1 and r.mode = $2 and r.log_index = right_row.log_index and r.id <> right_row.id",
        org_id.0,
        mode.as_str(),
        &rows.ids,
        &rows.indices
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into receipts (org_id, mode, id, log_index, tree_size, kind, reference, occurred_at, issued_at, amount_minor,
            currency, idempotency, leaf_hash, statement)
        select $1, $2, * from unnest($3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::timestamptz[],
            $9::timestamptz[], $10::bigint[], $11::text[], $12::bytea[], $13::bytea[], $14::bytea[])
        on conflict (org_id, mode, id) do update set log_index = excluded.log_index, tree_size = excluded.tree_size,
            kind = excluded.kind, reference = excluded.reference, occurred_at = excluded.occurred_at,
            issued_at = excluded.issued_at, amount_minor = excluded.amount_minor, currency = excluded.currency,
            idempotency = excluded.idempotency, leaf_hash = excluded.leaf_hash, statement = excluded.statement",
        org_id.0,
        mode.as_str(),
        &rows.ids,
        &rows.indices,
        &rows.tree_sizes,
        &rows.kinds,
        &rows.references as _,
        &rows.occurred_ats,
        &rows.issued_ats,
        &rows.amounts as _,
        &rows.currencies as _,
        &rows.idempotencies as _,
        &rows.leaves,
        &rows.statements
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into payloads (org_id, mode, receipt_id, payload, salt)
        select $1, $2, id, '', decode(repeat('00', 16), 'hex') from unnest($3::uuid[]) as made (id)
        on conflict (org_id, mode, receipt_id) do update set payload = excluded.payload, salt = excluded.salt",
        org_id.0,
        mode.as_str(),
        &rows.bare
    )
    .execute(&mut *connection)
    .await?;
    insert_refs(connection, &rows.refs).await
}

/// Where logs are anchored is what the root log's entries say: origin and size are their first two lines.
pub(super) async fn restore_anchors(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
    now: OffsetDateTime,
) -> Result<(), Problem> {
    sqlx::query!(
        "insert into anchors (org_id, mode, log_size, root_index, anchored_at)
        select l.org_id, l.mode, split_part(convert_from(r.statement, 'utf8'), E'\\n', 2)::bigint, r.log_index, $3
        from receipts r join logs l on l.origin = r.reference
        where r.org_id = $1 and r.mode = $2 and r.kind = 'checkpoint'
        on conflict (org_id, mode, log_size) do nothing",
        org_id.0,
        mode.as_str(),
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Which of the key events are in the root log already: an entry there is the event's note, word for word.
pub(super) async fn find_key_events(
    connection: &mut PgConnection,
    (org_id, mode): (OrgId, Mode),
) -> Result<(), Problem> {
    sqlx::query!(
        "update key_events e set root_index = r.log_index from receipts r
        where r.org_id = $1 and r.mode = $2 and r.kind = 'key_event' and r.statement = convert_to(e.note, 'UTF8')
            and e.root_index is null",
        org_id.0,
        mode.as_str()
    )
    .execute(connection)
    .await?;
    Ok(())
}
