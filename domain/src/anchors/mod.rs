//! The root log: once a second, the state of every log that moved becomes an entry of one log that everyone may read.
//!
//! It is a log like the others, written by the same sequencer. An entry is the text of a tenant's checkpoint, so that a
//! receipt's proof goes on by public rules alone: receipt, tenant's checkpoint, root's checkpoint.

use ledger::checkpoint::Checkpoint;
use ledger::hash::{Hash, sha256};
use ledger::note::{Note, SignatureLine, VerifierKey};
use ledger::policy::{Log, Policy, Witness};
use ledger::proof::consistency_proof;
use ledger::tile::{TileSet, tiles_for_consistency};
use ledger::tlog_proof::TlogProof;
use ledger::witness::AddCheckpoint;
use time::OffsetDateTime;

use crate::context::{Cx, Domain};
use crate::database::Tx;
use crate::id::{OrgId, ReceiptId};
use crate::logs::Identity;
use crate::receipts::{Anchored, State, Status, Summary, prove};
use crate::sequencer::{Entry, Outcome};
use crate::{Mode, Problem, log_keys, logs};

pub(crate) mod store;
#[cfg(test)]
mod tests;

use store::Moved;

/// Whose log the root log is.
pub const ROOT: (OrgId, Mode) = (OrgId(uuid::Uuid::nil()), Mode::Live);
/// Logs anchored together; a round has as many such steps as it takes.
const STEP: usize = if cfg!(test) { 2 } else { 1024 };

/// A log's state in the root log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The size of the log.
    pub log_size: u64,
    /// The entry of the root log that says so.
    pub root_index: u64,
    /// Since when.
    pub at: OffsetDateTime,
}

/// A state of the root log that a file rests on, so that the same file can be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RootState {
    /// The root log's size.
    pub(crate) size: u64,
    /// Cosignatures of it that there were, the first ones: others may come.
    pub(crate) cosignatures: u32,
}

/// That the root log includes a log's state.
pub(crate) struct RootProof {
    /// The proof, with what witnesses signed in its checkpoint.
    pub(crate) proof: TlogProof,
    /// The root log's keys that signed it and are believed.
    keys: Vec<String>,
    /// Those of the root log that are not, and from which of its sizes on.
    pub(crate) revoked: Vec<(String, u64)>,
    /// Enough witnesses signed.
    witnessed: bool,
}

/// Anchors the logs that moved since the last round; their number.
///
/// **If we crash** between the entry and the note of where it is, the next round finds the entry by its idempotency key.
pub async fn anchor(domain: &Domain) -> Result<usize, Problem> {
    log_keys::record_events(domain).await?;
    // The root log is the only one of its owner's.
    let (mut behind, mut anchored) = ((ROOT.0, Mode::Test), 0);
    loop {
        let mut connection = domain.database.lend().await?;
        let moved = store::moved(&mut connection, behind, STEP).await?;
        drop(connection);
        let Some(last) = moved.last() else { return Ok(anchored) };
        behind = (last.org_id, last.mode);
        anchor_all(domain, &moved).await?;
        anchored += moved.len();
        if moved.len() < STEP {
            return Ok(anchored);
        }
    }
}

/// By which an entry of the root log is put there once: `SHA-256(log ‖ fact)`. Unlike those of tenants it has no secret. What
/// the root log says is for everyone to read, and whoever restores it from its files makes the same out of its entries.
pub(crate) fn fact_hash(log: &str, fact: &str) -> Hash {
    sha256(&[log.as_bytes(), fact.as_bytes()])
}

async fn anchor_all(domain: &Domain, moved: &[Moved]) -> Result<(), Problem> {
    let root = domain.system(ROOT.0, ROOT.1);
    let identity = logs::identity_of_root(&root).await?;
    let mut entries = Vec::with_capacity(moved.len());
    for log in moved {
        let note = Note::parse(&log.checkpoint).map_err(|error| Problem::internal(format!("{error:?}")))?;
        let key = fact_hash(&identity.origin, &format!("{}/{}", log.origin, log.size));
        let now = root.now();
        entries.push(Entry {
            org_id: ROOT.0,
            mode: ROOT.1,
            id: ReceiptId(root.new_id()),
            kind: "checkpoint".to_owned(),
            reference: Some(log.origin.clone()),
            occurred_at: now,
            issued_at: now,
            amount: None,
            idempotency: Some(key),
            refs: Vec::new(),
            statement: note.text().as_bytes().to_vec(),
            payload: Vec::new(),
            salt: [0; 16],
        });
    }
    let outcomes = domain.sequencer.place_many(entries).await;
    let mut connection = domain.database.lend().await?;
    let mut indices = Vec::with_capacity(moved.len());
    for outcome in outcomes {
        let index = match outcome? {
            Outcome::Placed(placed) => placed.log_index,
            Outcome::Taken(id) => store::index_of(&mut connection, ROOT, id).await?,
        };
        indices.push(index.cast_signed());
    }
    store::insert(&mut connection, moved, &indices, root.now()).await
}

/// The first anchor that covers an entry of the actor's log, if there is one yet.
pub(crate) async fn covering(cx: &Cx, index: u64) -> Result<Option<Anchor>, Problem> {
    let log = cx.tenant()?;
    let mut tx = cx.begin().await?;
    store::covering(&mut tx, log, index).await
}

/// The first anchor that covers an entry of the actor's log in a state that a believed key signed.
pub(crate) async fn believed(cx: &Cx, identity: &Identity, index: u64) -> Result<Option<Anchor>, Problem> {
    let Some(anchor) = covering(cx, index).await? else { return Ok(None) };
    match identity.first_believed(anchor.log_size) {
        Some(size) if size == anchor.log_size => Ok(Some(anchor)),
        Some(size) => covering(cx, size - 1).await,
        None => Ok(None),
    }
}

/// That the root log includes what an anchor says: in the state that most witnesses cosigned, or as it is now.
pub(crate) async fn proof(domain: &Domain, anchor: &Anchor) -> Result<RootProof, Problem> {
    let root = domain.system(ROOT.0, ROOT.1);
    let mut tx = root.begin().await?;
    let identity = logs::identity_now(&root, &mut tx, ROOT).await?;
    let seen = best(&mut tx, &domain.witnesses, anchor.root_index).await?;
    let (size, lines, witnessed) = match seen.filter(|seen| identity.believed(seen.size).next().is_some()) {
        Some(seen) => (seen.size, seen.lines, seen.enough),
        None => (logs::store::find(tx.connection(), ROOT.0, ROOT.1).await?.size, Vec::new(), false),
    };
    prove_in(&mut tx, &identity, anchor, (size, &lines), witnessed).await
}

/// The state of the root log that [`proof`] would choose, to be named.
pub(crate) async fn state_for(domain: &Domain, anchor: &Anchor) -> Result<RootState, Problem> {
    let root = domain.system(ROOT.0, ROOT.1);
    let mut tx = root.begin().await?;
    let identity = logs::identity_now(&root, &mut tx, ROOT).await?;
    let seen = best(&mut tx, &domain.witnesses, anchor.root_index).await?;
    match seen.filter(|seen| identity.believed(seen.size).next().is_some()) {
        Some(seen) => {
            Ok(RootState { size: seen.size, cosignatures: u32::try_from(seen.lines.len()).unwrap_or(u32::MAX) })
        }
        None => Ok(RootState { size: logs::store::find(tx.connection(), ROOT.0, ROOT.1).await?.size, cosignatures: 0 }),
    }
}

/// As [`proof`], in a state that was named; none if the root log was never in it, or it does not have the anchor.
pub(crate) async fn proof_in(domain: &Domain, anchor: &Anchor, state: RootState) -> Result<Option<RootProof>, Problem> {
    let root = domain.system(ROOT.0, ROOT.1);
    let mut tx = root.begin().await?;
    let identity = logs::identity_now(&root, &mut tx, ROOT).await?;
    let size = logs::store::find(tx.connection(), ROOT.0, ROOT.1).await?.size;
    if state.size <= anchor.root_index || state.size > size {
        return Ok(None);
    }
    let lines = store::cosigned_at(&mut tx, state.size, state.cosignatures).await?;
    let seen = judged(&domain.witnesses, state.size, &lines);
    prove_in(&mut tx, &identity, anchor, (state.size, &seen.lines), seen.enough).await.map(Some)
}

/// The proof that the root log of a size has an anchor, with what was signed below that size's checkpoint.
async fn prove_in(
    tx: &mut Tx,
    identity: &Identity,
    anchor: &Anchor,
    (size, lines): (u64, &[SignatureLine]),
    witnessed: bool,
) -> Result<RootProof, Problem> {
    let proved = prove(tx, ROOT, identity, anchor.root_index, size).await?;
    let mut checkpoint = proved.checkpoint;
    for line in lines {
        checkpoint.push_str(&format!("{line}\n"));
    }
    let proof = TlogProof { extra: None, index: anchor.root_index, hashes: proved.hashes, checkpoint };
    let keys = identity.believed(size).map(|key| key.vkey.clone()).collect();
    Ok(RootProof { proof, keys, revoked: identity.revoked_keys(), witnessed })
}

/// A state of the root log that witnesses cosigned.
struct Seen<'p> {
    size: u64,
    lines: Vec<SignatureLine>,
    witnesses: Vec<&'p Witness>,
    enough: bool,
}

/// The newest states that witnesses cosigned. Each was checked when it was kept; who counts is the policy's to say.
async fn seen<'p>(tx: &mut Tx, policy: &'p Policy) -> Result<Vec<Seen<'p>>, Problem> {
    let states = store::cosigned(tx).await?;
    Ok(states.into_iter().map(|(size, lines)| judged(policy, size, &lines)).collect())
}

/// What a policy says of a state by the lines that were signed below it.
fn judged<'p>(policy: &'p Policy, size: u64, lines: &[String]) -> Seen<'p> {
    let lines: Vec<SignatureLine> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    let witnesses = policy.named_in(&lines);
    let enough = policy.quorum.is_some() && policy.is_met_by(&witnesses);
    Seen { size, lines, witnesses, enough }
}

/// Of the states above an entry: one that enough witnesses cosigned, else one that most did, the newest of these.
async fn best<'p>(tx: &mut Tx, policy: &'p Policy, root_index: u64) -> Result<Option<Seen<'p>>, Problem> {
    let above = seen(tx, policy).await?.into_iter().filter(|seen| seen.size > root_index);
    Ok(above.max_by_key(|seen| (seen.enough, seen.witnesses.len(), seen.size)))
}

/// How far an entry of the actor's log has come, and what that rests on.
pub(crate) async fn status(cx: &Cx, index: u64) -> Result<(State, Status), Problem> {
    let policy = &cx.domain.witnesses;
    let asked = u32::try_from(policy.witnesses.len()).unwrap_or(u32::MAX);
    let Some(anchor) = covering(cx, index).await? else {
        return Ok((State::Included, Status { asked, ..Status::default() }));
    };
    let mut tx = cx.begin().await?;
    let seen = best(&mut tx, policy, anchor.root_index).await?;
    let state = if seen.as_ref().is_some_and(|seen| seen.enough) { State::Witnessed } else { State::Anchored };
    let names = seen.into_iter().flat_map(|seen| seen.witnesses).map(|witness| witness.name.clone());
    let anchored = Some(Anchored { root_index: anchor.root_index, at: anchor.at });
    Ok((state, Status { anchored, witnesses: names.collect(), asked }))
}

/// Writes into receipts of the actor's log how far they have come.
pub(crate) async fn mark(cx: &Cx, tx: &mut Tx, receipts: &mut [Summary]) -> Result<(), Problem> {
    let (log, policy) = (cx.tenant()?, &cx.domain.witnesses);
    let anchored = store::reached(tx, log, u64::MAX >> 1).await?;
    let witnessed = match policy.quorum {
        Some(_) => match seen(tx, policy).await?.iter().find(|seen| seen.enough) {
            Some(seen) => store::reached(tx, log, seen.size).await?,
            None => 0,
        },
        None => 0,
    };
    for receipt in receipts {
        receipt.state = match receipt.log_index {
            index if index < witnessed => State::Witnessed,
            index if index < anchored => State::Anchored,
            _ => State::Included,
        };
    }
    Ok(())
}

/// Whom the holder of a file may believe: the log, the root log once it is in the file, and the witnesses. The quorum is
/// asked for once it is met, so that a file that is too young for it is not a wrong one.
pub(crate) fn policy<'k>(
    cx: &Cx,
    log: impl Iterator<Item = &'k str>,
    root: Option<&'k RootProof>,
) -> Result<Policy, Problem> {
    let mut policy = cx.domain.witnesses.clone();
    policy.witnesses.iter_mut().for_each(|witness| witness.url = None);
    for key in log.chain(root.into_iter().flat_map(|root| root.keys.iter().map(String::as_str))) {
        let key = key.parse().map_err(|error| Problem::internal(format!("{key}: {error:?}")))?;
        policy.logs.push(Log { key, url: None });
    }
    policy.quorum = policy.quorum.filter(|_| root.is_some_and(|root| root.witnessed));
    Ok(policy)
}

/// What to send to a witness that cosigned the root log at a size last (0 for never); none while there is nothing newer.
pub async fn submission(domain: &Domain, old: u64) -> Result<Option<(u64, AddCheckpoint)>, Problem> {
    let root = domain.system(ROOT.0, ROOT.1);
    let mut tx = root.begin().await?;
    let row = match logs::store::find(tx.connection(), ROOT.0, ROOT.1).await {
        Err(problem) if problem.status == 404 => return Ok(None),
        row => row?,
    };
    if row.size <= old {
        return Ok(None);
    }
    let mut tiles = TileSet::default();
    let mut proof = Vec::new();
    if old > 0 {
        for tile in tiles_for_consistency(old, row.size) {
            let bytes = logs::tiles::read(&mut tx, ROOT, tile).await?;
            tiles.insert(tile, &bytes).map_err(|error| Problem::internal(format!("{}: {error:?}", tile.path())))?;
        }
        proof = consistency_proof(old, row.size, &tiles)
            .map_err(|error| Problem::internal(format!("root log, {old} to {}: {error:?}", row.size)))?;
    }
    Ok(Some((row.size, AddCheckpoint { old, proof, checkpoint: row.checkpoint })))
}

/// Keeps what a witness answered: the cosignatures of its key over what it was sent. Refused when none of them holds.
pub async fn keep(
    domain: &Domain,
    size: u64,
    sent: &AddCheckpoint,
    witness: &VerifierKey,
    said: &str,
) -> Result<(), Problem> {
    let refused = |why: &str| Problem::internal(format!("the witness {} answered {why}", witness.name()));
    let sent = Note::parse(&sent.checkpoint).map_err(|_| refused("to a note that is none"))?;
    for line in said.lines() {
        let line: SignatureLine = line.parse().map_err(|_| refused("with a line that is no signature"))?;
        let mut note = sent.clone();
        note.push(line.clone());
        let holds = note
            .verify_any(std::slice::from_ref(witness))
            .map_err(|_| refused("with a signature that does not hold"))?;
        if !holds.is_empty() {
            let mut connection = domain.database.lend().await?;
            return store::keep(&mut connection, size, witness.name(), &line.to_string(), domain.clock.now()).await;
        }
    }
    Err(refused("without a signature of its own"))
}

/// The root log's latest checkpoint, for whoever asks.
pub async fn head(domain: &Domain) -> Result<Option<Checkpoint>, Problem> {
    let root = domain.system(ROOT.0, ROOT.1);
    let mut tx = root.begin().await?;
    let Ok(row) = logs::store::find(tx.connection(), ROOT.0, ROOT.1).await else { return Ok(None) };
    Ok(Note::parse(&row.checkpoint).ok().and_then(|note| Checkpoint::parse(note.text())))
}
