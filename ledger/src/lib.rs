//! The cryptography of CertNode: receipts, Merkle log, checkpoints and proofs.
//!
//! Pure: no I/O, no clock, no randomness, no async. The same code signs on the server and verifies in the browser, on the
//! command line and in the tests. Formats are public ones, so that tools we did not write read what is written here:
//! RFC 6962/9162 trees, C2SP `tlog-tiles`, `signed-note`, `tlog-checkpoint`, `tlog-proof`, `tlog-policy` and `tlog-witness`, RFC 8785 canonical JSON,
//! RFC 8032 Ed25519 with strict verification. Nothing here panics on what comes from outside.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod bundle;
pub mod checkpoint;
pub mod commitment;
#[cfg(feature = "cose")]
pub mod cose;
pub mod encoding;
pub mod fsck;
pub mod hash;
pub mod jcs;
pub mod json;
pub mod key;
pub mod key_event;
pub mod note;
pub mod period;
pub mod policy;
pub mod proof;
pub mod statement;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
pub mod verify;
pub mod witness;
