//! `certnode witness`: cosigns the checkpoints of logs it follows (C2SP `tlog-witness`).
//!
//! One file a log holds what was cosigned last; it is on disk before a cosignature leaves. A folder is one process's.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::context::{Clock, SystemClock};
use ledger::checkpoint::Checkpoint;
use ledger::encoding::{from_hex, hex};
use ledger::hash::sha256;
use ledger::note::{Note, NoteSigner, VerifierKey};
use ledger::witness::{Refusal, Trusted};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::config::{Config, write_private};
use crate::{Failure, edge, serve};

/// A note of 64 KiB and the proof before it.
const BODY_MAX: usize = 80 << 10;

/// What a witness is told on its command line.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name, which is also its key's.
    pub name: String,
    /// The verifier keys of the logs it follows; each bears its log's name.
    pub logs: Vec<VerifierKey>,
    /// Where its key and what it cosigned are kept.
    pub data: PathBuf,
}

/// A witness.
#[derive(Clone)]
pub struct Witness {
    signer: Arc<NoteSigner>,
    logs: Arc<Vec<VerifierKey>>,
    data: Arc<PathBuf>,
    clock: Arc<dyn Clock>,
    /// From reading what was cosigned last until the next is on disk.
    turn: Arc<Mutex<File>>,
}

impl Witness {
    /// Opens the folder, and makes it and the key where they are missing.
    pub fn open(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let Settings { name, logs, data } = settings;
        let said = |error: io::Error| format!("{}: {error}", data.display());
        fs::create_dir_all(&data).map_err(said)?;
        let lock = File::create(data.join("witness.lock")).map_err(said)?;
        lock.try_lock().map_err(|_| format!("another witness is using {}", data.display()))?;
        let key = data.join("witness.key");
        let seed: [u8; 32] = match fs::read_to_string(&key) {
            Ok(text) => from_hex(text.trim())
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(|| format!("{} does not hold 64 hex digits", key.display()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut seed = [0; 32];
                clock.fill(&mut seed);
                write_private(&key, &hex(&seed)).map_err(said)?;
                seed
            }
            Err(error) => return Err(said(error).into()),
        };
        let signer = NoteSigner::cosigner(&name, &seed).map_err(|error| format!("the name {name:?}: {error:?}"))?;
        let turn = Arc::new(Mutex::new(lock));
        Ok(Self { signer: Arc::new(signer), logs: Arc::new(logs), data: Arc::new(data), clock, turn })
    }

    /// The key that its cosignatures are checked with.
    pub fn verifier(&self) -> &VerifierKey {
        self.signer.verifier()
    }

    /// Its HTTP interface: submission and monitoring below one prefix.
    pub fn router(self) -> Router {
        Router::new()
            .route("/add-checkpoint", post(add_checkpoint))
            .route("/{log}/checkpoint", get(last_checkpoint))
            .route("/healthz", get(async || "ok"))
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .with_state(self)
    }

    /// Cosigns a checkpoint that continues the last one; the line of the cosignature.
    async fn cosign(&self, body: &str) -> Result<String, NotCosigned> {
        let trusted = Trusted::read(body, &self.logs)?;
        let turn = self.turn.clone().lock_owned().await;
        let (witness, work) = (self.clone(), move |witness: Self| {
            let _turn = turn;
            witness.cosign_now(&trusted)
        });
        let done = tokio::task::spawn_blocking(move || work(witness)).await;
        done.unwrap_or_else(|panic| Err(NotCosigned::Failed(io::Error::other(panic))))
    }

    fn cosign_now(&self, trusted: &Trusted) -> Result<String, NotCosigned> {
        let path = self.path(&file_name(&trusted.checkpoint().origin));
        let last = match fs::read_to_string(&path) {
            Ok(note) => Some(read_last(&note).ok_or_else(|| {
                io::Error::other(format!("{} does not hold a checkpoint: nothing is cosigned", path.display()))
            })?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        trusted.continues(last.as_ref())?;
        let now = u64::try_from(self.clock.now().unix_timestamp()).unwrap_or_default();
        let line =
            self.signer.cosign(trusted.note().text(), now).map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mut note = trusted.note().clone();
        note.push(line.clone());
        replace(&path, note.to_string().as_bytes())?;
        Ok(format!("{line}\n"))
    }

    fn path(&self, log: &str) -> PathBuf {
        self.data.join(format!("{log}.checkpoint"))
    }
}

/// What a log's file is called, and its address: the hex of SHA-256 over its name.
fn file_name(origin: &str) -> String {
    sha256(&[origin.as_bytes()]).to_hex()
}

fn read_last(note: &str) -> Option<Checkpoint> {
    Checkpoint::parse(Note::parse(note).ok()?.text())
}

/// Puts a file in another's place, all of it or none, and on disk before it returns.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Why there is no cosignature.
enum NotCosigned {
    Refused(Refusal),
    Failed(io::Error),
}

impl From<Refusal> for NotCosigned {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for NotCosigned {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for NotCosigned {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(Refusal::Stale(size)) => {
                (StatusCode::CONFLICT, [(header::CONTENT_TYPE, "text/x.tlog.size")], format!("{size}\n"))
                    .into_response()
            }
            Self::Refused(refusal) => {
                let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
                (status, format!("{refusal:?}\n")).into_response()
            }
            Self::Failed(error) => {
                tracing::error!(%error, "a checkpoint could not be cosigned");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

async fn add_checkpoint(State(witness): State<Witness>, body: String) -> Response {
    let cosigned = witness.cosign(&body).await;
    cosigned.map_or_else(IntoResponse::into_response, |line| {
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], line).into_response()
    })
}

/// What was cosigned last of a log.
async fn last_checkpoint(State(witness): State<Witness>, UrlPath(log): UrlPath<String>) -> Response {
    // A name of our own making: what comes in the address never becomes part of a path.
    let followed = witness.logs.iter().map(|key| file_name(key.name())).find(|name| *name == log);
    let read = match followed {
        Some(name) => tokio::fs::read_to_string(witness.path(&name)).await.ok(),
        None => None,
    };
    match read {
        Some(note) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(config: Config, settings: Settings) -> Result<(), Failure> {
    let listener =
        TcpListener::bind(config.site_addr).await.map_err(|error| format!("{}: {error}", config.site_addr))?;
    let witness = Witness::open(settings, Arc::new(SystemClock))?;
    #[expect(clippy::print_stdout, reason = "logs need the key to know the witness by")]
    {
        println!("CertNode's witness is ready at http://{}", config.site_addr);
        println!("{}", witness.verifier());
    }
    edge::serve(listener, witness.router(), &config, serve::asked_to_stop()?).await;
    Ok(())
}

#[cfg(test)]
mod tests;
