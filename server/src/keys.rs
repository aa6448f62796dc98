//! `certnode keys`: the signing keys of the logs, for whoever runs the server.
//!
//! It works on the database, beside servers that are running: they follow with the next receipt, and put what happened into
//! the root log.

#![expect(clippy::print_stdout, reason = "the answer of a command-line tool")]

use clap::Subcommand;
use domain::anchors::ROOT;
use domain::context::{Cx, Domain};
use domain::database::Database;
use domain::log_keys::{self, LogKey, Purpose, State};
use time::Duration;

use crate::config::Config;
use crate::{Failure, embedded, serve};

/// What is to be done.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Lists the keys of every log, or of one: what they sign, from and until which size.
    List {
        /// The log's name, or `root`.
        #[arg(long)]
        log: Option<String>,
    },
    /// Makes a new version of a key. Checkpoints are signed by both keys for a while; receipts by the new one at once.
    Rotate {
        /// The log's name, or `root`.
        #[arg(long)]
        log: String,
        /// `checkpoint` or `issuing`.
        #[arg(long)]
        purpose: Purpose,
        /// Days for which both keys sign checkpoints; key_overlap_days of the configuration, if not given.
        #[arg(long)]
        overlap_days: Option<u32>,
    },
    /// Says that what a key signed is not to be believed from a size on, and replaces it if it still signs.
    Revoke {
        /// The log's name, or `root`.
        #[arg(long)]
        log: String,
        /// `checkpoint` or `issuing`.
        #[arg(long)]
        purpose: Purpose,
        /// Which version, as `list` shows it.
        #[arg(long)]
        key_version: i32,
        /// The first entry (issuing) or tree size (checkpoint) that is not to be believed; the log's present size, if not given.
        #[arg(long)]
        from_size: Option<u64>,
    },
}

/// Does it, on the database of the configuration: one that a server is using, too.
pub async fn run(config: Config, command: Command) -> Result<(), Failure> {
    if let Some(database) = running(&config).await {
        let result = on(&config, &database, command).await;
        database.close().await;
        return result;
    }
    let (database, embedded) = serve::open_database(&config).await?;
    let result = on(&config, &database, command).await;
    database.close().await;
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    result
}

/// The embedded database of a server that is running on the same data.
pub(crate) async fn running(config: &Config) -> Option<Database> {
    if config.database_url.is_some() {
        return None;
    }
    let database = Database::open(&embedded::running_url(&config.data_dir)?, 2).ok()?;
    database.ping().await.then_some(database)
}

async fn on(config: &Config, database: &Database, command: Command) -> Result<(), Failure> {
    let said = |problem: domain::Problem| problem.internal.clone().unwrap_or_else(|| problem.to_string());
    let domain = serve::start_domain(config, database, None)?;
    log_keys::adopt(&domain).await.map_err(said)?;
    match command {
        Command::List { log } => {
            for (cx, origin, size) in find(&domain, log.as_deref()).await? {
                println!("{origin} ({size} entries)");
                log_keys::list(&cx).await.map_err(said)?.keys.iter().for_each(print);
            }
        }
        Command::Rotate { log, purpose, overlap_days } => {
            let cx = one(&domain, &log).await?;
            let overlap = match overlap_days {
                Some(days) => Duration::days(i64::from(days)),
                None => config.key_overlap.try_into()?,
            };
            print(&log_keys::rotate(&cx, purpose, overlap).await.map_err(said)?);
        }
        Command::Revoke { log, purpose, key_version, from_size } => {
            let cx = one(&domain, &log).await?;
            print(&log_keys::revoke(&cx, purpose, key_version, from_size).await.map_err(said)?);
        }
    }
    Ok(())
}

/// The logs, or the one of a name.
async fn find(domain: &Domain, log: Option<&str>) -> Result<Vec<(Cx, String, u64)>, Failure> {
    let root = domain.system(ROOT.0, ROOT.1);
    let name = match log {
        Some("root") => Some(domain.root_origin()),
        log => log.map(str::to_owned),
    };
    log_keys::logs(&root, name.as_deref()).await.map_err(|problem| problem.to_string().into())
}

async fn one(domain: &Domain, log: &str) -> Result<Cx, Failure> {
    let mut found = find(domain, Some(log)).await?;
    found
        .pop()
        .map(|(cx, ..)| cx)
        .ok_or_else(|| format!("there is no log {log}: `certnode keys list` names them").into())
}

fn print(key: &LogKey) {
    let until = key.until_size.map(|until| format!(" until {until}")).unwrap_or_default();
    let state = match (key.state(), key.retires_at, key.revoked_from) {
        (State::Revoked, _, Some(from)) => format!("revoked: not to be believed from {from} on"),
        (State::Retiring, Some(at), _) => format!("signs beside its successor until {}", at.date()),
        (State::Retired, ..) => "retired".to_owned(),
        _ => "signs".to_owned(),
    };
    println!("  {:<10} {:<3} from {}{until}  {state}\n    {}", key.purpose, key.version, key.from_size, key.vkey);
}

#[cfg(test)]
mod tests;
