//! Rows from the files: logs that the database lost, from the object store alone.

use ledger::checkpoint::Checkpoint;
use ledger::fsck::{Bundle, Rebuilt, SigningKeys, read_bundle};
use ledger::hash::leaf_hash;
use ledger::json::{self, Value};
use ledger::key_event::KeyEvent;
use ledger::note::Note;
use ledger::statement::Signed;
use ledger::tile::{TileId, WIDTH, entries_path};
use ledger::tree::{Batch, Frontier};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{Recovered, store};
use crate::anchors::{ROOT, fact_hash};
use crate::database::Database;
use crate::id::{OrgId, ReceiptId};
use crate::integrity::store::KeyRow;
use crate::log_keys::{self, Purpose};
use crate::published::gunzip;
use crate::published::keys::{Event, KeysFile};
use crate::{Mode, Problem, integrity};

/// What the file `log.json` says of a log.
struct Identity {
    org_id: OrgId,
    mode: Mode,
    origin: String,
    /// The only keys of a log without versions, as earlier releases wrote it.
    keys: Option<(String, String)>,
}

/// Makes the logs of the object store again in a database that does not have them: statements, leaf hashes, places,
/// idempotency keys, what receipts refer to (so that one that was revoked is revoked), tiles, heads, anchors, and signing
/// keys, sealed as they were: the master key is needed to go on. A store of an earlier release has no keys in it; they are
/// then derived from the master key, as they were.
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
    let id = (identity.org_id, identity.mode);
    let keys = Keys::find(database, folder, &identity).await?;
    let note = String::from_utf8(get(database, folder, "checkpoint").await?).map_err(Problem::internal)?;
    let checked = keys.signing.check_kept(&note, &identity.origin);
    let checkpoint = checked.map_err(|finding| Problem::internal(finding.to_string()))?;
    store::make_log(database, &identity.origin, &keys, id, now).await?;

    let mut tx = database.sequencer().begin().await?;
    store::take_time(&mut tx).await?;
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
                &row(&identity.origin, entry, now).ok_or_else(|| {
                    Problem::internal(format!("entry {at} is neither a statement nor one of the root log's notes"))
                })?,
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
    store::set_head(&mut tx, id, &frontier, &note, keys.epoch).await?;
    for Event { note, at } in &keys.events {
        log_keys::store::insert_event(&mut tx, id, note, *at).await?;
    }
    if id == ROOT {
        store::restore_anchors(&mut tx, ROOT, now).await?;
        store::find_key_events(&mut tx, ROOT).await?;
    }
    tx.commit().await?;
    Ok(Recovered { origin: identity.origin, size: checkpoint.size, written: checkpoint.size })
}

/// The keys of a log in the object store.
pub(super) struct Keys {
    pub(super) rows: Vec<log_keys::store::Row>,
    /// The newest of each purpose.
    pub(super) log_vkey: String,
    pub(super) issuing_vkey: String,
    epoch: i64,
    events: Vec<Event>,
    signing: SigningKeys,
}

impl Keys {
    async fn find(database: &Database, folder: &str, identity: &Identity) -> Result<Self, Problem> {
        let unreadable = || Problem::internal("its keys cannot be read");
        let (rows, epoch, events, newest) = match KeysFile::read(database.objects(), folder).await? {
            Some(file) => {
                let newest = |purpose| file.vkeys(purpose).last().map(str::to_owned);
                let newest = newest(Purpose::Checkpoint).zip(newest(Purpose::Issuing));
                (file.rows(&identity.origin).ok_or_else(unreadable)?, file.key_epoch, file.events, newest)
            }
            None => (Vec::new(), 1, Vec::new(), identity.keys.clone()),
        };
        let (log_vkey, issuing_vkey) = newest.ok_or_else(unreadable)?;
        let mut versions: Vec<KeyRow> = rows.iter().map(|row| KeyRow::of(&row.key)).collect();
        if versions.is_empty() {
            versions = vec![KeyRow::first(Purpose::Checkpoint, &log_vkey)];
        }
        let mut found = Vec::new();
        let signing = integrity::keys::Keys::read(&versions, &identity.origin, &mut found).checkpoint;
        if found.is_empty() {
            Ok(Self { rows, log_vkey, issuing_vkey, epoch, events, signing })
        } else {
            Err(unreadable())
        }
    }
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
        keys: text("log_key").zip(text("issuing_key")),
    })
}

/// What can be known of a row from its entry alone.
pub(super) fn row(origin: &str, entry: &[u8], now: OffsetDateTime) -> Option<store::Row> {
    let leaf = leaf_hash(entry);
    if let Ok(Signed { statement, .. }) = Signed::parse(entry) {
        let refs = statement.refs.iter().map(|other| Some((other.id.parse().ok()?, other.relation.as_str())));
        return Some(store::Row {
            id: statement.id.parse().ok()?,
            kind: statement.kind,
            reference: None,
            issued_at: OffsetDateTime::parse(&statement.issued_at, &Rfc3339).ok()?,
            idempotency: statement.idempotency,
            leaf,
            entry: entry.to_vec(),
            is_bare: false,
            refs: refs.collect::<Option<_>>()?,
        });
    }
    // An entry of the root log is a checkpoint's text, or what happened to a key. Its id is nowhere in it; its idempotency
    // key follows from it.
    let text = std::str::from_utf8(entry).ok()?;
    let (kind, about, key, at) = match Checkpoint::parse(text) {
        Some(said) => ("checkpoint", said.origin.clone(), format!("{}/{}", said.origin, said.size), now),
        None => {
            let said = KeyEvent::parse(Note::parse(text).ok()?.text())?;
            let at = OffsetDateTime::parse(&said.at, &Rfc3339).ok()?;
            ("key_event", said.log, text.to_owned(), at)
        }
    };
    let id = uuid::Builder::from_custom_bytes(leaf.0[..16].try_into().ok()?).into_uuid();
    Some(store::Row {
        id: ReceiptId(id),
        kind: kind.to_owned(),
        idempotency: Some(fact_hash(origin, &key)),
        reference: Some(about),
        issued_at: at,
        leaf,
        entry: entry.to_vec(),
        is_bare: true,
        refs: Vec::new(),
    })
}
