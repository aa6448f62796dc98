//! The business of CertNode.
//!
//! Typed models compile for the server and the browser; use-cases, SQL and jobs are behind the feature `server`.
//! Every use-case is a plain async function on a [`context::Cx`], which carries the actor and is the only way to a transaction.

#![forbid(unsafe_code)]
#![cfg_attr(
    feature = "server",
    expect(
        deprecated,
        reason = "sqlx warns because the job queue brings chrono into the tree; our columns are the time crate's, its first choice"
    )
)]

pub mod accounts;
pub mod api_keys;
pub mod checkpoints;
pub mod events;
pub mod evidence;
pub mod id;
pub mod imports;
pub mod integrity;
pub mod log_keys;
pub mod logs;
pub mod mode;
#[cfg(feature = "parsers")]
mod moment;
pub mod money;
pub mod orgs;
pub mod page;
pub mod permission;
pub mod problem;
pub mod receipts;
pub mod schemas;
pub mod shares;
pub mod spreadsheet;

#[cfg(feature = "server")]
pub mod anchors;
#[cfg(feature = "server")]
pub mod context;
#[cfg(feature = "server")]
pub mod database;
#[cfg(feature = "server")]
pub mod fence;
#[cfg(feature = "server")]
pub mod jobs;
#[cfg(feature = "server")]
pub mod keyring;
#[cfg(feature = "server")]
pub mod months;
#[cfg(feature = "server")]
pub mod objects;
#[cfg(feature = "server")]
pub mod published;
#[cfg(feature = "server")]
pub mod recovery;
#[cfg(feature = "server")]
pub mod secret;
#[cfg(feature = "server")]
pub mod sequencer;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use mode::Mode;
pub use problem::Problem;
