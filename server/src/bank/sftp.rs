//! The bank behind its SFTP server, by OpenSSH's own `sftp`: its keys, its known hosts and its settings are the ones that the
//! operator tries by hand. The folder there is laid out like the one of [`super::folder`].
//!
//! Each call is one connection, because the bank is asked twice a minute at most. A host whose key is not known is not spoken
//! to, and nobody is ever asked for a password.

use super::{BankGateway, FILE_BYTES_MAX, folder, name_is_plain};
use futures_util::future::BoxFuture;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{fs, io::AsyncWriteExt as _, process::Command, time::timeout};

/// A server that does not answer is not waited for.
const CONNECT_SECONDS: u32 = 15;
/// A call that takes longer is broken off: half a million items are 60 MB.
const PATIENCE: Duration = Duration::from_secs(300);
/// Letters of what `sftp` says about a failure.
const SAID: usize = 200;

/// Where the bank's server is, and how to get in.
#[derive(Clone, Debug)]
pub struct Sftp {
    host: String,
    port: u16,
    user: String,
    /// folder on the server with `out`, `in` and `done` below it
    path: String,
    /// private key; none: what the operator's own settings of ssh say
    key: Option<PathBuf>,
    /// file of the server's keys; none: the same
    known_hosts: Option<PathBuf>,
    /// folder for files on their way
    spool: PathBuf,
}

impl Sftp {
    /// Reads `user@host[:port]/path`.
    ///
    /// # Errors
    /// What is wrong with it, or with the folder for files on their way.
    pub fn open(place: &str, key: Option<&Path>, known_hosts: Option<&Path>, spool: &Path) -> Result<Self, String> {
        let wrong = || format!("--bank sftp://{place}: not sftp://user@host:port/path in plain letters");
        let (user, rest) = place.split_once('@').ok_or_else(wrong)?;
        let (address, path) = rest.split_once('/').ok_or_else(wrong)?;
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (address, 22),
        };
        // They become arguments and commands of a program: nothing that it could read as something else.
        let plain = |text: &str, more: &[u8]| {
            !text.is_empty()
                && !text.starts_with('-')
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte) || more.contains(&byte))
        };
        if !plain(user, b"") || !plain(host, b"") || !(path.is_empty() || plain(path, b"/")) {
            return Err(wrong());
        }
        std::fs::create_dir_all(spool).map_err(|error| format!("{}: {error}", spool.display()))?;
        Ok(Self {
            host: host.to_owned(),
            port,
            user: user.to_owned(),
            path: format!("/{}", path.trim_end_matches('/')),
            key: key.map(Path::to_path_buf),
            known_hosts: known_hosts.map(Path::to_path_buf),
            spool: spool.to_path_buf(),
        })
    }

    /// Runs commands of `sftp`, the next only after the one before has succeeded; answers what they print.
    async fn run(&self, commands: &str) -> Result<String, String> {
        let mut command = Command::new("sftp");
        command.args(["-b", "-", "-P", &self.port.to_string()]);
        command.args(["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]);
        command.args(["-o", &format!("ConnectTimeout={CONNECT_SECONDS}"), "-o", "ServerAliveInterval=15"]);
        if let Some(key) = &self.key {
            command.arg("-i").arg(key).args(["-o", "IdentitiesOnly=yes"]);
        }
        if let Some(known) = &self.known_hosts {
            command.args(["-o", &format!("UserKnownHostsFile={}", known.display()), "-o", "GlobalKnownHostsFile=none"]);
        }
        command.arg(format!("{}@{}", self.user, self.host));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let talk = async {
            let mut child = command.spawn().map_err(|error| format!("sftp: {error}"))?;
            if let Some(mut stdin) = child.stdin.take() {
                // A server that refuses us ends before it has read anything; what it says is read below.
                let _ = stdin.write_all(commands.as_bytes()).await;
            }
            child.wait_with_output().await.map_err(|error| format!("sftp: {error}"))
        };
        let output = timeout(PATIENCE, talk).await.map_err(|_| format!("sftp: {} does not answer", self.host))??;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        // What `sftp` itself adds at the end, that the connection is closed, hides what `ssh` said before.
        let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
        let told = lines().rfind(|line| !line.starts_with("Connection closed")).or_else(|| lines().next_back());
        let said: String = told.unwrap_or("failed").chars().take(SAID).collect();
        Err(format!("sftp {}: {said}", self.host))
    }

    /// A file on its way, under a name that no other has.
    fn on_its_way(&self) -> PathBuf {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        self.spool.join(format!(".{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    async fn put(&self, name: &str, local: &Path) -> Result<(), String> {
        let (local, path) = (local.display(), &self.path);
        self.run(&format!(
            "put \"{local}\" {path}/out/.{name}.part\nrename {path}/out/.{name}.part {path}/out/{name}\n"
        ))
        .await
        .map(drop)
    }

    async fn names(&self) -> Result<Vec<String>, String> {
        let listed = self.run(&format!("ls -1 {}/in\n", self.path)).await?;
        let names = listed.lines().filter(|line| !line.starts_with("sftp>")).filter_map(|line| line.rsplit('/').next());
        let mut names: Vec<String> = names.filter(|name| name_is_plain(name)).map(ToOwned::to_owned).collect();
        names.sort_unstable();
        Ok(names)
    }
}

impl BankGateway for Sftp {
    fn send<'a>(&'a self, name: &'a str, content: &'a [u8]) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let local = self.on_its_way();
            let written = write_private(&local, content).await;
            let sent = match written {
                Ok(()) => self.put(name, &local).await,
                Err(error) => Err(format!("{}: {error}", local.display())),
            };
            let _ = fs::remove_file(&local).await;
            sent
        })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>, String>> {
        Box::pin(self.names())
    }

    fn fetch<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            let local = self.on_its_way();
            let read = async {
                // Made before it is filled, so that nobody else may read it.
                write_private(&local, b"").await.map_err(|error| format!("{}: {error}", local.display()))?;
                self.run(&format!("get {}/in/{name} \"{}\"\n", self.path, local.display())).await?;
                folder::read(&local).await
            };
            let content = read.await;
            let _ = fs::remove_file(&local).await;
            content.and_then(|content| {
                if content.len() as u64 > FILE_BYTES_MAX { Err(format!("{name} is too large")) } else { Ok(content) }
            })
        })
    }

    fn acknowledge<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            // Beside an older one of the same name.
            let at = chrono::Utc::now().format("%Y%m%d%H%M%S%3f");
            let moved = self.run(&format!("rename {0}/in/{name} {0}/done/{name}.{at}\n", self.path)).await;
            match moved {
                Err(error) if self.names().await?.iter().any(|left| left == name) => Err(error),
                _ => Ok(()),
            }
        })
    }
}

/// Writes a file that its owner alone reads.
async fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).await?;
    file.write_all(content).await?;
    file.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(place: &str) -> Result<Sftp, String> {
        Sftp::open(place, None, None, &std::env::temp_dir())
    }

    #[test]
    fn a_place_names_user_host_port_and_folder() {
        let sftp = open("housing@files.bank.example:2022/gzf/0371").expect("a place");
        assert_eq!((sftp.user.as_str(), sftp.host.as_str(), sftp.port), ("housing", "files.bank.example", 2022));
        assert_eq!(sftp.path, "/gzf/0371");
        assert_eq!(open("housing@files/").map(|sftp| (sftp.port, sftp.path)), Ok((22, "/".to_owned())));
    }

    #[test]
    fn nothing_in_it_is_read_as_something_else() {
        for strange in [
            "",
            "files/x",
            "a@files",
            "@files/x",
            "a@/x",
            "-oProxyCommand=x@files/x",
            "a@-files/x",
            "a@files:x/y",
            "a@files/x y",
            "a@files/x\"y",
            "a@files/x\nrm y",
            "a@files;x/y",
            "a@files/-x",
        ] {
            assert!(open(strange).is_err(), "{strange:?}");
        }
    }
}
