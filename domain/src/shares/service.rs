//! Use-cases of shared receipts.

use super::store::{self, Row};
use super::{Opened, Share};
use crate::context::{Cx, Domain};
use crate::events::emit;
use crate::id::ReceiptId;
use crate::permission::Permission;
use crate::{Problem, receipts, secret};

const TOKEN: &str = "certnode 2026-11-21 shared receipt token v1";

fn shown(cx: &Cx, row: &Row) -> Share {
    Share { token: cx.domain.keyring.share_token(row.id), with_contents: row.with_contents, shared_at: row.shared_at }
}

/// Shares a receipt, with its contents or without. One that is shared already keeps its link and shows what is chosen now.
///
/// Who may issue receipts may share them.
pub async fn share(cx: &Cx, receipt: ReceiptId, with_contents: bool) -> Result<Share, Problem> {
    let log @ (_, mode) = cx.require(Permission::ReceiptsWrite)?;
    let mut tx = cx.begin().await?;
    let (id, now) = (cx.new_id(), cx.now());
    let hash = secret::hash(TOKEN, &cx.domain.keyring.share_token(id));
    let row = Row { id, with_contents, shared_at: now };
    let row = store::insert_or_change(&mut tx, log, receipt, &row, &hash, cx.user_id()).await?;
    let data = serde_json::json!({ "id": receipt.to_string(), "with_contents": with_contents });
    emit(cx, &mut tx, mode, "receipt.shared", data).await?;
    tx.commit().await?;
    Ok(shown(cx, &row))
}

/// The link of a receipt, if it is shared. 404 for a receipt that is not there.
pub async fn find(cx: &Cx, receipt: ReceiptId) -> Result<Option<Share>, Problem> {
    let log = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    Ok(store::find(&mut tx, log, receipt).await?.map(|row| shown(cx, &row)))
}

/// Ends a receipt's link, for good: shared again, it gets another. Nothing happens to one that is not shared.
pub async fn withdraw(cx: &Cx, receipt: ReceiptId) -> Result<(), Problem> {
    let log @ (_, mode) = cx.require(Permission::ReceiptsWrite)?;
    let mut tx = cx.begin().await?;
    store::find(&mut tx, log, receipt).await?;
    if store::withdraw(&mut tx, log, receipt, cx.now()).await? {
        emit(cx, &mut tx, mode, "receipt.share_withdrawn", serde_json::json!({ "id": receipt.to_string() })).await?;
    }
    tx.commit().await
}

/// What is behind a link, for whoever has it: the token is the permission. 404 for one that is unknown or withdrawn.
pub async fn open(domain: &Domain, token: &str) -> Result<Opened, Problem> {
    let mut tx = domain.database.begin_with_share(&secret::hash(TOKEN, token)).await?;
    let (org_id, mode, receipt, with_contents) = store::presented(&mut tx).await?;
    drop(tx);
    let owner = domain.system(org_id, mode);
    let bundle = if with_contents {
        receipts::bundle(&owner, receipt).await?
    } else {
        receipts::bundle_without_contents(&owner, receipt).await?
    };
    let (standing, erased_at) = receipts::standing(&owner, receipt).await?;
    let bundle = String::from_utf8(bundle).map_err(Problem::internal)?;
    Ok(Opened { bundle, with_contents, mode, standing, erased_at })
}
