//! PostgreSQL's first process: started, waited for, stopped.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, ChildStdin};
use tokio::time::{Instant, sleep, timeout};

use super::cluster::Cluster;
use super::error::EmbeddedError;

/// Runs PostgreSQL until it ends, or until standard input does: then it is told to shut down fast. So it never outlives us,
/// however we end. Signals to the whole group are for PostgreSQL alone.
const WATCHED: &str = r#"
exec 3<&1 1>&2 4<&0 </dev/null
trap : HUP INT TERM
"$0" "$@" 4<&- & postgres=$!
(trap '' HUP INT TERM; exec 3<&-; read -r _ <&4; kill -INT $postgres) & watcher=$!
while :; do wait $postgres; status=$?; kill -0 $postgres 2>/dev/null || break; done
kill -KILL $watcher 2>/dev/null
exit $status
"#;

/// Recovery after a crash reads the log since the last checkpoint; that is minutes at the very most.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// How long what a crash left behind may be in the way.
const LEFTOVERS_WITHIN: Duration = Duration::from_secs(10);
const STOP_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// A bigger log is put aside at the next start; one older is kept.
const LOG_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A PostgreSQL that accepts connections.
pub struct Postmaster {
    child: Child,
    /// Closing it stops PostgreSQL.
    pipe: ChildStdin,
}

impl Postmaster {
    /// Waits until PostgreSQL has ended by itself.
    pub async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Stops PostgreSQL: connections are ended, everything is written.
    pub async fn stop(mut self, cluster: &Cluster) -> Result<(), EmbeddedError> {
        drop(self.pipe);
        if timeout(STOP_WITHIN, self.child.wait()).await.is_err() {
            tracing::warn!("PostgreSQL does not stop; it is ended at once and will recover at the next start");
            cluster.pg_ctl_stop("immediate", "10").await;
        }
        // The shell is gone; if somebody killed it, PostgreSQL may not be.
        end_living(cluster).await
    }
}

/// Starts PostgreSQL and waits until it accepts connections.
pub async fn start(cluster: &Cluster) -> Result<Postmaster, EmbeddedError> {
    end_living(cluster).await?;
    let leftovers = cluster.data().join("postmaster.pid").exists();
    let deadline = Instant::now() + LEFTOVERS_WITHIN;
    loop {
        match try_start(cluster).await {
            // After a crash, PostgreSQL's other processes take a moment to see that the first one is gone.
            Err(EmbeddedError::Failed { said, .. }) if leftovers && Instant::now() < deadline => {
                tracing::debug!(said, "PostgreSQL does not start yet");
                sleep(Duration::from_millis(100)).await;
            }
            result => return result,
        }
    }
}

async fn try_start(cluster: &Cluster) -> Result<Postmaster, EmbeddedError> {
    let stale = Identity::read(cluster.data());
    let log = open_log(cluster.log())?;
    let said_before = log.metadata().map_or(0, |metadata| metadata.len());
    let sockets = format!("unix_socket_directories=\"{}\"", cluster.reached_socket().replace('"', "\"\""));
    let settings = [
        "listen_addresses=",
        "port=5432",
        &sockets,
        "unix_socket_permissions=0700",
        "fsync=on",
        "full_page_writes=on",
        "synchronous_commit=on",
        "logging_collector=off",
        "log_destination=stderr",
        "cluster_name=certnode",
        &mark(cluster),
    ];
    let reached = cluster.reached();
    let arguments: Vec<&str> =
        ["-D", &reached].into_iter().chain(settings.iter().flat_map(|setting| ["-c", setting])).collect();
    let mut command = cluster.shell(WATCHED, "postgres", &arguments)?;
    let failed = |why: &str| EmbeddedError::Failed {
        what: "PostgreSQL",
        said: format!("{why}; its log ends: {}", tail(cluster.log(), said_before)),
    };
    let mut child = command.stdin(Stdio::piped()).stderr(log).spawn().map_err(|error| failed(&error.to_string()))?;
    let Some(pipe) = child.stdin.take() else { return Err(failed("it has no standard input")) };

    let begun = Instant::now();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Err(failed(&format!("it ended while starting ({status})")));
        }
        // The file of an earlier one may still lie there, and say that that one was ready.
        if Identity::read(cluster.data())
            .is_some_and(|identity| identity.ready && stale.as_ref().is_none_or(|stale| !stale.same(&identity)))
        {
            return Ok(Postmaster { child, pipe });
        }
        if begun.elapsed() > READY_WITHIN {
            return Err(failed(&format!("it was not ready after {} seconds", READY_WITHIN.as_secs())));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Ends a PostgreSQL that runs on our data without us, and removes what would keep a new one from starting.
async fn end_living(cluster: &Cluster) -> Result<(), EmbeddedError> {
    for (mode, seconds) in [("fast", "30"), ("immediate", "10"), ("immediate", "10")] {
        let Some(identity) = Identity::read(cluster.data()) else { return Ok(()) };
        let Some(command_line) = command_line(&identity.process) else { return Ok(()) };
        if !command_line.contains(&mark(cluster)) {
            // The number of a process that is long gone, given to another since: PostgreSQL could not know. We do, holding the lock.
            for name in ["postmaster.pid", ".s.PGSQL.5432.lock"] {
                let _ = fs::remove_file(cluster.data().join(name));
            }
            return Ok(());
        }
        tracing::warn!(
            process = identity.process,
            "a PostgreSQL without its server is running on our data; it is stopped"
        );
        cluster.pg_ctl_stop(mode, seconds).await;
    }
    match Identity::read(cluster.data()).and_then(|identity| command_line(&identity.process)) {
        None => Ok(()),
        Some(_) => Err(EmbeddedError::Failed {
            what: "PostgreSQL",
            said: "one that runs on our data cannot be stopped".to_owned(),
        }),
    }
}

/// What tells our PostgreSQL from every other process: a setting that nobody reads.
fn mark(cluster: &Cluster) -> String {
    format!("certnode.data={}", cluster.data().display())
}

/// What the file postmaster.pid says.
struct Identity {
    process: String,
    started: String,
    ready: bool,
}

impl Identity {
    fn read(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let line = |number: usize| text.lines().nth(number).unwrap_or_default().trim().to_owned();
        let process = line(0);
        process.parse::<u32>().ok()?;
        Some(Self { process, started: line(2), ready: line(7) == "ready" })
    }

    fn same(&self, other: &Self) -> bool {
        (&self.process, &self.started) == (&other.process, &other.started)
    }
}

/// With what a process was started; none if there is no such process.
fn command_line(process: &str) -> Option<String> {
    if Path::new("/proc/self/cmdline").exists() {
        let bytes = fs::read(format!("/proc/{process}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    let output = std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p", process]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn open_log(path: &Path) -> Result<File, EmbeddedError> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > LOG_MAX_BYTES) {
        fs::rename(path, path.with_extension("log.1")).map_err(EmbeddedError::at(path))?;
    }
    File::options().create(true).append(true).open(path).map_err(EmbeddedError::at(path))
}

/// The last lines of the log from the byte `from` on.
fn tail(path: &Path, from: u64) -> String {
    let mut text = Vec::new();
    let _ = File::open(path)
        .and_then(|mut file| file.seek(SeekFrom::Start(from)).and_then(|_| file.read_to_end(&mut text)));
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(6)..].join(" | ")
}
