//! A list of receipts as one file: `/v1/receipts.csv` and `/v1/receipts.ndjson`, and the same for the dashboard.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, RawQuery};
use axum::http::header;
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::context::Cx;
use domain::receipts::{self, Filter, Summary};
use domain::spreadsheet::row;
use domain::{Mode, Problem};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::receipts::{ReceiptOut, rfc3339};
use crate::auth::{ApiCx, SessionCx};
use crate::problem::{ProblemOut, Refusal};

/// Which rows, as of the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RowsQuery {
    /// The rows after this receipt: the last one that arrived whole, to go on where a download broke off.
    after: Option<String>,
    /// Only this kind.
    kind: Option<String>,
    /// Only this reference, or this id.
    search: Option<String>,
    /// Occurred on or after this day (UTC).
    #[param(example = "2026-11-01")]
    from: Option<String>,
    /// Occurred on or before this day (UTC).
    until: Option<String>,
    /// At least this much; with `currency`.
    min: Option<String>,
    /// At most this much; with `currency`.
    max: Option<String>,
    /// Only this currency.
    currency: Option<String>,
    /// `issued`, `happened` or, with `currency`, `amount`; `-` before it for the greatest first. `-issued` if not said.
    #[param(example = "-happened")]
    sort: Option<String>,
}

/// All receipts of a list as CSV.
///
/// Streamed, however many there are. The last row begins with `end` and says how many came before it: a file without it was
/// cut off, and `after` goes on behind the last whole row, without the header. Times are UTC; text that a spreadsheet would
/// compute has `'` before it.
#[utoipa::path(
    get,
    path = "/receipts.csv",
    tag = "receipts",
    security(("api_key" = [])),
    params(RowsQuery),
    responses(
        (status = 200, description = "`id,mode,kind,reference,occurred_at,issued_at,amount,currency,status,state,log_index`, and the rows.", content_type = "text/csv", body = String),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn export_receipts_csv(
    ApiCx(cx): ApiCx,
    query: Result<Query<RowsQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    file(&cx, query, &CSV, b"").await
}

/// All receipts of a list as JSON, a line each.
///
/// Streamed, however many there are: a receipt a line, as in the list. The last line is `{"object":"end","rows":…}`: a file
/// without it was cut off, and `after` goes on behind the last whole line.
#[utoipa::path(
    get,
    path = "/receipts.ndjson",
    tag = "receipts",
    security(("api_key" = [])),
    params(RowsQuery),
    responses(
        (status = 200, description = "A receipt a line, and the end.", content_type = "application/x-ndjson", body = String),
        (status = 401, description = "No valid API key.", body = ProblemOut, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not acceptable.", body = ProblemOut, content_type = "application/problem+json"),
    )
)]
pub async fn export_receipts_ndjson(
    ApiCx(cx): ApiCx,
    query: Result<Query<RowsQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    file(&cx, query, &NDJSON, b"").await
}

/// `GET /receipts.csv`: for spreadsheets, of which some take a file for UTF-8 only by its mark.
pub async fn download_csv(
    SessionCx(cx): SessionCx,
    RawQuery(list): RawQuery,
    query: Result<Query<RowsQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    download(file(&cx, query, &CSV, b"\xef\xbb\xbf").await, list)
}

/// `GET /receipts.ndjson`
pub async fn download_ndjson(
    SessionCx(cx): SessionCx,
    RawQuery(list): RawQuery,
    query: Result<Query<RowsQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    download(file(&cx, query, &NDJSON, b"").await, list)
}

/// What is refused is said by the list itself, beside its filter.
fn download(answer: Result<Response, Refusal>, list: Option<String>) -> Result<Response, Refusal> {
    match answer {
        Err(Refusal(problem)) if problem.status == 422 => {
            Ok(Redirect::to(&format!("/receipts?{}", list.unwrap_or_default())).into_response())
        }
        answer => answer,
    }
}

/// How rows are written.
struct Format {
    kind: &'static str,
    ending: &'static str,
    header: fn() -> Vec<u8>,
    rows: fn(Vec<Summary>, Mode) -> Vec<u8>,
    end: fn(u64) -> Vec<u8>,
}

static CSV: Format = Format {
    kind: "text/csv; charset=utf-8",
    ending: "csv",
    header: || {
        let names = "id mode kind reference occurred_at issued_at amount currency status state log_index";
        row(names.split(' ')).into_bytes()
    },
    rows: |rows, mode| rows.iter().flat_map(|summary| csv(summary, mode).into_bytes()).collect(),
    end: |rows| row(["end", &format!("{rows} rows"), "", "", "", "", "", "", "", "", ""]).into_bytes(),
};

static NDJSON: Format = Format {
    kind: "application/x-ndjson",
    ending: "ndjson",
    header: Vec::new,
    rows: |rows, mode| rows.into_iter().flat_map(|summary| line(&ReceiptOut::summary(summary, mode))).collect(),
    end: |rows| line(&EndOut { object: "end", rows }),
};

fn csv(summary: &Summary, mode: Mode) -> String {
    let (value, currency) =
        summary.amount.as_ref().map(|money| (money.value(), money.currency.as_str())).unwrap_or_default();
    row([
        summary.id.to_string().as_str(),
        mode.as_str(),
        &summary.kind,
        summary.reference.as_deref().unwrap_or_default(),
        &rfc3339(summary.occurred_at),
        &rfc3339(summary.issued_at),
        &value,
        currency,
        summary.state.as_str(),
        summary.standing.as_str(),
        &summary.log_index.to_string(),
    ])
}

/// The last line of a file of lines.
#[derive(Serialize)]
struct EndOut {
    object: &'static str,
    rows: u64,
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

async fn file(
    cx: &Cx,
    query: Result<Query<RowsQuery>, QueryRejection>,
    format: &'static Format,
    mark: &'static [u8],
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|rejection| Problem::invalid().field("query", "query", rejection.body_text()))?;
    let after = query.after.filter(|after| !after.is_empty());
    let filter = Filter {
        kind: query.kind,
        search: query.search,
        from: query.from,
        until: query.until,
        min: query.min,
        max: query.max,
        currency: query.currency,
        sort: query.sort,
    };
    let mode = cx.tenant()?.1;
    let beginning = if after.is_none() { [mark.to_vec(), (format.header)()].concat() } else { Vec::new() };
    let walk = receipts::walk(cx, &filter, after.as_deref()).await?;
    // What goes wrong on the way ends the answer before its end, and before the last row that says it is whole.
    let walk = walk.inspect_err(|problem| {
        tracing::error!(%problem, cause = problem.internal.as_deref().unwrap_or("-"), "an export broke off");
    });
    let bytes = walk.map_ok(Some).chain(stream::once(async { Ok(None) })).scan(Some(0), move |count, rows| {
        let bytes = match (rows, *count) {
            // Nothing after what broke it off, least of all an end.
            (_, None) => None,
            (Ok(Some(rows)), Some(before)) => {
                *count = Some(before + rows.len() as u64);
                Some(Ok((format.rows)(rows, mode)))
            }
            (Ok(None), Some(count)) => Some(Ok((format.end)(count))),
            (Err(problem), Some(_)) => {
                *count = None;
                Some(Err(std::io::Error::other(problem.to_string())))
            }
        };
        std::future::ready(bytes)
    });
    let name = format!("receipts-{}-{}.{}", mode.as_str(), cx.now().date(), format.ending);
    let headers = [
        (header::CONTENT_TYPE, format.kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let beginning = stream::once(async { Ok(beginning) });
    Ok((headers, Body::from_stream(beginning.chain(bytes))).into_response())
}
