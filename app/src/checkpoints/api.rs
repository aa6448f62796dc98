//! Server functions of the ledger.

use domain::checkpoints::{Consistency, Picture};
use domain::integrity::{Checks, State};
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
    /// How it is kept.
    pub kept: Kept,
    /// Its keys.
    pub keys: History,
    /// The two states that the address names, or why they are none; nothing if it names none.
    pub comparison: Option<Result<Consistency, AppError>>,
    /// What the address names.
    pub chosen: Option<(String, String)>,
}

/// Whether the whole log is as it was signed, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What the check that goes round found.
    pub state: State,
    /// The checks that were asked for.
    pub checks: Checks,
    /// Whether the reader may ask for one.
    pub may_check: bool,
}

#[cfg(feature = "ssr")]
impl Kept {
    /// Findings that a page shows; the report names more.
    const SHOWN: usize = 100;

    async fn of(cx: &domain::context::Cx) -> Result<Self, domain::Problem> {
        use domain::{integrity, permission::Permission};
        let mut checks = integrity::check::find(cx).await?;
        if let Some(outcome) = &mut checks.outcome {
            outcome.report.findings.truncate(Self::SHOWN);
        }
        let may_check = cx.require(Permission::LogsCheck).is_ok();
        Ok(Self { state: integrity::state(cx).await?, checks, may_check })
    }
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
                // While nothing is signed, only states that were kept have words to check them by.
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
            kept: Kept::of(&cx).await?,
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

/// Whether the whole log is as it was signed, as far as is known.
#[server(output = Json)]
pub async fn get_log_check() -> Result<Kept, AppError> {
    let cx = crate::request::cx()?;
    Kept::of(&cx).await.map_err(crate::request::refuse)
}

/// Has the whole log checked, unless that is under way.
#[server(output = Json)]
pub async fn start_log_check() -> Result<(), AppError> {
    let cx = crate::request::cx()?;
    domain::integrity::check::start(&cx).await.map(drop).map_err(crate::request::refuse)
}
