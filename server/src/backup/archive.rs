//! The file that a backup is: a ZIP of the database's dump, the keys, the anchors of the operation log and the stored
//! files, with a manifest that names each of them by length and digest.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};
use store::platform::token::{hex, short_id};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

pub const DATABASE: &str = "database.dump";
pub const KEYS: &str = "keys";
pub const ANCHORS: &str = "audit-anchors.txt";
/// Folder of the stored files inside.
pub const FILES: &str = "files/";
const MANIFEST: &str = "manifest.json";
/// The form of the archive; another number is another program's business.
const FORMAT: u32 = 1;
/// A manifest is small.
const MANIFEST_MOST: u64 = 64 << 20;

/// What is in a backup, and of what it is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// when, in UTC
    pub made_at: String,
    /// of the program
    pub version: String,
    /// major version of the PostgreSQL that wrote the dump
    pub postgresql: u32,
    /// newest migration of the database
    pub migration: i64,
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

impl Manifest {
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.parts.iter().any(|part| part.name == name)
    }
}

/// An archive that is being written, under another name until it is complete.
pub struct Writing {
    /// none once it is finished
    zip: Option<ZipWriter<BufWriter<File>>>,
    draft: PathBuf,
    target: PathBuf,
    parts: Vec<Part>,
}

impl Writing {
    /// # Errors
    /// When the file is there already or cannot be made.
    pub fn begin(target: &Path) -> Result<Self, String> {
        if target.exists() {
            return Err(format!("{} exists already: a backup replaces no other", target.display()));
        }
        let draft = target.with_extension(format!("{}.part", short_id()));
        // The keys of all personal numbers are in it: its owner reads it, nobody else.
        let file = File::options().write(true).create_new(true).mode(0o600).open(&draft);
        let file = file.map_err(|error| format!("{}: {error}", draft.display()))?;
        Ok(Self {
            zip: Some(ZipWriter::new(BufWriter::new(file))),
            draft,
            target: target.to_owned(),
            parts: Vec::new(),
        })
    }

    /// Adds a part as far as it can be read.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn add(&mut self, name: &str, content: &mut impl Read) -> io::Result<()> {
        // A dump is compressed already.
        let method = if name == DATABASE { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let zip = self.zip.as_mut().ok_or(ErrorKind::BrokenPipe)?;
        zip.start_file(name, SimpleFileOptions::default().compression_method(method).large_file(true))?;
        let mut hashed = Hashed::new(zip);
        io::copy(content, &mut hashed)?;
        self.parts.push(hashed.part(name));
        Ok(())
    }

    /// Writes the manifest and gives the file its name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self, mut manifest: Manifest) -> Result<Manifest, String> {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", self.target.display());
        manifest.format = FORMAT;
        manifest.parts = std::mem::take(&mut self.parts);
        let text = serde_json::to_string_pretty(&manifest).map_err(|error| named(&error))?;
        let written = (|| {
            let mut zip = self.zip.take().ok_or(ErrorKind::BrokenPipe)?;
            zip.start_file(MANIFEST, SimpleFileOptions::default())?;
            zip.write_all(text.as_bytes())?;
            let file = zip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            // A second name that fails when it is taken, in place of a renaming that would replace.
            std::fs::hard_link(&self.draft, &self.target)?;
            let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        })();
        written.map_err(|error: io::Error| named(&error))?;
        Ok(manifest)
    }
}

impl Drop for Writing {
    /// What is complete has its second name by now.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.draft);
    }
}

/// An archive that was written.
pub struct Archive {
    zip: ZipArchive<BufReader<File>>,
    pub manifest: Manifest,
}

impl Archive {
    /// Opens it and reads all of it once: nothing is done with a backup that is not as it was written.
    ///
    /// # Errors
    /// One line that names the part that is not.
    pub fn open(path: &Path) -> Result<Self, String> {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let file = File::open(path).map_err(|error| named(&error))?;
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|_| named(&"is no backup, or is cut off"))?;
        let manifest = zip.by_name(MANIFEST).map_err(|_| named(&"is no backup: it holds no manifest"))?;
        let mut text = String::new();
        manifest.take(MANIFEST_MOST).read_to_string(&mut text).map_err(|error| named(&error))?;
        let manifest: Manifest = serde_json::from_str(&text).map_err(|error| named(&error))?;
        if manifest.format != FORMAT {
            return Err(named(&format!("has form {}, this program reads {FORMAT}", manifest.format)));
        }
        let mut archive = Self { zip, manifest };
        archive.check().map_err(|what| named(&what))?;
        Ok(archive)
    }

    fn check(&mut self) -> Result<(), String> {
        if !self.manifest.has(DATABASE) {
            return Err("holds no database".to_owned());
        }
        for expected in self.manifest.parts.clone() {
            let mut part = self.zip.by_name(&expected.name).map_err(|_| format!("{} is missing", expected.name))?;
            let mut hashed = Hashed::new(io::sink());
            let read = io::copy(&mut part, &mut hashed);
            if read.is_err() || hashed.part(&expected.name) != expected {
                return Err(format!("{} is not as it was written: take another backup", expected.name));
            }
        }
        Ok(())
    }

    /// Copies a part to where it is wanted.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn copy(&mut self, name: &str, to: &mut impl Write) -> io::Result<()> {
        io::copy(&mut self.zip.by_name(name)?, to).map(drop)
    }
}

/// Passes on what is written and remembers its digest.
struct Hashed<W> {
    to: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> Hashed<W> {
    fn new(to: W) -> Self {
        Self { to, hash: Sha256::new(), bytes: 0 }
    }

    fn part(self, name: &str) -> Part {
        Part { name: name.to_owned(), bytes: self.bytes, sha256: hex(&self.hash.finalize()) }
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let written = self.to.write(content)?;
        self.hash.update(&content[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
