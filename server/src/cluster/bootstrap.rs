//! Makes a new cluster, all or nothing: in a folder beside, renamed into place when it is complete.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, lchown};
use std::path::Path;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::process::Command;
use tracing::{info, warn};

use super::installation::{self, Installation};
use super::place::{Home, set_mode};
use super::{ClusterError, Durability};

pub const SUPERUSER: &str = "postgres";

const UNFINISHED: &str = "unfinished-";
/// Under the locale C trigrams of Chinese are empty, so the ctype has to be a UTF-8 one.
const LOCALES: [&str; 2] = ["C.UTF-8", "en_US.UTF-8"];

/// The programs for the cluster, which is made if there is none. Call it while holding `start.lock`.
pub async fn ensure(home: &Home, durability: Durability) -> Result<Installation, ClusterError> {
    remove_unfinished(home);
    if home.cluster().exists() {
        return installation::of_major(major_version(home)?);
    }
    let installation = installation::newest()?;
    info!("making a PostgreSQL {} cluster in {}", installation.major, home.path.display());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let unfinished = home.path.join(format!("{UNFINISHED}{}", now.as_nanos()));
    fs::create_dir(&unfinished).map_err(ClusterError::doing("create", &unfinished))?;
    let made = make(home, &installation, durability, &unfinished).await;
    if made.is_err() {
        remove_unfinished(home);
    }
    made.map(|()| installation)
}

pub fn password(home: &Home) -> Result<String, ClusterError> {
    let path = home.cluster().join("password");
    let password = fs::read_to_string(&path).map_err(ClusterError::doing("read", &path))?;
    Ok(password.trim().to_owned())
}

/// Nothing counts until the last step, the renaming.
async fn make(
    home: &Home,
    installation: &Installation,
    durability: Durability,
    unfinished: &Path,
) -> Result<(), ClusterError> {
    set_mode(unfinished, 0o755)?;
    let password = unfinished.join("password");
    write_password(&password)?;
    home.give(&password)?;
    initialize(home, installation, durability, unfinished).await?;
    // Only initdb had to read it; from now on it is the server's.
    take_back(&password)?;
    fs::rename(unfinished, home.cluster()).map_err(ClusterError::doing("rename", unfinished))?;
    synchronize(&home.path)
}

/// Runs initdb, with the first locale that the system has.
async fn initialize(
    home: &Home,
    installation: &Installation,
    durability: Durability,
    unfinished: &Path,
) -> Result<(), ClusterError> {
    let data = unfinished.join("data");
    for locale in LOCALES {
        // Anew for each attempt, because initdb empties but keeps a folder that it did not make.
        fs::create_dir_all(&data).map_err(ClusterError::doing("create", &data))?;
        home.give(&data)?;
        let mut command = home.command(installation.program("initdb"));
        command.arg("--pgdata").arg(&data);
        command.arg("--pwfile").arg(unfinished.join("password"));
        command.args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--encoding", "UTF8"]);
        command.args(["--locale-provider", "libc", "--locale", locale, "--lc-messages", "C"]);
        command.args(["--data-checksums", "--no-instructions"]);
        if durability == Durability::ThrowAway {
            command.arg("--no-sync");
        }
        let mut command = Command::from(command);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let output = command.output().await.map_err(ClusterError::doing("run initdb in", &data))?;
        if output.status.success() {
            return Ok(());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        if !errors.contains("invalid locale name") {
            let error = errors.lines().find(|line| line.contains("error:") || line.contains("FATAL:"));
            let error = error.or(errors.lines().last()).unwrap_or("it gave no reason");
            return Err(ClusterError(format!("initdb failed: {error}")));
        }
    }
    Err(ClusterError(format!(
        "the system has neither of the locales {}: install the package locales and generate one",
        LOCALES.join(" and ")
    )))
}

/// What a start that was killed left behind. Its initdb may still be running and writing, which then
/// fails by itself; what cannot be removed yet is removed at the next start.
fn remove_unfinished(home: &Home) {
    let Ok(entries) = fs::read_dir(&home.path) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            warn!("could not remove {}: {error}", entry.path().display());
        }
    }
}

fn major_version(home: &Home) -> Result<u32, ClusterError> {
    let path = home.data().join("PG_VERSION");
    let text = fs::read_to_string(&path).map_err(ClusterError::doing("read", &path))?;
    let path = path.display();
    text.trim().parse().map_err(|_| ClusterError(format!("{path} holds no version: restore a backup")))
}

fn write_password(path: &Path) -> Result<(), ClusterError> {
    let source = Path::new("/dev/urandom");
    let mut random = [0_u8; 24];
    let mut device = File::open(source).map_err(ClusterError::doing("open", source))?;
    device.read_exact(&mut random).map_err(ClusterError::doing("read", source))?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = create_private(path)?;
    file.write_all(text.as_bytes()).map_err(ClusterError::doing("write", path))?;
    file.sync_all().map_err(ClusterError::doing("write", path))
}

fn create_private(path: &Path) -> Result<File, ClusterError> {
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).map_err(ClusterError::doing("create", path))
}

fn take_back(path: &Path) -> Result<(), ClusterError> {
    let parent = path.parent().unwrap_or(path);
    let owner = fs::metadata(parent).map_err(ClusterError::doing("look at", parent))?;
    lchown(path, Some(owner.uid()), Some(owner.gid())).map_err(ClusterError::doing("change the owner of", path))
}

/// Makes the renaming itself survive a power failure; initdb has done so for the files.
fn synchronize(directory: &Path) -> Result<(), ClusterError> {
    let file = File::open(directory).map_err(ClusterError::doing("open", directory))?;
    file.sync_all().map_err(ClusterError::doing("write", directory))
}
