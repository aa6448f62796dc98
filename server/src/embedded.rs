//! The embedded PostgreSQL: a real one, started as a child, reached through a Unix socket, stopped with the server.
//!
//! `initdb` and `postgres` refuse to run as root, so under root they run as another user who owns the data directory.
//! A server that was killed leaves its PostgreSQL running; the next one finds it by its pid file and takes it over.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// The oldest version that works.
const OLDEST: u32 = 15;
/// A Unix socket's path is at most 107 bytes; PostgreSQL adds `/.s.PGSQL.5432`.
const SOCKET_DIR_MAX: usize = 107 - 15;
/// Where distributions put the server programs, by version, newest first wins.
const PLACES: [&str; 5] =
    ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr/pgsql", "/usr/local/pgsql"];

/// Settings beside PostgreSQL's own defaults. Durability is never touched.
const SETTINGS: &str = "\
listen_addresses = ''
max_connections = 60
shared_buffers = 128MB
# A new WAL segment need not be filled with zeros first: p99 of a fresh cluster falls from 42 ms to 5.
wal_init_zero = off
wal_recycle = on
min_wal_size = 256MB
max_wal_size = 2GB
jit = off
# A log can grow from nothing to a hundred thousand rows within a minute: plans must follow.
autovacuum_naptime = 10s
log_min_messages = warning
";

/// Why the database did not start.
#[derive(Debug)]
pub enum EmbeddedError {
    /// No PostgreSQL of at least version 15 was found.
    NotInstalled,
    /// Another server is using the data directory.
    InUse(PathBuf),
    /// The data was made by another major version.
    Version { data: String, programs: u32 },
    /// A program failed; what it said.
    Program(&'static str, String),
    /// The file system refused.
    Io(PathBuf, io::Error),
}

impl std::fmt::Display for EmbeddedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotInstalled => {
                f.write_str("no PostgreSQL 15 or newer was found: install it, or set DATABASE_URL to one of yours")
            }
            Self::InUse(path) => {
                write!(f, "another CertNode is using {}: stop it, or choose another data directory", path.display())
            }
            Self::Version { data, programs } => {
                write!(
                    f,
                    "the data directory was made by PostgreSQL {data}, and PostgreSQL {programs} is installed: install {data}, or move the data with pg_upgrade"
                )
            }
            Self::Program(name, said) => write!(f, "{name} failed: {said}"),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for EmbeddedError {}

/// A running PostgreSQL of our own.
pub struct Embedded {
    programs: PathBuf,
    data: PathBuf,
    socket: PathBuf,
    user: Option<(u32, u32)>,
    _lock: File,
}

impl Embedded {
    /// Starts PostgreSQL on `directory`, making its data first if there is none. `programs` overrides the search.
    pub async fn start(directory: &Path, programs: Option<&Path>) -> Result<Self, EmbeddedError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| EmbeddedError::Io(path, error)
        };
        fs::create_dir_all(directory).map_err(io(directory))?;
        let directory = directory.canonicalize().map_err(io(directory))?;
        let lock_path = directory.join("certnode.lock");
        let lock = File::create(&lock_path).map_err(io(&lock_path))?;
        lock.try_lock().map_err(|_| EmbeddedError::InUse(directory.clone()))?;
        let (programs, version) = find(programs).ok_or(EmbeddedError::NotInstalled)?;
        let data = directory.join("postgres");
        let mut socket = directory.join("socket");
        if socket.as_os_str().len() > SOCKET_DIR_MAX {
            let name = blake3::hash(directory.as_os_str().as_encoded_bytes()).to_hex();
            socket = PathBuf::from(format!("/tmp/certnode-{}", &name[..16]));
        }
        let user = other_user(&directory);
        let embedded = Self { programs, data, socket, user, _lock: lock };
        embedded.own_directories(&directory)?;
        if embedded.data.join("PG_VERSION").exists() {
            let made_by = fs::read_to_string(embedded.data.join("PG_VERSION")).unwrap_or_default().trim().to_owned();
            if made_by != version.to_string() {
                return Err(EmbeddedError::Version { data: made_by, programs: version });
            }
        } else {
            embedded.initialise().await?;
        }
        embedded.run().await?;
        Ok(embedded)
    }

    /// Where the application connects, as the owner of the database.
    pub fn url(&self) -> String {
        let host: String = self.socket.to_string_lossy().replace('%', "%25").replace('/', "%2F").replace(' ', "%20");
        format!("postgres://certnode@{host}/postgres")
    }

    /// Stops PostgreSQL: connections are ended, everything is written.
    pub async fn stop(&self) -> Result<(), EmbeddedError> {
        let data = self.data.to_string_lossy();
        self.program("pg_ctl", &["stop", "-D", &data, "-m", "fast", "-w", "-t", "30"]).await
    }

    fn own_directories(&self, directory: &Path) -> Result<(), EmbeddedError> {
        let io = |error| EmbeddedError::Io(directory.to_owned(), error);
        fs::create_dir_all(&self.socket).map_err(io)?;
        fs::create_dir_all(&self.data).map_err(io)?;
        for path in [&self.socket, &self.data] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(io)?;
            if let Some((uid, gid)) = self.user
                && fs::metadata(path).map_err(io)?.uid() != uid
            {
                std::os::unix::fs::chown(path, Some(uid), Some(gid)).map_err(io)?;
            }
        }
        Ok(())
    }

    async fn initialise(&self) -> Result<(), EmbeddedError> {
        let data = self.data.to_string_lossy();
        self.program(
            "initdb",
            &["-D", &data, "-U", "certnode", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        )
        .await?;
        let path = self.data.join("postgresql.auto.conf");
        fs::write(&path, SETTINGS).map_err(|error| EmbeddedError::Io(path, error))
    }

    async fn run(&self) -> Result<(), EmbeddedError> {
        let data = self.data.to_string_lossy();
        let log = self.data.join("server.log");
        self.forget_the_dead();
        // One that a killed server left behind is stopped first: it would be without our settings, and without a parent.
        if self.program("pg_ctl", &["status", "-D", &data]).await.is_ok() {
            self.stop().await?;
        }
        let options = format!("-k '{}'", self.socket.display());
        let started = self
            .program(
                "pg_ctl",
                &["start", "-D", &data, "-w", "-t", "60", "-s", "-l", &log.to_string_lossy(), "-o", &options],
            )
            .await;
        started.map_err(|error| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let tail: Vec<&str> = said.lines().rev().take(5).collect();
            EmbeddedError::Program(
                "postgres",
                format!("{error}; its log ends: {}", tail.into_iter().rev().collect::<Vec<_>>().join(" | ")),
            )
        })
    }

    /// A killed PostgreSQL whose parent does not collect it (as process 1 of a container may not) still has a process id,
    /// and would be taken for alive for ever: its lock files go.
    fn forget_the_dead(&self) {
        let path = self.data.join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&path) else { return };
        let stat = text.lines().next().and_then(|pid| fs::read_to_string(format!("/proc/{}/stat", pid.trim())).ok());
        if stat.is_some_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))) {
            for stale in [path, self.socket.join(".s.PGSQL.5432.lock"), self.socket.join(".s.PGSQL.5432")] {
                let _ = fs::remove_file(stale);
            }
        }
    }

    async fn program(&self, name: &'static str, arguments: &[&str]) -> Result<(), EmbeddedError> {
        let mut command = Command::new(self.programs.join(name));
        // A process group of its own: Ctrl-C in the terminal reaches the server, which stops PostgreSQL when it is done.
        command.args(arguments).current_dir("/").env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).process_group(0);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        let failed = |said: String| EmbeddedError::Program(name, said);
        let output = tokio::time::timeout(Duration::from_secs(90), command.output());
        let output = output.await.map_err(|_| failed("no answer for 90 seconds".to_owned()))?;
        let output = output.map_err(|error| failed(error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        Err(failed(String::from_utf8_lossy(&said).trim().replace('\n', " | ")))
    }
}

/// Under root: the user the data already belongs to, else `postgres`, else `nobody`.
fn other_user(directory: &Path) -> Option<(u32, u32)> {
    let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !root {
        return None;
    }
    let owner =
        fs::metadata(directory.join("postgres")).ok().map(|data| (data.uid(), data.gid())).filter(|(uid, _)| *uid != 0);
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = |name: &str| {
        let mut fields = passwd.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    owner.or_else(|| user("postgres")).or_else(|| user("nobody")).or(Some((65_534, 65_534)))
}

/// The newest server programs, and their major version.
fn find(programs: Option<&Path>) -> Option<(PathBuf, u32)> {
    let candidates: Vec<PathBuf> = match programs {
        Some(programs) => vec![programs.to_owned()],
        None => PLACES
            .iter()
            .flat_map(|place| {
                let inside = fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
                inside.chain([Path::new(place).join("bin")]).collect::<Vec<_>>()
            })
            .chain(["/usr/local/bin".into(), "/usr/bin".into()])
            .collect(),
    };
    let versioned = candidates.into_iter().filter_map(|bin| Some((version(&bin)?, bin)));
    versioned
        .filter(|(version, _)| *version >= OLDEST)
        .max_by_key(|(version, _)| *version)
        .map(|(version, bin)| (bin, version))
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` is 15.
fn version(bin: &Path) -> Option<u32> {
    if !bin.join("initdb").exists() {
        return None;
    }
    let output = std::process::Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().nth(2)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests;
