//! `server backup` and `server restore`: database, keys and files of an installation together in one file.
//!
//! Together, because apart they are worth nothing: numbers without their keys are lost, and keys of another day open
//! half of them. So the file is as secret as the keys; who keeps the keys in a vault leaves them out.
//!
//! The order makes a copy that holds together while servers go on working: first the anchors of the operation log (all
//! they name is committed), then the database in one snapshot, then the files (which are only ever added, so all that
//! the snapshot names are there).

pub mod archive;
mod restore;
mod tool;

pub use restore::{Restored, restore};

use crate::{
    cluster::{self, Cluster},
    config::Config,
    keys,
};
use archive::{ANCHORS, DATABASE, FILES, KEYS, Manifest, Writing};
use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process::Stdio,
};

/// Of the data folder, what is not copied as a file: the cluster, because its files are never at rest, and what has a
/// part of its own.
const NOT_FILES: [&str; 3] = ["postgres", KEYS, ANCHORS];
/// Nor what a restore has put aside, or has not finished: old keys are no stored files. Nor a file that is just being
/// written, or was when a process was killed.
const LEFTOVERS: [&str; 3] = [BEFORE, PART, "#"];
/// Stands in the name of what a restore replaced.
const BEFORE: &str = ".before-restore-";
/// Ends the name of what is being written.
const PART: &str = ".part";
/// A backup signs nobody in.
const LEFT_OUT: [&str; 2] = ["session", "captcha"];

/// The city's database by its two doors.
struct Doors {
    /// whose the tables are
    owner: String,
    /// who sees all rows
    reader: String,
    cluster: Option<Cluster>,
}

impl Doors {
    /// Finds the database without changing anything in it; a private cluster is started, or shared with the server
    /// that has started it.
    async fn open(config: &Config) -> Result<Self, String> {
        if let Some(url) = &config.database_url {
            let reader = config.backup_url.as_ref().unwrap_or(url).clone();
            return Ok(Self { owner: url.clone(), reader, cluster: None });
        }
        let cluster = cluster::start(&config.data.join("postgres")).await.map_err(|error| error.to_string())?;
        let private = store::Database::private(&cluster.superuser_url()).await;
        let name = private.map_err(|error| format!("cannot prepare the private database: {error}"))?;
        let connection = cluster.connection();
        let (owner, reader) = (connection.url_as(name, name), connection.url(name));
        Ok(Self { owner, reader, cluster: Some(cluster) })
    }

    async fn close(self) {
        if let Some(cluster) = self.cluster
            && let Err(error) = cluster.stop().await
        {
            tracing::warn!(%error, "the private database did not stop");
        }
    }
}

/// What was written.
#[derive(Debug)]
pub struct Made {
    pub file: PathBuf,
    pub manifest: Manifest,
}

/// Writes a backup to a file, or to a file named after the moment in a folder that is there.
///
/// # Errors
/// One line that says what to do.
pub async fn backup(config: &Config, target: &Path, with_keys: bool) -> Result<Made, String> {
    let doors = Doors::open(config).await?;
    let result = write(config, &doors, target, with_keys).await;
    doors.close().await;
    result
}

async fn write(config: &Config, doors: &Doors, target: &Path, with_keys: bool) -> Result<Made, String> {
    let facts = store::backup::facts(&doors.reader).await.map_err(|error| format!("the database: {error}"))?;
    let migration = facts.migration.ok_or("there is no city in this database: nothing to back up")?;
    let now = chrono::Utc::now();
    let file = if target.is_dir() {
        target.join(format!("housing-{}.zip", now.format("%Y%m%dT%H%M%SZ")))
    } else {
        target.to_owned()
    };
    let manifest = Manifest {
        made_at: now.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        postgresql: facts.major,
        migration,
        ..Manifest::default()
    };
    let (data, url, path) = (config.data.clone(), doors.reader.clone(), file.clone());
    let written = tokio::task::spawn_blocking(move || {
        let mut archive = Writing::begin(&path)?;
        parts(&mut archive, &data, &url, facts.major, with_keys)?;
        archive.finish(manifest)
    });
    let manifest = written.await.map_err(|error| error.to_string())??;
    Ok(Made { file, manifest })
}

/// For `map_err` on something tried with a part.
fn file(name: &str) -> impl Fn(io::Error) -> String {
    move |error| format!("{name}: {error}")
}

fn parts(archive: &mut Writing, data: &Path, url: &str, major: u32, with_keys: bool) -> Result<(), String> {
    match fs::read(data.join(ANCHORS)) {
        Ok(anchors) => archive.add(ANCHORS, &mut &anchors[..]).map_err(file(ANCHORS))?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(file(ANCHORS)(error)),
    }
    let mut command = tool::command("pg_dump", major, url)?;
    command.args(["--format=custom", "--no-owner"]).args(LEFT_OUT.map(|table| format!("--exclude-table-data={table}")));
    let mut dump = command.stdout(Stdio::piped()).spawn().map_err(file("pg_dump"))?;
    let stdout = dump.stdout.take();
    let copied = stdout.map_or(Ok(()), |mut stdout| archive.add(DATABASE, &mut stdout));
    // Its own complaint says more than that its end was cut off.
    tool::finish("pg_dump", dump).map_err(explained)?;
    copied.map_err(file(DATABASE))?;
    if with_keys {
        archive.add(KEYS, &mut keys::text(data)?.as_bytes()).map_err(file(KEYS))?;
    }
    for path in files(data).map_err(|error| format!("{}: {error}", data.display()))? {
        let name = format!("{FILES}{}", path.display());
        let mut content = match fs::File::open(data.join(&path)) {
            // What was there a moment ago and is gone now was not to stay.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.map_err(file(&name))?,
        };
        archive.add(&name, &mut content).map_err(file(&name))?;
    }
    Ok(())
}

/// `pg_dump` refuses to write less than all rows, and rightly so.
fn explained(complaint: String) -> String {
    if complaint.contains("row-level security") {
        return format!(
            "{complaint}. The owner of the tables does not see all rows: set --backup-url to a login that does (README, \
             backups)"
        );
    }
    complaint
}

/// The stored files, relative to the data folder, in one order.
fn files(data: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    // A city that keeps its keys in the environment may have no folder yet.
    let mut open = if data.exists() { vec![PathBuf::new()] } else { Vec::new() };
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(data.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let name = entry.file_name().to_string_lossy().into_owned();
            if NOT_FILES.iter().any(|known| path == Path::new(known))
                || LEFTOVERS.iter().any(|left| name.contains(left))
            {
                continue;
            }
            // No link is followed out of the folder.
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
