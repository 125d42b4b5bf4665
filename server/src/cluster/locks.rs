//! The locks by which server processes agree: advisory locks on files, gone with their process.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tracing::info;

use super::{ClusterError, LOOK_EVERY, REPORT_EVERY};

/// Waits for an exclusive lock by asking again, so that the waiting can be cancelled.
pub async fn lock(path: &Path, limit: Duration) -> Result<File, ClusterError> {
    let began = Instant::now();
    let mut reported = began;
    loop {
        if let Some(file) = try_lock(path)? {
            return Ok(file);
        }
        if began.elapsed() > limit {
            let path = path.display();
            return Err(ClusterError(format!("another server process holds {path}: try again")));
        }
        if reported.elapsed() > REPORT_EVERY {
            reported = Instant::now();
            info!("waiting for the server process that is starting or stopping PostgreSQL");
        }
        sleep(LOOK_EVERY).await;
    }
}

/// The lock, or nothing if another process holds it.
pub fn try_lock(path: &Path) -> Result<Option<File>, ClusterError> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(ClusterError::doing("lock", path)(error)),
    }
}

/// Lock files are never deleted: a deleted one could be held by two processes at once.
pub fn open_lock(path: &Path) -> Result<File, ClusterError> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    options.open(path).map_err(ClusterError::doing("open", path))
}
