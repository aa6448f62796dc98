//! The server: configuration, routing, REST, WebSocket, workers, subcommands.

#![forbid(unsafe_code)]

pub mod archive;
pub mod auth;
pub mod config;
pub mod edge;
pub mod embedded;
mod files;
pub mod fsck;
pub mod import;
pub mod keys;
pub mod layers;
pub mod live;
pub mod master_key;
pub mod paper;
pub mod problem;
pub mod recovery;
pub mod root_log;
pub mod router;
pub mod serve;
pub mod session;
pub mod shared;
pub mod v1;
pub mod verify;
pub mod witness;
pub mod witnessing;

pub use router::AppState;

/// Why a subcommand ended early: shown to the person who ran it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
