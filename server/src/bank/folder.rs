//! The bank behind a folder (落地目录): we write to `out/`, it writes to `in/`, and what we are done with goes to `done/`. The
//! bank's own transfer program, or a shared drive, does the rest.

use super::{BankGateway, FILE_BYTES_MAX, name_is_plain};
use futures_util::future::BoxFuture;
use std::path::{Path, PathBuf};
use tokio::{fs, io::AsyncWriteExt as _};

/// A folder with `out`, `in` and `done` below it.
#[derive(Clone, Debug)]
pub struct Folder {
    pub out: PathBuf,
    pub inbox: PathBuf,
    pub done: PathBuf,
}

impl Folder {
    /// Opens a folder; what is missing of it is made.
    ///
    /// # Errors
    /// One line that names the folder.
    pub fn open(path: &Path) -> Result<Self, String> {
        let folder = Self { out: path.join("out"), inbox: path.join("in"), done: path.join("done") };
        for part in [&folder.out, &folder.inbox, &folder.done] {
            std::fs::create_dir_all(part).map_err(|error| format!("{}: {error}", part.display()))?;
        }
        Ok(folder)
    }
}

/// What a failure of the file system is called: the file and why, never its content.
fn named(path: &Path) -> impl Fn(std::io::Error) -> String {
    let path = path.display().to_string();
    move |error| format!("{path}: {error}")
}

/// Writes a file whole or not at all: under a name that nobody collects, and then the right one.
pub(super) async fn write_whole(folder: &Path, name: &str, content: &[u8]) -> Result<(), String> {
    let draft = folder.join(format!(".{name}.part"));
    let written = async {
        let mut options = fs::OpenOptions::new();
        // The owner writes, the group of the bank's transfer program reads; nobody else.
        options.write(true).create(true).truncate(true).mode(0o640);
        let mut file = options.open(&draft).await?;
        file.write_all(content).await?;
        file.sync_all().await?;
        fs::rename(&draft, folder.join(name)).await?;
        // The name too must be there after a power cut.
        fs::File::open(folder).await?.sync_all().await
    };
    written.await.map_err(named(&draft))
}

/// The plain names in a folder that are files, in order.
pub(super) async fn names(folder: &Path) -> Result<Vec<String>, String> {
    let mut entries = fs::read_dir(folder).await.map_err(named(folder))?;
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(named(folder))? {
        let is_file = entry.file_type().await.is_ok_and(|kind| kind.is_file());
        let name = entry.file_name();
        if let Some(name) = name.to_str().filter(|name| is_file && name_is_plain(name)) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Reads a file that is not too large.
pub(super) async fn read(path: &Path) -> Result<Vec<u8>, String> {
    let length = fs::metadata(path).await.map_err(named(path))?.len();
    if length > FILE_BYTES_MAX {
        return Err(format!("{}: {length} bytes are more than a file of the bank may have", path.display()));
    }
    fs::read(path).await.map_err(named(path))
}

/// Moves a file, beside one of the same name if there is one.
pub(super) async fn put_away(from: &Path, done: &Path, name: &str) -> Result<(), String> {
    let mut target = done.join(name);
    let mut copy = 1;
    while fs::try_exists(&target).await.map_err(named(&target))? {
        copy += 1;
        target = done.join(format!("{name}.{copy}"));
    }
    match fs::rename(from.join(name), &target).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(named(&target)(error)),
        _ => Ok(()),
    }
}

impl BankGateway for Folder {
    fn send<'a>(&'a self, name: &'a str, content: &'a [u8]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(write_whole(&self.out, name, content))
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>, String>> {
        Box::pin(names(&self.inbox))
    }

    fn fetch<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move { read(&self.inbox.join(name)).await })
    }

    fn acknowledge<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(put_away(&self.inbox, &self.done, name))
    }
}
