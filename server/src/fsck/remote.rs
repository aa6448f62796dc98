//! A log over HTTP (C2SP tlog-tiles): every tile and every bundle below its checkpoint, on a few connections at once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use domain::integrity::fsck::Signatures;
use domain::integrity::{Counts, LogReport, NamedFinding};
use domain::published::gunzip;
use ledger::checkpoint::Checkpoint;
use ledger::fsck::{Bundle, Finding, Rebuilt, Subject, check_leaves, read_bundle};
use ledger::hash::Hash;
use ledger::key_event::KeyEvent;
use ledger::note::{Note, VerifierKey};
use ledger::tile::{TileId, WIDTH, entries_path};

use super::{Meter, print};
use crate::Failure;
use anchored::Anchored;
pub use anchored::Root;
use keys::{Keys, Published};
use since::Since;

/// Connections at once.
const CONNECTIONS: usize = 4;
/// Times something is asked for before it counts as not there.
const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest file: 256 entries of 65,535 bytes, and the bundle's lengths.
const LARGEST: u64 = 17 << 20;

/// Which log, and by whose word.
pub struct Settings {
    /// Its prefix: `https://host/t/<hex>`, `https://host/log`, or `https://host/v1/log` with a key.
    pub url: String,
    /// The API key, for a log that is not public.
    pub token: Option<String>,
    /// The keys that sign its checkpoints, of which each that did must hold, and one must have.
    pub keys: Vec<VerifierKey>,
    /// The keys that sign its statements; without any they are not looked into.
    pub issuing: Vec<VerifierKey>,
    /// Whether the server is asked for the log's keys, too: for the sizes that each signs, and for those not named here.
    pub published_keys: bool,
    /// Which of them.
    pub signatures: Signatures,
    /// The file of the checkpoint that was seen last, which the log must continue.
    pub since: Option<PathBuf>,
    /// The root log, whose word on the log must be what the log shows.
    pub root: Option<Root>,
}

/// Checks the log. Whether it is right.
pub fn run(settings: &Settings, json: bool) -> Result<bool, Failure> {
    let started = Instant::now();
    let client = Client::new(settings);
    let meter = Meter::new(started);
    let report = check(settings, &client, &meter);
    meter.clear();
    Ok(print(&[report?], started, json))
}

fn check(settings: &Settings, client: &Client<'_>, meter: &Meter) -> Result<LogReport, Failure> {
    let origin = settings.keys.first().map(VerifierKey::name).ok_or("a key of the log is needed: --vkey")?;
    let since = settings.since.as_deref().map(|path| Since::open(path, origin)).transpose()?;
    let mut anchored = settings.root.as_ref().map(|root| Anchored::read(root, origin)).transpose()?;
    let published = if settings.published_keys { client.published_keys()? } else { None };
    let mut keys = Keys::new(settings, origin, published);
    let note = client.get("checkpoint")?.ok_or_else(|| format!("{}: there is no log here", settings.url))?;
    let mut found = Vec::new();
    let mut report = LogReport { origin: origin.to_owned(), ..LogReport::default() };
    report.checked = Counts { files: 1, checkpoints: 1, ..Counts::default() };
    let note = String::from_utf8_lossy(&note);
    match keys.check_checkpoint(&note, origin) {
        Ok(checkpoint) => {
            report.size = checkpoint.size;
            keys.look_at(settings, &note, checkpoint.size, &mut found);
            let at = since.as_ref().and_then(Since::size);
            let (mut rebuilt, mut then) = (Rebuilt::default(), None);
            entries(client, checkpoint.size, inspect(settings, &keys), |bundle, findings, of_entries| {
                if let Some(anchored) = &mut anchored {
                    anchored.hold(&rebuilt, &bundle, &mut found);
                }
                then = then.or_else(|| root_within(&rebuilt, &bundle, at?));
                rebuilt.push(bundle);
                found.extend(findings.into_iter().chain(of_entries));
                report.checked.files += 2;
                meter.show(&settings.url, rebuilt.size(), checkpoint.size);
            })?;
            for (id, _) in rebuilt.tiles() {
                report.checked.files += 1;
                match client.get(&id.path())? {
                    Some(bytes) => rebuilt.check_tile(id, &bytes, &mut found),
                    None => found.push(Finding::new(Subject::Tile(id), "is missing")),
                }
            }
            rebuilt.check_root(&checkpoint, &mut found);
            report.checked.leaves = rebuilt.size();
            if let Some(anchored) = anchored {
                keys.remarks.push(anchored.finish(&rebuilt, &mut found));
            }
            if let Some(since) = since {
                let then = then.or_else(|| (at == Some(rebuilt.size())).then(|| rebuilt.root()));
                let then = then.filter(|_| rebuilt.root() == checkpoint.root);
                match since.hold(&checkpoint, &note, then)? {
                    Ok(remark) => keys.remarks.push(remark),
                    Err(problem) => found.push(Finding::new(Subject::Checkpoint, problem)),
                }
            }
        }
        Err(finding) => found.push(finding),
    }
    report.remarks = keys.remarks;
    found.sort();
    report.findings = found.iter().map(NamedFinding::from).collect();
    Ok(report)
}

/// What came of one bundle: its hashes, what is wrong with it, and what was found in its entries.
type Part<E> = Result<(Bundle, Vec<Finding>, Vec<E>), Failure>;

/// Checks an entry's signature, where the keys are known and it is one of those that are looked into.
fn inspect<'a>(settings: &'a Settings, keys: &'a Keys) -> impl Fn(u64, &[u8]) -> Option<Finding> + Sync + 'a {
    |index, entry| {
        // Of the root log, nearly all entries are other logs' checkpoints and what is said of keys: not issued.
        let is_due = settings.signatures.include(index) && !keys.issuing.0.is_empty() && !is_note(entry);
        is_due.then(|| keys.issuing.check_statement(index, entry, &keys.origin).err()).flatten()
    }
}

/// The root over so many entries, if they end before the last of a bundle that follows a tree.
fn root_within(tree: &Rebuilt, bundle: &Bundle, size: u64) -> Option<Hash> {
    let within = size.checked_sub(tree.size()).filter(|within| *within < bundle.leaves.len() as u64)?;
    Some(tree.root_with(&bundle.leaves[..within as usize]))
}

/// Fetches, hashes and inspects the bundles on several threads, and hands them on in their order.
fn entries<E: Send>(
    client: &Client<'_>,
    size: u64,
    inspect: impl Fn(u64, &[u8]) -> Option<E> + Sync,
    mut each: impl FnMut(Bundle, Vec<Finding>, Vec<E>),
) -> Result<(), Failure> {
    let bundles = size.div_ceil(WIDTH);
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let (parts, arrived) = mpsc::sync_channel::<(u64, Part<E>)>(CONNECTIONS * 4);
        for _ in 0..CONNECTIONS {
            let (parts, next, inspect) = (parts.clone(), &next, &inspect);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= bundles || parts.send((index, bundle(client, index, size, inspect))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(parts);
        let mut waiting = BTreeMap::new();
        let mut wanted = 0;
        for (index, part) in arrived {
            waiting.insert(index, part?);
            while let Some((bundle, findings, of_entries)) = waiting.remove(&wanted) {
                each(bundle, findings, of_entries);
                wanted += 1;
            }
        }
        Ok(())
    })
}

fn bundle<E>(client: &Client<'_>, index: u64, size: u64, inspect: impl Fn(u64, &[u8]) -> Option<E>) -> Part<E> {
    let width = (size - index * WIDTH).min(WIDTH) as u16;
    let tile = TileId { level: 0, index, width };
    let mut found = Vec::new();
    let hashes = client.get(&tile.path())?;
    if hashes.is_none() {
        found.push(Finding::new(Subject::Tile(tile), "is missing"));
    }
    // Where the entries cannot be read, the tree goes on from the tile, so that one file is one finding.
    let from_tile = || {
        let kept = hashes.iter().flat_map(|bytes| bytes.chunks(32)).filter_map(Hash::from_slice);
        let mut leaves: Vec<_> = kept.collect();
        leaves.resize(usize::from(width), Hash([0; 32]));
        Bundle::of_leaves(leaves)
    };
    let Some(bytes) = client.get(&entries_path(index, width))? else {
        found.push(Finding::new(Subject::Bundle(index, width), "is missing"));
        return Ok((from_tile(), found, Vec::new()));
    };
    match read_bundle(index, width, &bytes) {
        Err(finding) => {
            found.push(finding);
            Ok((from_tile(), found, Vec::new()))
        }
        Ok(entries) => {
            let of_entries = (index * WIDTH..).zip(&entries).filter_map(|(at, entry)| inspect(at, entry)).collect();
            let bundle = Bundle::of(entries);
            if let Some(hashes) = &hashes {
                check_leaves(index, &bundle, hashes, &mut found);
            }
            Ok((bundle, found, of_entries))
        }
    }
}

/// Whether an entry of the root log is what it says of another: a checkpoint, or what happened to a key.
fn is_note(entry: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(entry) else { return false };
    Checkpoint::parse(text).is_some() || Note::parse(text).is_ok_and(|note| KeyEvent::parse(note.text()).is_some())
}

struct Client<'a> {
    agent: ureq::Agent,
    settings: &'a Settings,
}

impl<'a> Client<'a> {
    fn new(settings: &'a Settings) -> Self {
        let agent =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
        Self { agent, settings }
    }

    /// A file's bytes; none if it is not there. What fails otherwise is tried again.
    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.get_at(&format!("{}/{path}", self.settings.url.trim_end_matches('/')))
    }

    fn get_at(&self, url: &str) -> Result<Option<Vec<u8>>, Failure> {
        let mut last = String::new();
        for _ in 0..TRIES {
            match self.ask(url) {
                Ok((200, bytes)) => return Ok(Some(bytes)),
                Ok((404, _)) => return Ok(None),
                Ok((401 | 403, _)) => return Err(format!("{url}: the log is not public; --token KEY reads it").into()),
                Ok((status, _)) => last = format!("{url}: {status}"),
                Err(error) => last = format!("{url}: {error}"),
            }
        }
        Err(last.into())
    }

    /// The log's keys as the server shows them: beside the log, or for the root log at its well-known address. None where
    /// it shows none.
    fn published_keys(&self) -> Result<Option<Vec<Published>>, Failure> {
        if let Some(bytes) = self.get("keys")? {
            return keys::read(&bytes).map(Some);
        }
        let Some(site) = self.settings.url.trim_end_matches('/').strip_suffix("/log") else { return Ok(None) };
        self.get_at(&format!("{site}/.well-known/certnode-keys.json"))?.map(|bytes| keys::read(&bytes)).transpose()
    }

    fn ask(&self, url: &str) -> Result<(u16, Vec<u8>), Failure> {
        let mut request = self.agent.get(url).header("accept-encoding", "gzip");
        if let Some(token) = &self.settings.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = request.call()?;
        let packed = response.headers().get("content-encoding").is_some_and(|coding| coding == "gzip");
        let bytes = response.body_mut().with_config().limit(LARGEST).read_to_vec()?;
        let bytes = if packed { gunzip(&bytes).ok_or("the answer is no gzip")? } else { bytes };
        Ok((response.status().as_u16(), bytes))
    }
}

mod anchored;
mod keys;
mod since;
#[cfg(test)]
mod tests;
