//! Where a list goes on. A cursor carries the value that its list is sorted by, so that it stays where it was whatever
//! becomes of the receipt there: an erasure takes that value away.

use time::OffsetDateTime;

use super::Summary;
use super::store::{self, Narrowed, Order};
use crate::database::Tx;
use crate::id::{OrgId, ReceiptId};
use crate::{Mode, Problem};

/// A place in a list: a receipt, and what it was sorted by when it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Ids are in the order of signing.
    Issued(ReceiptId),
    /// When it happened.
    Happened(OffsetDateTime, ReceiptId),
    /// How much, in units of the list's currency.
    Amount(i64, ReceiptId),
}

impl Place {
    /// A receipt's place in a list, by what is known of it now; none for one without an amount where amounts are sorted.
    pub(super) fn of(summary: &Summary, narrowed: &Narrowed) -> Option<Self> {
        let id = summary.id;
        match narrowed.order.0 {
            Order::Issued => Some(Self::Issued(id)),
            Order::Happened => Some(Self::Happened(summary.occurred_at, id)),
            Order::Amount => {
                let money = summary.amount.as_ref();
                let money = money.filter(|money| Some(&money.currency) == narrowed.currency.as_ref());
                money.map(|money| Self::Amount(money.minor, id))
            }
        }
    }

    /// As a cursor: `rcpt_…`, and for other orders than that of signing what it is sorted by, with a letter for which.
    pub(super) fn cursor(self) -> String {
        match self {
            Self::Issued(id) => id.to_string(),
            Self::Happened(at, id) => format!("{id}.h{}", at.unix_timestamp_nanos() / 1_000),
            Self::Amount(minor, id) => format!("{id}.a{minor}"),
        }
    }

    /// The place of a cursor in a list of that order; none for a cursor of another.
    fn read(id: ReceiptId, value: &str, key: Order) -> Option<Self> {
        let (letter, number) = value.split_at_checked(1)?;
        let number: i64 = number.parse().ok()?;
        match (letter, key) {
            ("h", Order::Happened) => {
                let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(number) * 1_000).ok()?;
                // No statement has a time before that, and the database does not know all of them.
                (at.year() >= 0).then_some(Self::Happened(at, id))
            }
            ("a", Order::Amount) => Some(Self::Amount(number, id)),
            _ => None,
        }
    }
}

/// The place that a cursor of the list names; none where there is no cursor.
///
/// A receipt's bare id is a cursor too. In other orders than that of signing it is looked up, and refused if the receipt has
/// no such value, or was erased: where it stood cannot be told any more.
pub(super) async fn place(
    tx: &mut Tx,
    log: (OrgId, Mode),
    narrowed: &Narrowed,
    (text, name): (Option<&str>, &'static str),
) -> Result<Option<Place>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let key = narrowed.order.0;
    let (id, value) = text.split_once('.').map_or((text, None), |(id, value)| (id, Some(value)));
    let id: ReceiptId = id.parse().map_err(|_| no_place(name))?;
    let place = match (value, key) {
        (Some(value), _) => Place::read(id, value, key),
        (None, Order::Issued) => Some(Place::Issued(id)),
        (None, Order::Happened | Order::Amount) => {
            let row = found(tx, log, id, name).await?;
            Place::of(&row.summary, narrowed).filter(|_| row.life.erasure.is_none())
        }
    };
    place.map(Some).ok_or_else(|| no_place(name))
}

/// A receipt of the log that a cursor names.
pub(super) async fn found(
    tx: &mut Tx,
    log: (OrgId, Mode),
    id: ReceiptId,
    name: &'static str,
) -> Result<store::Row, Problem> {
    let found = store::find(tx, log, id).await;
    found.map_err(|problem| if problem.status == 404 { no_place(name) } else { problem })
}

fn no_place(name: &'static str) -> Problem {
    Problem::invalid().field(name, "cursor", "This is not a cursor of this list.")
}

#[cfg(test)]
mod tests;
