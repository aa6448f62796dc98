//! The server function of shared receipts.

use domain::Mode;
use domain::receipts::Standing;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::codec::Json;
use crate::error::AppError;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedView {
    /// The offline file, as far as it is shared.
    pub bundle: String,
    /// Live or test.
    pub mode: Mode,
    /// Whether it still holds.
    pub standing: Standing,
    /// Since when the contents are erased.
    #[serde(with = "time::serde::timestamp::milliseconds_i64::option")]
    pub erased_at: Option<OffsetDateTime>,
    /// Whether the owner shares the contents.
    pub with_contents: bool,
    /// `rcpt_…`
    pub id: String,
    /// The receipt's kind.
    pub kind: String,
    /// When it was signed.
    #[serde(with = "time::serde::timestamp::milliseconds_i64")]
    pub issued_at: OffsetDateTime,
    /// The log's name.
    pub log: String,
    /// The contents, to read.
    pub contents: Option<String>,
    /// The server checked it, and it holds.
    pub verified: bool,
    /// The steps the server took.
    pub checks: Vec<Check>,
}

/// A step and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// A name of `ledger::verify::STEPS`.
    pub id: String,
    /// What holds if it passed.
    pub title: String,
    /// Whether it does; none where there was nothing to check.
    pub holds: Option<bool>,
    /// Why.
    pub detail: String,
}

/// The receipt behind a link. The link is the permission: nobody is asked who they are.
#[server(input = Json, output = Json)]
pub async fn open_shared_receipt(token: String) -> Result<SharedView, AppError> {
    use domain::{Problem, shares};
    use ledger::jcs::canonical;
    use ledger::verify::{Outcome, verify};
    use time::format_description::well_known::Rfc3339;
    let domain = crate::request::cx()?.domain().clone();
    let open = async {
        let opened = shares::open(&domain, &token).await?;
        let report = verify(opened.bundle.as_bytes(), None);
        let verified = report.is_verified();
        let receipt = report.receipt.ok_or_else(|| Problem::internal("a shared bundle that is none"))?;
        let contents = receipt.payload.map(|payload| String::from_utf8(canonical(&payload)));
        let checks = report.steps.into_iter().map(|step| Check {
            id: step.id.to_owned(),
            title: step.title.to_owned(),
            holds: match step.outcome {
                Outcome::Passed => Some(true),
                Outcome::Failed => Some(false),
                Outcome::NotPresent => None,
            },
            detail: step.detail,
        });
        Ok(SharedView {
            mode: opened.mode,
            standing: opened.standing,
            erased_at: opened.erased_at,
            with_contents: opened.with_contents,
            id: receipt.id,
            kind: receipt.kind,
            issued_at: OffsetDateTime::parse(&receipt.issued_at, &Rfc3339).map_err(Problem::internal)?,
            log: receipt.log,
            contents: contents.transpose().map_err(Problem::internal)?.map(|json| crate::receipts::pretty(&json)),
            verified,
            checks: checks.collect(),
            bundle: opened.bundle,
        })
    };
    open.await.map_err(crate::request::refuse)
}
