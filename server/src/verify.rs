//! `certnode verify FILE`

#![expect(clippy::print_stdout, reason = "the answer of a command-line tool")]

use std::path::Path;

use ledger::verify::{Outcome, Report, verify};

use crate::Failure;

/// The largest file read.
const MAX_BYTES: u64 = 1 << 20;

/// Checks a bundle: a line a step, or a JSON document. Whether it is verified.
pub fn run(file: &Path, policy: Option<&Path>, json: bool) -> Result<bool, Failure> {
    let named = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| format!("{path}: {error}")
    };
    if std::fs::metadata(file).map_err(named(file))?.len() > MAX_BYTES {
        return Err(format!("{}: a bundle is not larger than 1 MiB", file.display()).into());
    }
    let bytes = std::fs::read(file).map_err(named(file))?;
    let policy = policy.map(|path| std::fs::read_to_string(path).map_err(named(path))).transpose()?;
    let report = verify(&bytes, policy.as_deref());
    if json {
        println!("{}", String::from_utf8_lossy(&ledger::jcs::canonical(&report.to_json())));
    } else {
        print(&report);
    }
    Ok(report.is_verified())
}

fn print(report: &Report) {
    for step in &report.steps {
        let mark = match step.outcome {
            Outcome::Passed => "ok  ",
            Outcome::Failed => "FAIL",
            Outcome::NotPresent => "-   ",
        };
        println!("{mark} {:<12} {}", step.id, step.detail);
    }
    match (report.is_verified(), &report.receipt) {
        (true, Some(receipt)) if report.trusted_policy => println!("Verified: {}", receipt.id),
        (true, Some(receipt)) => {
            println!("Verified: {} (by the keys that the file itself names; --policy FILE brings your own)", receipt.id)
        }
        _ => println!("Not verified: {}", report.failed().map_or("a step is missing", |step| step.title)),
    }
}
