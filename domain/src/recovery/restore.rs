//! Rows from the files: logs that the database lost, from the object store alone.

use ledger::checkpoint::Checkpoint;
use ledger::commitment::idempotency_hash;
use ledger::fsck::{Bundle, Rebuilt, check_checkpoint, read_bundle};
use ledger::hash::leaf_hash;
use ledger::json::{self, Value};
use ledger::note::VerifierKey;
use ledger::statement::Signed;
use ledger::tile::{TileId, WIDTH, entries_path};
use ledger::tree::{Batch, Frontier};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{Recovered, store};
use crate::anchors::ROOT;
use crate::database::Database;
use crate::id::{OrgId, ReceiptId};
use crate::published::gunzip;
use crate::{Mode, Problem};

/// What the file `log.json` says of a log.
struct Identity {
    org_id: OrgId,
    mode: Mode,
    origin: String,
    log_vkey: String,
    issuing_vkey: String,
}

/// Makes the logs of the object store again in a database that does not have them: statements, leaf hashes, places,
/// idempotency keys, tiles, heads and anchors.
///
/// Payloads, salts, references and amounts are not in the files, by design, and do not come back; neither do people, API
/// keys and cosignatures. Every entry is checked against the root that the log's checkpoint signs before a row is written.
/// Refused when the database has entries of that log. A log is one transaction: if we crash, it is there or not.
pub async fn restore(database: &Database, now: OffsetDateTime) -> Result<Vec<Recovered>, Problem> {
    let mut recovered = Vec::new();
    let names = database.objects().list("").await?;
    let mut folders: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix("/log.json")).collect();
    // The root log last: its entries say where the others are anchored.
    folders.sort_by_key(|folder| (*folder == "root", *folder));
    for folder in folders {
        recovered.push(restore_log(database, folder, now).await.map_err(|problem| {
            Problem::internal(format!("{folder}: {}", problem.internal.unwrap_or_else(|| problem.detail.into_owned())))
        })?);
    }
    Ok(recovered)
}

async fn restore_log(database: &Database, folder: &str, now: OffsetDateTime) -> Result<Recovered, Problem> {
    let text = get(database, folder, "log.json").await?;
    let identity = read_identity(&text).ok_or_else(|| Problem::internal("log.json cannot be read"))?;
    let key: VerifierKey = identity.log_vkey.parse().map_err(|_| Problem::internal("its key cannot be read"))?;
    let note = String::from_utf8(get(database, folder, "checkpoint").await?).map_err(Problem::internal)?;
    let checkpoint = check_checkpoint(&note, &key).map_err(|finding| Problem::internal(finding.to_string()))?;
    let id = (identity.org_id, identity.mode);
    store::make_log(database, &identity.origin, &identity.log_vkey, &identity.issuing_vkey, id, now).await?;

    let mut tx = database.sequencer().begin().await?;
    let (mut tree, mut frontier) = (Rebuilt::default(), Frontier::empty());
    for index in 0..checkpoint.size.div_ceil(WIDTH) {
        let width = (checkpoint.size - index * WIDTH).min(WIDTH) as u16;
        let packed = get(database, folder, &entries_path(index, width)).await?;
        let bytes = gunzip(&packed).ok_or_else(|| Problem::internal(format!("bundle {index} is no gzip")))?;
        let entries = read_bundle(index, width, &bytes).map_err(|finding| Problem::internal(finding.to_string()))?;
        let bundle = Bundle::of(entries.iter().copied());
        let mut rows = store::Rows::default();
        for (at, entry) in (index * WIDTH..).zip(&entries) {
            rows.push(
                id,
                at,
                checkpoint.size,
                &row(&identity, entry, now)
                    .ok_or_else(|| Problem::internal(format!("entry {at} is neither a statement nor a checkpoint")))?,
            );
        }
        store::insert(&mut tx, &rows, id == ROOT).await?;
        frontier = Batch::append(&frontier, &bundle.leaves).frontier().clone();
        tree.push(bundle);
    }
    if tree.size() != checkpoint.size || tree.root() != checkpoint.root {
        return Err(Problem::internal(
            "its entries do not give the root that was signed: `certnode fsck --url` says which",
        ));
    }
    let tiles: Vec<(TileId, &[ledger::hash::Hash])> = tree.tiles().collect();
    store::replace_tiles(&mut tx, id, &tiles).await?;
    store::set_head(&mut tx, id, &frontier, &note).await?;
    if id == ROOT {
        store::restore_anchors(&mut tx, ROOT, now).await?;
    }
    tx.commit().await?;
    Ok(Recovered { origin: identity.origin, size: checkpoint.size, written: checkpoint.size })
}

async fn get(database: &Database, folder: &str, name: &str) -> Result<Vec<u8>, Problem> {
    let bytes = database.objects().get(&format!("{folder}/{name}")).await?;
    bytes.ok_or_else(|| Problem::internal(format!("{name} is not in the object store")))
}

fn read_identity(bytes: &[u8]) -> Option<Identity> {
    let value = json::parse(bytes).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Identity {
        org_id: OrgId(Uuid::parse_str(&text("org_id")?).ok()?),
        mode: text("mode")?.parse().ok()?,
        origin: text("origin")?,
        log_vkey: text("log_key")?,
        issuing_vkey: text("issuing_key")?,
    })
}

/// What can be known of a row from its entry alone.
fn row(identity: &Identity, entry: &[u8], now: OffsetDateTime) -> Option<store::Row> {
    let leaf = leaf_hash(entry);
    if let Ok(Signed { statement, .. }) = Signed::parse(entry) {
        return Some(store::Row {
            id: statement.id.parse().ok()?,
            kind: statement.kind,
            reference: None,
            issued_at: OffsetDateTime::parse(&statement.issued_at, &Rfc3339).ok()?,
            idempotency: statement.idempotency,
            leaf,
            entry: entry.to_vec(),
            is_checkpoint: false,
        });
    }
    // An entry of the root log is a checkpoint's text. Its id is nowhere in it; its idempotency key follows from it.
    let checkpoint = Checkpoint::parse(std::str::from_utf8(entry).ok()?)?;
    let id = uuid::Builder::from_custom_bytes(leaf.0[..16].try_into().ok()?).into_uuid();
    Some(store::Row {
        id: ReceiptId(id),
        kind: "checkpoint".to_owned(),
        idempotency: Some(idempotency_hash(&identity.origin, &format!("{}/{}", checkpoint.origin, checkpoint.size))),
        reference: Some(checkpoint.origin),
        issued_at: now,
        leaf,
        entry: entry.to_vec(),
        is_checkpoint: true,
    })
}
