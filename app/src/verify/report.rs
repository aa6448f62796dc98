//! The result of a check as a file, for whoever keeps it: CSV for a spreadsheet, JSON for a program.

use domain::spreadsheet::row;
use js_sys::{Array, Date};
use ledger::jcs::canonical;
use ledger::json::Value;
use ledger::period::Found;
use ledger::verify::Outcome;
use leptos::prelude::*;
use web_sys::{Blob, Url};

use super::words::verdict;
use crate::ui::Icon;

/// Two links, to files that are in the page already.
#[component]
pub(super) fn SaveReport(found: Found, file: String) -> impl IntoView {
    let at = String::from(Date::new_0().to_iso_string());
    let stem = format!("verification-of-{}", file.trim_end_matches(".tar"));
    let link = |ending: &str, text: &'static str, contents: String| {
        let url = Blob::new_with_str_sequence(&Array::of1(&contents.into())).ok();
        let url = url.and_then(|blob| Url::create_object_url_with_blob(&blob).ok())?;
        let ended = url.clone();
        on_cleanup(move || drop(Url::revoke_object_url(&ended)));
        let name = format!("{stem}.{ending}");
        Some(
            view! { <a class="button" data-size="small" href=url download=name rel="external"><Icon name="download"/>{text}</a> },
        )
    };
    view! {
        <div class="page-actions">
            {link("csv", "Save the report (CSV)", csv(&found, &file, &at))}
            {link("json", "Save the report (JSON)", json(&found, &file, &at))}
        </div>
    }
}

/// The failures first, then the steps; the last row is the verdict, so that a report that was cut off shows.
fn csv(found: &Found, file: &str, at: &str) -> String {
    let mut text = row(["what", "entry", "receipt", "step", "outcome", "detail"]);
    for failure in &found.failures {
        let (entry, id) = (failure.index.to_string(), failure.id.as_deref().unwrap_or_default());
        text += &row(["receipt", &entry, id, failure.step, "failed", &failure.detail]);
    }
    if found.untold() > 0 {
        let more = format!("{} receipts more do not hold and are not named here.", found.untold());
        text += &row(["receipt", "", "", "", "failed", &more]);
    }
    for step in &found.steps {
        let outcome = match step.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::NotPresent => "not present",
        };
        text += &row(["step", "", "", step.id, outcome, &step.detail]);
    }
    let outcome = if found.is_verified() { "passed" } else { "failed" };
    text += &row(["file", "", "", "", outcome, &format!("{file}, checked at {at}. {}", verdict(found))]);
    text
}

fn json(found: &Found, file: &str, at: &str) -> String {
    let mut report = found.to_json();
    if let Value::Object(members) = &mut report {
        members.extend([("file".to_owned(), file.into()), ("checked_at".to_owned(), at.into())]);
    }
    String::from_utf8(canonical(&report)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
