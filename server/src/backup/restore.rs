//! Puts a backup back: all checks first, what is replaced kept until the new is complete, the log verified at the end.

use super::{
    BEFORE, Doors, PART,
    archive::{ANCHORS, Archive, DATABASE, FILES, KEYS, Manifest},
    tool,
};
use crate::{audit, config::Config, keys};
use domain::platform::audit::AuditReport;
use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Component, Path, PathBuf},
    process::Stdio,
};
use store::platform::token::short_id;

/// What came back.
#[derive(Debug)]
pub struct Restored {
    pub manifest: Manifest,
    /// what the operation log says about itself
    pub audit: AuditReport,
}

/// Restores a backup into the configured database and data folder; over a city that is there only by `force`.
///
/// # Errors
/// One line that says what to do. Until database and files are all in, a failure leaves what was there.
pub async fn restore(config: &Config, file: &Path, force: bool) -> Result<Restored, String> {
    let path = file.to_owned();
    let opened = tokio::task::spawn_blocking(move || Archive::open(&path));
    let archive = opened.await.map_err(|error| error.to_string())??;
    let newest = store::backup::newest_migration();
    if archive.manifest.migration > newest {
        return Err(format!(
            "the backup is of a newer version ({}): restore it with that one or a later one",
            archive.manifest.version
        ));
    }
    keys_check(&archive, &config.data, force)?;
    let manifest = archive.manifest.clone();
    let doors = Doors::open(config).await?;
    let result = database(&doors, archive, config.data.clone(), force).await;
    doors.close().await;
    result?;
    // As a server opens it: the keys have to be this database's, and what is older than the program is migrated.
    let opened = config.open().await?;
    let audit =
        store::platform::audit::verify(&opened.database, &audit::anchors(&audit::anchor_file(&config.data))).await;
    opened.close().await;
    Ok(Restored { manifest, audit: audit.map_err(|error| error.to_string())? })
}

/// What was sealed must be openable afterwards.
fn keys_check(archive: &Archive, data: &Path, force: bool) -> Result<(), String> {
    let file = data.join(KEYS);
    let present = keys::given() || file.exists();
    if !archive.manifest.has(KEYS) {
        let missing = "the backup was made without its keys: put back the key file or set HOUSING_KEYS first";
        return if present { Ok(()) } else { Err(missing.to_owned()) };
    }
    if present && !keys::given() && !force {
        return Err(format!("{} is there: restoring replaces it, which --force allows", file.display()));
    }
    Ok(())
}

async fn database(doors: &Doors, archive: Archive, data: PathBuf, force: bool) -> Result<(), String> {
    let text = |error: store::Error| error.to_string();
    let url = doors.owner.clone();
    if !force && store::backup::is_filled(&url).await.map_err(text)? {
        return Err("the database is not empty: restoring replaces all of it, which --force allows".to_owned());
    }
    let facts = store::backup::facts(&url).await.map_err(text)?;
    let program = tool::command("pg_restore", archive.manifest.postgresql.max(facts.major), &url)?;
    store::backup::restore_begin(&url).await.map_err(text)?;
    let done = tokio::task::spawn_blocking(move || {
        let mut archive = archive;
        fill(&mut archive, program)?;
        files(&mut archive, &data)
    });
    let done = done.await.map_err(|error| error.to_string()).and_then(|done| done);
    store::backup::restore_end(&url, done.is_ok()).await.map_err(text)?;
    done
}

fn fill(archive: &mut Archive, mut program: std::process::Command) -> Result<(), String> {
    // One transaction: all of it or nothing. Rows are in before row-level security and triggers begin to work.
    program.args(["--no-owner", "--exit-on-error", "--single-transaction"]);
    let spawned = program.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut child = spawned.map_err(|error| format!("pg_restore: {error}"))?;
    let stdin = child.stdin.take();
    let copied = stdin.map_or(Ok(()), |mut stdin| archive.copy(DATABASE, &mut stdin));
    tool::finish("pg_restore", child)?;
    copied.map_err(|error| format!("{DATABASE}: {error}"))
}

/// A part that lies beside its place and waits for the others.
struct Fresh {
    file: PathBuf,
    place: PathBuf,
}

/// Puts keys, anchors and files into the data folder, all of them or none: the keys of a backup open nothing in the
/// database that comes back when its restore fails.
fn files(archive: &mut Archive, data: &Path) -> Result<(), String> {
    fs::create_dir_all(data).map_err(|error| format!("{}: {error}", data.display()))?;
    let mut fresh = Vec::new();
    let placed = unpack(archive, data, &mut fresh).and_then(|()| place(&fresh, &format!("{BEFORE}{}", short_id())));
    if placed.is_err() {
        for fresh in &fresh {
            let _ = fs::remove_file(&fresh.file);
        }
    }
    placed
}

fn unpack(archive: &mut Archive, data: &Path, fresh: &mut Vec<Fresh>) -> Result<(), String> {
    for part in archive.manifest.parts.clone() {
        let relative = match part.name.as_str() {
            DATABASE => continue,
            KEYS if keys::given() => continue,
            KEYS | ANCHORS => PathBuf::from(&part.name),
            name => inside(name).ok_or_else(|| format!("{name} is no place in the data folder"))?,
        };
        let place = data.join(relative);
        let mut file = place.as_os_str().to_owned();
        file.push(format!(".{}{PART}", short_id()));
        fresh.push(Fresh { file: file.into(), place });
        let Fresh { file, place } = &fresh[fresh.len() - 1];
        write(archive, &part.name, file, place).map_err(|error| format!("{}: {error}", part.name))?;
    }
    Ok(())
}

/// The place of a stored file; none when its name leads out of the folder.
fn inside(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(name.strip_prefix(FILES)?);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

fn write(archive: &mut Archive, name: &str, file: &Path, place: &Path) -> io::Result<()> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(file)?;
    archive.copy(name, &mut file)?;
    file.flush()?;
    file.sync_all()
}

/// Gives all of them their names; what was there under such a name is kept beside, and comes back when one fails.
fn place(fresh: &[Fresh], aside: &str) -> Result<(), String> {
    for (done, next) in fresh.iter().enumerate() {
        if let Err(error) = exchange(next, aside) {
            for placed in fresh[..done].iter().rev() {
                let back = fs::remove_file(&placed.place).and_then(|()| bring_back(&placed.place, aside));
                if let Err(error) = back {
                    tracing::error!(%error, place = %placed.place.display(), "what was here is beside it");
                }
            }
            return Err(format!("{}: {error}", next.place.display()));
        }
    }
    Ok(())
}

fn exchange(fresh: &Fresh, aside: &str) -> io::Result<()> {
    if fresh.place.exists() {
        fs::rename(&fresh.place, kept(&fresh.place, aside))?;
    }
    let placed = fs::rename(&fresh.file, &fresh.place);
    if placed.is_err() {
        bring_back(&fresh.place, aside)?;
    }
    placed
}

fn bring_back(place: &Path, aside: &str) -> io::Result<()> {
    let kept = kept(place, aside);
    if kept.exists() { fs::rename(kept, place) } else { Ok(()) }
}

/// Where what was in a place is kept.
fn kept(place: &Path, aside: &str) -> PathBuf {
    let mut kept = place.as_os_str().to_owned();
    kept.push(aside);
    kept.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert_eq!(inside("files/a/b.pdf"), Some("a/b.pdf".into()));
        for name in ["files/../keys", "files//etc/passwd", "/etc/passwd", "other"] {
            assert_eq!(inside(name), None, "{name}");
        }
    }
    #[test]
    fn all_get_their_places_or_none() {
        let folder = std::env::temp_dir().join(format!("housing-place-{}", short_id()));
        fs::create_dir_all(&folder).unwrap();
        let fresh: Vec<_> = ["keys", "new", "other"]
            .map(|name| Fresh { file: folder.join(format!("{name}.part")), place: folder.join(name) })
            .into();
        let text = |name: &str| fs::read_to_string(folder.join(name)).ok();
        for (name, content) in [("keys", "old"), ("other", "old"), ("keys.part", "fresh"), ("new.part", "fresh")] {
            fs::write(folder.join(name), content).unwrap();
        }
        let failed = place(&fresh, ".before").unwrap_err();
        assert!(failed.contains("other"), "{failed}");
        let found = ["keys", "new", "other", "keys.before", "other.before"].map(text);
        assert_eq!(found, [Some("old".into()), None, Some("old".into()), None, None]);
        for name in ["keys.part", "new.part", "other.part"] {
            fs::write(folder.join(name), "fresh").unwrap();
        }
        place(&fresh, ".before").unwrap();
        let found = ["keys", "new", "other", "keys.before"].map(text);
        assert_eq!(found, [Some("fresh".into()), Some("fresh".into()), Some("fresh".into()), Some("old".into())]);
        fs::remove_dir_all(&folder).unwrap();
    }
}
