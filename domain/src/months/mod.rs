//! Months: contents and events lie in a part for each, and what is old moves to an archive, where it is still found.
//!
//! Receipts stay in one piece: that no place and no idempotency key is given twice can be promised of one table only. Their
//! contents, which are most of what is stored, and the events, are parted by time. The newest month has no end, so that every
//! row has a place whatever its clock said; it is given one when the next month is made.
//!
//! What changes a table's parts needs it for itself. Each such statement ends by itself within [`WAIT_MAX`] and
//! [`STATEMENT_MAX`], and is tried again, so that nobody waits for longer. A month is in its table or in the archive, at every
//! moment; and as it moves only while nobody reads, who looked for a row in the one and then in the other has not missed it.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use time::OffsetDateTime;

use crate::Problem;
use crate::context::Domain;
use crate::database::Database;

pub(crate) mod store;

#[cfg(test)]
mod tests;

/// The tables that are kept in months.
const TABLES: [&str; 2] = ["payloads", "events"];
/// Months that are made ahead.
const AHEAD: i32 = 3;
/// How long a change may wait for the table; others wait behind it.
const WAIT_MAX: Duration = Duration::from_millis(50);
/// How long it may take with that.
const STATEMENT_MAX: Duration = Duration::from_millis(100);
/// Between two tries of a change.
const PAUSE: Duration = Duration::from_millis(250);
/// Tries of one change.
const TRIES: u32 = 40;
/// Between two looks at whether months are to be made.
const EVERY: Duration = Duration::from_secs(3600);

/// A month of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Month {
    /// The table that it belongs to: `payloads` or `events`.
    pub of: String,
    /// Whether it is in the archive.
    pub is_archived: bool,
    /// Its own name; in the schema `archive` or `public`.
    pub name: String,
    /// When it begins; none for the first, which has everything from before there were months.
    pub from_at: Option<OffsetDateTime>,
    /// When the next begins; none for the newest.
    pub until_at: Option<OffsetDateTime>,
    /// What it takes on the disk, with its index; only [`list`] looks.
    pub bytes: u64,
    /// The tablespace that it was moved to.
    pub tablespace: Option<String>,
}

/// All months, by table and time.
pub async fn list(database: &Database) -> Result<Vec<Month>, Problem> {
    Ok(store::list(&mut store::connect(database).await?, true).await?)
}

/// Sees to it that the coming months are there; another node that is at it is left to it.
///
/// One that is skipped, because the one before has rows of it from a clock that was ahead, is part of the one before.
pub async fn make_ahead(database: &Database, now: OffsetDateTime) -> Result<(), Problem> {
    let mut connection = store::connect(database).await?;
    if !store::is_alone(&mut connection).await? {
        return Ok(());
    }
    let made = make_all(&mut connection, now).await;
    store::leave(&mut connection).await?;
    made
}

async fn make_all(connection: &mut PgConnection, now: OffsetDateTime) -> Result<(), Problem> {
    for of in TABLES {
        let newest =
            store::list(connection, false).await?.into_iter().find(|month| month.of == of && month.is_newest());
        let newest = newest.and_then(|month| month.from_at);
        // What is limited takes nothing later: not on the last day, when clocks that are ahead would meet the limit.
        let tomorrow = now.saturating_add(time::Duration::DAY);
        for next in (1..=AHEAD).filter_map(|n| beginning(now, n)) {
            if next > tomorrow && newest.is_none_or(|newest| newest < next) {
                begin(connection, of, next).await?;
            }
        }
    }
    Ok(())
}

/// Moves the months that end before a moment into the archive, oldest first. What was moved.
///
/// Errors: this month and the one before are to stay; a table is in use for too long, by a dump for instance: those that were
/// moved by then stay moved.
pub async fn detach(database: &Database, before: OffsetDateTime, now: OffsetDateTime) -> Result<Vec<Month>, Problem> {
    if beginning(now, -1).is_none_or(|last| before > last) {
        return Err(Problem::internal("this month and the one before it are not for the archive"));
    }
    let is_old = |month: &Month| !month.is_archived && month.until_at.is_some_and(|until| until <= before);
    move_all(database, true, is_old).await
}

/// Brings the months back from the archive that end after a moment, newest first. What was brought back.
///
/// Errors: a table is in use for too long, as in [`detach`].
pub async fn attach(database: &Database, from: OffsetDateTime) -> Result<Vec<Month>, Problem> {
    let is_wanted = |month: &Month| month.is_archived && month.until_at.is_some_and(|until| until > from);
    move_all(database, false, is_wanted).await
}

/// Makes months for as long as it is let; what fails is tried again.
pub(crate) async fn run(domain: &Domain) {
    loop {
        if let Err(problem) = make_ahead(&domain.database, domain.clock.now()).await {
            tracing::warn!(%problem, internal = problem.internal, "making months");
        }
        tokio::time::sleep(EVERY).await;
    }
}

impl Month {
    /// Whether it has no end.
    pub const fn is_newest(&self) -> bool {
        self.until_at.is_none()
    }
}

async fn move_all(database: &Database, away: bool, which: impl Fn(&Month) -> bool) -> Result<Vec<Month>, Problem> {
    let mut connection = store::connect(database).await?;
    if !store::is_alone(&mut connection).await? {
        return Err(Problem::internal("months are being made or moved just now: try again"));
    }
    let moved = move_those(&mut connection, away, which).await;
    store::leave(&mut connection).await?;
    moved
}

async fn move_those(
    connection: &mut PgConnection,
    away: bool,
    which: impl Fn(&Month) -> bool,
) -> Result<Vec<Month>, Problem> {
    let mut months: Vec<Month> = store::list(connection, false).await?.into_iter().filter(which).collect();
    if !away {
        months.reverse();
    }
    for month in &mut months {
        briefly(connection, &month.of, Change::Move { month: &month.name, away }).await?;
        month.is_archived = away;
    }
    Ok(months)
}

/// Ends the newest month of a table where the next begins, if it has nothing of that.
async fn begin(connection: &mut PgConnection, of: &str, next: OffsetDateTime) -> Result<(), Problem> {
    briefly(connection, of, Change::Limit(next)).await?;
    let begun = match store::holds(connection, of).await {
        Ok(true) => briefly(connection, of, Change::Begin(next)).await.map(|()| true),
        held => held.map_err(Problem::from),
    };
    if !matches!(begun, Ok(true)) {
        briefly(connection, of, Change::Unlimit).await?;
    }
    if !begun? {
        tracing::warn!(of, month = %next.date(), "not made: a clock was ahead, and the month before has rows of it");
    }
    Ok(())
}

/// What needs a table for itself.
#[derive(Clone, Copy)]
enum Change<'a> {
    /// The newest month takes nothing any more from a moment on.
    Limit(OffsetDateTime),
    /// It does again.
    Unlimit,
    /// It ends there, and the next begins.
    Begin(OffsetDateTime),
    /// A month goes into the archive, or comes back.
    Move { month: &'a str, away: bool },
}

/// Until it is through: one that kept others waiting ended by itself, and they go first.
async fn briefly(connection: &mut PgConnection, of: &str, change: Change<'_>) -> Result<(), Problem> {
    store::end_after(connection, STATEMENT_MAX).await?;
    let changed = tried(connection, of, change).await;
    store::end_after(connection, Duration::ZERO).await?;
    changed.map_err(|error| match error {
        error if is_late(&error) => {
            Problem::internal(format!("{of} is in use for too long, by a dump perhaps: try again later"))
        }
        error => error.into(),
    })
}

async fn tried(connection: &mut PgConnection, of: &str, change: Change<'_>) -> Result<(), sqlx::Error> {
    let mut tries = 1;
    loop {
        let changed = match change {
            Change::Limit(next) => store::limit(connection, of, next).await,
            Change::Unlimit => store::unlimit(connection, of).await,
            Change::Begin(next) => store::begin(connection, of, next).await,
            Change::Move { month, away } => store::move_month(connection, of, month, away).await,
        };
        match changed {
            Err(error) if is_late(&error) && tries < TRIES => tries += 1,
            changed => return changed,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// It waited too long (55P03), took too long (57014), or gave way to another (40P01).
fn is_late(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|cause| cause.code());
    code.is_some_and(|code| ["55P03", "57014", "40P01"].contains(&&*code))
}

/// When the month begins that is so many after this one.
fn beginning(now: OffsetDateTime, months: i32) -> Option<OffsetDateTime> {
    let month = now.year() * 12 + i32::from(u8::from(now.month())) - 1 + months;
    let first = u8::try_from(month.rem_euclid(12) + 1).ok()?.try_into().ok()?;
    let day = time::Date::from_calendar_date(month.div_euclid(12), first, 1).ok()?;
    Some(day.midnight().assume_utc())
}
