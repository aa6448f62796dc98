//! What a check of a period means, for a reader who keeps books and knows nothing of hashes.

use ledger::period::Found;
use ledger::verify::Outcome;

use crate::ui::format_count;

/// The outcome in a sentence.
pub(super) fn verdict(found: &Found) -> String {
    let (from, until) = &found.period;
    if found.is_verified() {
        return format!("Verified, on this machine: {} receipts of {from} to {until}", format_count(found.receipts));
    }
    if found.failed > 0 {
        return format!("Not verified: {} {} not hold", receipts(found.failed), does(found.failed));
    }
    let failed = found.steps.iter().find(|step| step.outcome == Outcome::Failed);
    format!("Not verified: “{}” does not hold", failed.map_or("Every entry is as it was signed", |step| step.title))
}

/// A step's name, where one receipt fails in it.
pub(super) fn problem_of(step: &str) -> &'static str {
    match step {
        "payload" => "Contents changed",
        "signature" => "Signature does not fit",
        _ => "Cannot be read",
    }
}

/// What that means, sentence by sentence.
pub(super) fn summary(found: &Found) -> Vec<String> {
    let mut said = match (found.is_verified(), found.failed) {
        (true, _) => whole(found),
        (false, 0) => vec!["The file as a whole is not what it says: the steps below tell where. Take nothing from it; ask whoever gave it to you for a new export.".to_owned()],
        (false, failed) => spoilt(found, failed),
    };
    if found.without_contents > 0 {
        let count = found.without_contents;
        said.push(format!(
            "{} {} without contents, which were erased or left out: of {} the file proves when it was certified, not what was in it.",
            receipts(count),
            if count == 1 { "comes" } else { "come" },
            if count == 1 { "it" } else { "each of them" },
        ));
    }
    said.push(keys(found).to_owned());
    said
}

fn whole(found: &Found) -> Vec<String> {
    let (from, until) = &found.period;
    vec![format!(
        "These are all receipts that were certified from {from} to {until} (UTC): {} in total. Each is as it was certified; none was left out, changed or added.",
        format_count(found.receipts)
    )]
}

fn spoilt(found: &Found, failed: u64) -> Vec<String> {
    let of = |step: &str| found.failures.iter().filter(|failure| failure.step == step).count() as u64;
    let kinds = [
        ("payload", "with other contents than were certified"),
        ("signature", "without a signature that fits"),
        ("format", "that cannot be read"),
    ];
    let kinds = kinds.into_iter().filter(|(step, _)| of(step) > 0);
    let kinds: Vec<String> = kinds.map(|(step, what)| format!("{} {what}", format_count(of(step)))).collect();
    let mut said = vec![format!(
        "{} in this file {} not hold: {}. {} named above; rely on none of these.",
        receipts(failed),
        does(failed),
        kinds.join(", "),
        if failed == 1 { "It is" } else { "They are" },
    )];
    let holds = |id: &str| found.steps.iter().any(|step| step.id == id && step.outcome == Outcome::Passed);
    let complete = ["inclusion", "period", "checkpoint"].into_iter().all(holds);
    let others = if complete {
        "Every other receipt is as it was certified, and none was left out."
    } else {
        "Of the others, whether some were left out cannot be told from this file: ask whoever gave it to you for a new export."
    };
    said.push(others.to_owned());
    said
}

/// Whose word the keys are: a file that brings its own proves that it is whole, not who made it.
fn keys(found: &Found) -> &'static str {
    if found.trusted_policy {
        "The log's key is one of your own policy."
    } else {
        "The keys are those the file names. To be sure who made it, compare the log's key with the one its owner publishes."
    }
}

fn receipts(count: u64) -> String {
    format!("{} receipt{}", format_count(count), if count == 1 { "" } else { "s" })
}

const fn does(count: u64) -> &'static str {
    if count == 1 { "does" } else { "do" }
}

#[cfg(test)]
mod tests;
