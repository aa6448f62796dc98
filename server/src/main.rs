//! The binary `certnode`.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command-line tool answers on standard output")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::integrity::fsck::Options;
use server::config::{self, Config};
use server::fsck::remote::Root;
use server::fsck::{self, Which};
use server::{Failure, archive, import, keys, recovery, serve, v1, verify, witness};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Signed, tamper-evident receipts of business events, in a log that anyone can verify.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the dashboard and the API (the configuration is Leptos.toml and the environment).
    Serve,
    /// Imports a file of business events; each row becomes a receipt.
    Import {
        /// The file: CSV, or columns between blanks with `--map delimiter=whitespace`.
        file: PathBuf,
        /// TARGET=COLUMN: reference=order, occurred_at=date:compact, amount=total, currency=USD, data.items=cds, header=no.
        #[arg(long = "map", value_name = "TARGET=COLUMN")]
        maps: Vec<String>,
        /// The server.
        #[arg(long, default_value = "http://127.0.0.1:3000")]
        url: String,
        /// The API key; CERTNODE_API_KEY, if not given.
        #[arg(long)]
        key: Option<String>,
    },
    /// Verifies a receipt's bundle or a period's archive offline: exit code 0 if it holds, 1 if not.
    Verify {
        /// The `.certnode` file, or the `.tar` of a period.
        file: PathBuf,
        /// Whom you believe: a C2SP tlog-policy file.
        #[arg(long)]
        policy: Option<PathBuf>,
        /// A JSON report instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Checks whole logs, entry by entry: those of the database and its files, or one over HTTP. Exit code 1 on findings.
    Fsck {
        /// A log's address: https://host/t/<hex>, https://host/log for the root log, or https://host/v1/log with --token.
        #[arg(long, requires = "vkey")]
        url: Option<String>,
        /// The API key, for a log that is not public; CERTNODE_API_KEY, if not given.
        #[arg(long, requires = "url")]
        token: Option<String>,
        /// A verifier key that signs the log's checkpoints; again for each, where keys were replaced.
        #[arg(long, requires = "url")]
        vkey: Vec<String>,
        /// A verifier key that signs its statements, again for each; without any they are not looked into.
        #[arg(long, requires = "url")]
        issuing_key: Vec<String>,
        /// Asks the server for the log's keys as well. What it says is a hint, and the answer says what rests on it.
        #[arg(long, requires = "url")]
        published_keys: bool,
        /// The log must continue the checkpoint in this file, which is then replaced by the present one; and begun, if it is
        /// not there.
        #[arg(long, value_name = "FILE", requires = "url")]
        since: Option<PathBuf>,
        /// The root log's address: every state of the log that it has must be one that the log shows.
        #[arg(long, value_name = "URL", requires = "url", requires = "root_vkey")]
        root: Option<String>,
        /// A verifier key that signs the root log's checkpoints; again for each, where keys were replaced.
        #[arg(long, value_name = "VKEY", requires = "root")]
        root_vkey: Vec<String>,
        /// One log of the database alone, by its name.
        #[arg(long, value_name = "ORIGIN", conflicts_with = "url")]
        log: Option<String>,
        /// Leaves and tiles alone: neither columns and payloads nor files nor signatures.
        #[arg(long, conflicts_with = "url")]
        leaves_only: bool,
        /// Which statements' signatures are checked.
        #[arg(long, value_enum, default_value = "sampled")]
        signatures: Which,
        /// A JSON report instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Makes tiles and files anew from the entries in the database, where they differ; or with --rows the entries from the
    /// files. The server may run.
    Rebuild {
        /// Mends rows of the database from the files in the object store, where these give the root that was signed.
        #[arg(long)]
        rows: bool,
        /// One log alone, by its name.
        #[arg(long, value_name = "ORIGIN")]
        log: Option<String>,
    },
    /// Makes the logs of the object store again in a database that lost them. The server must not run.
    ///
    /// Statements, places, tiles and checkpoints come back. Payloads, references, amounts, people and API keys do not:
    /// they are in no file, and only a backup of the database has them.
    Restore,
    /// Cosigns the checkpoints of logs, each only if it continues the one before (C2SP tlog-witness).
    Witness {
        /// The witness's name, such as witness.example.com/w1; its key bears it.
        #[arg(long)]
        name: String,
        /// The verifier key of a log to follow, NAME+ID+KEY; may be given again.
        #[arg(long = "log", value_name = "VKEY", required = true)]
        logs: Vec<String>,
        /// Where it keeps its key and what it cosigned.
        #[arg(long, default_value = "witness")]
        data: PathBuf,
        /// Where it listens.
        #[arg(long, default_value = "127.0.0.1:3100")]
        listen: SocketAddr,
    },
    /// The signing keys of the logs: listed, replaced, revoked.
    Keys {
        #[command(subcommand)]
        command: keys::Command,
    },
    /// Contents and events of old months: listed, moved into the archive, where they are still found, and back.
    Archive {
        #[command(subcommand)]
        command: archive::Command,
    },
    /// Brings the database up to date, and ends.
    Migrate,
    /// Prints the OpenAPI document of the REST API.
    Openapi,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("certnode: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<bool, Failure> {
    match command {
        Command::Serve => on_runtime(async |config| serve::run(config).await).map(|()| true),
        Command::Keys { command } => on_runtime(async move |config| keys::run(config, command).await).map(|()| true),
        Command::Archive { command } => {
            on_runtime(async move |config| archive::run(config, command).await).map(|()| true)
        }
        Command::Migrate => on_runtime(migrate).map(|()| true),
        Command::Import { file, maps, url, key } => {
            let key = key
                .or_else(config::api_key)
                .ok_or("an API key is needed: --key, or CERTNODE_API_KEY in the environment")?;
            import::run(&file, &maps, &url, &key)
        }
        Command::Verify { file, policy, json } => verify::run(&file, policy.as_deref(), json),
        Command::Fsck {
            url: Some(url),
            token,
            vkey,
            issuing_key,
            published_keys,
            since,
            root,
            root_vkey,
            signatures,
            json,
            ..
        } => {
            let key = |flag: &str, vkey: &str| vkey.parse().map_err(|error| format!("{flag} {vkey}: {error:?}"));
            let all = |flag: &str, vkeys: &[String]| vkeys.iter().map(|vkey| key(flag, vkey)).collect::<Result<_, _>>();
            let settings = fsck::remote::Settings {
                url,
                token: token.or_else(config::api_key),
                keys: all("--vkey", &vkey)?,
                issuing: all("--issuing-key", &issuing_key)?,
                published_keys,
                signatures: signatures.into(),
                since,
                root: root
                    .map(|url| Ok::<_, String>(Root { url, keys: all("--root-vkey", &root_vkey)? }))
                    .transpose()?,
            };
            fsck::remote::run(&settings, json)
        }
        Command::Fsck { url: None, log, leaves_only, signatures, json, .. } => {
            let options = Options { leaves_only, signatures: signatures.into(), origin: log, ..Options::default() };
            on_runtime(async |config| fsck::local(config, options, json).await)
        }
        Command::Rebuild { rows: true, log } => {
            on_runtime(async |config| recovery::rebuild_rows(config, log.as_deref()).await).map(|()| true)
        }
        Command::Rebuild { rows: false, log } => {
            on_runtime(async |config| recovery::rebuild(config, log.as_deref()).await).map(|()| true)
        }
        Command::Restore => on_runtime(recovery::restore).map(|()| true),
        Command::Witness { name, logs, data, listen } => {
            let key = |vkey: &String| vkey.parse().map_err(|error| format!("--log {vkey}: {error:?}"));
            let settings = witness::Settings { name, logs: logs.iter().map(key).collect::<Result<_, _>>()?, data };
            on_runtime(async move |config| witness::run(Config { site_addr: listen, ..config }, settings).await)
                .map(|()| true)
        }
        Command::Openapi => {
            print!("{}", v1::openapi());
            Ok(true)
        }
    }
}

async fn migrate(config: Config) -> Result<(), Failure> {
    let (database, embedded) = serve::open_database(&config).await?;
    database.close().await;
    if let Some(embedded) = embedded {
        embedded.stop().await?;
    }
    println!("The database is up to date.");
    Ok(())
}

fn on_runtime<T>(work: impl AsyncFnOnce(Config) -> Result<T, Failure>) -> Result<T, Failure> {
    let config = Config::load()?;
    let logs =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::try_new(&config.log_filter)?).with_writer(std::io::stderr);
    if config.log_format == "json" {
        logs.json().init();
    } else {
        logs.compact().init();
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work(config))
}
