//! Where the master key is kept: what is set, or a file that only its owner may read. A key-management service would be one
//! more [`MasterKey`]: it unwraps the key at start.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use domain::keyring::{MasterKey, Seed};

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
