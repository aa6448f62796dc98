//! Times as everything here keeps and writes them: whole milliseconds.

use time::OffsetDateTime;
#[cfg(feature = "server")]
use time::macros::format_description;

/// PostgreSQL keeps microseconds and statements keep milliseconds: one precision everywhere.
pub(crate) fn whole_milliseconds(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_millisecond(time.millisecond()).unwrap_or(time)
}

/// `2026-11-20T09:30:00.000Z`: the one way a statement writes a time.
#[cfg(feature = "server")]
pub(crate) fn timestamp(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.format(&format).unwrap_or_default()
}
