//! Asking witnesses to cosign the root log (the client of C2SP `tlog-witness`).
//!
//! Each witness of the policy is asked on its own, so that a slow one keeps no other waiting, and none is done without once
//! there are enough: what they signed is collected for as long as there is something newer to sign.

use std::time::Duration;

use domain::context::Domain;
use domain::{anchors, fence};
use futures::future::join_all;
use ledger::encoding::decimal;
use ledger::hash::sha256;
use ledger::note::Note;
use ledger::policy::{Policy, Witness};

/// Between two questions to a witness that has answered.
const EVERY: Duration = Duration::from_millis(500);
/// The longest pause after a witness that did not.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the start waits for a witness.
const SHORT_PATIENCE: Duration = Duration::from_secs(3);

/// Asks every witness that has an address, for as long as it is let.
pub async fn run(domain: &Domain, policy: &Policy) {
    let agent = agent(PATIENCE);
    let reachable = policy.witnesses.iter().filter_map(|witness| Some((witness, witness.url.as_deref()?)));
    join_all(reachable.map(|(witness, url)| follow(domain, &agent, witness, url))).await;
}

/// Holds the database against what each witness cosigned last of the root log, before anything is signed.
pub async fn inspect(domain: &Domain, policy: &Policy) {
    let agent = agent(SHORT_PATIENCE);
    let reachable = policy.witnesses.iter().filter_map(|witness| Some((witness, witness.url.as_deref()?)));
    let asked = reachable.map(async |(witness, url)| {
        if let Err(why) = compare(domain, &agent, witness, url).await {
            tracing::warn!(witness = witness.name, why, "the database is not held against it");
        }
    });
    join_all(asked).await;
}

/// Holds the database against the checkpoint that a witness cosigned last, which its own signature says.
async fn compare(domain: &Domain, agent: &ureq::Agent, witness: &Witness, url: &str) -> Result<(), String> {
    let said = |problem: domain::Problem| problem.internal.unwrap_or_else(|| problem.detail.into_owned());
    let origin = domain.root_origin();
    let url = format!("{}/{}/checkpoint", url.trim_end_matches('/'), sha256(&[origin.as_bytes()]).to_hex());
    let agent = agent.clone();
    let fetch = move || {
        let mut response = agent.get(&url).call()?;
        let text = response.body_mut().with_config().limit(64 << 10).read_to_string()?;
        Ok::<_, ureq::Error>((response.status().as_u16(), text))
    };
    let answer = tokio::task::spawn_blocking(fetch).await.map_err(|error| error.to_string())?;
    let text = match answer.map_err(|error| error.to_string())? {
        (200, text) => text,
        (404, _) => return Ok(()),
        (status, _) => return Err(status.to_string()),
    };
    let note = Note::parse(&text).map_err(|_| "what it shows is not a signed note".to_owned())?;
    note.verify(std::slice::from_ref(&witness.key)).map_err(|_| "what it shows is not signed by its key".to_owned())?;
    fence::compare_with(domain, &text, &witness.name).await.map_err(said)
}

fn agent(patience: Duration) -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(patience)).build().into()
}

async fn follow(domain: &Domain, agent: &ureq::Agent, witness: &Witness, url: &str) {
    let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
    let (mut known, mut pause) = (0, EVERY);
    loop {
        tokio::time::sleep(pause).await;
        match ask(domain, agent, witness, &url, known).await {
            Ok(size) => (known, pause) = (size, EVERY),
            Err(why) => {
                tracing::warn!(witness = witness.name, why, "not cosigned");
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Asks once; the size that the witness cosigned last, as far as we know then.
async fn ask(domain: &Domain, agent: &ureq::Agent, witness: &Witness, url: &str, known: u64) -> Result<u64, String> {
    let said = |problem: domain::Problem| problem.internal.unwrap_or_else(|| problem.detail.into_owned());
    let Some((size, request)) = anchors::submission(domain, known).await.map_err(said)? else { return Ok(known) };
    let (sender, base, body) = (agent.clone(), url, request.text());
    let url = base.to_owned();
    let send = move || {
        let mut response = sender.post(&url).header("content-type", "text/plain").send(&body)?;
        let kind =
            response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        let text = response.body_mut().with_config().limit(64 << 10).read_to_string()?;
        Ok::<_, ureq::Error>((response.status().as_u16(), kind, text))
    };
    let answer = tokio::task::spawn_blocking(send).await.map_err(|error| error.to_string())?;
    match answer.map_err(|error| error.to_string())? {
        (200, _, lines) => {
            anchors::keep(domain, size, &request, &witness.key, &lines).await.map_err(said)?;
            Ok(size)
        }
        // It is further than we remembered, as after a restart of ours: the next proof begins where it is.
        (409, kind, size) if kind == "text/x.tlog.size" => {
            let size = size
                .strip_suffix('\n')
                .and_then(decimal)
                .ok_or_else(|| format!("a conflict with no size: {size:?}"))?;
            // Further than the database is, too: what it cosigned says whether the database was put back.
            if anchors::head(domain).await.map_err(said)?.is_none_or(|head| head.size < size) {
                let url = base.trim_end_matches("/add-checkpoint");
                compare(domain, agent, witness, url).await?;
            }
            Ok(size)
        }
        (status, _, text) => Err(format!("{status}: {}", text.trim())),
    }
}

#[cfg(test)]
mod tests;
