//! `certnode import FILE`: hands a file to a server and watches it become receipts.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a command-line tool: it answers on standard output, and waits on its own thread"
)]

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Failure;

#[derive(Deserialize)]
struct Import {
    id: String,
    state: String,
    rows_total: u64,
    rows_done: u64,
    rows_refused: u64,
    failure: Option<String>,
}

#[derive(Deserialize)]
struct Refusals {
    data: Vec<RefusedRow>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct RefusedRow {
    line: u64,
    reason: String,
}

/// Imports a file. Whether every row became a receipt.
pub fn run(file: &Path, maps: &[String], url: &str, key: &str) -> Result<bool, Failure> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(120)))
        .build()
        .into();
    let api = Api { agent, url: format!("{}/v1/imports", url.trim_end_matches('/')), key: format!("Bearer {key}") };
    let started = Instant::now();
    let mut import = api.start(file, maps, &bytes)?;
    let already = import.rows_done;
    while import.state == "queued" || import.state == "running" {
        std::thread::sleep(Duration::from_millis(200));
        import = api.get(&format!("/{}", import.id))?;
        eprint!("\r{} of {} rows", import.rows_done + import.rows_refused, import.rows_total);
        let _ = std::io::stderr().flush();
    }
    eprintln!();
    api.print_refusals(&import.id)?;
    if let (true, Some(why)) = (import.state == "failed", &import.failure) {
        println!("The import gave up after {} rows: {why} Run it again to go on.", import.rows_done);
    }
    let seconds = started.elapsed().as_secs_f64();
    if already == import.rows_total && already > 0 {
        println!("{} was imported before: nothing was issued again.", file.display());
    } else {
        println!(
            "{} receipts in {seconds:.1} s ({:.0}/s), {} rows refused.",
            import.rows_done,
            import.rows_done as f64 / seconds,
            import.rows_refused
        );
    }
    Ok(import.state == "finished" && import.rows_refused == 0)
}

struct Api {
    agent: ureq::Agent,
    url: String,
    key: String,
}

impl Api {
    fn start(&self, file: &Path, maps: &[String], bytes: &[u8]) -> Result<Import, Failure> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut request = self
            .agent
            .post(&self.url)
            .header("authorization", &self.key)
            .header("content-type", "text/csv")
            .query("name", name);
        for map in maps {
            request = request.query("map", map);
        }
        read(request.send(bytes)?)
    }

    fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        read(self.agent.get(format!("{}{path}", self.url)).header("authorization", &self.key).call()?)
    }

    fn print_refusals(&self, id: &str) -> Result<(), Failure> {
        let mut after = "0".to_owned();
        loop {
            let page: Refusals = self.get(&format!("/{id}/refusals?limit=200&after={after}"))?;
            for row in page.data {
                println!("line {}: {}", row.line, row.reason);
            }
            match page.next_cursor {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(mut response: ureq::http::Response<ureq::Body>) -> Result<T, Failure> {
    let text = response.body_mut().read_to_string()?;
    if response.status().is_success() {
        return Ok(serde_json::from_str(&text)?);
    }
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let mut said = problem["detail"].as_str().unwrap_or(&text).to_owned();
    for error in problem["errors"].as_array().into_iter().flatten() {
        said.push_str(&format!(
            " {}: {}",
            error["location"].as_str().unwrap_or_default(),
            error["message"].as_str().unwrap_or_default()
        ));
    }
    Err(format!("the server refused ({}): {said}", response.status().as_u16()).into())
}
