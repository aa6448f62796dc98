//! Where the master key is kept: what is set, a file that only its owner may read, or a key-management service that a
//! command asks at each start.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use domain::keyring::{MasterKey, Seed};
use zeroize::Zeroizing;

use crate::config::{master_key, write_private};

/// A key from the environment or the configuration file.
pub struct Given(pub [u8; 32]);

impl MasterKey for Given {
    fn place(&self) -> String {
        "the configuration (CERTNODE_MASTER_KEY)".to_owned()
    }

    fn read(&self) -> Result<Seed, String> {
        Ok(Seed::new(self.0))
    }
}

/// A file of 64 hex digits.
pub struct KeyFile {
    /// Which.
    pub path: PathBuf,
    /// What is written into it when there is none.
    pub fresh: Box<dyn Fn() -> [u8; 32] + Send + Sync>,
}

impl MasterKey for KeyFile {
    fn place(&self) -> String {
        format!("the file {}", self.path.display())
    }

    /// Refused: a file that others than its owner may read, and one that holds anything else.
    fn read(&self) -> Result<Seed, String> {
        let path = self.path.display();
        let said = |error: std::io::Error| format!("{path}: {error}");
        match fs::metadata(&self.path) {
            Ok(found) if found.permissions().mode() & 0o077 != 0 => {
                let mode = found.permissions().mode() & 0o777;
                return Err(format!(
                    "{path} holds the master key, and others than its owner may read it (mode {mode:o}): chmod 600 {path}"
                ));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let key = (self.fresh)();
                write_private(&self.path, &ledger::encoding::hex(&key)).map_err(said)?;
                return Ok(Seed::new(key));
            }
            Err(error) => return Err(said(error)),
        }
        let text = fs::read_to_string(&self.path).map_err(said)?;
        master_key(text.trim()).map(Seed::new).ok_or_else(|| format!("{path} does not hold 64 hex digits"))
    }
}

/// How long a command may take.
const COMMAND_MAX: Duration = Duration::from_secs(30);
/// Bytes of its answer that are read: 64 digits, and room for blanks.
const ANSWER_MAX: u64 = 1_024;

/// What a command prints: the client of a key-management service, which unwraps or fetches the key. Nothing of it is kept on
/// the disk or in the environment.
pub struct Asked {
    /// For `sh -c`.
    pub command: String,
}

impl MasterKey for Asked {
    fn place(&self) -> String {
        "what CERTNODE_MASTER_KEY_COMMAND prints".to_owned()
    }

    /// Refused: a command that fails, prints anything but 64 hex digits, or takes longer than 30 seconds. What it says on
    /// standard error goes to the server's own; what it prints is never shown.
    #[expect(clippy::disallowed_methods, reason = "nothing is served yet: the key comes first")]
    fn read(&self) -> Result<Seed, String> {
        let said = |what: String| format!("the command for the master key {what}");
        let mut child = Command::new("sh")
            .args(["-c", &self.command])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| said(format!("cannot be run: {error}")))?;
        let stdout = child.stdout.take();
        let reading = std::thread::spawn(move || {
            let mut text = Zeroizing::new(String::new());
            let read = stdout.map(|stdout| stdout.take(ANSWER_MAX).read_to_string(&mut text));
            read.is_some_and(|read| read.is_ok()).then_some(text)
        });
        let give_up = Instant::now() + COMMAND_MAX;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < give_up => std::thread::sleep(Duration::from_millis(10)),
                Ok(None) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(said(format!("did not answer within {} s", COMMAND_MAX.as_secs())));
                }
                Err(error) => return Err(said(format!("cannot be waited for: {error}"))),
            }
        };
        if !status.success() {
            return Err(said(format!("failed: {status}")));
        }
        let text = reading.join().ok().flatten();
        let key = text.and_then(|text| master_key(text.trim()));
        key.map(Seed::new).ok_or_else(|| said("did not print 64 hex digits".to_owned()))
    }
}
