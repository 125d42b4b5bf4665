//! The private PostgreSQL of an installation where nobody has set `DATABASE_URL`.
//!
//! Owns one cluster in one directory: finding the programs, making the cluster, starting, adopting
//! and stopping its postmaster. Holds no SQL: roles, databases and migrations are the store's.
//!
//! Any number of server processes may use one cluster. Two files carry all agreement between them,
//! by locks which the kernel releases even after `kill -9`:
//! - `start.lock`, exclusive, is held by whoever is just starting or stopping the postmaster;
//! - `users.lock`, shared, is held by every process for as long as it uses the cluster. Who can turn
//!   it into an exclusive lock (asked only under `start.lock`) is the last user and stops it.

mod bootstrap;
mod installation;
mod locks;
mod place;
mod postmaster;
mod settings;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tracing::{info, warn};

use installation::Installation;
use locks::{lock, open_lock, try_lock};
use place::Home;
use postmaster::{Phase, State};

/// Until then a leftover of a crash may still hold the shared memory of the previous postmaster.
const LEFTOVER_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const REPORT_EVERY: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(100);
const TIDY_LOGS_EVERY: Duration = Duration::from_secs(3600);

/// Whether a committed transaction has to survive a power failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on disk before it is confirmed.
    Durable,
    /// For tests only: faster, and broken after a crash of the machine.
    ThrowAway,
}

/// What went wrong, as one English sentence that says what to do.
#[derive(Debug)]
pub struct ClusterError(String);

/// What a client needs to log in as the superuser of the cluster.
pub struct Connection {
    /// The folder of the Unix socket; the cluster listens nowhere else.
    pub socket_directory: PathBuf,
    pub port: u16,
    pub user: &'static str,
    pub password: String,
}

/// A running cluster and this process's share in it. End it with [`Cluster::stop`].
pub struct Cluster {
    connection: Connection,
    home: Home,
    /// Present if this process started the postmaster, absent if it adopted a running one.
    child: Option<Child>,
    users: File,
    /// Held until the cluster is ready.
    starting: Option<File>,
    log_tidying: Option<AbortHandle>,
    /// Nothing is left to do when this value is dropped.
    finished: bool,
}

/// Starts the cluster in `data_dir`, making it first if there is none, or adopts the postmaster that
/// another server process started or that a killed one left behind. Returns when it takes connections.
///
/// Dropping the future (for example after Ctrl-C) stops the postmaster again.
pub async fn start(data_dir: &Path) -> Result<Cluster, ClusterError> {
    open(data_dir, Durability::Durable).await
}

/// Runs `command` with `DATABASE_URL` set to the cluster in `data_dir`, and stops the cluster after it.
///
/// Ctrl-C reaches the command from the terminal; SIGTERM and SIGHUP are passed on to it.
pub async fn run_with(
    data_dir: &Path,
    durability: Durability,
    command: &[OsString],
) -> Result<ExitStatus, ClusterError> {
    let (program, arguments) = command.split_first().ok_or_else(|| ClusterError::new("name the command to run"))?;
    let listen = |kind| signal(kind).map_err(|e| ClusterError(format!("no signals: {e}")));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    let cluster = tokio::select! {
        cluster = open(data_dir, durability) => cluster?,
        _ = interrupt.recv() => return Err(ClusterError::new("interrupted")),
        _ = terminate.recv() => return Err(ClusterError::new("terminated")),
        _ = hang_up.recv() => return Err(ClusterError::new("the terminal was closed")),
    };
    let url = cluster.superuser_url();
    if durability == Durability::ThrowAway {
        // Not for a lasting cluster: its password has no place in the log of a terminal.
        eprintln!("DATABASE_URL={url}");
    }
    let spawned = Command::new(program).args(arguments).env("DATABASE_URL", url).spawn();
    let outcome = match spawned {
        Ok(mut child) => loop {
            tokio::select! {
                status = child.wait() => break status,
                _ = interrupt.recv() => {}
                _ = terminate.recv() => pass_on(&child, "TERM"),
                _ = hang_up.recv() => pass_on(&child, "HUP"),
            }
        },
        Err(error) => Err(error),
    };
    cluster.stop().await?;
    outcome.map_err(|e| ClusterError(format!("could not run {}: {e}", program.display())))
}

impl Cluster {
    /// The facts for building connection options by hand.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The superuser's address of the database `postgres`.
    pub fn superuser_url(&self) -> String {
        self.connection.url("postgres")
    }

    /// Where the cluster really lives: not where it was asked for, if the account that runs it cannot
    /// get there.
    pub fn directory(&self) -> &Path {
        &self.home.path
    }

    /// Gives up this process's share and, if it was the last one, stops the postmaster and waits for
    /// its end. Close the connection pools first: it throws out whoever is still connected.
    pub async fn stop(mut self) -> Result<(), ClusterError> {
        let _starting = lock(&self.home.start_lock(), STOP_LIMIT).await?;
        self.finished = true;
        if !self.last_user() {
            info!("PostgreSQL is left to the other server processes that use it");
            return Ok(());
        }
        let Some(process) = self.running_process() else {
            return Ok(());
        };
        info!("stopping PostgreSQL");
        self.home.signal(process, "INT");
        if self.wait_for_end(process, STOP_LIMIT).await {
            self.home.remove_socket_directory();
            return Ok(());
        }
        warn!("PostgreSQL did not stop within {STOP_LIMIT:?}; it will recover at the next start");
        self.home.signal(process, "QUIT");
        if self.wait_for_end(process, REPORT_EVERY).await {
            return Ok(());
        }
        Err(ClusterError(format!("PostgreSQL (process {process}) does not stop: look at its log")))
    }

    /// Whether no other process uses the cluster. Ask only while holding `start.lock`, so that nobody
    /// can become a user between the answer and what is done about it.
    fn last_user(&self) -> bool {
        self.users.unlock().is_ok() && self.users.try_lock().is_ok()
    }

    /// The postmaster by its file, which may be one that another server process started after ours
    /// died; by our child only while that has not written the file yet.
    fn running_process(&self) -> Option<u32> {
        let child = self.child.as_ref();
        postmaster::running_process(&self.home).or_else(|| child.and_then(Child::id))
    }

    async fn wait_for_end(&mut self, process: u32, limit: Duration) -> bool {
        let began = Instant::now();
        while began.elapsed() < limit {
            let ended = match &mut self.child {
                Some(child) if child.id() == Some(process) => {
                    matches!(child.try_wait(), Ok(Some(_)))
                }
                _ => !postmaster::runs(process, &self.home),
            };
            if ended {
                return true;
            }
            sleep(LOOK_EVERY).await;
        }
        false
    }

    /// Looks at the postmaster again and again, starts one where there is none, until it is ready.
    async fn wait_until_ready(
        &mut self,
        installation: &Installation,
        durability: Durability,
    ) -> Result<(), ClusterError> {
        let began = Instant::now();
        let mut reported = began;
        let mut phase = (Phase::Starting, began);
        loop {
            let seen = match postmaster::state(&self.home).await {
                State::Ready(socket_directory, port) => {
                    self.connection.socket_directory = socket_directory;
                    self.connection.port = port;
                    return Ok(());
                }
                State::Busy(seen) => seen,
                State::Absent(stale) => {
                    self.start_again(installation, durability, stale, began).await?;
                    Phase::Starting
                }
            };
            if seen != phase.0 {
                phase = (seen, Instant::now());
            }
            if phase.1.elapsed() > seen.limit() {
                // Stopping it would only make the recovery start from the beginning.
                self.finished = true;
                return Err(postmaster::too_slow(&self.home, seen));
            }
            if reported.elapsed() > REPORT_EVERY {
                reported = Instant::now();
                let seconds = phase.1.elapsed().as_secs();
                info!("PostgreSQL is {seen}, for {seconds} s now");
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Starts a postmaster unless ours is on its way; tells why if ours has given up.
    async fn start_again(
        &mut self,
        installation: &Installation,
        durability: Durability,
        stale: Option<u32>,
        began: Instant,
    ) -> Result<(), ClusterError> {
        if let Some(child) = &mut self.child {
            let Ok(Some(_)) = child.try_wait() else {
                return Ok(());
            };
            self.child = None;
            let complaint = postmaster::last_complaint(&self.home);
            if !postmaster::passes(&complaint) || began.elapsed() > LEFTOVER_LIMIT {
                return Err(ClusterError(format!(
                    "PostgreSQL did not start in {}: {complaint}",
                    self.home.path.display()
                )));
            }
            // The next look tells whether another process won or a leftover has to be waited for.
            return Ok(());
        }
        self.home.prepare_socket_directory()?;
        settings::write(&self.home, durability)?;
        self.child = Some(postmaster::spawn(&self.home, installation, stale)?);
        Ok(())
    }
}

impl Drop for Cluster {
    /// For a start that was given up and for a panic: asks the postmaster to stop, without waiting.
    fn drop(&mut self) {
        if let Some(tidying) = &self.log_tidying {
            tidying.abort();
        }
        if self.finished {
            return;
        }
        let guard = self.starting.take().or_else(|| try_lock(&self.home.start_lock()).ok()?);
        if guard.is_some()
            && self.last_user()
            && let Some(process) = self.running_process()
        {
            self.home.signal(process, "INT");
        }
    }
}

/// A client program of PostgreSQL, of the oldest installed version that is at least `major`: one that is older than
/// its server refuses, one that is younger writes what the server's own may not read.
///
/// # Errors
/// When there is none.
pub fn tool(name: &str, major: u32) -> Result<PathBuf, ClusterError> {
    installation::tool(name, major)
}

impl Connection {
    /// The address of one database of the cluster, in the form that sqlx and libpq both read.
    pub fn url(&self, database: &str) -> String {
        self.url_as(self.user, database)
    }

    /// The same for another role that has been given the superuser's password.
    pub fn url_as(&self, user: &str, database: &str) -> String {
        let Connection { port, password, .. } = self;
        let host = percent_encoded(self.socket_directory.as_os_str().as_encoded_bytes());
        format!("postgres://{user}:{password}@{host}:{port}/{database}")
    }
}

impl ClusterError {
    fn new(message: &str) -> Self {
        Self(message.to_owned())
    }

    /// For `map_err` on something tried with a file.
    fn doing(what: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self(format!("could not {what} {}: {error}", path.display()))
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ClusterError {}

async fn open(data_dir: &Path, durability: Durability) -> Result<Cluster, ClusterError> {
    let home = Home::choose(data_dir)?;
    let starting = lock(&home.start_lock(), Phase::Starting.limit() + STOP_LIMIT).await?;
    let installation = bootstrap::ensure(&home, durability).await?;
    let password = bootstrap::password(&home)?;
    let users = open_lock(&home.users_lock())?;
    users.lock_shared().map_err(ClusterError::doing("lock", &home.users_lock()))?;
    let connection = Connection {
        socket_directory: home.socket_directory.clone(),
        port: postmaster::PORT,
        user: bootstrap::SUPERUSER,
        password,
    };
    let mut cluster =
        Cluster { connection, home, child: None, users, starting: Some(starting), log_tidying: None, finished: false };
    cluster.wait_until_ready(&installation, durability).await?;
    cluster.starting = None;
    let data = cluster.home.data();
    let tidying = tokio::spawn(async move {
        loop {
            settings::delete_old_logs(&data);
            sleep(TIDY_LOGS_EVERY).await;
        }
    });
    cluster.log_tidying = Some(tidying.abort_handle());
    let how = if cluster.child.is_some() { "started" } else { "adopted, it was running already" };
    let place = cluster.home.path.display();
    info!("PostgreSQL {} in {place} {how}", installation.major);
    Ok(cluster)
}

fn pass_on(child: &Child, name: &str) {
    if let Some(process) = child.id() {
        place::signal(None, process, name);
    }
}

/// Everything but letters and digits, so that a path can stand where a host name is expected.
fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}
