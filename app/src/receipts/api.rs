//! Server functions of receipts.

use domain::id::ReceiptId;
use domain::page::{List, Page};
use domain::receipts::{Filter, Neighbours, Receipt, Summary};
use domain::shares::Share;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::error::AppError;
use crate::private::Framed;

/// A page of the list, or why the filter was refused: the filter stays where it is either way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The rows, or the refusal.
    pub list: Result<List<Summary>, AppError>,
    /// What they were narrowed to.
    pub filter: Filter,
}

/// What the page of a receipt shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// The receipt.
    pub receipt: Receipt,
    /// The offline file, so that verifying sends no request.
    pub bundle: String,
    /// What the reader may do with it.
    pub may: super::May,
    /// The ones beside it in the list it was opened from.
    pub neighbours: Neighbours,
    /// That list's filter.
    pub filter: Filter,
    /// Its link, while it is shared.
    pub share: Option<Share>,
    /// The server's address, for links to copy.
    pub url: String,
}

/// A page of receipts.
#[server(input = Json, output = Json)]
pub async fn list_receipts(filter: Filter, page: Page) -> Result<Framed<Found>, AppError> {
    let cx = crate::request::cx()?;
    crate::private::framed(&cx, async {
        let list = match domain::receipts::list(&cx, &filter, &page).await {
            Ok(list) => Ok(list),
            Err(problem) if problem.status == 422 => Err(problem.into()),
            Err(problem) => return Err(problem),
        };
        Ok(Found { list, filter })
    })
    .await
}

/// A receipt with its proof.
#[server(input = Json, output = Json)]
pub async fn get_receipt(id: String, filter: Filter) -> Result<Framed<ReceiptView>, AppError> {
    use domain::{Problem, receipts};
    let cx = crate::request::cx()?;
    crate::private::framed(&cx, async {
        let id = id.parse().map_err(|_| Problem::not_found())?;
        let receipt = receipts::get(&cx, id).await?;
        let bundle = String::from_utf8(receipts::bundle(&cx, id).await?).map_err(Problem::internal)?;
        let neighbours = receipts::neighbours(&cx, id, &filter).await.unwrap_or_default();
        let share = domain::shares::find(&cx, id).await?;
        let may = super::May::of(&cx, &receipt);
        Ok(ReceiptView { receipt, bundle, may, neighbours, filter, share, url: crate::request::public_url() })
    })
    .await
}

/// Makes a receipt's link, or changes what it shows.
#[server(output = Json)]
pub async fn share_receipt(id: ReceiptId, contents: Option<String>) -> Result<(), AppError> {
    let cx = crate::request::cx()?;
    let shared = domain::shares::share(&cx, id, contents.is_some()).await;
    shared.map(drop).map_err(crate::request::refuse)
}

/// Ends a receipt's link.
#[server(output = Json)]
pub async fn withdraw_share(id: ReceiptId) -> Result<(), AppError> {
    let cx = crate::request::cx()?;
    domain::shares::withdraw(&cx, id).await.map_err(crate::request::refuse)
}

/// Issues a receipt of something that did not happen, in test mode, and goes to it.
#[server(output = Json)]
pub async fn create_test_receipt() -> Result<(), AppError> {
    use domain::receipts::{self, NewReceipt};
    use domain::{Mode, Problem};
    let cx = crate::request::cx()?;
    let issue = async {
        if cx.tenant()?.1 != Mode::Test {
            return Err(Problem::new(409, "test_mode_only", "Test receipts are for test mode."));
        }
        const SAMPLE: &[u8] = br#"{"kind":"transaction","reference":"test-order-1001","amount":{"value":"49.90","currency":"EUR"},
            "data":{"customer":"Ada Example","items":[{"sku":"cd-4711","quantity":2}],"note":"A receipt to look at; nothing was sold."}}"#;
        receipts::issue(&cx, NewReceipt::from_json(SAMPLE)?, None).await
    };
    let issued = issue.await.map_err(crate::request::refuse)?;
    leptos_axum::redirect(&format!("/receipts/{}", issued.receipt.summary.id));
    Ok(())
}
