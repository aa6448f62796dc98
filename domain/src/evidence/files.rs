//! The store of evidence files: a folder, or a bucket.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;

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

    /// Files in a folder, which is made if it is not there. What is kept is on the disk before it is said to be.
    pub fn folder(path: &FilePath, most: u64) -> Result<Self, FilesError> {
        let unusable = |error: &dyn fmt::Display| FilesError(format!("{}: {error}", path.display()));
        std::fs::create_dir_all(path).map_err(|error| unusable(&error))?;
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
        let place = Path::from(format!("incoming/{}", id.simple()));
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

    /// A file's bytes.
    pub(super) async fn open(&self, log: (OrgId, Mode), sha256: &Hash) -> Result<Content, Problem> {
        let found = self.store.get(&place(log, sha256)).await.map_err(failed)?;
        Ok(found.into_stream().map_err(std::io::Error::other).boxed())
    }
}

fn place((org_id, mode): (OrgId, Mode), sha256: &Hash) -> Path {
    Path::from(format!("{}/{mode}/{}", org_id.0.simple(), sha256.to_hex()))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: Error) -> Problem {
    Problem::internal(format!("evidence: {error}"))
}
