//! Objects beside the database: files that are written once, in a folder or in a bucket.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};

use crate::Problem;

/// Where objects are. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Objects(Arc<dyn ObjectStore>);

/// An S3 bucket, or what speaks like one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// `s3://bucket/prefix`.
    pub url: String,
    /// The service's address, if it is not Amazon's.
    pub endpoint: Option<String>,
    /// Such as `eu-central-1`.
    pub region: Option<String>,
    /// The access key's id.
    pub key_id: Option<String>,
    /// The access key's secret.
    pub secret: Option<String>,
}

/// The store refused, or did not answer.
#[derive(Debug)]
pub struct ObjectsError(String);

impl fmt::Display for ObjectsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object store: {}", self.0)
    }
}

impl std::error::Error for ObjectsError {}

impl From<Error> for ObjectsError {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

impl From<ObjectsError> for Problem {
    fn from(error: ObjectsError) -> Self {
        Self::internal(error)
    }
}

impl Objects {
    /// A folder, made if it is not there. What is written is on the disk before it is said to be.
    pub fn folder(path: &FilePath) -> Result<Self, ObjectsError> {
        std::fs::create_dir_all(path).map_err(|error| ObjectsError(format!("{}: {error}", path.display())))?;
        Ok(Self(Arc::new(LocalFileSystem::new_with_prefix(path)?.with_fsync(true))))
    }

    /// A bucket. Nothing is asked of it yet.
    pub fn bucket(bucket: &Bucket) -> Result<Self, ObjectsError> {
        // There is one implementation of TLS in this program; another part of it may have said so already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = AmazonS3Builder::new().with_url(&bucket.url);
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some(region) = &bucket.region {
            builder = builder.with_region(region);
        }
        if let (Some(id), Some(secret)) = (&bucket.key_id, &bucket.secret) {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let prefix = bucket.url.trim_start_matches("s3://").split_once('/').map_or("", |(_, prefix)| prefix);
        Ok(Self(Arc::new(PrefixStore::new(builder.build()?, prefix))))
    }

    /// Memory: for tests, and for commands that write nothing.
    pub fn memory() -> Self {
        Self(Arc::new(InMemory::new()))
    }

    /// Writes an object unless there is one of that name: whether it did.
    pub(crate) async fn put_new(&self, path: &str, bytes: Vec<u8>) -> Result<bool, ObjectsError> {
        match self.0.put_opts(&Path::parse(path).map_err(Error::from)?, bytes.into(), PutMode::Create.into()).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes an object over the one that may be there.
    pub(crate) async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.0.put(&Path::parse(path).map_err(Error::from)?, PutPayload::from(bytes)).await?;
        Ok(())
    }

    /// An object's bytes; none if there is none of that name.
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ObjectsError> {
        match self.0.get(&Path::parse(path).map_err(Error::from)?).await {
            Ok(found) => Ok(Some(found.bytes().await?.to_vec())),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes an object, if it is there.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), ObjectsError> {
        match self.0.delete(&Path::parse(path).map_err(Error::from)?).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The names of the objects below a folder; of all of them, if it has no name.
    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<String>, ObjectsError> {
        let folder = Path::parse(folder).map_err(Error::from)?;
        let mut names: Vec<String> =
            self.0.list(Some(&folder)).map_ok(|object| object.location.to_string()).try_collect().await?;
        names.sort_unstable();
        Ok(names)
    }
}
