//! What the root log says of a log: each state of it that stands there must be one that the log shows.
//!
//! So a server cannot show one history to whoever checks a log and have another in the root log, which others see.

use ledger::checkpoint::Checkpoint;
use ledger::fsck::{Bundle, Finding, Rebuilt, Subject};
use ledger::hash::Hash;
use ledger::note::VerifierKey;

use super::{Client, Keys, Settings, Signatures, entries, root_within};
use crate::Failure;

/// Where the root log is, and by whose word.
pub struct Root {
    /// Its prefix: `https://host/log`.
    pub url: String,
    /// The keys that sign its checkpoints.
    pub keys: Vec<VerifierKey>,
}

/// The states of a log that the root log has, by size, each with the entry that says so.
pub(super) struct Anchored {
    states: Vec<(Checkpoint, u64)>,
    /// Those before it were held against the log.
    next: usize,
}

impl Anchored {
    /// Reads the whole root log. Refused when it is not right itself.
    pub(super) fn read(root: &Root, origin: &str) -> Result<Self, Failure> {
        let settings = Settings {
            url: root.url.clone(),
            token: None,
            keys: root.keys.clone(),
            issuing: Vec::new(),
            published_keys: false,
            signatures: Signatures::None,
            since: None,
            root: None,
        };
        let client = Client::new(&settings);
        let name = root.keys.first().map(VerifierKey::name).ok_or("a key of the root log is needed: --root-vkey")?;
        let note = client.get("checkpoint")?.ok_or_else(|| format!("{}: there is no log here", root.url))?;
        let wrong = |finding: &Finding| format!("the root log is not right: {finding}. `--url {}` says more", root.url);
        let checked = Keys::new(&settings, name, None).check_checkpoint(&String::from_utf8_lossy(&note), name);
        let checkpoint = checked.map_err(|finding| wrong(&finding))?;
        let (mut tree, mut found, mut states) = (Rebuilt::default(), Vec::new(), Vec::new());
        let said = |index, entry: &[u8]| {
            let said = Checkpoint::parse(std::str::from_utf8(entry).ok()?)?;
            (said.origin == origin).then_some((said, index))
        };
        entries(&client, checkpoint.size, said, |bundle, findings, said| {
            tree.push(bundle);
            found.extend(findings);
            states.extend(said);
        })?;
        tree.check_root(&checkpoint, &mut found);
        if let Some(finding) = found.first() {
            return Err(wrong(finding).into());
        }
        states.sort_by_key(|(said, index)| (said.size, *index));
        Ok(Self { states, next: 0 })
    }

    /// Names the states that end within a bundle and are not what the log shows.
    pub(super) fn hold(&mut self, tree: &Rebuilt, bundle: &Bundle, found: &mut Vec<Finding>) {
        while let Some(state) = self.states.get(self.next)
            && let Some(root) = root_within(tree, bundle, state.0.size)
        {
            found.extend(differs(state, root));
            self.next += 1;
        }
    }

    /// Names those of the log's end and of more than it shows; what to remark.
    pub(super) fn finish(self, tree: &Rebuilt, found: &mut Vec<Finding>) -> String {
        for state in &self.states[self.next..] {
            let (said, index) = state;
            if said.size == tree.size() {
                found.extend(differs(state, tree.root()));
            } else {
                let problem = format!("is entry {index} of the root log, and the log shows {} entries", tree.size());
                found.push(Finding::new(Subject::Anchor(said.size), problem));
            }
        }
        match self.states.last() {
            Some((newest, _)) => {
                format!("{} states of it are in the root log, the newest of {} entries", self.states.len(), newest.size)
            }
            None => "no state of it is in the root log".to_owned(),
        }
    }
}

fn differs((said, index): &(Checkpoint, u64), root: Hash) -> Option<Finding> {
    let problem = || format!("is entry {index} of the root log with another root: the log has two histories");
    (said.root != root).then(|| Finding::new(Subject::Anchor(said.size), problem()))
}
