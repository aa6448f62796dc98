//! A filtered list from its beginning to its end, read from the database as it is fetched.

use futures::stream::{BoxStream, StreamExt as _, try_unfold};

use super::place::{Place, found, place};
use super::service::narrow;
use super::store::{self, Narrowed, Side};
use super::{Filter, Summary};
use crate::context::Cx;
use crate::permission::Permission;
use crate::{Problem, anchors};

/// Rows of one statement. Memory does not grow with the list: it holds as many.
const CHUNK: usize = 2_000;

/// A list on its way, some rows at a time. An error ends it before its end.
pub type Walk = BoxStream<'static, Result<Vec<Summary>, Problem>>;

/// Every receipt of a list, as [`super::list`] has it, from after a place on: so what broke off is taken up again.
///
/// What is refused is refused before anything is read. Each chunk is a transaction of its own. What is issued meanwhile comes
/// before the newest first, and states are those of the moment they were read. The place is a receipt and what it was sorted
/// by, so that none of the others is left out or comes twice if its contents are erased meanwhile. An erased receipt itself has
/// no amount any more, and happened when it was signed: it may be met at the one place, at the other, at both or at neither.
pub async fn walk(cx: &Cx, filter: &Filter, after: Option<&str>) -> Result<Walk, Problem> {
    let log = cx.require(Permission::ReceiptsRead)?;
    let narrowed = narrow(filter)?;
    let mut tx = cx.begin().await?;
    let after = place(&mut tx, log, &narrowed, (after, "after")).await?;
    if let Some(Place::Issued(id)) = after {
        found(&mut tx, log, id, "after").await?;
    }
    drop(tx);
    let rows = Rows { cx: cx.clone(), narrowed, after };
    Ok(try_unfold(Some(rows), next).boxed())
}

/// What is still to come.
struct Rows {
    cx: Cx,
    narrowed: Narrowed,
    after: Option<Place>,
}

async fn next(rows: Option<Rows>) -> Result<Option<(Vec<Summary>, Option<Rows>)>, Problem> {
    let Some(mut rows) = rows else { return Ok(None) };
    let log = rows.cx.tenant()?;
    let mut tx = rows.cx.begin().await?;
    let mut found = store::list(&mut tx, log, &rows.narrowed, Side::After, rows.after, CHUNK as i64).await?;
    anchors::mark(&rows.cx, &mut tx, &mut found).await?;
    rows.after = found.last().and_then(|last| Place::of(last, &rows.narrowed));
    let more = found.len() == CHUNK;
    Ok(Some((found, more.then_some(rows))))
}

#[cfg(test)]
mod tests;
