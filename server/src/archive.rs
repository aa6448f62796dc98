//! `certnode archive`: months of contents and events, for whoever runs the server. It works beside servers that are running.

#![expect(clippy::print_stdout, reason = "the answer of a command-line tool")]

use clap::Subcommand;
use domain::context::{Clock as _, SystemClock};
use domain::database::Database;
use domain::months::{self, Month};
use time::{Date, OffsetDateTime};

use crate::config::Config;
use crate::{Failure, keys, serve};

/// What is to be done.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Lists the months: where each is, and what it takes on the disk.
    List,
    /// Moves the months before one into the archive. Their receipts are found, exported, checked and erased as before.
    Detach {
        /// The first month that stays, such as 2026-01: the one before this month, at the latest.
        #[arg(long, value_name = "YYYY-MM", value_parser = month)]
        before: OffsetDateTime,
    },
    /// Brings the months from one on back from the archive.
    Attach {
        /// The first month that comes back, such as 2025-07.
        #[arg(long, value_name = "YYYY-MM", value_parser = month)]
        from: OffsetDateTime,
    },
}

/// Does it, on the database of the configuration: one that a server is using, too.
pub async fn run(config: Config, command: Command) -> Result<(), Failure> {
    if let Some(database) = keys::running(&config).await {
        let result = on(&database, command).await;
        database.close().await;
        return result;
    }
    let (database, embedded) = serve::open_database(&config).await?;
    let result = on(&database, command).await;
    database.close().await;
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    result
}

async fn on(database: &Database, command: Command) -> Result<(), Failure> {
    let months = match command {
        Command::List => months::list(database).await,
        Command::Detach { before } => months::detach(database, before, SystemClock.now()).await,
        Command::Attach { from } => months::attach(database, from).await,
    };
    let months = months.map_err(|problem| problem.internal.clone().unwrap_or_else(|| problem.to_string()))?;
    months.iter().for_each(|month| println!("{}", line(month)));
    Ok(())
}

fn line(month: &Month) -> String {
    let day = |at: Option<OffsetDateTime>| at.map_or_else(|| "-".to_owned(), |at| at.date().to_string());
    let place = if month.is_archived { "archive" } else { "public" };
    let tablespace = month.tablespace.as_ref().map(|space| format!("  in {space}")).unwrap_or_default();
    format!(
        "{:<35} from {:<10} until {:<10} {:>10} KiB{tablespace}",
        format!("{place}.{}", month.name),
        day(month.from_at),
        day(month.until_at),
        month.bytes.div_ceil(1024)
    )
}

/// The moment a month begins, from `2026-01`.
fn month(text: &str) -> Result<OffsetDateTime, String> {
    let first = || {
        let (year, month) = text.split_once('-')?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if !is_plain || (year.len(), month.len()) != (4, 2) {
            return None;
        }
        Date::from_calendar_date(year.parse().ok()?, month.parse::<u8>().ok()?.try_into().ok()?, 1).ok()
    };
    first().map(|day| day.midnight().assume_utc()).ok_or_else(|| "a month such as 2026-01 is wanted".to_owned())
}

#[cfg(test)]
mod tests;
