//! The embedded PostgreSQL: a real one, run as a child, reached through a Unix socket, stopped with the server.
//!
//! What can happen, and what then holds:
//! - the server is killed: a small shell between it and PostgreSQL sees its pipe close, and stops PostgreSQL cleanly;
//! - that shell is killed too: the next start finds the orphan, stops it, and starts its own;
//! - PostgreSQL is killed: it is started again, recovers from its write-ahead log, and answers at the same address;
//! - `initdb` is killed: it worked in a folder of its own, which the next start deletes;
//! - the machine loses power: what was committed is on disk, since nothing here weakens durability.
//!
//! PostgreSQL refuses to run as root. Under root its programs run as the user who owns the data: `postgres`, else `nobody`.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

mod account;
mod cluster;
mod error;
mod postmaster;
mod programs;
mod supervisor;
#[cfg(test)]
mod tests;

pub use cluster::running_url;
pub use error::EmbeddedError;
pub use programs::Search;

/// A PostgreSQL of our own, running until it is stopped or dropped.
pub struct Embedded {
    url: String,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<Result<(), EmbeddedError>>,
    // Held as long as we live, and let go by the kernel when we are killed.
    lock: File,
}

impl Embedded {
    /// Starts PostgreSQL on the data in `data_dir`, and makes both where they are missing. Answers when it accepts connections.
    ///
    /// The data is in `postgres`, what PostgreSQL says in `postgres.log`. One process at a time may use the folder.
    pub async fn start(data_dir: &Path, search: &Search) -> Result<Self, EmbeddedError> {
        fs::create_dir_all(data_dir).map_err(EmbeddedError::at(data_dir))?;
        let data_dir = fs::canonicalize(data_dir).map_err(EmbeddedError::at(data_dir))?;
        let lock = lock(&data_dir)?;
        let cluster = cluster::Cluster::open(&data_dir, search).await?;
        let url = cluster.url();
        let child = postmaster::start(&cluster).await?;
        let (stop, stopped) = oneshot::channel();
        #[expect(clippy::disallowed_methods, reason = "owned: `stop` waits for it")]
        let supervisor = tokio::spawn(supervisor::run(cluster, child, stopped));
        Ok(Self { url, stop, supervisor, lock })
    }

    /// Where its superuser `certnode` reaches the database `certnode`; stays the same when PostgreSQL is started again.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Ends all connections, writes everything to disk, and waits for PostgreSQL to end.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        // Nobody listens any more if the supervisor has given up; then its own answer says why.
        let _ = self.stop.send(());
        let stopped = self
            .supervisor
            .await
            .unwrap_or_else(|panic| Err(EmbeddedError::Failed { what: "the supervisor", said: panic.to_string() }));
        // Closing the file would leave the lock with any child that is between its fork and its exec just now.
        let _ = self.lock.unlock();
        stopped
    }
}

/// Takes the folder for this process alone; the lock's file names the process, for the one that comes second.
fn lock(data_dir: &Path) -> Result<File, EmbeddedError> {
    let path: PathBuf = data_dir.join("certnode.lock");
    let at = || EmbeddedError::at(&path);
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(at())?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = file.read_to_string(&mut process);
            return Err(EmbeddedError::InUse { data_dir: data_dir.to_owned(), process: process.trim().to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(at()(error)),
    }
    let write = |file: &mut File| -> io::Result<()> {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    write(&mut file).map_err(at())?;
    Ok(file)
}
