//! The configuration: `Leptos.toml`, then the environment, then nothing. The only place that reads the environment.

#![expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::context::{Clock as _, SystemClock};
use domain::keyring::MasterKey;
use domain::objects::{Bucket, Objects, ObjectsError};
use ledger::policy::Policy;
use toml::Value;

use crate::embedded::Search;
use crate::master_key::{Asked, Given, KeyFile};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the server listens.
    pub site_addr: SocketAddr,
    /// Where the built pages' files are.
    pub site_root: PathBuf,
    /// What people type to get here; decides about HSTS.
    pub public_url: String,
    /// The first part of new logs' names.
    pub log_host: String,
    /// PostgreSQL of the operator's own; none means the embedded one.
    pub database_url: Option<String>,
    /// Where the embedded PostgreSQL and the master key are.
    pub data_dir: PathBuf,
    /// Where evidence files are.
    pub evidence_dir: PathBuf,
    /// The largest evidence file.
    pub evidence_max_bytes: u64,
    /// The bucket that logs' files are in; none means the folder `log` of the data directory.
    pub log_store: Option<LogStore>,
    /// Where PostgreSQL's programs are.
    pub postgres: Search,
    /// The witnesses that are asked to cosign the root log.
    pub witness_policy: Option<Policy>,
    /// Connections of the application to the database.
    pub pool_size: u32,
    /// Connections of clients.
    pub max_connections: usize,
    /// How long a request's header may take.
    pub header_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// How long a connection may say nothing between requests.
    pub idle_timeout: Duration,
    /// How long a stopping server waits for requests.
    pub drain_timeout: Duration,
    /// Jobs at once.
    pub workers: usize,
    /// Passwords hashed at once.
    pub hashes_at_once: usize,
    /// 64 hex digits; none means what the command prints, or the file `master.key` in the data directory.
    pub master_key: Option<[u8; 32]>,
    /// Prints the master key.
    pub master_key_command: Option<String>,
    /// How long checkpoints are signed by a key and its successor.
    pub key_overlap: Duration,
    /// Whether `/design` is served.
    pub design_page: bool,
    /// Whether the build put hashes into file names: it leaves `hash.txt` beside the binary.
    pub hashed_files: bool,
    /// `text` or `json`.
    pub log_format: String,
    /// What is logged: a `tracing` filter.
    pub log_filter: String,
}

/// Where logs are kept as files, if not in the data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogStore {
    /// A folder, such as one that several servers see.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Bucket),
}

/// A value that is not allowed: the key, the value, and what is.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// The keys of our own table, so that a misspelt one is refused.
const KEYS: &[&str] = &[
    "public_url",
    "log_host",
    "database_url",
    "data_dir",
    "evidence_dir",
    "evidence_max_bytes",
    "log_store",
    "log_store_endpoint",
    "log_store_region",
    "log_store_key_id",
    "log_store_secret",
    "postgres_bin",
    "witness_policy",
    "pool_size",
    "max_connections",
    "header_timeout_s",
    "body_timeout_s",
    "idle_timeout_s",
    "drain_timeout_s",
    "workers",
    "hashes_at_once",
    "master_key",
    "master_key_command",
    "key_overlap_days",
    "design_page",
    "log_format",
    "log_filter",
];

/// The keys of Leptos's table that matter when the server runs; the others are facts of the build, in Cargo.toml.
const LEPTOS_KEYS: [&str; 2] = ["site-addr", "site-root"];

struct Source<'a> {
    file: toml::Table,
    environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Source<'_> {
    /// The text of a setting, and the variable it came from if it was not the file: the environment wins.
    fn text(&self, key: &str, variable: String) -> Option<(String, Option<String>)> {
        if let Some(value) = (self.environment)(&variable).filter(|value| !value.is_empty()) {
            return Some((value, Some(variable)));
        }
        let value = match self.file.get(key)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (!value.is_empty()).then_some((value, None))
    }

    fn get<T>(&self, key: &str, default: T, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, ConfigError> {
        let variable = match key {
            "database_url" => "DATABASE_URL".to_owned(),
            "site-addr" | "site-root" => format!("LEPTOS_{}", key.to_uppercase().replace('-', "_")),
            _ => format!("CERTNODE_{}", key.to_uppercase()),
        };
        let Some((text, from)) = self.text(key, variable) else { return Ok(default) };
        let table = if LEPTOS_KEYS.contains(&key) { "package.metadata.leptos" } else { "certnode" };
        let shown = if ["master_key", "database_url", "log_store_secret"].contains(&key) { "(hidden)" } else { &text };
        let from = from.as_deref().unwrap_or("Leptos.toml");
        read(&text).ok_or_else(|| ConfigError(format!("{table}.{key} = {shown:?} (from {from}): {wanted} is wanted")))
    }

    fn number(&self, key: &str, default: u64, min: u64, max: u64) -> Result<u64, ConfigError> {
        let wanted = format!("a whole number from {min} to {max}");
        self.get(key, default, &wanted, |text| text.parse().ok().filter(|number| (min..=max).contains(number)))
    }
}

impl Config {
    /// Reads `Leptos.toml` of the working directory, if there is one, and the environment.
    pub fn load() -> Result<Self, ConfigError> {
        let file = match std::fs::read_to_string("Leptos.toml") {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ConfigError(format!("Leptos.toml cannot be read: {error}"))),
        };
        Self::read(&file, &|variable| std::env::var(variable).ok())
    }

    /// Reads a configuration file's text, with the environment over it.
    pub fn read(file: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let document: toml::Table =
            file.parse().map_err(|error| ConfigError(format!("Leptos.toml is not TOML: {error}")))?;
        let mut settings = toml::Table::new();
        for (path, keys) in [("package.metadata.leptos", &LEPTOS_KEYS[..]), ("certnode", KEYS)] {
            let table = path.split('.').try_fold(&document, |table, name| table.get(name)?.as_table());
            for (key, value) in table.into_iter().flatten() {
                if !keys.contains(&key.as_str()) {
                    let keys = keys.join(", ");
                    return Err(ConfigError(format!("{path}.{key} (from Leptos.toml) is not a setting: {keys} are")));
                }
                settings.insert(key.clone(), value.clone());
            }
        }
        Self::from_source(&Source { file: settings, environment })
    }

    fn from_source(source: &Source<'_>) -> Result<Self, ConfigError> {
        let some = |text: &str| Some(text.to_owned());
        let seconds = |key, default| source.number(key, default, 1, 600).map(Duration::from_secs);
        let site_addr = source.get(
            "site-addr",
            SocketAddr::from(([127, 0, 0, 1], 3000)),
            "an address and port such as 127.0.0.1:3000",
            |text| text.parse().ok(),
        )?;
        let url = |text: &str| {
            (text.starts_with("http://") || text.starts_with("https://")).then(|| text.trim_end_matches('/').to_owned())
        };
        let host = |text: &str| {
            (!text.is_empty()
                && text.len() <= 60
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b)))
            .then(|| text.to_owned())
        };
        let postgres = |text: &str| {
            (text.starts_with("postgres://") || text.starts_with("postgresql://")).then(|| Some(text.to_owned()))
        };
        let data_dir = source.get("data_dir", PathBuf::from("data"), "a folder", |text| Some(text.into()))?;
        Ok(Self {
            site_addr,
            site_root: source.get("site-root", "target/site".into(), "a folder", |text| Some(text.into()))?,
            public_url: source.get(
                "public_url",
                format!("http://{site_addr}"),
                "an address that begins with http:// or https://",
                url,
            )?,
            log_host: source.get("log_host", "certnode.local".to_owned(), "a host name without a scheme", host)?,
            database_url: source.get("database_url", None, "an address that begins with postgres://", postgres)?,
            evidence_dir: source
                .get("evidence_dir", data_dir.join("evidence"), "a folder", |text| Some(text.into()))?,
            evidence_max_bytes: source.number("evidence_max_bytes", domain::evidence::MAX_BYTES, 1, 1 << 30)?,
            data_dir,
            log_store: log_store(source)?,
            postgres: Search {
                folder: source.get("postgres_bin", None, "a folder", |text| Some(Some(text.into())))?,
                path: (source.environment)("PATH").map(Into::into),
            },
            witness_policy: source.get("witness_policy", None, "a file that holds a C2SP tlog-policy", policy)?,
            pool_size: source.number("pool_size", 16, 1, 200)? as u32,
            max_connections: source.number("max_connections", 10_000, 1, 100_000)? as usize,
            header_timeout: seconds("header_timeout_s", 10)?,
            body_timeout: seconds("body_timeout_s", 30)?,
            idle_timeout: seconds("idle_timeout_s", 75)?,
            drain_timeout: seconds("drain_timeout_s", 30)?,
            workers: source.number("workers", 2, 1, 64)? as usize,
            hashes_at_once: source.number("hashes_at_once", 1, 1, 64)? as usize,
            master_key: source.get("master_key", None, "64 hex digits", |text| Some(Some(master_key(text)?)))?,
            master_key_command: source
                .get("master_key_command", None, "a command", |text| Some(Some(text.to_owned())))?,
            key_overlap: Duration::from_secs(source.number("key_overlap_days", 30, 0, 3650)? * 24 * 60 * 60),
            design_page: source.get("design_page", false, "true or false", |text| text.parse().ok())?,
            hashed_files: std::env::current_exe().is_ok_and(|program| program.with_file_name("hash.txt").exists()),
            log_format: source.get("log_format", "text".to_owned(), "text or json", |text| {
                some(text).filter(|text| text == "text" || text == "json")
            })?,
            log_filter: source.get(
                "log_filter",
                "info,sqlx=warn,graphile_worker=warn".to_owned(),
                "a tracing filter such as info",
                |text| some(text).filter(|text| tracing_subscriber::EnvFilter::try_new(text).is_ok()),
            )?,
        })
    }

    /// The store of the logs' files.
    pub fn objects(&self) -> Result<Objects, ObjectsError> {
        match &self.log_store {
            Some(LogStore::Bucket(bucket)) => Objects::bucket(bucket),
            Some(LogStore::Folder(folder)) => Objects::folder(folder),
            None => Objects::folder(&self.data_dir.join("log")),
        }
    }

    /// Where the master key is: in the configuration, with whom a command asks, or in its file, which is made with fresh random
    /// bytes when there is none.
    pub fn master_key_place(&self) -> Box<dyn MasterKey> {
        match (self.master_key, &self.master_key_command) {
            (Some(key), _) => Box::new(Given(key)),
            (None, Some(command)) => Box::new(Asked { command: command.clone() }),
            (None, None) => Box::new(KeyFile { path: self.data_dir.join("master.key"), fresh: Box::new(fresh) }),
        }
    }
}

fn log_store(source: &Source<'_>) -> Result<Option<LogStore>, ConfigError> {
    let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let text = |key, wanted: &str, allowed: &dyn Fn(&str) -> bool| {
        source.get(key, None, wanted, |text| allowed(text).then(|| Some(text.to_owned())))
    };
    let http = |text: &str| visible(text) && (text.starts_with("http://") || text.starts_with("https://"));
    let name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let place = source.get("log_store", None, "an address that begins with s3://, or a folder from / on", |text| {
        let bucket = text.strip_prefix("s3://").is_some_and(|bucket| !bucket.is_empty());
        (bucket || text.starts_with('/')).then(|| Some(text.to_owned()))
    })?;
    let bucket = Bucket {
        url: place.clone().unwrap_or_default(),
        endpoint: text("log_store_endpoint", "an address that begins with http:// or https://", &http)?,
        region: text("log_store_region", "a region such as eu-central-1", &name)?,
        key_id: text("log_store_key_id", "an access key's id", &visible)?,
        secret: text("log_store_secret", "an access key's secret", &visible)?,
    };
    Ok(place
        .map(|place| if place.starts_with('/') { LogStore::Folder(place.into()) } else { LogStore::Bucket(bucket) }))
}

fn fresh() -> [u8; 32] {
    let mut key = [0; 32];
    SystemClock.fill(&mut key);
    key
}

fn policy(path: &str) -> Option<Option<Policy>> {
    Policy::parse(&std::fs::read_to_string(path).ok()?).ok().map(Some)
}

pub(crate) fn master_key(text: &str) -> Option<[u8; 32]> {
    ledger::encoding::from_hex(text)?.try_into().ok()
}

/// Writes a file that only its owner may read; durable before it returns, and never over another.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

/// The API key of the command line, when it is not given as an argument.
pub fn api_key() -> Option<String> {
    std::env::var("CERTNODE_API_KEY").ok()
}

#[cfg(test)]
mod tests;
