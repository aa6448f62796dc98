//! Changing a bundle on purpose, in memory, to see that it shows.

use ledger::bundle::Bundle;
use ledger::json::Value;

/// What can be changed, and what that would mean.
pub(super) const PARTS: [(&str, &str); 5] = [
    ("", "Nothing: the file as it is"),
    ("payload", "The contents"),
    ("statement", "The signed statement"),
    ("proof", "A hash of the proof"),
    ("checkpoint", "The checkpoint"),
];

/// The bundle with one thing changed in this part; as it is, when there is nothing to change.
pub(super) fn tamper(bundle: &str, part: &str) -> String {
    let Ok(mut file) = Bundle::parse(bundle.as_bytes()) else { return bundle.to_owned() };
    match part {
        "payload" => file.payload = file.payload.map(|payload| more(&payload)),
        "statement" => {
            // A digit of the time it was signed at.
            if let Some(at) = file.statement.windows(13).position(|bytes| bytes == b"\"issued_at\":\"") {
                let digit = &mut file.statement[at + 16];
                *digit = if *digit == b'9' { b'0' } else { *digit + 1 };
            }
        }
        "proof" => file.tenant_proof = change_line(&file.tenant_proof, 2),
        "checkpoint" => {
            let at = file.tenant_proof.find("\n\n").map_or(0, |at| file.tenant_proof[..at].lines().count());
            file.tenant_proof = grow_size(&file.tenant_proof, at + 2);
        }
        _ => return bundle.to_owned(),
    }
    String::from_utf8(file.to_bytes()).unwrap_or_default()
}

/// The contents with one more word in them.
fn more(payload: &Value) -> Value {
    let mut members = payload.as_object().map(<[_]>::to_vec).unwrap_or_default();
    match members.iter_mut().find(|(name, _)| name == "reference") {
        Some((_, reference)) => *reference = Value::from("something else"),
        None => members.push(("reference".to_owned(), Value::from("something else"))),
    }
    Value::Object(members)
}

/// The text with the first character of a line turned into another.
fn change_line(text: &str, line: usize) -> String {
    map_line(text, line, |line| {
        let other = if line.starts_with('A') { "B" } else { "A" };
        format!("{other}{}", line.get(1..).unwrap_or_default())
    })
}

/// The text with the number in a line one greater.
fn grow_size(text: &str, line: usize) -> String {
    map_line(text, line, |line| line.parse::<u64>().map_or_else(|_| line.to_owned(), |size| (size + 1).to_string()))
}

fn map_line(text: &str, wanted: usize, change: impl Fn(&str) -> String) -> String {
    let lines =
        text.split('\n').enumerate().map(|(index, line)| if index == wanted { change(line) } else { line.to_owned() });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
