//! Finding PostgreSQL's server programs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::process::Command;

/// The oldest major version that is tested.
pub const OLDEST: u32 = 15;

/// Where packages put server programs: folders that hold one folder a version.
const PACKAGES: [&str; 4] = ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt", "/usr/local/opt"];

/// Where to look for the programs, beside the places of the usual packages.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Only here, if set: the folder that holds `postgres` and `initdb`.
    pub folder: Option<PathBuf>,
    /// What the environment variable `PATH` says.
    pub path: Option<OsString>,
}

/// The programs of one version.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The major version.
    pub version: u32,
    folder: PathBuf,
}

impl Programs {
    /// The program of that name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder they are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// All installed programs that are new enough, the newest first.
pub async fn find(search: &Search) -> Vec<Programs> {
    let mut found: Vec<Programs> = Vec::new();
    for folder in folders(search) {
        if let Some(version) = version(&folder).await.filter(|version| *version >= OLDEST)
            && !found.iter().any(|programs| programs.version == version)
        {
            found.push(Programs { version, folder });
        }
    }
    found.sort_by_key(|programs| std::cmp::Reverse(programs.version));
    found
}

fn folders(search: &Search) -> Vec<PathBuf> {
    if let Some(folder) = &search.folder {
        return vec![folder.clone()];
    }
    let packages = PACKAGES.iter().filter_map(|place| std::fs::read_dir(place).ok()).flatten().flatten();
    let packages = packages.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("postgres") || name.starts_with("pgsql-") || name.parse::<u32>().is_ok()
    });
    let path = search.path.iter().flat_map(std::env::split_paths);
    let mut folders: Vec<PathBuf> = packages.map(|entry| entry.path().join("bin")).chain(path).collect();
    folders.retain(|folder| folder.join("initdb").exists() && folder.join("postgres").exists());
    folders
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` is 15.
async fn version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().nth(2)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
