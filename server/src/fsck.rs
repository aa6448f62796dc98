//! `certnode fsck`: whole logs, in the database with its files, or over HTTP.

#![expect(clippy::print_stdout, reason = "the answer of a command-line tool")]

use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

use domain::integrity::fsck::{Options, Signatures, fsck};
use domain::integrity::{LogReport, NamedFinding};
use serde::Serialize;

use crate::Failure;
use crate::config::Config;
use crate::serve::open_database;

pub mod remote;

/// Findings of a log that are printed; a JSON report has all.
const SHOWN: usize = 100;

/// Which statements' signatures are checked.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Which {
    /// None.
    None,
    /// One in 64: what is in the tree is already known from its hash.
    Sampled,
    /// All.
    All,
}

impl From<Which> for Signatures {
    fn from(which: Which) -> Self {
        match which {
            Which::None => Self::None,
            Which::Sampled => Self::Sampled,
            Which::All => Self::All,
        }
    }
}

/// What was found, as it is printed.
#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    entries: u64,
    seconds: f64,
    logs: &'a [LogReport],
}

/// Checks the logs of the database that the configuration names. Whether they are right.
pub async fn local(config: Config, mut options: Options, json: bool) -> Result<bool, Failure> {
    let (database, embedded) = open_database(&config).await?;
    let started = Instant::now();
    if let Some(policy) = &config.witness_policy {
        options.witnesses = policy.witnesses.iter().map(|witness| witness.key.clone()).collect();
    }
    let meter = Meter::new(started);
    let checked = fsck(&database, &options, &|log, done, size| meter.show(log, done, size)).await;
    meter.clear();
    database.close().await;
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    let reports = checked.map_err(|problem| problem.internal.unwrap_or_else(|| problem.detail.into_owned()))?;
    if let Some(origin) = options.origin.filter(|_| reports.is_empty()) {
        return Err(format!("there is no log called {origin}").into());
    }
    Ok(print(&reports, started, json))
}

fn print(reports: &[LogReport], started: Instant, json: bool) -> bool {
    let entries = reports.iter().map(|log| log.size).sum();
    let (ok, seconds) = (reports.iter().all(|log| log.findings.is_empty()), started.elapsed().as_secs_f64());
    if json {
        let report = Report { ok, entries, seconds, logs: reports };
        println!("{}", serde_json::to_string_pretty(&report).unwrap_or_default());
        return ok;
    }
    for log in reports {
        let mark = if log.findings.is_empty() { "ok  " } else { "FAIL" };
        println!("{mark} {}  {} entries, {} files", log.origin, log.size, log.checked.files);
        for NamedFinding { subject, problem } in log.findings.iter().take(SHOWN) {
            println!("     {subject}: {problem}");
        }
        if log.findings.len() > SHOWN {
            println!("     and {} more", log.findings.len() - SHOWN);
        }
        for remark in &log.remarks {
            println!("     note: {remark}");
        }
        if log.unknown_cosignatures > 0 {
            println!(
                "     {} cosignatures of witnesses that the policy does not name were not checked",
                log.unknown_cosignatures
            );
        }
    }
    let findings: usize = reports.iter().map(|log| log.findings.len()).sum();
    println!("{entries} entries of {} logs in {seconds:.1} s: {findings} findings", reports.len());
    ok
}

/// How far it is, on a terminal; elsewhere it says nothing.
struct Meter {
    started: Instant,
    terminal: bool,
}

impl Meter {
    fn new(started: Instant) -> Self {
        Self { started, terminal: std::io::stderr().is_terminal() }
    }

    fn show(&self, log: &str, done: u64, size: u64) {
        if self.terminal {
            let rate = done as f64 / self.started.elapsed().as_secs_f64().max(0.001);
            let _ = write!(std::io::stderr(), "\r\u{1b}[K{log}  {done} of {size} entries, {rate:.0} a second");
        }
    }

    fn clear(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
