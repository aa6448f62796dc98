//! The root log: once a second, the state of every log that moved becomes an entry of one log that everyone may read.
//!
//! It is a log like the others, written by the same sequencer. An entry is the text of a tenant's checkpoint, so that a
//! receipt's proof goes on by public rules alone: receipt, tenant's checkpoint, root's checkpoint.

use ledger::checkpoint::Checkpoint;
use ledger::commitment::idempotency_hash;
use ledger::note::Note;
use ledger::tlog_proof::TlogProof;

use crate::context::{Cx, Domain};
use crate::id::{OrgId, ReceiptId};
use crate::receipts::prove;
use crate::sequencer::{Entry, Outcome};
use crate::{Mode, Problem, logs};

mod store;
#[cfg(test)]
mod tests;

/// Whose log the root log is.
pub const ROOT: (OrgId, Mode) = (OrgId(uuid::Uuid::nil()), Mode::Live);
/// Logs anchored in one round; the others follow in the next.
const ROUND: i64 = 1024;

/// A log's state in the root log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The size of the log.
    pub log_size: u64,
    /// The entry of the root log that says so.
    pub root_index: u64,
}

/// Anchors the logs that moved since the last round; their number.
///
/// **If we crash** between the entry and the note of where it is, the next round finds the entry by its idempotency key.
pub async fn anchor(domain: &Domain) -> Result<usize, Problem> {
    let root = domain.system(ROOT.0, ROOT.1);
    let mut connection = domain.database.sequencer().acquire().await?;
    let moved = store::moved(&mut connection, ROOT.0, ROUND).await?;
    drop(connection);
    if moved.is_empty() {
        return Ok(0);
    }
    let identity = logs::identity_of_root(&root).await?;
    let mut entries = Vec::with_capacity(moved.len());
    for log in &moved {
        let note = Note::parse(&log.checkpoint).map_err(|error| Problem::internal(format!("{error:?}")))?;
        let key = idempotency_hash(&identity.origin, &format!("{}/{}", log.origin, log.size));
        entries.push(Entry {
            org_id: ROOT.0,
            mode: ROOT.1,
            id: ReceiptId(root.new_id()),
            kind: "checkpoint".to_owned(),
            reference: Some(log.origin.clone()),
            occurred_at: root.now(),
            issued_at: root.now(),
            amount: None,
            idempotency: Some(key),
            statement: note.text().as_bytes().to_vec(),
            payload: Vec::new(),
            salt: [0; 16],
        });
    }
    let outcomes = domain.sequencer.place_many(entries).await;
    let mut connection = domain.database.sequencer().acquire().await?;
    for (log, outcome) in moved.iter().zip(outcomes) {
        let index = match outcome? {
            Outcome::Placed(placed) => placed.log_index,
            Outcome::Taken(id) => store::index_of(&mut connection, ROOT, id).await?,
        };
        store::insert(&mut connection, (log.org_id, log.mode), log.size, index, root.now()).await?;
    }
    Ok(moved.len())
}

/// The first anchor that covers an entry of the actor's log, if there is one yet.
pub(crate) async fn covering(cx: &Cx, index: u64) -> Result<Option<Anchor>, Problem> {
    let log = cx.tenant()?;
    let mut tx = cx.begin().await?;
    store::covering(&mut tx, log, index).await
}

/// That the root log, as it is now, includes what an anchor says.
pub(crate) async fn proof(domain: &Domain, anchor: &Anchor) -> Result<(TlogProof, String), Problem> {
    let root = domain.system(ROOT.0, ROOT.1);
    let identity = logs::identity(&root).await?;
    let mut tx = root.begin().await?;
    let size = logs::store::find(tx.connection(), ROOT.0, ROOT.1).await?.size;
    let proved = prove(&mut tx, ROOT, &identity, anchor.root_index, size).await?;
    let proof =
        TlogProof { extra: None, index: anchor.root_index, hashes: proved.hashes, checkpoint: proved.checkpoint };
    Ok((proof, identity.public.log.clone()))
}

/// The root log's latest checkpoint, for whoever asks.
pub async fn head(domain: &Domain) -> Result<Option<Checkpoint>, Problem> {
    let root = domain.system(ROOT.0, ROOT.1);
    let mut tx = root.begin().await?;
    let Ok(row) = logs::store::find(tx.connection(), ROOT.0, ROOT.1).await else { return Ok(None) };
    Ok(Note::parse(&row.checkpoint).ok().and_then(|note| Checkpoint::parse(note.text())))
}
