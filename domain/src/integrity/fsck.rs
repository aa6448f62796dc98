//! Checking whole logs: rows, leaves, tiles, checkpoint, files, anchors and cosignatures.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use ledger::checkpoint::Checkpoint;
use ledger::fsck::{Finding, Rebuilt, Subject};
use ledger::hash::Hash;
use ledger::note::{Note, VerifierKey};
use ledger::tile::TileId;
use ledger::tree::Frontier;
use tokio::sync::Semaphore;

use super::files::{Edge, Files};
use super::keys::Keys;
use super::rows::{self, Against, Checked};
use super::store::{self, LogRow, Snapshot};
use super::{LogReport, NamedFinding};
use crate::anchors::ROOT;
use crate::database::Database;
use crate::id::OrgId;
use crate::published::folder;
use crate::{Mode, Problem};

/// Entries read and checked together: whole bundles.
const STRETCH: u64 = 4096;
/// Logs under way at once, and stretches of one: some are read while others are hashed.
const AT_ONCE: usize = 4;
/// Stretches of all logs that are read at once: each needs a connection, and a connection its own view of PostgreSQL's memory.
const READERS: usize = 4;
/// One entry in so many has its signature checked when signatures are sampled.
const SAMPLE: u64 = 64;

/// Which statements' signatures are checked. (All are in the tree, whose root is signed: a statement that was changed is
/// found by its hash. A signature says more only of one that was wrong when it went in, or of a tree made anew around it.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signatures {
    /// None.
    None,
    /// One in 64.
    #[default]
    Sampled,
    /// All: about 30 µs each.
    All,
}

impl Signatures {
    /// Whether that of an entry is.
    pub const fn include(self, index: u64) -> bool {
        match self {
            Self::None => false,
            Self::Sampled => index.is_multiple_of(SAMPLE),
            Self::All => true,
        }
    }
}

/// What is checked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Leaves and tiles alone: neither columns and payloads nor signatures nor files.
    pub leaves_only: bool,
    /// Which signatures.
    pub signatures: Signatures,
    /// The witnesses whose cosignatures are checked.
    pub witnesses: Vec<VerifierKey>,
    /// One log alone, by its origin.
    pub origin: Option<String>,
    /// One stretch at a time, so that whoever is served meanwhile hardly notices.
    pub gently: bool,
}

impl From<&Finding> for NamedFinding {
    fn from(finding: &Finding) -> Self {
        Self { subject: finding.subject.to_string(), problem: finding.problem.clone() }
    }
}

/// Checks every log, the root log first. `progress` hears of each stretch: the log, entries so far, entries in all.
pub async fn fsck(
    database: &Database,
    options: &Options,
    progress: &(dyn Fn(&str, u64, u64) + Sync),
) -> Result<Vec<LogReport>, Problem> {
    let mut logs = store::logs(database.sequencer()).await?;
    if let Some(origin) = &options.origin {
        logs.retain(|log| log.origin == *origin);
        return match logs.first() {
            Some(log) => Ok(vec![fsck_log(database, options, (log.org_id, log.mode), progress).await?]),
            None => Ok(Vec::new()),
        };
    }
    // What the root log says of the others is read before they are.
    let (mut reports, mut seen, readers) = (Vec::new(), Seen::default(), Semaphore::new(READERS));
    if logs.first().is_some_and(|log| (log.org_id, log.mode) == ROOT) {
        let (report, saw) = check(database, options, &readers, ROOT, &seen, progress).await?;
        (reports, seen) = (vec![report], saw);
        logs.remove(0);
    }
    let others = futures::stream::iter(logs)
        .map(|log| check(database, options, &readers, (log.org_id, log.mode), &seen, progress))
        .buffered(if options.gently { 1 } else { AT_ONCE });
    let others: Vec<(LogReport, Seen)> = others.try_collect().await?;
    reports.extend(others.into_iter().map(|(report, _)| report));
    Ok(reports)
}

/// Checks one log alone. Of the root log only what it says of this log is read.
pub(super) async fn fsck_log(
    database: &Database,
    options: &Options,
    id: (OrgId, Mode),
    progress: &(dyn Fn(&str, u64, u64) + Sync),
) -> Result<LogReport, Problem> {
    let readers = Semaphore::new(READERS);
    Ok(check(database, options, &readers, id, &Seen::of(database, id).await?, progress).await?.0)
}

async fn check(
    database: &Database,
    options: &Options,
    readers: &Semaphore,
    id: (OrgId, Mode),
    known: &Seen,
    progress: &(dyn Fn(&str, u64, u64) + Sync),
) -> Result<(LogReport, Seen), Problem> {
    let snapshot = store::snapshot(database.sequencer(), id).await?;
    let log = &snapshot.log;
    let (keys, found) = Keys::of(log);
    let seen = Seen::default();
    let mut check =
        Check { database, options, readers, log, keys, found, seen, rebuilt: Rebuilt::default(), edge: Vec::new() };
    let mut report = check.run(&snapshot, known, progress).await?;
    check.found.sort();
    check.found.dedup();
    report.findings = check.found.iter().map(NamedFinding::from).collect();
    Ok((report, check.seen))
}

/// What the root log was seen to say of each log: its largest size, and what happened to its keys.
#[derive(Default)]
struct Seen {
    sizes: HashMap<String, u64>,
    key_events: HashMap<String, Vec<(u64, String)>>,
}

impl Seen {
    /// What it says of one log, whose entries its own check would look into.
    async fn of(database: &Database, id: (OrgId, Mode)) -> Result<Self, Problem> {
        let mut seen = Self::default();
        if id == ROOT {
            return Ok(seen);
        }
        let (origin, newest, events) = store::said_of(database.sequencer(), id).await?;
        let newest = newest.and_then(|text| Checkpoint::parse(&String::from_utf8_lossy(&text)));
        seen.sizes.extend(newest.filter(|said| said.origin == origin).map(|said| (said.origin, said.size)));
        let note = |(index, note): (u64, Vec<u8>)| (index, String::from_utf8_lossy(&note).into_owned());
        seen.key_events.insert(origin, events.into_iter().map(note).collect());
        Ok(seen)
    }
}

/// The check of one log.
struct Check<'a> {
    database: &'a Database,
    options: &'a Options,
    readers: &'a Semaphore,
    log: &'a LogRow,
    keys: Keys,
    found: Vec<Finding>,
    /// Of the root log: what it says of each.
    seen: Seen,
    rebuilt: Rebuilt,
    /// The leaves that were not in a full bundle when the files were written last.
    edge: Vec<Hash>,
}

impl Check<'_> {
    async fn run(
        &mut self,
        snapshot: &Snapshot,
        known: &Seen,
        progress: &(dyn Fn(&str, u64, u64) + Sync),
    ) -> Result<LogReport, Problem> {
        let log = self.log;
        let mut report = LogReport { origin: log.origin.clone(), size: log.size, ..LogReport::default() };
        let origin = self.origin();
        let Snapshot { anchors, cosignatures, .. } = snapshot;
        let kept = anchors.iter().filter(|anchor| anchor.checkpoint.is_some()).count();
        report.checked.checkpoints = kept as u64 + u64::from(!log.checkpoint.is_empty());
        report.checked.anchors = anchors.len() as u64;
        report.checked.tiles = snapshot.tiles.len() as u64;
        report.checked.keys = self.keys.count();
        let sizes = anchors.iter().map(|anchor| anchor.log_size).chain(cosignatures.iter().map(|line| line.0));
        let sizes: BTreeSet<u64> = sizes.chain([log.edge_size]).collect();

        let against = Against {
            origin: origin.clone(),
            keys: self.keys.issuing.clone(),
            size: log.size,
            restored_size: log.restored_size,
            signatures: self.options.signatures,
        };
        let roots = self.entries(against, &sizes, &mut report, progress).await?;
        for index in &snapshot.beyond {
            self.found.push(Finding::new(Subject::Entry(*index), format!("is beyond the log's {} entries", log.size)));
        }
        self.head(&origin);
        let seen = if (log.org_id, log.mode) == ROOT { &self.seen } else { known };
        self.keys.check_events(log, seen.key_events.get(&origin).map_or(&[], Vec::as_slice), &mut self.found);
        self.keys.check_revoked(log.size, anchors, &mut self.found);
        if let Some(seen) = seen.sizes.get(&origin).filter(|seen| **seen > log.size) {
            let problem = format!("is of {} entries, and the root log has seen {seen}", log.size);
            self.found.push(Finding::new(Subject::Checkpoint, problem));
        }
        self.tiles(&snapshot.tiles);
        for anchor in anchors {
            self.anchor(anchor, &origin, roots.get(&anchor.log_size));
        }
        for (size, witness, line) in cosignatures {
            report.unknown_cosignatures += u64::from(!self.cosignature(*size, witness, line, &origin, roots.get(size)));
        }
        if !self.options.leaves_only {
            let files = self.files();
            report.checked.files += files.above(&self.rebuilt, &mut self.found).await?;
            if let Some(root) = roots.get(&log.edge_size) {
                let edge = Edge { root, leaves: &self.edge, rebuilt: &self.rebuilt };
                report.checked.files += files.edge(log, &self.keys.checkpoint, &edge, &mut self.found).await?;
                report.checked.files += files.beside(self.database, log, &mut self.found).await?;
            }
        }
        Ok(report)
    }

    fn files(&self) -> Files {
        Files {
            objects: self.database.objects().clone(),
            folder: folder(&self.log.origin).to_owned(),
            published_size: self.log.published_size.min(self.log.size),
        }
    }

    /// Entry by entry, in stretches; the roots that the log had at the sizes that are asked for.
    async fn entries(
        &mut self,
        against: Against,
        sizes: &BTreeSet<u64>,
        report: &mut LogReport,
        progress: &(dyn Fn(&str, u64, u64) + Sync),
    ) -> Result<HashMap<u64, Hash>, Problem> {
        let (log, leaves_only) = (self.log, self.options.leaves_only);
        let (database, id, against) = (self.database, (log.org_id, log.mode), Arc::new(against));
        let (files, readers, mut roots) = (self.files(), self.readers, HashMap::new());
        let stretches = futures::stream::iter((0..log.size).step_by(STRETCH as usize))
            .map(|from| {
                let (against, files) = (against.clone(), files.clone());
                async move {
                    let until = (from + STRETCH).min(log.size);
                    let reading = readers.acquire().await.map_err(Problem::internal)?;
                    // As the tenant, so that no commit waits for a connection of the sequencer's.
                    let mut tx = database.begin(Some(id.0), None).await?;
                    let (rows, around) = if leaves_only {
                        (rows::store::leaves(tx.connection(), id, from, until).await?, Vec::new())
                    } else {
                        let around = rows::store::around(tx.connection(), id, (from, until, log.size)).await?;
                        (rows::store::entries(tx.connection(), id, from, until).await?, around)
                    };
                    drop((tx, reading));
                    let kept = if leaves_only { Vec::new() } else { files.stretch(from, until).await? };
                    let work = move || {
                        let mut checked = rows::check(&against, (from, until), &rows, &around);
                        kept.iter().for_each(|kept| kept.compare(from, &checked.bundles, &mut checked.findings));
                        (until, kept.len() as u64 * 2, checked)
                    };
                    tokio::task::spawn_blocking(work).await.map_err(Problem::internal)
                }
            })
            .buffered(if self.options.gently { 1 } else { AT_ONCE });
        let mut stretches = std::pin::pin!(stretches);
        while let Some((until, files, checked)) = stretches.try_next().await? {
            let Checked { bundles, findings, seen: saw, key_events, rows, signatures } = checked;
            report.checked.rows += rows;
            report.checked.signatures += signatures;
            for bundle in bundles {
                let (start, width) = (self.rebuilt.size(), bundle.leaves.len() as u64);
                for size in sizes.range(start + 1..=start + width) {
                    roots.insert(*size, self.rebuilt.root_with(&bundle.leaves[..(size - start) as usize]));
                }
                if (start + 1..=start + width).contains(&log.edge_size) {
                    self.edge = bundle.leaves[..(log.edge_size - start) as usize].to_vec();
                }
                report.checked.leaves += width;
                self.rebuilt.push(bundle);
            }
            self.found.extend(findings);
            report.checked.files += files;
            for (origin, size) in saw.into_iter().filter(|_| id == ROOT) {
                let known = self.seen.sizes.entry(origin).or_default();
                *known = size.max(*known);
            }
            for (origin, index, note) in key_events.into_iter().filter(|_| id == ROOT) {
                self.seen.key_events.entry(origin).or_default().push((index, note));
            }
            progress(&log.origin, until, log.size);
        }
        Ok(roots)
    }

    /// The name that the log's own key bears: where the stored name was changed, the entries are still checked for theirs.
    fn origin(&self) -> String {
        self.keys.checkpoint.0.first().map_or(self.log.origin.clone(), |key| key.key.name().to_owned())
    }

    /// The head: root, frontier and checkpoint of the same tree.
    fn head(&mut self, origin: &str) {
        let log = self.log;
        let root = self.rebuilt.root();
        let mut wrong = |problem: &str| self.found.push(Finding::new(Subject::Checkpoint, problem));
        if log.root != root.0 {
            wrong("has another root stored beside it than the entries give");
        }
        if Frontier::from_bytes(log.size, &log.frontier).is_none_or(|frontier| frontier.root() != root) {
            wrong("has another frontier stored beside it than the entries give");
        }
        if log.size == 0 && log.checkpoint.is_empty() {
            return;
        }
        match self.keys.checkpoint.check_checkpoint(&log.checkpoint, origin) {
            Ok(checkpoint) => self.rebuilt.check_root(&checkpoint, &mut self.found),
            Err(finding) => self.found.push(finding),
        }
    }

    /// The stored tiles: each as the entries give it, none missing and none too many.
    fn tiles(&mut self, stored: &[(u8, u64, Vec<u8>)]) {
        let mut missing: BTreeSet<TileId> = self.rebuilt.tiles().map(|(id, _)| id).collect();
        for (level, index, hashes) in stored {
            let width = self.rebuilt.tile(*level, *index).map_or(hashes.len() / 32, <[Hash]>::len);
            let id = TileId { level: *level, index: *index, width: width as u16 };
            self.rebuilt.check_tile(id, hashes, &mut self.found);
            missing.remove(&id);
        }
        self.found.extend(missing.into_iter().map(|id| Finding::new(Subject::Tile(id), "is missing")));
    }

    /// What the root log says of a state is what the state was.
    fn anchor(&mut self, anchor: &store::AnchorRow, origin: &str, root: Option<&Hash>) {
        let subject = || Subject::Anchor(anchor.log_size);
        let at = anchor.root_index;
        let problem = match (root, &anchor.said) {
            (None, _) => Some(format!("is of more entries than the log's {}", self.log.size)),
            (_, None) => Some(format!("names entry {at} of the root log, which has none")),
            (Some(root), Some(said)) => (*said != Checkpoint::new(origin, anchor.log_size, *root).text().as_bytes())
                .then(|| format!("names entry {at} of the root log, which says something else")),
        };
        self.found.extend(problem.map(|problem| Finding::new(subject(), problem)));
        let Some((note, root)) = anchor.checkpoint.as_ref().zip(root) else { return };
        // It is kept as it was signed, by the keys of its time.
        let problem = match self.keys.checkpoint.check_kept(note, origin) {
            Err(finding) => Some(format!("is kept with a checkpoint that {}", finding.problem)),
            Ok(kept) => (kept != Checkpoint::new(origin, anchor.log_size, *root))
                .then(|| "is kept with a checkpoint of another state".to_owned()),
        };
        self.found.extend(problem.map(|problem| Finding::new(subject(), problem)));
    }

    /// What a witness signed is what the root log was; whether the witness is known.
    fn cosignature(&mut self, size: u64, witness: &str, line: &str, origin: &str, root: Option<&Hash>) -> bool {
        let subject = Subject::Cosignature(size, witness.to_owned());
        let mut wrong = |problem: &str| self.found.push(Finding::new(subject.clone(), problem));
        let Some(root) = root else {
            wrong("is of more entries than the root log has");
            return true;
        };
        let text = Checkpoint::new(origin, size, *root).text();
        let Ok(note) = Note::parse(&format!("{text}\n{line}\n")) else {
            wrong("is not a signature line");
            return true;
        };
        if note.signatures().first().is_none_or(|line| line.name != witness) {
            wrong("is under another name");
        }
        let known: Vec<VerifierKey> =
            self.options.witnesses.iter().filter(|key| key.name() == witness).cloned().collect();
        if known.is_empty() {
            return false;
        }
        if note.verify(&known).is_err() {
            wrong("does not hold");
        }
        true
    }
}
