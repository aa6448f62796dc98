//! Whether what is stored beside a statement is what the statement and the payload say.

use ledger::commitment::commit;
use ledger::json::Value;
use ledger::statement::{Signed, Statement};
use time::OffsetDateTime;

use super::rows::store::{Columns, Erasure};
use crate::anchors::fact_hash;
use crate::moment::timestamp;
use crate::money::Money;
use crate::receipts::NewReceipt;

/// What is wrong with an entry.
#[derive(Default)]
pub(super) struct Wrong {
    /// Columns that are not what was signed.
    columns: Vec<&'static str>,
    /// And what else there is to say.
    problems: Vec<String>,
}

impl Wrong {
    fn unless(&mut self, holds: bool, column: &'static str) {
        if !holds {
            self.columns.push(column);
        }
    }

    /// All of it, in sentences without their ends.
    pub(super) fn into_problems(mut self) -> Vec<String> {
        if !self.columns.is_empty() {
            self.problems.push(format!("has another {} stored than was signed", self.columns.join(", ")));
        }
        self.problems
    }
}

/// What an entry of the root log says: the log that it is about, and the idempotency key that follows from it.
pub(super) struct Note {
    pub(super) about: String,
    pub(super) key: String,
}

/// Names the columns of an entry of the root log that are not what it says; none if it says nothing.
pub(super) fn of_note(columns: &Columns, note: Option<&Note>, origin: &str, wrong: &mut Wrong) {
    let idempotency = note.map(|note| fact_hash(origin, &note.key).0.to_vec());
    wrong.unless(note.is_some(), "statement");
    wrong.unless(columns.reference.as_deref() == note.map(|note| note.about.as_str()), "reference");
    wrong.unless(columns.occurred_at == columns.issued_at, "occurred_at");
    wrong.unless(columns.amount_minor.is_none() && columns.currency.is_none(), "amount_minor");
    wrong.unless(columns.idempotency == idempotency, "idempotency");
    wrong
        .unless(matches!(&columns.payload, Some((payload, salt)) if payload.is_empty() && *salt == [0; 16]), "payload");
    of_refs(columns, &[], wrong);
}

/// Names what is stored of a receipt and is not what its statement and, while it is there, its payload say.
pub(super) fn of_receipt(columns: &Columns, signed: &Signed, is_restored: bool, wrong: &mut Wrong) {
    let statement = &signed.statement;
    let idempotency = statement.idempotency.map(|hash| hash.0.to_vec());
    wrong.unless(columns.id.to_string() == statement.id, "id");
    wrong.unless(columns.kind == statement.kind, "kind");
    wrong.unless(timestamp(columns.issued_at) == statement.issued_at, "issued_at");
    wrong.unless(columns.idempotency == idempotency, "idempotency");
    let refs: Vec<(&str, &str)> =
        statement.refs.iter().map(|other| (other.id.as_str(), other.relation.as_str())).collect();
    of_refs(columns, &refs, wrong);
    match &columns.payload {
        Some((payload, salt)) if is_committed(statement, payload, salt) => of_payload(columns, Some(payload), wrong),
        Some(_) => wrong.columns.push("payload"),
        // The columns that are copies of the contents went with them.
        None => of_payload(columns, None, wrong),
    }
    match (&columns.payload, &columns.erasure) {
        (None, None) if !is_restored => {
            wrong.problems.push("has no contents, and no note that they were erased".to_owned());
        }
        (Some(_), Some(_)) => wrong.problems.push("has contents, and a note that they were erased".to_owned()),
        (Some(_), None) if columns.is_recorded_as_erased => {
            wrong.problems.push("has contents, and a later receipt records that they were erased".to_owned());
        }
        (None, Some(erasure)) => of_erasure(&statement.id, erasure, wrong),
        _ => {}
    }
}

/// Whether a statement commits to these contents.
pub(crate) fn is_committed(statement: &Statement, payload: &[u8], salt: &[u8]) -> bool {
    salt.try_into().is_ok_and(|salt: &[u8; 16]| commit(salt, payload) == statement.payload)
}

/// The columns that are copies of the contents, to search and to add up.
pub(crate) struct Copies {
    pub(crate) reference: Option<String>,
    pub(crate) occurred_at: OffsetDateTime,
    pub(crate) amount: Option<Money>,
}

impl Copies {
    /// Of a receipt of a kind, issued then, with these contents or none any more.
    pub(crate) fn of(kind: &str, issued_at: OffsetDateTime, payload: Option<&[u8]>) -> Self {
        // A log's first statement has a payload of its own shape, and nothing to search for.
        let said = payload.filter(|_| kind != "log_created").and_then(|payload| NewReceipt::from_payload(payload).ok());
        let (reference, occurred_at, amount) =
            said.map_or((None, None, None), |said| (said.reference, said.occurred_at, said.amount));
        Self { reference, occurred_at: occurred_at.unwrap_or(issued_at), amount }
    }
}

fn of_payload(columns: &Columns, payload: Option<&[u8]>, wrong: &mut Wrong) {
    let right = Copies::of(&columns.kind, columns.issued_at, payload);
    let amount = right.amount.as_ref();
    wrong.unless(columns.reference == right.reference, "reference");
    wrong.unless(columns.occurred_at == right.occurred_at, "occurred_at");
    wrong.unless(columns.amount_minor == amount.map(|amount| amount.minor), "amount_minor");
    wrong.unless(columns.currency.as_deref() == amount.map(|amount| amount.currency.as_str()), "currency");
}

/// What it refers to is signed: no row too few, none too many.
fn of_refs(columns: &Columns, signed: &[(&str, &str)], wrong: &mut Wrong) {
    let stored: Vec<(String, &str)> =
        columns.refs.iter().map(|(id, relation)| (id.to_string(), relation.as_str())).collect();
    for (id, relation) in
        signed.iter().filter(|(id, relation)| !stored.iter().any(|row| row.0 == *id && row.1 == *relation))
    {
        wrong.problems.push(format!("{relation} {id}, and the row that says so is missing"));
    }
    for (id, relation) in stored.iter().filter(|row| !signed.contains(&(row.0.as_str(), row.1))) {
        wrong.problems.push(format!("has a row that says {relation} {id}, which was not signed"));
    }
}

/// What is noted of an erasure is what the receipt says that records it.
fn of_erasure(id: &str, erasure: &Erasure, wrong: &mut Wrong) {
    // For a moment there is none; it is a job's, and comes.
    if erasure.record.is_none() {
        return;
    }
    let record = erasure.statement.as_ref().and_then(|statement| Signed::parse(statement).ok());
    let records = |signed: &Signed| {
        signed.statement.kind == "payload_erased" && signed.statement.refs.iter().any(|other| other.id == id)
    };
    if !record.as_ref().is_some_and(records) {
        wrong.problems.push("was erased, and the receipt that is noted as the record of it is not that".to_owned());
        return;
    }
    let said = erasure.payload.as_ref().map(|payload| NewReceipt::from_payload(payload).ok());
    let text = |name: &str| match &said {
        Some(said) => said.as_ref()?.data.as_ref()?.get(name).and_then(Value::as_str).map(str::to_owned),
        // The record was erased as well, and what it said with it.
        None => Some(String::new()),
    };
    let erased_at = said.as_ref().map(|said| said.as_ref().and_then(|said| said.occurred_at));
    let is_then = erased_at.is_none_or(|at| at.is_some_and(|at| timestamp(at) == timestamp(erasure.erased_at)));
    let mut otherwise = Vec::new();
    for (holds, name) in [
        (is_then, "erased_at"),
        (text("erased_by").as_deref() == Some(&erasure.erased_by), "erased_by"),
        (text("reason").as_deref() == Some(&erasure.reason), "reason"),
    ] {
        if !holds {
            otherwise.push(name);
        }
    }
    if !otherwise.is_empty() {
        wrong.problems.push(format!("was erased with another {} than the record of it says", otherwise.join(", ")));
    }
}
