//! Many receipts in one request, all of them or none.

use std::collections::{HashMap, HashSet};

use ledger::hash::Hash;

use super::batch::Wanted;
use super::service::{Kept, admit, answer, conflict};
use super::{Issued, life};
use crate::Problem;
use crate::context::Cx;
use crate::logs::{self, Identity};
use crate::permission::Permission;
use crate::sequencer::Entry;

#[cfg(test)]
mod tests;

/// An entry, and which of the request's receipts it is.
struct Member {
    place: usize,
    entry: Entry,
}

/// The receipts of a request that are refused, and why.
type Refused = Vec<(usize, Problem)>;
/// The places of those that repeat one before them, each with the place of that one.
type Repeats = Vec<(usize, usize)>;

/// Issues all of what is wanted, next to each other in the log, or none of it. Results are in the order of what was wanted.
///
/// What was issued under its key before is answered as it was, and the others are placed together.
///
/// Errors: 422 `batch_refused`, whose fields name each receipt that is refused by its place; 429 and 503 as
/// [`super::issue`], for all of them.
///
/// **If we crash** before the database has committed, none of them is there; after it all are, and the same request with the
/// same keys has the same answers.
pub async fn issue_together(cx: &Cx, wanted: Vec<Wanted>) -> Result<Vec<Issued>, Problem> {
    cx.require(Permission::ReceiptsWrite)?;
    let identity = logs::identity(cx).await?;
    let mut refused = Refused::new();
    let mut issued: Vec<Option<Issued>> = wanted.iter().map(|_| None).collect();
    let members = admit_all(cx, &identity, wanted, &mut refused).await;
    let (members, repeats) = split_repeats(members, &mut refused)?;
    refuse_second_ends(&members, &mut refused);
    refuse(refused)?;
    place(cx, &identity, members, &mut issued).await?;
    for (place, first) in repeats {
        issued[place] = issued[first].clone().map(|first| Issued { replayed: true, ..first });
    }
    let unanswered = || Problem::internal("an entry was not answered");
    issued.into_iter().map(|issued| issued.ok_or_else(unanswered)).collect()
}

async fn admit_all(cx: &Cx, identity: &Identity, wanted: Vec<Wanted>, refused: &mut Refused) -> Vec<Member> {
    let mut members = Vec::with_capacity(wanted.len());
    for (place, wanted) in wanted.into_iter().enumerate() {
        let entry = match wanted {
            Ok((new, repeat)) => admit(cx, identity, new, repeat.key()).await,
            Err(problem) => Err(problem),
        };
        match entry {
            Ok(entry) => members.push(Member { place, entry }),
            Err(problem) => refused.push((place, problem)),
        }
    }
    members
}

/// Splits off those that repeat one before them.
fn split_repeats(members: Vec<Member>, refused: &mut Refused) -> Result<(Vec<Member>, Repeats), Problem> {
    let (mut kept, mut repeats): (Vec<Member>, _) = (Vec::with_capacity(members.len()), Vec::new());
    let mut known: HashMap<Hash, usize> = HashMap::new();
    for member in members {
        let first = member.entry.idempotency.and_then(|hash| known.get(&hash)).map(|index| &kept[*index]);
        match first {
            Some(first) if Kept::of(&member.entry).is_same(&Kept::of(&first.entry))? => {
                repeats.push((member.place, first.place));
            }
            Some(_) => refused.push((member.place, conflict())),
            None => {
                known.extend(member.entry.idempotency.map(|hash| (hash, kept.len())));
                kept.push(member);
            }
        }
    }
    Ok((kept, repeats))
}

/// A receipt ends once, within a request too.
fn refuse_second_ends(members: &[Member], refused: &mut Refused) {
    let mut ended = HashSet::new();
    for Member { place, entry } in members {
        for other in entry.refs.iter().filter(|other| other.relation.ends()) {
            if !ended.insert(other.id) {
                let detail = format!("{} is revoked or superseded by another receipt of this request.", other.id);
                refused.push((*place, Problem::new(409, "receipt_ended", "").because(detail)));
            }
        }
    }
}

/// Puts the entries into the log in one step of the sequencer's. While others turn out to be there already, which are answered
/// as they were, it is tried with the rest: nothing is placed before all are.
async fn place(
    cx: &Cx,
    identity: &Identity,
    mut members: Vec<Member>,
    issued: &mut [Option<Issued>],
) -> Result<(), Problem> {
    while !members.is_empty() {
        let entries = members.iter().map(|member| member.entry.clone()).collect();
        let outcomes = match cx.domain.sequencer.place_together(entries).await {
            Ok(outcomes) => outcomes,
            Err(problem) if problem.code == "receipt_ended" => return Err(ended(cx, &members, problem).await),
            Err(problem) => return Err(problem),
        };
        let (tried, mut refused, mut rest) = (members.len(), Refused::new(), Vec::new());
        for (member, outcome) in members.into_iter().zip(outcomes) {
            let Some(outcome) = outcome else {
                rest.push(member);
                continue;
            };
            match answer(cx, identity, Kept::of(&member.entry), outcome).await {
                Ok(one) => issued[member.place] = Some(one),
                Err(problem) => refused.push((member.place, problem)),
            }
        }
        refuse(refused)?;
        if rest.len() == tried {
            return Err(Problem::internal("no entry of a request was answered"));
        }
        members = rest;
    }
    Ok(())
}

/// Which of the entries would have ended a receipt that was ended meanwhile.
async fn ended(cx: &Cx, members: &[Member], problem: Problem) -> Problem {
    let mut refused = Refused::new();
    for member in members {
        if let Err(problem) = life::check(cx, &member.entry.refs).await {
            refused.push((member.place, problem));
        }
    }
    refuse(refused).err().unwrap_or(problem)
}

/// The refusal of all of them, if there is one of any.
fn refuse(mut refused: Refused) -> Result<(), Problem> {
    if refused.is_empty() {
        return Ok(());
    }
    // What is no fault of the request's is no refusal of its receipts.
    if let Some((_, problem)) = refused.iter().find(|(_, problem)| problem.status >= 500 || problem.status == 429) {
        return Err(problem.clone());
    }
    refused.sort_by_key(|(place, _)| *place);
    let detail = format!("Nothing was issued: {} of the receipts cannot be.", refused.len());
    let mut all = Problem::new(422, "batch_refused", "").because(detail);
    for (place, one) in refused {
        if one.fields.is_empty() {
            all = all.field(format!("receipts[{place}]"), one.code, one.detail);
        } else {
            let within = |all: Problem, field: crate::problem::Field| {
                all.field(format!("receipts[{place}].{}", field.location), field.code, field.message)
            };
            all = one.fields.into_iter().fold(all, within);
        }
    }
    Err(all)
}
