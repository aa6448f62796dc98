//! Why the embedded PostgreSQL does not run, in sentences that say what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::programs::OLDEST;

/// Why the embedded PostgreSQL did not start, or not stop.
#[derive(Debug)]
pub enum EmbeddedError {
    /// There are no server programs, or none that is new enough.
    NotInstalled { folder: Option<PathBuf> },
    /// Another process is using the folder.
    InUse { data_dir: PathBuf, process: String },
    /// The data needs a major version that is not installed.
    Version { data: PathBuf, made_by: u32, installed: Vec<u32> },
    /// The data belongs to another user.
    Owner { data: PathBuf, owner: u32 },
    /// The user who is to run PostgreSQL may not execute its programs.
    Unreachable { programs: PathBuf, user: String },
    /// A program failed: which one, and what it said.
    Failed { what: &'static str, said: String },
    /// The file system refused.
    File { path: PathBuf, error: io::Error },
}

impl EmbeddedError {
    /// For `map_err`: an error of the file system at `path`.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::File { path, error }
    }
}

impl fmt::Display for EmbeddedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled { folder: Some(folder) } => {
                write!(f, "there are no programs of PostgreSQL {OLDEST} or newer in {}", folder.display())
            }
            Self::NotInstalled { folder: None } => {
                write!(
                    f,
                    "PostgreSQL {OLDEST} or newer was not found: install it (Debian: apt-get install postgresql), or set DATABASE_URL to one of yours"
                )
            }
            Self::InUse { data_dir, process } => {
                write!(
                    f,
                    "another CertNode (process {process}) is using {}: stop it, or choose another data directory",
                    data_dir.display()
                )
            }
            Self::Version { data, made_by, installed } => {
                let installed: Vec<_> = installed.iter().map(u32::to_string).collect();
                write!(
                    f,
                    "{} was made by PostgreSQL {made_by}, and only {} is installed: install PostgreSQL {made_by}, or move the data with pg_upgrade",
                    data.display(),
                    installed.join(" and ")
                )
            }
            Self::Owner { data, owner } => {
                write!(
                    f,
                    "{} belongs to user {owner}: run CertNode as that user or as root, or change the owner",
                    data.display()
                )
            }
            Self::Unreachable { programs, user } => {
                write!(
                    f,
                    "under root PostgreSQL runs as {user}, who may not execute the programs in {}: open the folder, or install them elsewhere",
                    programs.display()
                )
            }
            Self::Failed { what, said } => write!(f, "{what} failed: {said}"),
            Self::File { path, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for EmbeddedError {}
