//! Use-cases of checkpoints.

use ledger::checkpoint::Checkpoint;
use ledger::hash::Hash;
use ledger::note::Note;
use ledger::proof::consistency_proof;
use ledger::tile::{TileSet, tiles_for_consistency};

use super::{Anchored, Consistency, Moment, Picture, Signed, Subtree, Witness, store};
use crate::context::Cx;
use crate::database::Tx;
use crate::permission::Permission;
use crate::{Problem, log_keys, logs, receipts};

/// Checkpoints of the history.
const HISTORY: i64 = 20;

/// How the actor's log stands, who has seen it, and its newest anchored checkpoints.
pub async fn picture(cx: &Cx) -> Result<Picture, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let head = logs::head(cx).await?;
    let mut tx = cx.begin().await?;
    let row = logs::store::find(tx.connection(), org_id, mode).await?;
    let witnesses = witnesses(cx, &mut tx).await?;
    let rows = store::history(&mut tx, log, HISTORY).await?;
    let seen_by = |index: u64| {
        let seen = witnesses.iter().filter(move |witness| witness.seen.is_some_and(|(size, _)| size > index));
        seen.map(|witness| witness.name.clone()).collect()
    };
    let root_of = |checkpoint: &str| Checkpoint::parse(Note::parse(checkpoint).ok()?.text()).map(|found| found.root);
    let history = rows.into_iter().map(|row| Anchored {
        size: row.size,
        root: row.checkpoint.as_deref().and_then(root_of).map(|root| root.to_base64()),
        root_index: row.root_index,
        at: row.at,
        witnesses: seen_by(row.root_index),
    });
    let history = history.collect();
    // Head and tree from one row: what is drawn is what was signed.
    let head = logs::Head {
        size: row.size,
        receipts: row.size.saturating_sub(1),
        checkpoint: (!row.checkpoint.is_empty()).then_some(row.checkpoint),
        ..head
    };
    Ok(Picture {
        head,
        root: row.frontier.root().to_hex(),
        edge: edge(row.size, row.frontier.roots()),
        history,
        quorum: cx.domain.witnesses.quorum.as_deref().map(|_| quorum(cx)),
        witnesses,
    })
}

/// The subtrees of a tree by their roots, largest first.
fn edge(size: u64, roots: &[Hash]) -> Vec<Subtree> {
    let levels = (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1);
    let subtree =
        |(level, root): (u32, &Hash)| Subtree { entries: 1 << level, hash: root.to_hex().chars().take(8).collect() };
    levels.zip(roots).map(subtree).collect()
}

async fn witnesses(cx: &Cx, tx: &mut Tx) -> Result<Vec<Witness>, Problem> {
    let mut witnesses = Vec::new();
    for witness in &cx.domain.witnesses.witnesses {
        let seen = store::seen(tx, witness.key.name()).await?.map(|(size, at)| (size, Moment(at)));
        witnesses.push(Witness { name: witness.name.clone(), vkey: witness.key.to_string(), seen });
    }
    Ok(witnesses)
}

/// The fewest witnesses that are enough, and how many there are.
fn quorum(cx: &Cx) -> (usize, usize) {
    let policy = &cx.domain.witnesses;
    let wanted = policy.groups.iter().find(|group| Some(&group.name) == policy.quorum.as_ref());
    (wanted.map_or(1, |group| group.threshold), wanted.map_or(1, |group| group.members.len()))
}

/// What shows that the log of `to` entries begins with the log of `from` entries, with both checkpoints: as they were signed
/// then where that was kept, of states that were anchored and of the newest, and signed for this answer where it was not.
/// Without those where nothing is signed, because the database went back.
///
/// Errors: 422 unless `1 <= from <= to <= size`.
pub async fn consistency(cx: &Cx, from: u64, to: u64) -> Result<Consistency, Problem> {
    let log @ (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let row = logs::store::find(tx.connection(), org_id, mode).await?;
    if from == 0 || from > to || to > row.size {
        let message = format!("Two sizes of the log are wanted, the smaller first, from 1 to {}.", row.size);
        return Err(Problem::invalid().field(if to > row.size { "to" } else { "from" }, "size", message));
    }
    let mut tiles = TileSet::default();
    for tile in tiles_for_consistency(from, to) {
        let bytes = logs::tiles::read(&mut tx, log, tile).await?;
        tiles.insert(tile, &bytes).map_err(|error| Problem::internal(format!("{}: {error:?}", tile.path())))?;
    }
    let hashes = consistency_proof(from, to, &tiles)
        .map_err(|error| Problem::internal(format!("{from} to {to} entries: {error:?}")))?;
    let mut signed = Vec::new();
    for size in [from, to] {
        let newest = (size == row.size).then(|| row.checkpoint.clone());
        let kept = store::kept(&mut tx, log, size).await?;
        let mut checkpoint = newest.or(kept);
        if checkpoint.is_none() && cx.domain.database.fence().rolled_back().is_none() {
            let identity = logs::identity_now(cx, &mut tx, log).await?;
            checkpoint = Some(receipts::checkpoint_at(&mut tx, log, &identity, size).await?);
        }
        signed.push(Signed { size, checkpoint });
    }
    let keys = log_keys::store::of_log(tx.connection(), log).await?;
    let (Some(to), Some(from)) = (signed.pop(), signed.pop()) else { return Err(Problem::not_found()) };
    Ok(Consistency {
        origin: row.origin,
        from,
        to,
        hashes: hashes.iter().map(Hash::to_base64).collect(),
        keys: keys.into_iter().map(|row| row.key).collect(),
    })
}
