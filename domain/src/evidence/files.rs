//! The store of evidence files: a folder, or a bucket.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use ledger::hash::Hash;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, WriteMultipart};
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::id::OrgId;
use crate::{Mode, Problem};

/// Files that are received at once; each holds two parts of 5 MiB in memory.
const AT_ONCE: usize = 16;
/// Where files are while they arrive.
const INCOMING: &str = "incoming";
/// How old what is there must be to be nobody's any more.
const LEFT_OVER: Duration = Duration::from_secs(24 * 60 * 60);
/// Parts of a file on their way to the store.
const PARTS: usize = 1;

/// Where evidence files are. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    most: u64,
    turns: Arc<Semaphore>,
}

/// The folder cannot be used.
#[derive(Debug)]
pub struct FilesError(String);

impl fmt::Display for FilesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evidence: {}", self.0)
    }
}

impl std::error::Error for FilesError {}

/// A file's bytes, as they come.
pub type Content = BoxStream<'static, Result<Bytes, std::io::Error>>;

/// What was received.
pub(super) struct Received {
    pub(super) sha256: Hash,
    pub(super) blake3: Hash,
    pub(super) bytes: u64,
    place: Path,
}

impl Files {
    /// Files in a store, each of `most` bytes at most.
    pub fn new(store: Arc<dyn ObjectStore>, most: u64) -> Self {
        Self { store, most, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Files in a folder, which is made if it is not there. What is kept is on the disk before it is said to be. Uploads that a
    /// process did not live to end, a day ago or longer, are cleared away.
    pub fn folder(path: &FilePath, most: u64) -> Result<Self, FilesError> {
        let unusable = |error: &dyn fmt::Display| FilesError(format!("{}: {error}", path.display()));
        std::fs::create_dir_all(path).map_err(|error| unusable(&error))?;
        sweep(&path.join(INCOMING));
        let store = LocalFileSystem::new_with_prefix(path).map_err(|error| unusable(&error))?;
        Ok(Self::new(Arc::new(store.with_fsync(true)), most))
    }

    /// Files in memory: for tests.
    pub fn memory(most: u64) -> Self {
        Self::new(Arc::new(InMemory::new()), most)
    }

    /// Room to receive a file. Errors: 429 when too many arrive at once.
    pub(super) fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let busy =
            |_| Problem::new(429, "too_busy", "Too many files are arriving. Try again in a second.").retry_after(1);
        self.turns.clone().try_acquire_owned().map_err(busy)
    }

    /// Receives a file to its end, and hashes it on its way; the store has it under a name of its own until it is kept.
    ///
    /// **If it breaks off**, by an error or because nobody waits any more, nothing is left: the upload is dropped, and with
    /// it what it wrote.
    pub(super) async fn receive<B: AsRef<[u8]>>(
        &self,
        id: Uuid,
        body: impl Stream<Item = Result<B, Problem>>,
    ) -> Result<Received, Problem> {
        let place = Path::from(format!("{INCOMING}/{}", id.simple()));
        let mut upload = WriteMultipart::new(self.store.put_multipart(&place).await.map_err(failed)?);
        let (mut sha256, mut blake3, mut bytes) = (Sha256::new(), blake3::Hasher::new(), 0_u64);
        let mut body = std::pin::pin!(body);
        let written = async {
            while let Some(chunk) = body.next().await {
                let chunk = chunk?;
                let chunk = chunk.as_ref();
                bytes += chunk.len() as u64;
                if bytes > self.most {
                    let detail = format!("A file has {} bytes at most.", self.most);
                    return Err(Problem::new(413, "too_large", "").because(detail));
                }
                sha256.update(chunk);
                blake3.update(chunk);
                upload.wait_for_capacity(PARTS).await.map_err(failed)?;
                upload.write(chunk);
            }
            if bytes == 0 {
                return Err(Problem::invalid().field("body", "empty", "The file is empty."));
            }
            Ok(())
        };
        if let Err(problem) = written.await {
            let _ = upload.abort().await;
            return Err(problem);
        }
        upload.finish().await.map_err(failed)?;
        let (sha256, blake3) = (Hash(sha256.finalize().into()), Hash(*blake3.finalize().as_bytes()));
        Ok(Received { sha256, blake3, bytes, place })
    }

    /// Puts what was received where it stays; over the same bytes, if they are there.
    pub(super) async fn settle(&self, log: (OrgId, Mode), received: &Received) -> Result<(), Problem> {
        self.store.rename(&received.place, &place(log, &received.sha256)).await.map_err(failed)
    }

    /// Takes a file away; nothing happens where there is none.
    pub(super) async fn delete(&self, log: (OrgId, Mode), sha256: &Hash) -> Result<(), Problem> {
        match self.store.delete(&place(log, sha256)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            deleted => deleted.map_err(failed),
        }
    }

    /// A file's bytes. 404 where there are none, as of one that is being erased.
    pub(super) async fn open(&self, log: (OrgId, Mode), sha256: &Hash) -> Result<Content, Problem> {
        let found = self.store.get(&place(log, sha256)).await.map_err(|error| match error {
            Error::NotFound { .. } => Problem::not_found(),
            error => failed(error),
        })?;
        Ok(found.into_stream().map_err(std::io::Error::other).boxed())
    }
}

/// Clears away what uploads left that were never ended. Other processes may be receiving files at this moment: none takes a day.
fn sweep(incoming: &FilePath) {
    let Ok(left) = std::fs::read_dir(incoming) else { return };
    for file in left.filter_map(Result::ok) {
        let age = file.metadata().and_then(|about| about.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > LEFT_OVER)
            && let Err(error) = std::fs::remove_file(file.path())
        {
            tracing::warn!(file = %file.path().display(), %error, "an upload that was never ended cannot be cleared away");
        }
    }
}

fn place((org_id, mode): (OrgId, Mode), sha256: &Hash) -> Path {
    Path::from(format!("{}/{mode}/{}", org_id.0.simple(), sha256.to_hex()))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: Error) -> Problem {
    Problem::internal(format!("evidence: {error}"))
}
