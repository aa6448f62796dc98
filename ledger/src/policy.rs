//! Trust policies: C2SP tlog-policy, the logs and witnesses a verifier believes, and how many of them.

use std::fmt;

use crate::encoding;
use crate::note::{KeyKind, Note, NoteError, SignatureLine, VerifierKey};

/// Most logs, witnesses and groups, each; the specification asks for at least 32.
pub const MAX_DEFINITIONS: usize = 256;
/// Largest policy in bytes.
pub const MAX_POLICY_BYTES: usize = 1 << 18;

/// Why a policy was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// Line, from 1; 0 when it concerns the whole file.
    pub line: usize,
    /// What is wrong, as the end of a sentence.
    pub reason: &'static str,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "the policy {}", self.reason),
            line => write!(f, "line {line} of the policy {}", self.reason),
        }
    }
}

impl std::error::Error for PolicyError {}

/// A log that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its key, named after its origin.
    pub key: VerifierKey,
    /// Where to reach it.
    pub url: Option<String>,
}

/// A witness that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name in this policy.
    pub name: String,
    /// Its cosignature key.
    pub key: VerifierKey,
    /// Where to reach it.
    pub url: Option<String>,
}

/// Witnesses and groups of which `threshold` must have cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name in this policy.
    pub name: String,
    /// 1 to the number of members.
    pub threshold: usize,
    /// Names defined before it.
    pub members: Vec<String>,
}

/// Who is believed; `Display` writes the file, with comments and spacing normalised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Logs, any of which is accepted.
    pub logs: Vec<Log>,
    /// Witnesses.
    pub witnesses: Vec<Witness>,
    /// Groups, each after its members.
    pub groups: Vec<Group>,
    /// The witness or group that must have cosigned; `None` for `quorum none`.
    pub quorum: Option<String>,
}

/// What a policy says about a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation<'p> {
    /// Known witnesses that cosigned, with their times in Unix seconds.
    pub cosigned: Vec<(&'p Witness, u64)>,
    /// Whether the quorum is met.
    pub satisfied: bool,
}

impl Policy {
    /// Parses a policy. Names must be UTF-8, which the specification only recommends.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let whole = |reason| PolicyError { line: 0, reason };
        if text.len() > MAX_POLICY_BYTES {
            return Err(whole("is too large"));
        }
        if text.bytes().any(|byte| matches!(byte, 0..=8 | 0x0b..=0x1f | 0x7f)) {
            return Err(whole("contains control characters"));
        }
        let mut reader = Reader::default();
        for (number, line) in text.split('\n').enumerate() {
            let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
            reader.line(&words).map_err(|reason| PolicyError { line: number + 1, reason })?;
        }
        if reader.has_quorum { Ok(reader.policy) } else { Err(whole("has no quorum line")) }
    }

    /// The keys of the log with this origin: two while one replaces the other.
    pub fn log_keys(&self, origin: &str) -> Vec<VerifierKey> {
        self.logs.iter().map(|log| &log.key).filter(|key| key.name() == origin).cloned().collect()
    }

    /// Which witnesses cosigned the note, and whether that is enough. The log's own signature is not looked at.
    ///
    /// # Errors
    /// [`NoteError::Signature`] when a known witness's signature fails.
    pub fn evaluate(&self, note: &Note) -> Result<Evaluation<'_>, NoteError> {
        let keys: Vec<VerifierKey> = self.witnesses.iter().map(|witness| witness.key.clone()).collect();
        let verified = note.verify_any(&keys)?;
        let time_of = |key| verified.iter().find(|(known, _)| *known == key).and_then(|(_, time)| *time);
        let cosigned: Vec<(&Witness, u64)> =
            self.witnesses.iter().filter_map(|witness| Some((witness, time_of(&witness.key)?))).collect();
        let satisfied = self.is_met_by(&cosigned.iter().map(|(witness, _)| *witness).collect::<Vec<_>>());
        Ok(Evaluation { cosigned, satisfied })
    }

    /// The witnesses whose lines these say they are: for lines that were checked before.
    pub fn named_in(&self, lines: &[SignatureLine]) -> Vec<&Witness> {
        let named = |key: &VerifierKey| lines.iter().any(|line| line.name == key.name() && line.id == key.id());
        self.witnesses.iter().filter(|witness| named(&witness.key)).collect()
    }

    /// Whether these witnesses of it are enough.
    pub fn is_met_by(&self, cosigned: &[&Witness]) -> bool {
        let mut met: Vec<&str> = cosigned.iter().map(|witness| witness.name.as_str()).collect();
        // A group comes after its members, so one pass decides them all.
        for group in &self.groups {
            let present = group.members.iter().filter(|member| met.contains(&member.as_str())).count();
            if present >= group.threshold {
                met.push(&group.name);
            }
        }
        self.quorum.as_deref().is_none_or(|quorum| met.contains(&quorum))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = |url: &Option<String>| url.as_ref().map(|url| format!(" {url}")).unwrap_or_default();
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, url(&log.url))?;
        }
        for witness in &self.witnesses {
            writeln!(f, "witness {} {}{}", witness.name, witness.key, url(&witness.url))?;
        }
        for group in &self.groups {
            writeln!(f, "group {} {} {}", group.name, group.threshold, group.members.join(" "))?;
        }
        writeln!(f, "quorum {}", self.quorum.as_deref().unwrap_or("none"))
    }
}

#[derive(Default)]
struct Reader {
    policy: Policy,
    members: Vec<String>,
    has_quorum: bool,
}

impl Reader {
    fn line(&mut self, words: &[&str]) -> Result<(), &'static str> {
        match words {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key, url @ ..] if url.len() < 2 => self.log(key, url.first()),
            ["witness", name, key, url @ ..] if url.len() < 2 => self.witness(name, key, url.first()),
            ["group", name, threshold, members @ ..] if !members.is_empty() => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            _ => Err("is not a log, witness, group or quorum definition"),
        }
    }

    fn log(&mut self, key: &str, url: Option<&&str>) -> Result<(), &'static str> {
        let key = key.parse::<VerifierKey>().map_err(|_| "has a public key that cannot be read")?;
        if key.kind() != KeyKind::Ed25519 {
            return Err("gives a log a witness's key");
        }
        let logs = &mut self.policy.logs;
        if logs.len() >= MAX_DEFINITIONS || logs.iter().any(|log| log.key.public() == key.public()) {
            return Err("repeats a log's key, or defines one log too many");
        }
        logs.push(Log { key, url: url.map(|&url| url.to_owned()) });
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&&str>) -> Result<(), &'static str> {
        let key = key.parse::<VerifierKey>().map_err(|_| "has a public key that cannot be read")?;
        if key.kind() != KeyKind::Cosignature {
            return Err("gives a witness a key that cannot cosign");
        }
        self.new_name(name)?;
        let witnesses = &mut self.policy.witnesses;
        if witnesses.len() >= MAX_DEFINITIONS || witnesses.iter().any(|witness| witness.key.public() == key.public()) {
            return Err("repeats a witness's key, or defines one witness too many");
        }
        witnesses.push(Witness { name: name.to_owned(), key, url: url.map(|&url| url.to_owned()) });
        Ok(())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), &'static str> {
        self.new_name(name)?;
        for member in members {
            if !self.is_defined(member) {
                return Err("names a member that is not defined before it");
            }
            if self.members.iter().any(|known| known == member) {
                return Err("names a member that already belongs to a group");
            }
            self.members.push((*member).to_owned());
        }
        let threshold = match threshold {
            "all" => Some(members.len()),
            "any" => Some(1),
            k => encoding::decimal(k).and_then(|k| usize::try_from(k).ok()).filter(|k| (1..=members.len()).contains(k)),
        };
        let threshold = threshold.ok_or("has a threshold that is not between 1 and the number of members")?;
        if self.policy.groups.len() >= MAX_DEFINITIONS {
            return Err("defines one group too many");
        }
        let members = members.iter().map(|&member| member.to_owned()).collect();
        self.policy.groups.push(Group { name: name.to_owned(), threshold, members });
        Ok(())
    }

    fn quorum(&mut self, name: &str) -> Result<(), &'static str> {
        if self.has_quorum {
            return Err("is a second quorum line");
        }
        if name != "none" && !self.is_defined(name) {
            return Err("asks for a quorum that is not defined before it");
        }
        self.has_quorum = true;
        self.policy.quorum = (name != "none").then(|| name.to_owned());
        Ok(())
    }

    fn new_name(&self, name: &str) -> Result<(), &'static str> {
        if name == "none" || self.is_defined(name) { Err("defines a name that is already taken") } else { Ok(()) }
    }

    fn is_defined(&self, name: &str) -> bool {
        self.policy.witnesses.iter().any(|witness| witness.name == name)
            || self.policy.groups.iter().any(|group| group.name == name)
    }
}
