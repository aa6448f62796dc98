#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, wait, and ask the environment"
)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Embedded, EmbeddedError, Search};

/// A folder of the test's own, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let path = PathBuf::from(format!(
            "/tmp/certnode-embedded-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The programs that `make test` chose, or any.
fn search() -> Search {
    Search { folder: std::env::var_os("CERTNODE_POSTGRES_BIN").map(PathBuf::from), path: std::env::var_os("PATH") }
}

async fn start(data: &Path) -> Embedded {
    Embedded::start(data, &search()).await.unwrap()
}

async fn refused(data: &Path) -> EmbeddedError {
    match Embedded::start(data, &search()).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

/// The first column of the first row, by PostgreSQL's simple query protocol.
fn query(url: &str, sql: &str) -> std::io::Result<String> {
    let host = url.split_once("host=").unwrap().1.split_once('&').unwrap().0;
    let mut stream = UnixStream::connect(Path::new(&host.replace("%20", " ")).join(".s.PGSQL.5432"))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let parameters = b"\0\x03\0\0user\0certnode\0database\0certnode\0\0";
    stream.write_all(&[&(parameters.len() as u32 + 4).to_be_bytes(), &parameters[..]].concat())?;
    let (mut answer, mut asked) = (String::new(), false);
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let mut body = vec![0; u32::from_be_bytes(head[1..].try_into().unwrap()) as usize - 4];
        stream.read_exact(&mut body)?;
        match head[0] {
            b'Z' if asked => return Ok(answer),
            b'Z' => {
                asked = true;
                stream.write_all(&[b"Q", &(sql.len() as u32 + 5).to_be_bytes()[..], sql.as_bytes(), b"\0"].concat())?;
            }
            b'D' if answer.is_empty() => answer = String::from_utf8_lossy(&body[6..]).into_owned(),
            b'E' => return Err(std::io::Error::other(String::from_utf8_lossy(&body).into_owned())),
            _ => {}
        }
    }
}

/// Asks until there is an answer.
async fn answer(url: &str, sql: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match query(url, sql) {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn postmaster(data: &Path) -> String {
    fs::read_to_string(data.join("postgres/postmaster.pid")).unwrap().lines().next().unwrap().to_owned()
}

fn kill(process: &str) {
    signal("-KILL", process);
}

fn signal(name: &str, process: &str) {
    assert!(Command::new("kill").args([name, process]).status().unwrap().success());
}

fn parent(process: &str) -> String {
    let output = Command::new("ps").args(["-o", "ppid=", "-p", process]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Whether a process does anything: one that has ended may stay in the list until its parent looks.
fn runs(process: &str) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap();
    !output.stdout.is_empty() && !output.stdout.starts_with(b"Z")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_data() {
    let folder = Folder::new();
    let first = start(&folder.data()).await;
    query(&first.url(), "create table kept as select 7").unwrap();
    first.stop().await.unwrap();
    assert!(!folder.data().join("postgres/postmaster.pid").exists(), "it was stopped cleanly");

    let second = start(&folder.data()).await;
    assert_eq!(query(&second.url(), "select * from kept").unwrap(), "7");
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_durable_and_listens_to_nobody_else() {
    let folder = Folder::new();
    let database = start(&folder.data()).await;
    for (setting, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("wal_init_zero", "off"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
    ] {
        assert_eq!(query(&database.url(), &format!("show {setting}")).unwrap(), value, "{setting}");
    }
    assert_eq!(fs::metadata(folder.data().join("postgres")).unwrap().permissions().mode() & 0o777, 0o700);
    database.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_is_refused_in_a_clear_sentence() {
    let folder = Folder::new();
    let first = start(&folder.data()).await;
    let sentence = refused(&folder.data()).await.to_string();
    assert!(
        sentence.starts_with(&format!("another CertNode (process {}) is using ", std::process::id())),
        "{sentence}"
    );
    assert_eq!(query(&first.url(), "select 1").unwrap(), "1", "the first is left alone");
    first.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgresql_comes_back_with_what_was_committed() {
    let folder = Folder::new();
    let database = start(&folder.data()).await;
    let url = database.url();
    query(&url, "create table kept as select 7").unwrap();
    for _ in 0..3 {
        let killed = postmaster(&folder.data());
        kill(&killed);
        let at = Instant::now();
        while query(&url, "select 1").is_err() || postmaster(&folder.data()) == killed {
            assert!(
                at.elapsed() < Duration::from_secs(10),
                "{}",
                fs::read_to_string(folder.data().join("postgres.log")).unwrap()
            );
            sleep(Duration::from_millis(20));
        }
        assert_eq!(answer(&url, "select * from kept").await, "7");
    }
    database.stop().await.unwrap();
}

/// The environment variable that makes a test only hold a database, until it is killed.
const HOLD: &str = "CERTNODE_TEST_HOLD";

/// In the process that is to be killed: starts, says so, and waits.
async fn hold_if_asked() {
    if let Some(data) = std::env::var_os(HOLD) {
        let database = start(Path::new(&data)).await;
        query(&database.url(), "create table if not exists kept as select 7").unwrap();
        fs::write(Path::new(&data).join("held"), "").unwrap();
        std::future::pending::<()>().await;
    }
}

/// Runs the named test in another process as the holder of the database.
fn holder(test: &str, data: &Path) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", &format!("embedded::tests::{test}")])
        .env(HOLD, data)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !data.join("held").exists() {
        assert!(Instant::now() < deadline, "the holder did not start");
        sleep(Duration::from_millis(10));
    }
    child
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_takes_its_postgresql_with_it() {
    hold_if_asked().await;
    let folder = Folder::new();
    let mut server = holder("a_killed_server_takes_its_postgresql_with_it", &folder.data());
    let orphan = postmaster(&folder.data());
    server.kill().unwrap();
    server.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while runs(&orphan) {
        assert!(Instant::now() < deadline, "PostgreSQL outlived the server");
        sleep(Duration::from_millis(10));
    }
    let next = start(&folder.data()).await;
    assert_eq!(query(&next.url(), "select * from kept").unwrap(), "7");
    next.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_started_at_once_after_a_kill_waits_for_the_old_postgresql() {
    hold_if_asked().await;
    let folder = Folder::new();
    let mut server = holder("a_server_started_at_once_after_a_kill_waits_for_the_old_postgresql", &folder.data());
    server.kill().unwrap();
    server.wait().unwrap();
    let begun = Instant::now();
    let next = start(&folder.data()).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(query(&next.url(), "select * from kept").unwrap(), "7");
    next.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orphan_whose_shell_was_killed_too_is_stopped_by_the_next_start() {
    hold_if_asked().await;
    let folder = Folder::new();
    let mut server = holder("an_orphan_whose_shell_was_killed_too_is_stopped_by_the_next_start", &folder.data());
    let orphan = postmaster(&folder.data());
    // It must not see its shell die.
    signal("-STOP", &server.id().to_string());
    let children = Command::new("ps").args(["-o", "pid=", "--ppid", &parent(&orphan)]).output().unwrap();
    kill(&parent(&orphan));
    for watcher in String::from_utf8(children.stdout).unwrap().split_whitespace().filter(|process| **process != *orphan)
    {
        kill(watcher);
    }
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(runs(&orphan), "nobody told it to stop");

    let next = start(&folder.data()).await;
    assert!(!runs(&orphan));
    assert_eq!(query(&next.url(), "select * from kept").unwrap(), "7");
    next.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_a_dead_postgresql_may_belong_to_another_process() {
    let folder = Folder::new();
    start(&folder.data()).await.stop().await.unwrap();
    // Ourselves: alive, and certainly not PostgreSQL.
    let file = folder.data().join("postgres/postmaster.pid");
    fs::write(&file, format!("{}\n/elsewhere\n1\n5432\n/elsewhere\n\n0 0\nready\n", std::process::id())).unwrap();
    let database = start(&folder.data()).await;
    assert_eq!(query(&database.url(), "select 1").unwrap(), "1");
    database.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_initdb_leaves_nothing_behind() {
    let folder = Folder::new();
    fs::create_dir_all(folder.data().join("postgres.new/base")).unwrap();
    let database = start(&folder.data()).await;
    assert!(!folder.data().join("postgres.new").exists());
    database.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_another_version_is_refused_with_both_numbers() {
    let folder = Folder::new();
    fs::create_dir_all(folder.data().join("postgres")).unwrap();
    fs::write(folder.data().join("postgres/PG_VERSION"), "9\n").unwrap();
    let sentence = refused(&folder.data()).await.to_string();
    assert!(sentence.contains("was made by PostgreSQL 9, and only 1"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_postgresql_is_told_what_to_do() {
    let folder = Folder::new();
    let nowhere = Search { folder: Some(folder.0.clone()), path: None };
    let Err(error) = Embedded::start(&folder.data(), &nowhere).await else { panic!("it started") };
    assert!(matches!(error, EmbeddedError::NotInstalled { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    fs::write(folder.data(), "a file").unwrap();
    let sentence = refused(&folder.data()).await.to_string();
    assert!(sentence.starts_with(&folder.data().display().to_string()), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_why_postgresql_does_not_start() {
    let folder = Folder::new();
    start(&folder.data()).await.stop().await.unwrap();
    let file = folder.data().join("postgres/postgresql.conf");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "\nshared_buffers = plenty\n").unwrap();
    let sentence = refused(&folder.data()).await.to_string();
    assert!(sentence.contains("invalid value for parameter \"shared_buffers\""), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_too_long_for_a_socket_works() {
    let folder = Folder::new();
    let data = folder
        .0
        .join("a folder with a name of fifty letters, more or less")
        .join("and one more of these, to be over a hundred");
    let database = start(&data).await;
    assert!(database.url().contains("host=/tmp/certnode-"), "{}", database.url());
    assert_eq!(query(&database.url(), "select 1").unwrap(), "1");
    database.stop().await.unwrap();
    let again = start(&data).await;
    again.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_in_a_folder_that_only_its_owner_may_enter() {
    hold_if_asked().await;
    let folder = Folder::new();
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o700)).unwrap();
    // Under root, PostgreSQL's user cannot walk to its own data then.
    let mut server = holder("it_works_in_a_folder_that_only_its_owner_may_enter", &folder.data());
    server.kill().unwrap();
    server.wait().unwrap();
    let database = start(&folder.data()).await;
    assert_eq!(query(&database.url(), "select * from kept").unwrap(), "7");
    database.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn under_root_postgresql_runs_as_somebody_else() {
    let folder = Folder::new();
    let database = start(&folder.data()).await;
    let owner = Command::new("ps").args(["-o", "user=", "-p", &postmaster(&folder.data())]).output().unwrap();
    assert_ne!(String::from_utf8(owner.stdout).unwrap().trim(), "root");
    database.stop().await.unwrap();
}
