//! Where the cluster lives and under which account it runs.
//!
//! PostgreSQL refuses to run as root. A server that runs as root therefore hands the cluster to the
//! account that owns it, at first `postgres`; where that account cannot reach the wished directory
//! (a checkout under `/root`), the cluster lives under [`FALLBACK`] instead.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tracing::{info, warn};

use super::ClusterError;

const FALLBACK: &str = "/var/lib/housing";
/// A socket's path may have 107 bytes on Linux and 103 on macOS, and `/.s.PGSQL.5432` is 14 of them.
const LONGEST_SOCKET_DIRECTORY: usize = 103 - 14;
/// PostgreSQL and its tools get these and nothing else: the server's environment may hold keys.
const ENVIRONMENT: [&str; 5] = ["PATH", "LD_LIBRARY_PATH", "LOCPATH", "LOCALE_ARCHIVE", "TZDIR"];

/// The unprivileged account that a server running as root hands the cluster to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    user: u32,
    group: u32,
}

/// The folder of one cluster. Only `cluster/data` and the socket's folder belong to the account.
pub struct Home {
    pub path: PathBuf,
    pub socket_directory: PathBuf,
    /// Present exactly when this process is root.
    account: Option<Account>,
    own_user: u32,
}

impl Home {
    /// Decides on the folder, the same for every process that asks for the same `data_dir`.
    pub fn choose(data_dir: &Path) -> Result<Self, ClusterError> {
        fs::create_dir_all(data_dir).map_err(ClusterError::doing("create", data_dir))?;
        let wished = fs::canonicalize(data_dir).map_err(ClusterError::doing("resolve", data_dir))?;
        let own_user = identity(&["-u"]).ok_or_else(|| ClusterError::new("the program id failed"))?;
        let root = own_user == 0;
        let path = if root { root_home(&wished)? } else { wished };
        let owner = owner_of_data(&path)?;
        let account = if root { Some(owner.map_or_else(postgres_account, Ok)?) } else { None };
        let path_text = path.display();
        if !root && owner.is_some_and(|owner| owner.user != own_user) {
            return Err(ClusterError(format!(
                "the cluster in {path_text} belongs to another account: start the server as that account or root"
            )));
        }
        if account.is_some_and(|account| account.user == 0) {
            return Err(ClusterError(format!(
                "{path_text} belongs to root, as which PostgreSQL does not run: chown -R cluster/data in it to postgres"
            )));
        }
        if !reachable(account, &path) {
            return Err(ClusterError(format!(
                "the account of PostgreSQL cannot reach {path_text}: run chmod a+x on the folders above it"
            )));
        }
        let socket_directory = socket_directory(&path, root);
        Ok(Self { path, socket_directory, account, own_user })
    }

    pub fn start_lock(&self) -> PathBuf {
        self.path.join("start.lock")
    }

    pub fn users_lock(&self) -> PathBuf {
        self.path.join("users.lock")
    }

    /// Present once a cluster has been made, and then complete.
    pub fn cluster(&self) -> PathBuf {
        self.path.join("cluster")
    }

    /// PostgreSQL's data directory, free of symbolic links if it exists.
    pub fn data(&self) -> PathBuf {
        let data = self.cluster().join("data");
        fs::canonicalize(&data).unwrap_or(data)
    }

    /// Lies outside of the data directory: what root writes must not be the account's to replace.
    pub fn settings(&self) -> PathBuf {
        self.path.join("postgresql.conf")
    }

    /// What the postmaster says before its own log is open.
    pub fn start_log(&self) -> PathBuf {
        self.path.join("start.log")
    }

    /// A command that runs under the account, with root's groups cleared.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = command_as(self.account, program);
        command.current_dir(&self.path);
        command
    }

    /// Makes the account the owner.
    pub fn give(&self, path: &Path) -> Result<(), ClusterError> {
        let Some(Account { user, group }) = self.account else {
            return Ok(());
        };
        lchown(path, Some(user), Some(group)).map_err(ClusterError::doing("change the owner of", path))
    }

    pub fn signal(&self, process: u32, name: &str) {
        signal(self.account, process, name);
    }

    /// Makes the socket's folder. One in `/tmp` has a name that anybody can guess and take before us.
    pub fn prepare_socket_directory(&self) -> Result<(), ClusterError> {
        let path = &self.socket_directory;
        let wished_owner = self.account.map_or(self.own_user, |account| account.user);
        let found = fs::symlink_metadata(path).ok();
        // Still ours if a start was killed just before it gave the folder away.
        let ours = |owner: u32| owner == wished_owner || owner == self.own_user;
        if found.is_some_and(|found| !found.is_dir() || !ours(found.uid())) {
            let path = path.display();
            return Err(ClusterError(format!("{path} belongs to another account: remove it")));
        }
        fs::create_dir_all(path).map_err(ClusterError::doing("create", path))?;
        self.give(path)?;
        set_mode(path, 0o700)
    }

    /// Leaves nothing in `/tmp` or `/run`; keeps a folder that is still in use, because it is not empty.
    pub fn remove_socket_directory(&self) {
        let _ = fs::remove_dir(&self.socket_directory);
    }
}

/// Sends a signal under the account: a forged process number can then do no more than the account.
pub fn signal(account: Option<Account>, process: u32, name: &str) {
    let mut command = command_as(account, "sh");
    command.args(["-c", "kill -s \"$0\" \"$1\"", name, &process.to_string()]);
    if let Err(error) = command.current_dir("/").stderr(Stdio::null()).status() {
        warn!("could not send SIG{name} to process {process}: {error}");
    }
}

pub fn set_mode(path: &Path, mode: u32) -> Result<(), ClusterError> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(ClusterError::doing("change the mode of", path))
}

/// A cluster that exists stays where it is, whatever has become reachable or unreachable since.
fn root_home(wished: &Path) -> Result<PathBuf, ClusterError> {
    let fallback = Path::new(FALLBACK).join(short_name(wished));
    if wished.join("cluster").exists() {
        return Ok(wished.to_owned());
    }
    if !fallback.join("cluster").exists() && reachable(Some(postgres_account()?), wished) {
        return Ok(wished.to_owned());
    }
    fs::create_dir_all(&fallback).map_err(ClusterError::doing("create", &fallback))?;
    set_mode(Path::new(FALLBACK), 0o755)?;
    set_mode(&fallback, 0o755)?;
    let (wished, place) = (wished.display(), fallback.display());
    info!("the account of PostgreSQL cannot reach {wished}: the database lives in {place}");
    Ok(fallback)
}

fn owner_of_data(home: &Path) -> Result<Option<Account>, ClusterError> {
    let data = home.join("cluster/data");
    match fs::metadata(&data) {
        Ok(found) => Ok(Some(Account { user: found.uid(), group: found.gid() })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ClusterError::doing("look at", &data)(error)),
    }
}

fn postgres_account() -> Result<Account, ClusterError> {
    let account = identity(&["-u", "postgres"]).zip(identity(&["-g", "postgres"]));
    account.map(|(user, group)| Account { user, group }).ok_or_else(|| {
        ClusterError::new(
            "PostgreSQL does not run as root and there is no account postgres: install the package \
             postgresql, start the server as another account, or set DATABASE_URL",
        )
    })
}

/// Asks the program `id`, which knows accounts from every source, not only from /etc/passwd.
fn identity(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// Tries it, because access lists and mounts decide as well as modes.
fn reachable(account: Option<Account>, path: &Path) -> bool {
    let mut command = command_as(account, "sh");
    command.args(["-c", ":"]).current_dir(path).status().is_ok_and(|status| status.success())
}

/// The standard library clears root's supplementary groups when it changes the user.
fn command_as(account: Option<Account>, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").stdin(Stdio::null());
    command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    if let Some(Account { user, group }) = account {
        command.uid(user).gid(group);
    }
    command
}

fn socket_directory(home: &Path, root: bool) -> PathBuf {
    let usual = home.join("socket");
    // PostgreSQL takes a list here, in which commas, quotes and blanks mean something.
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let bytes = usual.as_os_str().as_encoded_bytes();
    if bytes.len() <= LONGEST_SOCKET_DIRECTORY && bytes.iter().all(plain) {
        return usual;
    }
    let parent = if root && Path::new("/run").is_dir() { "/run" } else { "/tmp" };
    Path::new(parent).join(format!("housing-{}", short_name(home)))
}

/// 64 bits of FNV-1a: the standard library promises no hash that stays the same over the years.
fn short_name(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_path_holds_its_own_socket() {
        let expected = Path::new("/srv/housing/socket");
        assert_eq!(socket_directory(Path::new("/srv/housing"), false), expected);
    }

    #[test]
    fn a_socket_path_always_fits() {
        for length in 1..300 {
            let home = Path::new("/").join("a".repeat(length));
            for root in [false, true] {
                let socket = socket_directory(&home, root).join(".s.PGSQL.5432");
                assert!(socket.as_os_str().len() <= 103, "{}", socket.display());
            }
        }
    }

    #[test]
    fn a_path_that_postgresql_would_split_holds_no_socket() {
        for home in ["/srv/a,b", "/srv/a b", "/srv/\"a", "/srv/公租房"] {
            assert!(!socket_directory(Path::new(home), false).starts_with("/srv"));
        }
    }

    #[test]
    fn short_names_never_change() {
        // Reference values of FNV-1a: with other names, clusters under /var/lib would be lost.
        assert_eq!(short_name(Path::new("a")), "af63dc4c8601ec8c");
        assert_eq!(short_name(Path::new("foobar")), "85944171f73967e8");
    }
}
