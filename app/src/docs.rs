//! The reference that answers link to.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::shell::PublicLayout;
use crate::ui::{Column, PageHeader, Table};

/// Every problem of the API: its code, its status, what it means, and what to do. `type` of an answer leads to its row.
pub const PROBLEMS: &[(&str, u16, &str, &str)] = &[
    ("body_unread", 400, "The body ended early.", "Send it again."),
    (
        "unauthenticated",
        401,
        "No valid API key came with the request, or the session has ended.",
        "Send Authorization: Bearer cn_…; a revoked key stays revoked, so create another.",
    ),
    ("wrong_credentials", 401, "The email or the password is not right.", "Check both. We do not say which one it is."),
    (
        "forbidden",
        403,
        "The key or the role lacks a permission; the detail names it.",
        "Ask an owner or an admin of the organisation.",
    ),
    ("no_organisation", 403, "The account belongs to no organisation any more.", "Ask for an invitation."),
    ("cross_origin", 403, "A page of another site made the request.", "Call the API from a server, with a key."),
    (
        "not_found",
        404,
        "There is nothing by that name, or it is not yours, or it is in the other mode.",
        "Check the id, and whether the key is for test or live.",
    ),
    ("wrong_method", 405, "The path exists, but not with this method.", "The header Allow lists the methods."),
    (
        "body_too_slow",
        408,
        "The body took too long to arrive. Nothing was changed.",
        "Send it again, with the same idempotency key.",
    ),
    (
        "idempotency_conflict",
        409,
        "The idempotency key belongs to a receipt with other content.",
        "Use a new key for a new event.",
    ),
    (
        "not_anchored",
        409,
        "The root log does not hold the state of the receipt's log yet.",
        "Wait for Retry-After seconds; the receipt's status says when it does.",
    ),
    (
        "import_running",
        409,
        "An import is under way, and its file may hold what is to be erased.",
        "Try again when the import has ended; one that cannot go on gives up by itself.",
    ),
    (
        "receipt_ended",
        409,
        "The receipt was revoked or superseded before, which happens once.",
        "Refer to the receipt that took its place.",
    ),
    (
        "receipt_final",
        409,
        "The receipt is a revocation or the record of an erasure: neither can be taken back.",
        "Issue a new receipt of what holds now.",
    ),
    ("test_mode_only", 409, "This exists in test mode alone.", "Use a test key, or switch to test mode."),
    (
        "too_large",
        413,
        "The body is larger than is read.",
        "Keep large evidence elsewhere and put its hash into the receipt.",
    ),
    ("not_json", 415, "The body says that it is not JSON.", "Send Content-Type: application/json."),
    (
        "invalid",
        422,
        "Some of the input was not accepted; errors names each part and why.",
        "Mend what is named and send it again.",
    ),
    (
        "invalid_json",
        422,
        "The body is not strict JSON: a duplicate name, a lone surrogate, or a number that floating point cannot hold.",
        "Write fractions and large numbers as text.",
    ),
    (
        "batch_refused",
        422,
        "Some receipts of an atomic request cannot be issued, so none was; errors names each by its place.",
        "Mend or leave out what is named, and send the rest again with the same idempotency keys.",
    ),
    ("unreadable_file", 422, "The file is not a CSV that can be read.", "The detail names the line."),
    (
        "too_busy",
        429,
        "More receipts are waiting than can be signed just now.",
        "Wait for Retry-After seconds; use the same idempotency key.",
    ),
    (
        "too_many_tries",
        429,
        "Too many wrong passwords for this account or from this address.",
        "Wait for Retry-After seconds.",
    ),
    ("internal", 500, "Something went wrong on our side.", "Try again; if it stays, write to us with the request_id."),
    (
        "log_rolled_back",
        503,
        "The database was put back to a state older than what was signed, so nothing more is signed; reading goes on. The detail names the log and both sizes.",
        "Send it again later with the same idempotency key. Operators: bring the database back to the size that is named.",
    ),
    (
        "outcome_unknown",
        503,
        "The database went away while it was told to keep the receipt.",
        "Send it again with the same idempotency key: it is issued once.",
    ),
    (
        "clock_behind",
        503,
        "The server's clock is more than a minute behind the log's newest entry.",
        "Its operator must set the clock; then send it again with the same idempotency key.",
    ),
    ("stopping", 503, "The server is restarting.", "Send it again with the same idempotency key."),
    (
        "unavailable",
        503,
        "The database does not answer just now. Nothing was changed.",
        "Send it again with the same idempotency key.",
    ),
];

/// /docs/errors
#[component]
pub fn ErrorsPage() -> impl IntoView {
    let columns = ["Code", "Status", "Meaning", "What to do"].map(Column::new).into();
    let rows = PROBLEMS.iter().map(|&(code, status, meaning, remedy)| {
        view! {
            <tr id=code>
                <td data-label="Code"><code>{code}</code></td>
                <td data-label="Status">{status}</td>
                <td data-label="Meaning">{meaning}</td>
                <td data-label="What to do">{remedy}</td>
            </tr>
        }
    });
    view! {
        <Title text="Errors"/>
        <PublicLayout>
            <PageHeader title="Errors" about="Every refusal is a problem (RFC 9457): a status, a stable code, a sentence, and the parts of the input that it is about."/>
            <section class="card">
                <Table caption="Problems" columns>
                    {rows.collect_view()}
                </Table>
            </section>
        </PublicLayout>
    }
}
