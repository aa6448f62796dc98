//! `certnode rebuild` and `certnode restore`

#![expect(clippy::print_stdout, reason = "the answer of a command-line tool")]

use domain::Problem;
use domain::context::{Clock as _, SystemClock};
use domain::database::Database;
use domain::recovery::{self, MendedLog, Recovered};

use crate::Failure;
use crate::config::Config;
use crate::serve::open_database;

/// Entries that are named of those that were mended.
const SHOWN: usize = 20;

/// Tiles and files from the rows.
pub async fn rebuild(config: Config, log: Option<&str>) -> Result<(), Failure> {
    let logs = with_database(&config, async |database| recovery::rebuild(database, log).await).await?;
    if let Some(log) = log.filter(|_| logs.is_empty()) {
        return Err(format!("there is no log called {log} that has entries").into());
    }
    for Recovered { origin, size, written } in logs {
        println!("{origin}  {size} entries: {written} files and tiles written");
    }
    Ok(())
}

/// Rows that were damaged, from the files.
pub async fn rebuild_rows(config: Config, log: Option<&str>) -> Result<(), Failure> {
    let now = SystemClock.now();
    let logs = with_database(&config, async |database| recovery::rebuild_rows(database, log, now).await).await?;
    if let Some(log) = log.filter(|_| logs.is_empty()) {
        return Err(format!("there is no log called {log} that has entries").into());
    }
    for MendedLog { origin, size, mended, without_contents } in logs {
        println!("{origin}  {size} entries: {} mended{}", mended.len(), named(&mended));
        if !without_contents.is_empty() {
            println!(
                "     {} have contents that are not what was signed{}: a backup of the database may have theirs",
                without_contents.len(),
                named(&without_contents)
            );
        }
    }
    Ok(())
}

/// The first entries by name.
fn named(entries: &[u64]) -> String {
    let shown: Vec<String> = entries.iter().take(SHOWN).map(u64::to_string).collect();
    match (entries.len(), shown.len()) {
        (0, _) => String::new(),
        (all, shown_of) if all > shown_of => format!(" ({}, …)", shown.join(", ")),
        _ => format!(" ({})", shown.join(", ")),
    }
}

/// Rows from the files.
pub async fn restore(config: Config) -> Result<(), Failure> {
    let now = SystemClock.now();
    let logs = with_database(&config, async |database| recovery::restore(database, now).await).await?;
    for Recovered { origin, size, .. } in &logs {
        println!("{origin}  {size} entries");
    }
    println!(
        "{} logs are back, as far as their last published checkpoints. Contents, amounts, people and API keys are not in \
        the files.",
        logs.len()
    );
    Ok(())
}

async fn with_database<T>(
    config: &Config,
    work: impl AsyncFnOnce(&Database) -> Result<T, Problem>,
) -> Result<T, Failure> {
    let (database, embedded) = open_database(config).await?;
    let done = work(&database).await;
    database.close().await;
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    Ok(done.map_err(|problem| problem.internal.unwrap_or_else(|| problem.detail.into_owned()))?)
}
