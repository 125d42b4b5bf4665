//! The running process of a cluster: what state it is in, starting it, and what it complained about.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::ClusterError;
use super::installation::Installation;
use super::place::Home;
use super::settings::is_log;

/// Names the socket only: no cluster of ours listens on TCP.
pub const PORT: u16 = 5432;

const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// A postmaster fills its file at once; an empty one this old is left from a power failure.
const EMPTY_FILE_AGE: Duration = Duration::from_secs(10);
/// The protocol's question whether the server talks TLS, which is answered before any login.
const ENCRYPTION_QUESTION: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// Takes connections in this folder on this port.
    Ready(PathBuf, u16),
    /// Runs, but takes no connections.
    Busy(Phase),
    /// Does not run; the file of the process that had this number may have been left.
    Absent(Option<u32>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Starting,
    Stopping,
    /// It calls itself ready, but nobody answers on its socket.
    Silent,
}

/// What a postmaster writes into `postmaster.pid`; line by line, so it may be read half written.
#[derive(Debug, PartialEq, Eq)]
struct ProcessFile {
    process: u32,
    port: u16,
    socket_directory: PathBuf,
    status: String,
}

pub async fn state(home: &Home) -> State {
    let path = home.data().join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&path) else {
        return State::Absent(None);
    };
    if text.trim().is_empty() {
        remove_old(&path);
        return State::Absent(None);
    }
    let Some(process) = first_line(&text) else {
        return State::Absent(None);
    };
    let running = runs(process, home);
    let Some(file) = ProcessFile::parse(&text) else {
        return if running { State::Busy(Phase::Starting) } else { State::Absent(Some(process)) };
    };
    // An answer counts even if the process cannot be seen, as from another container.
    if file.status == "ready" && answers(&file.socket_directory, file.port).await {
        return State::Ready(file.socket_directory, file.port);
    }
    if running { State::Busy(file.phase()) } else { State::Absent(Some(process)) }
}

/// The number of the postmaster, if it runs where we can see it.
pub fn running_process(home: &Home) -> Option<u32> {
    let text = fs::read_to_string(home.data().join("postmaster.pid")).ok()?;
    first_line(&text).filter(|process| runs(*process, home))
}

/// Whether this process is the postmaster of this cluster, and not one that got its number later.
/// A postmaster's working directory is its data directory.
pub fn runs(process: u32, home: &Home) -> bool {
    let about = PathBuf::from(format!("/proc/{process}"));
    let data = home.data();
    if !Path::new("/proc/self").exists() {
        return runs_by_name(process);
    }
    match fs::read_link(about.join("cwd")) {
        Ok(directory) => directory == data,
        // Root in a container may not look there, but everybody may read the command line.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            let arguments = fs::read(about.join("cmdline")).unwrap_or_default();
            let data = data.as_os_str().as_encoded_bytes();
            arguments.split(|byte| *byte == 0).any(|argument| argument == data)
        }
        Err(_) => false,
    }
}

pub fn spawn(home: &Home, installation: &Installation, stale: Option<u32>) -> Result<Child, ClusterError> {
    let log = home.start_log();
    let _ = fs::remove_file(&log);
    let errors = File::create_new(&log).map_err(ClusterError::doing("create", &log))?;
    let program = installation.program("postgres");
    let mut command = home.command(&program);
    command.arg("-D").arg(home.data()).arg("-p").arg(PORT.to_string());
    command.arg("-k").arg(&home.socket_directory);
    let mut settings = std::ffi::OsString::from("config_file=");
    settings.push(home.settings());
    command.arg("-c").arg(settings);
    // Its own group, so that Ctrl-C on the terminal reaches the server only, which then stops it.
    command.process_group(0).stdout(Stdio::null()).stderr(errors);
    if let Some(process) = stale {
        // PostgreSQL trusts any living process with this number to be the postmaster. Called its own
        // grandparent (as pg_ctl does), it is passed over, while the check of the shared memory, which
        // deleting postmaster.pid would switch off, still guards against a leftover.
        command.env("PG_GRANDPARENT_PID", process.to_string());
    }
    Command::from(command).spawn().map_err(ClusterError::doing("run", &program))
}

/// The line that tells why the postmaster gave up.
pub fn last_complaint(home: &Home) -> String {
    let early = home.start_log();
    let late = newest_log(&home.data());
    let found = [Some(&early), late.as_ref()].into_iter().flatten().find_map(|log| {
        let text = fs::read_to_string(log).ok()?;
        complaint(&text)
    });
    let log = late.unwrap_or(early);
    found.unwrap_or_else(|| format!("look at {}", log.display()))
}

/// Whether trying again can help: another process is just starting it, or a process of the postmaster
/// that was killed has not noticed yet.
pub fn passes(complaint: &str) -> bool {
    let lock_file =
        complaint.contains("lock file") && (complaint.contains("already exists") || complaint.contains("is empty"));
    lock_file || complaint.contains("still in use")
}

pub fn too_slow(home: &Home, phase: Phase) -> ClusterError {
    let process = running_process(home).map_or_else(String::new, |number| format!(" {number}"));
    let seconds = phase.limit().as_secs();
    let advice = match phase {
        Phase::Starting | Phase::Stopping => "let it finish and start again later".to_owned(),
        Phase::Silent => format!("end it with kill -INT{process} and start again"),
    };
    let log = home.data().join("log");
    let log = log.display();
    ClusterError(format!("PostgreSQL (process{process}) is {phase}, after {seconds} s: {advice}; its log is in {log}"))
}

impl Phase {
    /// How long to wait for its end.
    pub fn limit(self) -> Duration {
        match self {
            // Crash recovery replays up to `max_wal_size` of log: that may take minutes.
            Phase::Starting | Phase::Stopping => Duration::from_secs(300),
            // It has lost its socket: waiting is no cure.
            Phase::Silent => Duration::from_secs(20),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Phase::Starting => "starting or recovering from a crash",
            Phase::Stopping => "stopping",
            Phase::Silent => "running without answering on its socket",
        })
    }
}

impl ProcessFile {
    fn phase(&self) -> Phase {
        match self.status.as_str() {
            "ready" => Phase::Silent,
            "stopping" => Phase::Stopping,
            _ => Phase::Starting,
        }
    }

    /// Process, data directory, start time, port, socket folder, TCP address, shared memory, status.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let process = lines.next()?.trim().parse().ok()?;
        let port = lines.nth(2)?.trim().parse().ok()?;
        let socket_directory = PathBuf::from(lines.next()?);
        let status = lines.nth(2)?.trim().to_owned();
        Some(Self { process, port, socket_directory, status }).filter(|file| file.process > 0)
    }
}

fn first_line(text: &str) -> Option<u32> {
    text.lines().next()?.trim().parse().ok().filter(|process| *process > 0)
}

/// Where there is no /proc (macOS): the best that can be asked without special rights.
fn runs_by_name(process: u32) -> bool {
    let output = std::process::Command::new("ps").args(["-o", "comm=", "-p", &process.to_string()]).output();
    // Not being able to ask must not lead to a second postmaster.
    output.map_or(true, |output| String::from_utf8_lossy(&output.stdout).contains("postgres"))
}

async fn answers(socket_directory: &Path, port: u16) -> bool {
    let path = socket_directory.join(format!(".s.PGSQL.{port}"));
    let ask = async {
        let mut stream = UnixStream::connect(path).await?;
        stream.write_all(&ENCRYPTION_QUESTION).await?;
        stream.read_u8().await
    };
    matches!(timeout(ANSWER_LIMIT, ask).await, Ok(Ok(b'N' | b'S')))
}

/// PostgreSQL refuses to start beside an empty lock file, because it could be just being written.
fn remove_old(path: &Path) {
    let modified = fs::metadata(path).and_then(|found| found.modified()).ok();
    let age = modified.and_then(|modified| modified.elapsed().ok());
    if age.is_some_and(|age| age > EMPTY_FILE_AGE) {
        let _ = fs::remove_file(path);
    }
}

fn newest_log(data: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(data.join("log")).ok()?;
    entries.flatten().map(|entry| entry.path()).filter(|path| is_log(path)).max()
}

/// The last fatal message, without time and process. An error in the settings is named before it.
fn complaint(text: &str) -> Option<String> {
    let fatal = |line: &&str| ["FATAL:", "PANIC:", "error:"].iter().any(|word| line.contains(word));
    let mut line = text.lines().rev().find(fatal)?;
    if line.contains("contains errors") {
        line = text.lines().find(|line| line.contains("LOG:")).unwrap_or(line);
    }
    let message = line.split_once("] ").map_or(line, |(_, message)| message);
    Some(message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = "4711\n/srv/housing/cluster/data\n1763765432\n5432\n/srv/housing/socket\n\n  \
                         1234567    131073\nready   \n";

    #[test]
    fn reads_a_complete_file() {
        let file = ProcessFile::parse(READY).expect("complete");
        assert_eq!(file.process, 4711);
        assert_eq!(file.port, 5432);
        assert_eq!(file.socket_directory, Path::new("/srv/housing/socket"));
        assert_eq!(file.status, "ready");
    }

    #[test]
    fn a_half_written_file_is_not_ready() {
        for lines in 0..8 {
            let part: Vec<&str> = READY.lines().take(lines).collect();
            assert_eq!(ProcessFile::parse(&part.join("\n")), None, "{lines} lines");
        }
        assert_eq!(first_line("4711\n/srv"), Some(4711));
        assert_eq!(first_line(""), None);
        assert_eq!(first_line("-4711\n"), None);
    }

    #[test]
    fn finds_the_line_that_says_why() {
        let settings = "2026-11-21 23:05:28.482 GMT [28167] LOG:  invalid value for parameter \"TimeZone\"\n\
                        2026-11-21 23:05:28.482 GMT [28167] FATAL:  configuration file \"a\" contains errors\n";
        let found = complaint(settings);
        assert_eq!(found.as_deref(), Some("LOG:  invalid value for parameter \"TimeZone\""));
        let other = "x [1] LOG:  starting\nx [1] FATAL:  could not load pg_hba.conf\nx [1] LOG:  shut down\n";
        assert_eq!(complaint(other).as_deref(), Some("FATAL:  could not load pg_hba.conf"));
        assert_eq!(complaint("x [1] LOG:  starting\n"), None);
    }

    #[test]
    fn tells_what_passes_from_what_does_not() {
        assert!(passes("FATAL:  lock file \"postmaster.pid\" already exists"));
        assert!(passes("FATAL:  lock file \"postmaster.pid\" is empty"));
        assert!(passes("FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use"));
        assert!(!passes("FATAL:  invalid value for parameter \"TimeZone\": \"Asia/Shanghai\""));
    }
}
