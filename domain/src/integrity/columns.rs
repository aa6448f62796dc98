//! Whether what is stored beside a statement is what the statement and the payload say.

use ledger::commitment::commit;
use ledger::statement::Signed;

use super::store::{Columns, EntryRow};
use crate::moment::timestamp;
use crate::receipts::NewReceipt;

/// Names the columns of an entry of the root log that are not what it says: `origin` is the log that it is about.
pub(super) fn of_note(
    row: &EntryRow,
    columns: &Columns,
    origin: Option<&str>,
    size: u64,
    wrong: &mut Vec<&'static str>,
) {
    let mut check = |holds: bool, name| {
        if !holds {
            wrong.push(name)
        }
    };
    check(origin.is_some(), "statement");
    check(columns.reference.as_deref() == origin, "reference");
    check(columns.occurred_at == columns.issued_at, "occurred_at");
    check(columns.amount_minor.is_none() && columns.currency.is_none(), "amount_minor");
    check(columns.idempotency.as_ref().is_some_and(|hash| hash.len() == 32), "idempotency");
    tree_size(row, columns, size, wrong);
    payload_is_empty(columns, wrong);
}

fn payload_is_empty(columns: &Columns, wrong: &mut Vec<&'static str>) {
    match &columns.payload {
        Some((payload, salt)) if payload.is_empty() && *salt == [0; 16] => {}
        _ => wrong.push("payload"),
    }
}

fn tree_size(row: &EntryRow, columns: &Columns, size: u64, wrong: &mut Vec<&'static str>) {
    // The tree that the receipt was answered with: behind its entry, a batch at most.
    if columns.tree_size <= row.log_index || columns.tree_size > size {
        wrong.push("tree_size");
    }
}

/// Names the columns of a receipt that are not what its statement and, while it is there, its payload say.
pub(super) fn of_receipt(row: &EntryRow, columns: &Columns, signed: &Signed, size: u64, wrong: &mut Vec<&'static str>) {
    let statement = &signed.statement;
    let idempotency = statement.idempotency.map(|hash| hash.0.to_vec());
    let mut check = |holds: bool, name| {
        if !holds {
            wrong.push(name)
        }
    };
    check(columns.id.to_string() == statement.id, "id");
    check(columns.kind == statement.kind, "kind");
    check(timestamp(columns.issued_at) == statement.issued_at, "issued_at");
    check(columns.idempotency == idempotency, "idempotency");
    tree_size(row, columns, size, wrong);
    let Some((payload, salt)) = &columns.payload else { return };
    match <&[u8; 16]>::try_from(salt.as_slice()) {
        Ok(salt) if commit(salt, payload) == statement.payload => of_payload(columns, payload, wrong),
        _ => wrong.push("payload"),
    }
}

/// What is searched for and added up is what the caller said.
fn of_payload(columns: &Columns, payload: &[u8], wrong: &mut Vec<&'static str>) {
    // A log's first statement has a payload of its own shape, and nothing to search for.
    let said = if columns.kind == "log_created" { None } else { NewReceipt::from_payload(payload).ok() };
    let reference = said.as_ref().and_then(|said| said.reference.clone());
    let occurred_at = said.as_ref().and_then(|said| said.occurred_at).unwrap_or(columns.issued_at);
    let amount = said.and_then(|said| said.amount);
    let mut check = |holds: bool, name| {
        if !holds {
            wrong.push(name)
        }
    };
    check(columns.reference == reference, "reference");
    check(columns.occurred_at == occurred_at, "occurred_at");
    check(columns.amount_minor == amount.as_ref().map(|amount| amount.minor), "amount_minor");
    check(columns.currency == amount.map(|amount| amount.currency), "currency");
}
