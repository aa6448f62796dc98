//! Rows that were damaged, from the files: of a log whose files give the root that was signed.

use ledger::fsck::{Bundle, Rebuilt, read_bundle};
use ledger::hash::Hash;
use ledger::statement::Signed;
use ledger::tile::{WIDTH, entries_path};
use sqlx::{Connection as _, PgConnection};
use time::OffsetDateTime;

use super::store::{Mended, Row};
use super::{restore, store};
use crate::Problem;
use crate::database::Database;
use crate::integrity::batches;
use crate::integrity::columns::{Copies, is_committed};
use crate::integrity::keys::Keys;
use crate::integrity::rows::store::{Columns, EntryRow, entries, leaves, tree_sizes};
use crate::integrity::store::{LogRow, logs};
use crate::moment::timestamp;
use crate::money::Money;
use crate::published::{folder, gunzip};

/// A log whose rows were held against its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MendedLog {
    /// Its name.
    pub origin: String,
    /// Entries that the files have.
    pub size: u64,
    /// The entries that were mended, by index.
    pub mended: Vec<u64>,
    /// The entries whose contents are not what was signed: they are in no file, and a backup of the database may have them.
    pub without_contents: Vec<u64>,
}

/// Mends the rows of every log or of one from its files in the object store: statement, leaf hash and every column beside
/// them, what it refers to, and entries that are gone. Only what differs is written; contents are kept where they are what
/// the statement commits to, and nothing is taken from them where they are not.
///
/// Refused for a log whose files do not give the root that its checkpoint signs, or do not go on to the state that the
/// database has. A log with damaged rows is one transaction, during which everybody else waits: **if we crash**, it is mended
/// or not.
pub async fn rebuild_rows(
    database: &Database,
    origin: Option<&str>,
    now: OffsetDateTime,
) -> Result<Vec<MendedLog>, Problem> {
    let mut done = Vec::new();
    for log in logs(database.sequencer()).await? {
        if log.size > 0 && origin.is_none_or(|origin| origin == log.origin) {
            done.push(rebuild_log(database, &log, now).await?);
        }
    }
    Ok(done)
}

async fn rebuild_log(database: &Database, log: &LogRow, now: OffsetDateTime) -> Result<MendedLog, Problem> {
    let size = check(database, log).await?;
    let mut tx = database.begin(Some(log.org_id), None).await?;
    store::take_time(tx.connection()).await?;
    let (found, _) = compare(tx.connection(), database, log, size, now).await?;
    drop(tx);
    if found.mended.is_empty() {
        return Ok(found);
    }
    // Looked at once more while nobody else reads or writes: contents may have been erased meanwhile.
    let mut connection = PgConnection::connect_with(database.owner()).await?;
    let mut tx = connection.begin().await?;
    store::take_time(&mut tx).await?;
    store::open_rows(&mut tx).await?;
    let (mut found, rows) = compare(&mut tx, database, log, size, now).await?;
    store::mend(&mut tx, (log.org_id, log.mode), &rows).await?;
    // Contents are found by the id: those of a row that had none, or another, only now, and what is copied from them.
    let (rest, rows) = compare(&mut tx, database, log, size, now).await?;
    store::mend(&mut tx, (log.org_id, log.mode), &rows).await?;
    found.without_contents = rest.without_contents;
    store::close_rows(&mut tx).await?;
    tx.commit().await?;
    Ok(found)
}

/// What is to be mended, and the rows for it.
async fn compare(
    connection: &mut PgConnection,
    database: &Database,
    log: &LogRow,
    size: u64,
    now: OffsetDateTime,
) -> Result<(MendedLog, Mended), Problem> {
    let trees = trees(connection, log).await?;
    let (mut rows, origin) = (Mended::default(), log.origin.clone());
    let mut found = MendedLog { origin, size, mended: Vec::new(), without_contents: Vec::new() };
    for index in 0..size.div_ceil(WIDTH) {
        let kept = bundle(database, log, index, size).await?;
        let (from, until) = (index * WIDTH, (index * WIDTH + WIDTH).min(size));
        let stored = entries(&mut *connection, (log.org_id, log.mode), from, until).await?;
        let mut stored = stored.into_iter().peekable();
        for (at, entry) in (from..until).zip(kept) {
            let said = restore::row(&log.origin, &entry, now)
                .ok_or_else(|| refused(log, &format!("entry {at} of its files is neither a statement nor a note")))?;
            let right = right(said, stored.next_if(|row| row.log_index == at), trees[at as usize]);
            if right.contents_differ {
                found.without_contents.push(at);
            }
            if !right.is_stored {
                found.mended.push(at);
                rows.push(log, at, right);
            }
        }
    }
    Ok((found, rows))
}

/// Whether the files give the root that their checkpoint signs, and go on to the state of the database; their size.
async fn check(database: &Database, log: &LogRow) -> Result<u64, Problem> {
    let (keys, _) = Keys::of(log);
    let note = get(database, log, "checkpoint").await?;
    let signed = keys.checkpoint.check_kept(&String::from_utf8_lossy(&note), &log.origin);
    let signed = signed.map_err(|finding| refused(log, &format!("the {finding}")))?;
    let now = keys.checkpoint.check_kept(&log.checkpoint, &log.origin);
    let now = now.map_err(|finding| refused(log, &format!("the database's {finding}")))?;
    if signed.size > now.size || now.size != log.size {
        return Err(refused(log, "the database is older than its files"));
    }
    let (mut tree, mut edge) = (Rebuilt::default(), Vec::new());
    for index in 0..signed.size.div_ceil(WIDTH) {
        let entries = bundle(database, log, index, signed.size).await?;
        grow(&mut tree, &mut edge, Bundle::of(entries.iter().map(Vec::as_slice)).leaves);
    }
    if tree.root_with(&edge) != signed.root {
        return Err(refused(log, "its files do not give the root that was signed"));
    }
    // What the files do not have yet is only in the database, and must be right.
    let mut connection = database.lend().await?;
    for from in (signed.size..now.size).step_by(WIDTH as usize) {
        let rows = leaves(&mut *connection, (log.org_id, log.mode), from, (from + WIDTH).min(now.size)).await?;
        grow(&mut tree, &mut edge, Bundle::of(rows.iter().map(|row| row.statement.as_slice())).leaves);
    }
    if tree.root_with(&edge) != now.root {
        return Err(refused(log, "its files do not go on to the state that the database has"));
    }
    Ok(signed.size)
}

/// Puts leaves into the tree, and those that fill no bundle yet beside it.
fn grow(tree: &mut Rebuilt, edge: &mut Vec<Hash>, leaves: Vec<Hash>) {
    edge.extend(leaves);
    while edge.len() as u64 >= WIDTH {
        let rest = edge.split_off(WIDTH as usize);
        tree.push(Bundle::of_leaves(std::mem::replace(edge, rest)));
    }
}

/// The sizes of the trees that the entries were answered with, with likely ones in the place of those that cannot be: a
/// state that the log had, which is all that an answer needs.
async fn trees(connection: &mut PgConnection, log: &LogRow) -> Result<Vec<u64>, Problem> {
    let known = tree_sizes(connection, (log.org_id, log.mode), 0, log.size).await?;
    let odd = batches::odd(0, log.size, log.size, &known);
    let mut trees: Vec<Option<u64>> = vec![None; log.size as usize];
    for (index, size) in known {
        trees[index as usize] = odd.binary_search(&index).is_err().then_some(size);
    }
    let mut right: Vec<u64> = Vec::with_capacity(trees.len());
    for (index, tree) in (0..).zip(&trees) {
        let before = right.last().copied().filter(|tree| *tree > index);
        let after = || trees[index as usize..].iter().flatten().next().copied().unwrap_or(log.size);
        right.push(tree.or(before).unwrap_or_else(after));
    }
    Ok(right)
}

/// What belongs into a row.
struct Right {
    row: Row,
    columns: Columns,
    /// Whether there are contents that are not what the statement commits to.
    contents_differ: bool,
    /// Whether it is there as it must be.
    is_stored: bool,
}

/// What belongs into the row of an entry, of which `said` is what the entry alone says.
fn right(mut said: Row, stored: Option<EntryRow>, tree_size: u64) -> Right {
    let (as_signed, stored) =
        stored.map_or((false, None), |row| (row.statement == said.entry && row.leaf_hash == said.leaf.0, row.columns));
    if let Some(stored) = &stored {
        // An entry of the root log says neither, and a statement the time of issue to the millisecond.
        if said.is_bare {
            (said.id, said.issued_at) = (stored.id, stored.issued_at);
        } else if timestamp(stored.issued_at) == timestamp(said.issued_at) {
            said.issued_at = stored.issued_at;
        }
    }
    let contents = stored.as_ref().and_then(|stored| stored.payload.as_ref());
    let signed = Signed::parse(&said.entry).ok();
    let is_signed = |(payload, salt): &&(Vec<u8>, Vec<u8>)| match &signed {
        Some(signed) => is_committed(&signed.statement, payload, salt),
        None => payload.is_empty() && *salt == [0; 16],
    };
    let contents_differ = contents.is_some_and(|contents| !is_signed(&contents));
    // An entry of the root log says what it is about; of a receipt, that is in the contents. What was copied from contents
    // that are no longer right is all that is left of them.
    let copies = match &stored {
        _ if said.is_bare => Copies { reference: said.reference.clone(), occurred_at: said.issued_at, amount: None },
        Some(stored) if contents_differ => Copies {
            reference: stored.reference.clone(),
            occurred_at: stored.occurred_at,
            amount: stored.amount_minor.zip(stored.currency.clone()).map(|(minor, currency)| Money { minor, currency }),
        },
        _ => Copies::of(&said.kind, said.issued_at, contents.map(|(payload, _)| payload.as_slice())),
    };
    let columns = Columns {
        id: said.id,
        tree_size,
        kind: said.kind.clone(),
        reference: copies.reference,
        occurred_at: copies.occurred_at,
        issued_at: said.issued_at,
        amount_minor: copies.amount.as_ref().map(|amount| amount.minor),
        currency: copies.amount.map(|amount| amount.currency),
        idempotency: said.idempotency.map(|hash| hash.0.to_vec()),
        payload: None,
        erasure: None,
        is_recorded_as_erased: false,
        refs: said.refs.iter().map(|(id, relation)| (*id, (*relation).to_owned())).collect(),
    };
    let has_contents = !said.is_bare || contents.is_some() && !contents_differ;
    let is_stored = as_signed && has_contents && stored.as_ref().is_some_and(|stored| same(stored, &columns));
    Right { contents_differ: contents_differ && !said.is_bare, row: said, columns, is_stored }
}

fn same(one: &Columns, other: &Columns) -> bool {
    let all = |columns: &Columns| {
        let Columns { id, tree_size, kind, reference, occurred_at, issued_at, amount_minor, currency, .. } = columns;
        let mut refs = columns.refs.clone();
        refs.sort();
        let said = (*id, *tree_size, kind.clone(), reference.clone(), *occurred_at, *issued_at);
        (said, *amount_minor, currency.clone(), columns.idempotency.clone(), refs)
    };
    all(one) == all(other)
}

impl Mended {
    fn push(&mut self, log: &LogRow, index: u64, Right { row, columns, .. }: Right) {
        self.refs.push((log.org_id, log.mode), &row);
        self.ids.push(row.id.0);
        self.indices.push(index.cast_signed());
        self.tree_sizes.push(columns.tree_size.cast_signed());
        self.kinds.push(columns.kind);
        self.references.push(columns.reference);
        self.occurred_ats.push(columns.occurred_at);
        self.issued_ats.push(columns.issued_at);
        self.amounts.push(columns.amount_minor);
        self.currencies.push(columns.currency);
        self.idempotencies.push(columns.idempotency);
        self.leaves.push(row.leaf.0.to_vec());
        self.statements.push(row.entry);
        if row.is_bare {
            self.bare.push(row.id.0);
        }
    }
}

async fn get(database: &Database, log: &LogRow, name: &str) -> Result<Vec<u8>, Problem> {
    let bytes = database.objects().get(&format!("{}/{name}", folder(&log.origin))).await?;
    bytes.ok_or_else(|| refused(log, &format!("{name} is not in the object store")))
}

async fn bundle(database: &Database, log: &LogRow, index: u64, size: u64) -> Result<Vec<Vec<u8>>, Problem> {
    let width = (size - index * WIDTH).min(WIDTH) as u16;
    let name = entries_path(index, width);
    let bytes = gunzip(&get(database, log, &name).await?).ok_or_else(|| refused(log, &format!("{name} is no gzip")))?;
    let entries = read_bundle(index, width, &bytes).map_err(|finding| refused(log, &finding.to_string()))?;
    Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
}

fn refused(log: &LogRow, why: &str) -> Problem {
    Problem::internal(format!("{}: {why}, so no row is mended from them; `certnode fsck` says more", log.origin))
}
