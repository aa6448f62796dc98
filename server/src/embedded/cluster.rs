//! The folder of PostgreSQL's data: who owns it, how it is made, how programs are run on it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::account::Account;
use super::error::EmbeddedError;
use super::programs::{self, Programs, Search};

/// Longest path of a Unix socket, without the byte that ends it.
const SOCKET_PATH_MAX: usize = 107;
const SOCKET: &str = ".s.PGSQL.5432";

/// Runs a program with the data folder, which comes as standard output, open as descriptor 3.
const ON_DATA: &str = r#"exec 3<&1 1>&2; exec "$0" "$@""#;
/// How a user who may not walk to the folder gets into it.
const BY_DESCRIPTOR: &str = "/proc/self/fd/3";

/// Appended to the postgresql.conf of new data. Its owner may change what is here; what we promise is on the command line.
const SETTINGS: &str = "
# CertNode
max_connections = 100
shared_buffers = 128MB
# A new log segment need not be filled with zeros before it is used: commits on a fresh cluster wait for that otherwise.
wal_init_zero = off
# Segments are kept and used again.
min_wal_size = 512MB
max_wal_size = 2GB
jit = off
# A log can grow from nothing to a hundred thousand rows within a minute: plans must follow.
autovacuum_naptime = 10s
";

/// Data that exists, and the programs that fit it.
pub struct Cluster {
    programs: Programs,
    account: Option<Account>,
    data: PathBuf,
    log: PathBuf,
    socket: PathBuf,
    /// The data folder as the programs reach it.
    reached: PathBuf,
}

/// Where the superuser connects through the socket in a folder.
fn socket_url(folder: &Path) -> String {
    let mut host = String::new();
    for byte in folder.as_os_str().as_encoded_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => host.push(char::from(*byte)),
            _ => host.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("postgres:///certnode?host={host}&user=certnode")
}

/// Where a PostgreSQL that another process runs on the data in `data_dir` is reached, by what it wrote down of itself.
pub fn running_url(data_dir: &Path) -> Option<String> {
    let data = fs::canonicalize(data_dir).ok()?.join("postgres");
    let written = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let folder = PathBuf::from(written.lines().nth(4)?);
    // A name that only the process itself can follow stands for the data folder.
    Some(socket_url(if folder.starts_with("/proc") { &data } else { &folder }))
}

impl Cluster {
    /// Opens the data in `data_dir`, an absolute path, and makes it if there is none.
    pub async fn open(data_dir: &Path, search: &Search) -> Result<Self, EmbeddedError> {
        let data = data_dir.join("postgres");
        let account = Account::choose(&data)?;
        let programs = fitting(&data, programs::find(search).await, search)?;
        if let Some(account) = account.as_ref().filter(|account| !account.reaches(programs.folder())) {
            return Err(EmbeddedError::Unreachable {
                programs: programs.folder().to_owned(),
                user: format!("user {}", account.uid),
            });
        }
        let walks = account.as_ref().is_none_or(|account| account.reaches(data_dir));
        let reached = if walks { data.clone() } else { BY_DESCRIPTOR.into() };
        let mut cluster =
            Self { programs, account, log: data_dir.join("postgres.log"), socket: data.clone(), data, reached };
        if !cluster.data.join("PG_VERSION").exists() {
            cluster.initialise(data_dir).await?;
        }
        cluster.socket = cluster.socket_folder()?;
        Ok(cluster)
    }

    /// The data folder, for us.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The file of PostgreSQL's messages.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Where the superuser connects.
    pub fn url(&self) -> String {
        socket_url(&self.socket)
    }

    /// A program on the data, through a shell that runs `script` with it: under another user if need be, in a process group of
    /// its own (Ctrl-C in a terminal is for the server, which stops PostgreSQL when it is done with it), and without our environment.
    pub fn shell(&self, script: &str, program: &str, arguments: &[&str]) -> Result<Command, EmbeddedError> {
        self.shell_on(&self.data, script, program, arguments)
    }

    /// The data folder, for an argument of a program.
    pub fn reached(&self) -> String {
        self.reached.to_string_lossy().into_owned()
    }

    /// The folder of the socket, for an argument of a program.
    pub fn reached_socket(&self) -> String {
        let folder = if self.socket == self.data { &self.reached } else { &self.socket };
        folder.to_string_lossy().into_owned()
    }

    /// `pg_ctl stop`; whether it worked.
    pub async fn pg_ctl_stop(&self, mode: &str, seconds: &str) -> bool {
        let Ok(mut command) =
            self.shell(ON_DATA, "pg_ctl", &["stop", "-D", &self.reached(), "-m", mode, "-w", "-t", seconds])
        else {
            return false;
        };
        command.stdin(Stdio::null()).stderr(Stdio::null()).status().await.is_ok_and(|status| status.success())
    }

    fn shell_on(
        &self,
        folder: &Path,
        script: &str,
        program: &str,
        arguments: &[&str],
    ) -> Result<Command, EmbeddedError> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).arg(self.programs.path(program)).args(arguments);
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").current_dir("/").process_group(0);
        command.stdout(File::open(folder).map_err(EmbeddedError::at(folder))?);
        if let Some(account) = &self.account {
            command.uid(account.uid).gid(account.gid);
        }
        Ok(command)
    }

    /// Makes the data beside its place and moves it there when it is complete and on disk: a crash leaves all of it or none.
    async fn initialise(&self, data_dir: &Path) -> Result<(), EmbeddedError> {
        let new = data_dir.join("postgres.new");
        if new.exists() {
            fs::remove_dir_all(&new).map_err(EmbeddedError::at(&new))?;
        }
        self.make_folder(&new)?;
        let reached = if self.reached == self.data { new.to_string_lossy().into_owned() } else { self.reached() };
        let made = [
            "-D",
            &reached,
            "-U",
            "certnode",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--no-sync",
        ];
        self.finish(&new, "initdb", &made, "").await?;
        let configuration = new.join("postgresql.conf");
        let append = || File::options().append(true).open(&configuration)?.write_all(SETTINGS.as_bytes());
        append().map_err(EmbeddedError::at(&configuration))?;
        self.finish(&new, "postgres", &["--single", "-D", &reached, "-F", "postgres"], "create database certnode\n")
            .await?;
        let folder = new.clone();
        let synced = tokio::task::spawn_blocking(move || sync(&folder))
            .await
            .unwrap_or_else(|panic| Err(io::Error::other(panic)));
        synced.map_err(EmbeddedError::at(&new))?;
        fs::rename(&new, &self.data).map_err(EmbeddedError::at(&self.data))?;
        File::open(data_dir).and_then(|folder| folder.sync_all()).map_err(EmbeddedError::at(data_dir))
    }

    /// Runs a program on the folder to its end, with `input`.
    async fn finish(
        &self,
        folder: &Path,
        program: &'static str,
        arguments: &[&str],
        input: &str,
    ) -> Result<(), EmbeddedError> {
        let failed = |said: String| EmbeddedError::Failed { what: program, said };
        let mut command = self.shell_on(folder, ON_DATA, program, arguments)?;
        let mut child =
            command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| failed(error.to_string()))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that has ended already does not read; its answer says why.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        let output = child.wait_with_output().await.map_err(|error| failed(error.to_string()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        // In single-user mode an error does not end the program.
        if output.status.success() && !said.contains("ERROR:") {
            Ok(())
        } else {
            Err(failed(said.trim().replace('\n', " | ")))
        }
    }

    /// The data folder, or, where the socket's path would be too long, a folder with a short name.
    fn socket_folder(&self) -> Result<PathBuf, EmbeddedError> {
        if self.data.join(SOCKET).as_os_str().len() <= SOCKET_PATH_MAX {
            return Ok(self.data.clone());
        }
        let free = (0..)
            .map(|number| PathBuf::from(format!("/tmp/certnode-{}-{number}", std::process::id())))
            .find(|path| !path.exists());
        let folder = free.unwrap_or_default();
        self.make_folder(&folder)?;
        Ok(folder)
    }

    /// Makes a folder that only the one who runs PostgreSQL may enter.
    fn make_folder(&self, path: &Path) -> Result<(), EmbeddedError> {
        DirBuilder::new().mode(0o700).create(path).map_err(EmbeddedError::at(path))?;
        // Whatever the process's mask took away.
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(EmbeddedError::at(path))?;
        self.account.as_ref().map_or(Ok(()), |account| account.own(path))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.socket != self.data {
            let _ = fs::remove_dir_all(&self.socket);
        }
    }
}

/// Puts a folder and all below it on disk. One file after the other takes seconds; asked for many at once, the file system
/// writes its journal a few times instead of a thousand.
fn sync(folder: &Path) -> io::Result<()> {
    let mut paths = vec![folder.to_owned()];
    let mut seen = 0;
    while let Some(path) = paths.get(seen) {
        if path.is_dir() {
            let inside =
                fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
            paths.extend(inside);
        }
        seen += 1;
    }
    let share = |paths: &[PathBuf]| paths.iter().try_for_each(|path| File::open(path)?.sync_all());
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            paths.chunks(paths.len().div_ceil(16)).map(|paths| scope.spawn(move || share(paths))).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked"))))
    })
}

/// The programs of the version that made the data; the newest, if there is none.
fn fitting(data: &Path, mut found: Vec<Programs>, search: &Search) -> Result<Programs, EmbeddedError> {
    if found.is_empty() {
        return Err(EmbeddedError::NotInstalled { folder: search.folder.clone() });
    }
    let Ok(made_by) = fs::read_to_string(data.join("PG_VERSION")) else { return Ok(found.swap_remove(0)) };
    let made_by = made_by.trim().parse().unwrap_or(0);
    match found.iter().position(|programs| programs.version == made_by) {
        Some(position) => Ok(found.swap_remove(position)),
        None => Err(EmbeddedError::Version {
            data: data.to_owned(),
            made_by,
            installed: found.into_iter().map(|programs| programs.version).collect(),
        }),
    }
}
