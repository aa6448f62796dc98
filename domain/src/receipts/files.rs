//! What leaves as files: the bundle, its proofs on their own, and the same as a COSE receipt.

use std::sync::Arc;

use ledger::bundle::Bundle;
use ledger::checkpoint::Checkpoint;
use ledger::cose;
use ledger::encoding::from_base64;
use ledger::hash::Hash;
use ledger::note::Note;
use ledger::tlog_proof::TlogProof;

use super::Receipt;
use super::service::{at_size, get};
use crate::Problem;
use crate::anchors::{self, RootProof};
use crate::context::Cx;
use crate::id::ReceiptId;
use crate::logs::{self, Identity};

/// A receipt as it can be proved furthest: in the first state of its log that the root log has, or as it is now.
struct Proved {
    receipt: Receipt,
    proof: TlogProof,
    root: Option<RootProof>,
    identity: Arc<Identity>,
}

async fn proved(cx: &Cx, id: ReceiptId) -> Result<Proved, Problem> {
    let mut receipt = get(cx, id).await?;
    let mut root = None;
    let identity = logs::identity_now(cx, &mut cx.begin().await?, cx.tenant()?).await?;
    if let Some(anchor) = anchors::believed(cx, &identity, receipt.proof.log_index).await? {
        receipt = at_size(cx, cx.begin().await?, id, anchor.log_size).await?;
        root = Some(anchors::proof(cx.domain(), &anchor).await?);
    }
    let hashes = receipt.proof.hashes.iter().filter_map(|hash| Hash::from_base64(hash)).collect();
    let checkpoint = receipt.proof.checkpoint.clone();
    let proof = TlogProof { extra: None, index: receipt.proof.log_index, hashes, checkpoint };
    Ok(Proved { receipt, proof, root, identity })
}

/// The offline file of a receipt, `.certnode`: with its proof up to the root log, once that has the log's state.
pub async fn bundle(cx: &Cx, id: ReceiptId) -> Result<Vec<u8>, Problem> {
    Ok(whole(cx, id).await?.to_bytes())
}

/// The same without the contents: what was signed about them still holds.
pub async fn bundle_without_contents(cx: &Cx, id: ReceiptId) -> Result<Vec<u8>, Problem> {
    Ok(Bundle { payload: None, salt: None, ..whole(cx, id).await? }.to_bytes())
}

async fn whole(cx: &Cx, id: ReceiptId) -> Result<Bundle, Problem> {
    let Proved { receipt, proof, root, identity } = proved(cx, id).await?;
    let keys = identity.believed(receipt.proof.tree_size).map(|key| key.vkey.as_str());
    let mut revoked_keys = identity.revoked_keys();
    revoked_keys.extend(root.iter().flat_map(|root| root.revoked.clone()));
    let payload = receipt
        .payload
        .map(|payload| ledger::json::parse(payload.as_bytes()).map_err(Problem::internal))
        .transpose()?;
    Ok(Bundle {
        statement: receipt.statement.into_bytes(),
        payload,
        salt: receipt.salt.and_then(|salt| from_base64(&salt)?.try_into().ok()),
        tenant_proof: proof.text(),
        policy: anchors::policy(cx, keys, root.as_ref())?.to_string(),
        root_proof: root.map(|root| root.proof.text()),
        issuing_keys: identity.issuing_keys(),
        revoked_keys,
    })
}

/// That the log includes the receipt, as a `.tlog-proof` (C2SP): in the state that [`root_proof`] goes on from.
pub async fn proof(cx: &Cx, id: ReceiptId) -> Result<String, Problem> {
    Ok(proved(cx, id).await?.proof.text())
}

/// That the root log includes that state, as a `.tlog-proof`; its entry is the text of the log's checkpoint. 409 while it
/// does not.
pub async fn root_proof(cx: &Cx, id: ReceiptId) -> Result<String, Problem> {
    let root = proved(cx, id).await?.root.ok_or_else(|| {
        let detail = "The root log does not hold the state of this receipt's log yet. It does within seconds.";
        Problem::new(409, "not_anchored", detail).retry_after(2)
    })?;
    Ok(root.proof.text())
}

/// That the log includes the receipt, as a COSE receipt: over the same root as [`proof`].
pub async fn cose(cx: &Cx, id: ReceiptId) -> Result<Vec<u8>, Problem> {
    let Proved { proof, identity, .. } = proved(cx, id).await?;
    let note = Note::parse(&proof.checkpoint).map_err(|error| Problem::internal(format!("{error:?}")))?;
    let checkpoint = Checkpoint::parse(note.text()).ok_or_else(|| Problem::internal("a checkpoint that is none"))?;
    let signer = identity.signer_at(checkpoint.size);
    signer
        .and_then(|signer| cose::receipt(signer, &checkpoint, proof.index, &proof.hashes))
        .ok_or_else(|| Problem::internal("a receipt in a log without a first entry"))
}
