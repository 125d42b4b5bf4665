//! Where files lie: a folder of this machine, or a bucket that speaks S3, which several machines share.
//!
//! Owns reading, writing and deleting by key, and what people are told when that does not work. What the files are, and
//! that they are sealed, is the business of [`crate::platform::attachment`].

use crate::{Error, Result, platform::token::short_id};
use domain::failure::Failure;
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig, aws::AmazonS3Builder,
    local::LocalFileSystem, path::Path as Key,
};
use std::{
    error::Error as _,
    io::{self, ErrorKind},
    path::Path,
    sync::Arc,
    time::Duration,
};

/// A request of a bucket that takes longer is not coming; files are small.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a bucket's own troubles are waited for: a person waits too.
const RETRY: Duration = Duration::from_secs(15);

/// An open store of files.
#[derive(Clone, Debug)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// in front of every key
    prefix: String,
}

/// A bucket, and how to get in.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    pub name: String,
    /// in front of every key
    pub prefix: String,
    /// address of a service that is not Amazon's
    pub endpoint: Option<String>,
    pub region: Option<String>,
    /// both or neither: without them the machine's own role counts
    pub key_id: Option<String>,
    pub secret: Option<String>,
}

impl Files {
    /// A folder, made unless it is there.
    ///
    /// # Errors
    /// One line that names the folder.
    pub fn folder(path: &Path) -> std::result::Result<Self, String> {
        let opened = std::fs::create_dir_all(path)
            .map_err(|error| error.to_string())
            .and_then(|()| LocalFileSystem::new_with_prefix(path).map_err(|error| error.to_string()));
        // What the database says is there must be there after a power cut too.
        let store = opened.map_err(|error| format!("{}: {error}", path.display()))?.with_fsync(true);
        Ok(Self { store: Arc::new(store), prefix: String::new() })
    }

    /// A bucket, which is not asked yet.
    ///
    /// # Errors
    /// One line, without the secret.
    pub fn bucket(bucket: &Bucket) -> std::result::Result<Self, String> {
        // The one that everything else here uses; another part of the process may have said so already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let insecure = bucket.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket.name)
            .with_region(bucket.region.as_deref().unwrap_or("us-east-1"))
            .with_retry(RetryConfig { max_retries: 3, retry_timeout: RETRY, ..RetryConfig::default() })
            .with_client_options(ClientOptions::new().with_timeout(PATIENCE).with_allow_http(insecure));
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        match (&bucket.key_id, &bucket.secret) {
            (Some(id), Some(secret)) => {
                builder = builder.with_access_key_id(id).with_secret_access_key(secret);
            }
            (None, None) => {}
            _ => return Err("a bucket needs both its key id and its secret, or neither".to_owned()),
        }
        let store = builder.build().map_err(|error| format!("s3://{}: {error}", bucket.name))?;
        let prefix = bucket.prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Self { store: Arc::new(store), prefix })
    }

    /// Writes, reads and deletes something, so that a start fails and not the first upload.
    ///
    /// # Errors
    /// One line for the operator.
    pub(crate) async fn check(&self) -> std::result::Result<(), String> {
        let key = self.key(&format!("check/{}", short_id()));
        let tried = async {
            self.store.put(&key, PutPayload::from_static(b"check")).await?;
            let back = self.store.get(&key).await?.bytes().await?;
            self.store.delete(&key).await?;
            Ok::<_, object_store::Error>(back)
        };
        match tried.await {
            Ok(back) if &back[..] == b"check" => Ok(()),
            Ok(_) => Err("the store of files does not give back what was written".to_owned()),
            Err(error) => Err(format!("the store of files cannot be used: {}", reasons(&error))),
        }
    }

    fn key(&self, key: &str) -> Key {
        Key::from(format!("{}{key}", self.prefix))
    }

    /// Writes a file whole or not at all.
    ///
    /// # Errors
    /// A refusal that says what to do.
    pub(crate) async fn put(&self, key: &str, content: Vec<u8>) -> Result<()> {
        match self.store.put(&self.key(key), PutPayload::from(content)).await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::error!(key, error = reasons(&error), "a file could not be stored");
                Err(refusal(&error, "文件未保存").into())
            }
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Broken`] when it is not there; a refusal when the store does not answer.
    pub(crate) async fn get(&self, key: &str) -> Result<Vec<u8>> {
        let read = async { self.store.get(&self.key(key)).await?.bytes().await };
        match read.await {
            Ok(content) => Ok(content.into()),
            Err(object_store::Error::NotFound { .. }) => Err(Error::Broken(format!("file {key} is missing"))),
            Err(error) => {
                tracing::error!(key, error = reasons(&error), "a file could not be read");
                Err(refusal(&error, "暂时无法打开").into())
            }
        }
    }

    /// Deletes a file; one that is not there is deleted.
    ///
    /// # Errors
    /// For the log.
    pub(crate) async fn delete(&self, key: &str) -> Result<()> {
        match self.store.delete(&self.key(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::Broken(format!("file {key} could not be deleted: {}", reasons(&error)))),
        }
    }
}

/// An error with those that it comes from.
fn reasons(error: &object_store::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(reason) = next {
        let more = reason.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = reason.source();
    }
    text
}

/// What a person is told: that a disk is full, or that the store is away.
fn refusal(error: &object_store::Error, what: &str) -> Failure {
    let mut next = error.source();
    while let Some(reason) = next {
        let full = reason.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
        });
        if full {
            return Failure::refused(format!("存储空间不足，{what}，请联系系统管理员"));
        }
        next = reason.source();
    }
    Failure::refused(format!("文件存储暂时不可用，{what}，请稍后重试"))
}
