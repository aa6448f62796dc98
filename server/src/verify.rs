//! `certnode verify FILE`

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the answer of a command-line tool")]

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use domain::context::{Clock as _, SystemClock};
use ledger::json::Value;
use ledger::period::{Found, HEAD, PeriodVerification};
use ledger::verify::{Outcome, Report, Step, verify};

use crate::Failure;
use crate::v1::receipts::rfc3339;

/// The largest bundle read.
const MAX_BYTES: u64 = 1 << 20;
/// What of an archive is read at once.
const PIECE: usize = 256 << 10;

/// Checks a receipt's bundle or a period's archive: a line a step, or a JSON document. Whether it is verified.
pub fn run(path: &Path, policy: Option<&Path>, json: bool) -> Result<bool, Failure> {
    let named = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("{path}: {error}")
    };
    let mut file = File::open(path).map_err(named(path))?;
    let policy = policy.map(|path| std::fs::read_to_string(path).map_err(named(path))).transpose()?;
    let mut beginning = Vec::new();
    (&file).take(MAX_BYTES).read_to_end(&mut beginning).map_err(named(path))?;
    if beginning.starts_with(HEAD.as_bytes()) {
        let found = period(&beginning, file, policy.as_deref()).map_err(named(path))?;
        show(json, about(found.to_json(), path), || print_period(&found));
        return Ok(found.is_verified());
    }
    if file.read(&mut [0]).map_err(named(path))? > 0 {
        return Err(format!(
            "{}: a bundle is not larger than 1 MiB, and this is no archive of a period",
            path.display()
        )
        .into());
    }
    let report = verify(&beginning, policy.as_deref());
    show(json, about(report.to_json(), path), || print(&report));
    Ok(report.is_verified())
}

/// The report, with what was checked and when.
fn about(mut report: Value, path: &Path) -> Value {
    if let Value::Object(members) = &mut report {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        members.extend([("file".to_owned(), (&*file).into()), ("checked_at".to_owned(), now().as_str().into())]);
    }
    report
}

/// This moment, to the second.
fn now() -> String {
    let now = SystemClock.now();
    rfc3339(now.replace_nanosecond(0).unwrap_or(now))
}

fn show(json: bool, document: Value, print: impl FnOnce()) {
    if json {
        println!("{}", String::from_utf8_lossy(&ledger::jcs::canonical(&document)));
    } else {
        print();
        println!("Checked at {} by certnode {}.", now(), env!("CARGO_PKG_VERSION"));
    }
}

/// Reads an archive to its end; says how far it is, where somebody looks.
fn period(beginning: &[u8], mut rest: File, policy: Option<&str>) -> io::Result<Found> {
    let mut verification = PeriodVerification::new(policy);
    let (mut piece, mut told) = (vec![0; PIECE], Instant::now());
    let watched = io::stderr().is_terminal();
    verification.push(beginning);
    loop {
        let count = rest.read(&mut piece)?;
        if count == 0 {
            break;
        }
        verification.push(&piece[..count]);
        if watched && told.elapsed().as_millis() > 200 {
            let (checked, total) = verification.progress();
            eprint!("\r{checked} of {total} entries checked");
            io::stderr().flush()?;
            told = Instant::now();
        }
    }
    if watched {
        eprint!("\r\x1b[K");
    }
    Ok(verification.finish())
}

fn print_steps(steps: &[Step]) {
    for step in steps {
        let mark = match step.outcome {
            Outcome::Passed => "ok  ",
            Outcome::Failed => "FAIL",
            Outcome::NotPresent => "-   ",
        };
        println!("{mark} {:<12} {}", step.id, step.detail);
    }
}

fn print(report: &Report) {
    print_steps(&report.steps);
    for (signed, key) in report.keys() {
        println!("by   {signed:<12} {key}");
    }
    match (report.is_verified(), &report.receipt) {
        (true, Some(receipt)) if report.trusted_policy => println!("Verified: {}", receipt.id),
        (true, Some(receipt)) => {
            println!("Verified: {} (by the keys that the file itself names; --policy FILE brings your own)", receipt.id)
        }
        _ => println!("Not verified: {}", report.failed().map_or("a step is missing", |step| step.title)),
    }
}

/// What failed comes first: nobody reads through what holds to find it.
fn print_period(found: &Found) {
    for failure in &found.failures {
        let id = failure.id.as_deref().unwrap_or("-");
        println!("FAIL {:<12} entry {} {id}: {}", failure.step, failure.index, failure.detail);
    }
    let untold = found.untold();
    if untold > 0 {
        println!("FAIL and {untold} entries more");
    }
    print_steps(&found.steps);
    let hint = if found.trusted_policy {
        ""
    } else {
        " (by the keys that the file itself names; --policy FILE brings your own)"
    };
    let ((from, until), receipts) = (&found.period, found.receipts);
    match found.steps.iter().find(|step| step.outcome == Outcome::Failed) {
        None if found.is_verified() => println!("Verified: {receipts} receipts of {from} to {until}{hint}"),
        None => println!("Not verified: {} entries do not hold", found.failed),
        Some(step) => println!("Not verified: {}", step.title),
    }
}
