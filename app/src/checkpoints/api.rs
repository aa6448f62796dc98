//! Server functions of the ledger.

use domain::checkpoints::{Consistency, Picture};
use domain::log_keys::History;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::error::AppError;
use crate::private::Framed;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerView {
    /// How the log stands.
    pub picture: Picture,
    /// Its keys.
    pub keys: History,
    /// The two states that the address names, or why they are none; nothing if it names none.
    pub comparison: Option<Result<Consistency, AppError>>,
    /// What the address names.
    pub chosen: Option<(String, String)>,
}

/// The ledger, with the comparison of two states if two are named.
#[server(input = Json, output = Json)]
pub async fn get_ledger(from: Option<String>, to: Option<String>) -> Result<Framed<LedgerView>, AppError> {
    use domain::{Problem, checkpoints, log_keys};
    let cx = crate::request::cx()?;
    crate::private::framed(&cx, async {
        let chosen = from.zip(to);
        let comparison = match &chosen {
            None => None,
            Some((from, to)) => {
                let found = match (from.parse(), to.parse()) {
                    (Ok(from), Ok(to)) => checkpoints::consistency(&cx, from, to).await,
                    _ => Err(Problem::invalid()),
                };
                // A state that was never signed for others to see cannot be compared in words.
                let kept = |proof: &Consistency| proof.from.checkpoint.is_some() && proof.to.checkpoint.is_some();
                let found = found.and_then(|proof| if kept(&proof) { Ok(proof) } else { Err(Problem::invalid()) });
                match found {
                    Err(problem) if problem.status != 422 => return Err(problem),
                    found => Some(found.map_err(AppError::from)),
                }
            }
        };
        Ok(LedgerView {
            picture: checkpoints::picture(&cx).await?,
            keys: log_keys::list(&cx).await?,
            comparison,
            chosen,
        })
    })
    .await
}

/// How the log stands now.
#[server(output = Json)]
pub async fn get_ledger_picture() -> Result<Picture, AppError> {
    let cx = crate::request::cx()?;
    domain::checkpoints::picture(&cx).await.map_err(crate::request::refuse)
}
