//! Use-cases of receipts.

use ledger::commitment::commit;
use ledger::encoding::base64;
use ledger::hash::Hash;
use ledger::statement::{Evidence, Ref, Signed, Statement};
use time::format_description::well_known::Iso8601;
use time::{Date, OffsetDateTime};

use super::key::Key;
use super::life::{self, Life};
use super::place::{Place, place};
use super::proofs::{Proved, prove};
use super::store::{self, Narrowed, Order, Row, Side};
use super::{Filter, Issued, Neighbours, NewReceipt, Proof, Receipt, Repeat, Standing, State, Status, Summary};
use crate::context::Cx;
use crate::database::Tx;
use crate::evidence::{self, Whether};
use crate::id::ReceiptId;
use crate::logs::{self, Identity};
use crate::moment::timestamp;
use crate::money::{Money, MoneyError};
use crate::page::{List, Page};
use crate::permission::Permission;
use crate::sequencer::{Entry, Outcome, Placed};
use crate::{Problem, anchors, schemas};

/// Issues a receipt: signs it, puts it into the log, and answers with its proof once all of that is durable.
///
/// With an idempotency key (1 to 255 visible ASCII characters), the same key and content give the same receipt for ever;
/// the same key with other content is a 409. Only what became of it since may differ: whether it still holds, and contents
/// that were erased.
pub async fn issue(cx: &Cx, new: NewReceipt, idempotency_key: Option<&str>) -> Result<Issued, Problem> {
    issue_under(cx, new, idempotency_key.map(Key::Caller)).await
}

/// Issues a receipt as [`issue`] does, where a repetition is known by a key or by content. By content, one with the same payload,
/// references and files that was issued so before is the answer, for ever, also after its contents were erased.
pub async fn issue_as(cx: &Cx, new: NewReceipt, repeat: &Repeat) -> Result<Issued, Problem> {
    issue_under(cx, new, repeat.key()).await
}

/// Issues a receipt under a key of any kind.
pub(super) async fn issue_under(cx: &Cx, new: NewReceipt, key: Option<Key<'_>>) -> Result<Issued, Problem> {
    cx.require(Permission::ReceiptsWrite)?;
    let identity = logs::identity(cx).await?;
    let entry = admit(cx, &identity, new, key).await?;
    let (kept, outcome) = (Kept::of(&entry), cx.domain.sequencer.place(entry).await?);
    answer(cx, &identity, kept, outcome).await
}

/// Issues many receipts under keys of our own, each by itself: a refusal of one leaves the others.
pub async fn issue_many(
    cx: &Cx,
    wanted: Vec<(NewReceipt, String)>,
) -> Result<Vec<Result<ReceiptId, Problem>>, Problem> {
    cx.require(Permission::ReceiptsWrite)?;
    let identity = logs::identity(cx).await?;
    let mut entries = Vec::with_capacity(wanted.len());
    let mut admitted = Vec::with_capacity(wanted.len());
    for (new, key) in wanted {
        let entry = admit(cx, &identity, new, Some(Key::Own(&key))).await;
        admitted.push(entry.map(|entry| {
            let id = entry.id;
            entries.push(entry);
            id
        }));
    }
    let mut outcomes = cx.domain.sequencer.place_many(entries).await.into_iter();
    let answer = |admitted: Result<ReceiptId, Problem>| {
        let id = admitted?;
        match outcomes.next() {
            Some(Ok(Outcome::Placed(_))) => Ok(id),
            Some(Ok(Outcome::Taken(holder))) => Ok(holder),
            Some(Err(problem)) => Err(problem),
            None => Err(Problem::internal("an entry was not answered")),
        }
    };
    Ok(admitted.into_iter().map(answer).collect())
}

/// Checks what is wanted against what is there, and signs it.
pub(super) async fn admit(
    cx: &Cx,
    identity: &Identity,
    new: NewReceipt,
    key: Option<Key<'_>>,
) -> Result<Entry, Problem> {
    let (org_id, mode) = cx.tenant()?;
    let payload = new.payload();
    let secret = || cx.domain.keyring.idempotency(org_id, mode);
    let key = key.map(Key::check).transpose()?;
    let idempotency = key.map(|key| key.hash(&secret(), &new, &payload));
    let checked = async {
        life::check(cx, &new.refs).await?;
        let evidence = evidence::resolve(cx, &new.evidence, Whether::Kept).await?;
        Ok((schemas::hold(cx, &new.kind, &payload).await?, evidence))
    };
    let (schema, evidence) = match checked.await {
        Ok(checked) => checked,
        // What was issued under the key before is answered as it was, whatever has changed since.
        Err(_) if is_taken(cx, idempotency.as_ref()).await? => {
            (schemas::NONE.to_owned(), evidence::resolve(cx, &new.evidence, Whether::KeptOrErased).await?)
        }
        Err(problem) => return Err(problem),
    };
    sign(cx, identity, Wanted { new, payload, schema, evidence, idempotency })
}

async fn is_taken(cx: &Cx, idempotency: Option<&Hash>) -> Result<bool, Problem> {
    let Some(hash) = idempotency else { return Ok(false) };
    store::is_taken(&mut cx.begin().await?, cx.tenant()?, hash).await
}

/// What is wanted, checked against what is there.
struct Wanted {
    new: NewReceipt,
    payload: Vec<u8>,
    schema: String,
    evidence: Vec<Evidence>,
    idempotency: Option<Hash>,
}

fn sign(cx: &Cx, identity: &Identity, wanted: Wanted) -> Result<Entry, Problem> {
    let Wanted { new, payload, schema, evidence, idempotency } = wanted;
    let (org_id, mode) = cx.tenant()?;
    let (id, now, salt) = (ReceiptId(cx.new_id()), cx.now(), cx.random());
    let statement = Statement {
        log: identity.origin.clone(),
        id: id.to_string(),
        kind: new.kind.clone(),
        issued_at: timestamp(now),
        schema,
        payload: commit(&salt, &payload),
        evidence,
        refs: new
            .refs
            .iter()
            .map(|other| Ref { id: other.id.to_string(), relation: other.relation.signed() })
            .collect(),
        idempotency,
    };
    let statement = statement.sign(&identity.keys.issuing).map_err(|error| Problem::internal(format!("{error:?}")))?;
    Ok(Entry {
        org_id,
        mode,
        id,
        kind: new.kind,
        reference: new.reference,
        occurred_at: new.occurred_at.unwrap_or(now),
        issued_at: now,
        amount: new.amount,
        idempotency,
        refs: new.refs,
        statement,
        payload,
        salt,
    })
}

/// What the answer needs of an entry that the sequencer takes away.
pub(super) struct Kept {
    row: Row,
}

impl Kept {
    pub(super) fn of(entry: &Entry) -> Self {
        let summary = Summary {
            id: entry.id,
            kind: entry.kind.clone(),
            reference: entry.reference.clone(),
            occurred_at: entry.occurred_at,
            issued_at: entry.issued_at,
            amount: entry.amount.clone(),
            log_index: 0,
            state: State::Included,
            standing: Standing::Active,
        };
        let row = Row {
            summary,
            life: Life { refs: entry.refs.clone(), ..Life::default() },
            tree_size: 0,
            leaf_hash: Vec::new(),
            statement: entry.statement.clone(),
            payload: Some(entry.payload.clone()),
            salt: Some(entry.salt.to_vec()),
        };
        Self { row }
    }

    /// Whether both say the same.
    pub(super) fn is_same(&self, other: &Self) -> Result<bool, Problem> {
        self.is_same_as(&other.row)
    }

    /// Whether a receipt says what was wanted. Contents that were erased cannot be compared: the key alone decides.
    fn is_same_as(&self, row: &Row) -> Result<bool, Problem> {
        let read = |row: &Row| Signed::parse(&row.statement).map_err(|error| Problem::internal(format!("{error:?}")));
        let (ours, theirs) = (read(&self.row)?.statement, read(row)?.statement);
        let same_payload = row.life.erasure.is_some() || row.payload == self.row.payload;
        Ok(same_payload && ours.kind == theirs.kind && ours.refs == theirs.refs && ours.evidence == theirs.evidence)
    }
}

pub(super) fn conflict() -> Problem {
    Problem::new(409, "idempotency_conflict", "This idempotency key was used for a receipt with other content.")
}

pub(super) async fn answer(cx: &Cx, identity: &Identity, kept: Kept, outcome: Outcome) -> Result<Issued, Problem> {
    match outcome {
        Outcome::Placed(Placed { log_index, leaf_hash, tree_size, proof, checkpoint, statement }) => {
            let mut row = kept.row;
            let mut fresh = None;
            if let Some(statement) = statement {
                row.statement = statement;
                fresh = Some(logs::identity_now(cx, &mut cx.begin().await?, cx.tenant()?).await?);
            }
            let identity = fresh.as_deref().unwrap_or(identity);
            row.summary.log_index = log_index;
            row.tree_size = tree_size;
            row.leaf_hash = leaf_hash.0.to_vec();
            let proved = Proved { hashes: proof, checkpoint: checkpoint.as_ref().to_owned() };
            Ok(Issued { receipt: receipt(cx, identity, row, tree_size, proved)?, replayed: false })
        }
        Outcome::Taken(id) => {
            let log = cx.tenant()?;
            let mut tx = cx.begin().await?;
            let row = store::find(&mut tx, log, id).await?;
            let replayed = row.summary.id != kept.row.summary.id;
            if replayed && !kept.is_same_as(&row)? {
                return Err(conflict());
            }
            let (size, identity) = (row.tree_size, logs::identity_now(cx, &mut tx, log).await?);
            let proved = prove(&mut tx, log, &identity, row.summary.log_index, size).await?;
            Ok(Issued { receipt: receipt(cx, &identity, row, size, proved)?, replayed })
        }
    }
}

fn receipt(cx: &Cx, identity: &Identity, row: Row, tree_size: u64, proved: Proved) -> Result<Receipt, Problem> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(Problem::internal);
    let proof = Proof {
        origin: identity.origin.clone(),
        log_index: row.summary.log_index,
        leaf_hash: Hash::from_slice(&row.leaf_hash).map(|hash| hash.to_hex()).unwrap_or_default(),
        tree_size,
        hashes: proved.hashes.iter().map(Hash::to_base64).collect(),
        checkpoint: proved.checkpoint,
        keys: identity.keys_of(row.summary.log_index, tree_size),
    };
    Ok(Receipt {
        summary: row.summary,
        mode: cx.tenant()?.1,
        status: Status::default(),
        life: row.life,
        evidence: evidence::of_statement(&row.statement),
        payload: row.payload.map(text).transpose()?,
        salt: row.salt.map(|salt| base64(&salt)),
        statement: text(row.statement)?,
        proof,
    })
}

/// A receipt, with its proof in the log as it is now.
pub async fn get(cx: &Cx, id: ReceiptId) -> Result<Receipt, Problem> {
    let (org_id, mode) = cx.require(Permission::ReceiptsRead)?;
    let mut tx = cx.begin().await?;
    let size = logs::store::find(tx.connection(), org_id, mode).await?.size;
    let mut receipt = at_size(cx, tx, id, size).await?;
    (receipt.summary.state, receipt.status) = anchors::status(cx, receipt.summary.log_index).await?;
    evidence::mark(cx, &mut receipt.evidence).await?;
    Ok(receipt)
}

/// Whether a receipt of the actor's log still holds, and since when its contents are erased.
pub(crate) async fn standing(cx: &Cx, id: ReceiptId) -> Result<(Standing, Option<OffsetDateTime>), Problem> {
    let row = store::find(&mut cx.begin().await?, cx.tenant()?, id).await?;
    Ok((row.summary.standing, row.life.erasure.map(|erasure| erasure.erased_at)))
}

/// A receipt, with its proof in the log as it was at a size.
pub(super) async fn at_size(cx: &Cx, mut tx: Tx, id: ReceiptId, size: u64) -> Result<Receipt, Problem> {
    let log = cx.tenant()?;
    let identity = logs::identity_now(cx, &mut tx, log).await?;
    let row = store::find(&mut tx, log, id).await?;
    let proved = prove(&mut tx, log, &identity, row.summary.log_index, size).await?;
    receipt(cx, &identity, row, size, proved)
}

/// A page of receipts, newest first unless the filter says otherwise.
pub async fn list(cx: &Cx, filter: &Filter, page: &Page) -> Result<List<Summary>, Problem> {
    let log = cx.require(Permission::ReceiptsRead)?;
    let narrowed = narrow(filter)?;
    let rows = page.rows() as usize;
    let mut tx = cx.begin().await?;
    let after = place(&mut tx, log, &narrowed, (page.after.as_deref(), "after")).await?;
    let before = place(&mut tx, log, &narrowed, (page.before.as_deref(), "before")).await?;
    let side = if before.is_some() { Side::Before } else { Side::After };
    let mut data = store::list(&mut tx, log, &narrowed, side, before.or(after), rows as i64 + 1).await?;
    let more = data.len() > rows;
    data.truncate(rows);
    anchors::mark(cx, &mut tx, &mut data).await?;
    let (earlier, further) = match side {
        Side::After => (after.is_some(), more),
        Side::Before => {
            data.reverse();
            (more, true)
        }
    };
    let edge = |wanted: bool, summary: Option<&Summary>| {
        summary.filter(|_| wanted).and_then(|summary| Place::of(summary, &narrowed)).map(Place::cursor)
    };
    Ok(List { next: edge(further, data.last()), previous: edge(earlier, data.first()), data })
}

/// The receipts just before and after one in a filtered list; none where it has no place in it.
pub async fn neighbours(cx: &Cx, id: ReceiptId, filter: &Filter) -> Result<Neighbours, Problem> {
    let log = cx.require(Permission::ReceiptsRead)?;
    let narrowed = narrow(filter)?;
    let mut tx = cx.begin().await?;
    let here = Place::of(&store::find(&mut tx, log, id).await?.summary, &narrowed);
    let Some(here) = here else { return Ok(Neighbours::default()) };
    let next = store::list(&mut tx, log, &narrowed, Side::After, Some(here), 1).await?;
    let previous = store::list(&mut tx, log, &narrowed, Side::Before, Some(here), 1).await?;
    let first = |list: Vec<Summary>| list.first().map(|summary| summary.id);
    Ok(Neighbours { previous: first(previous), next: first(next) })
}

pub(super) fn narrow(filter: &Filter) -> Result<Narrowed, Problem> {
    let mut problem = Problem::invalid();
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut narrowed = Narrowed { kind: given(&filter.kind), currency: given(&filter.currency), ..Narrowed::default() };
    if let Some(search) = given(&filter.search) {
        match search.parse() {
            Ok(id) => narrowed.id = Some(id),
            Err(_) => narrowed.reference = Some(search),
        }
    }
    for (name, text, next_day) in [("from", &filter.from, false), ("until", &filter.until, true)] {
        let Some(text) = given(text) else { continue };
        let day =
            Date::parse(&text, &Iso8601::DATE).ok().and_then(|day| if next_day { day.next_day() } else { Some(day) });
        match (day, next_day) {
            (None, _) => problem = problem.field(name, "date", "A day such as 2026-11-20 is wanted."),
            (Some(day), true) => narrowed.before = Some(day.midnight().assume_utc()),
            (Some(day), false) => narrowed.from = Some(day.midnight().assume_utc()),
        }
    }
    for (name, text) in [("min", &filter.min), ("max", &filter.max)] {
        let Some(text) = given(text) else { continue };
        match (Money::parse(&text, narrowed.currency.as_deref().unwrap_or("USD")), &narrowed.currency) {
            (_, None) => {
                problem = problem.field("currency", "currency", "An amount is compared in one currency: choose which.")
            }
            (Ok(money), _) if name == "min" => narrowed.min = Some(money.minor),
            (Ok(money), _) => narrowed.max = Some(money.minor),
            (Err(MoneyError::Currency), _) => {
                problem = problem.field(
                    "currency",
                    "currency",
                    "A currency is three to five capital letters: USD, JPY, BTC.",
                );
            }
            (Err(_), _) => problem = problem.field(name, "decimal", "A decimal such as 11.77 is wanted."),
        }
    }
    let sort = given(&filter.sort).unwrap_or_else(|| "-issued".to_owned());
    let (name, falling) = sort.strip_prefix('-').map_or((sort.as_str(), false), |name| (name, true));
    narrowed.order = match name {
        "issued" => (Order::Issued, falling),
        "happened" => (Order::Happened, falling),
        "amount" if narrowed.currency.is_some() => (Order::Amount, falling),
        "amount" => {
            problem = problem.field("currency", "currency", "Amounts are sorted in one currency: choose which.");
            (Order::Amount, falling)
        }
        _ => {
            problem = problem.field(
                "sort",
                "sort",
                "issued, happened or amount is wanted, with - before it for the greatest first.",
            );
            (Order::Issued, true)
        }
    };
    if narrowed
        .reference
        .as_ref()
        .or(narrowed.kind.as_ref())
        .or(narrowed.currency.as_ref())
        .is_some_and(|text| text.contains('\0'))
    {
        problem = problem.field("search", "nul", "A NUL character cannot be searched for.");
    }
    problem.unless_empty()?;
    Ok(narrowed)
}
