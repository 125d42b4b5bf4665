//! Other processes of this program: what they take is theirs alone and can be looked up.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

/// How often a running process is asked for its memory; the peak is kept by the kernel, so only what
/// grew within the last such moment can be missed.
const LOOK: Duration = Duration::from_millis(20);
const START_LIMIT: Duration = Duration::from_secs(60);

/// This program, to be run on the benchmark's database.
#[derive(Clone, Debug)]
pub struct Program {
    pub path: PathBuf,
    pub data: PathBuf,
}

/// A process that has ended.
pub struct Finished {
    pub output: String,
    pub seconds: f64,
    /// most memory it ever held, 10⁶ bytes; unknown where there is no /proc
    pub peak_megabytes: Option<f64>,
}

impl Program {
    fn command(&self, log: &str) -> Result<Command, String> {
        let path = self.data.join(log);
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let mut command = Command::new(&self.path);
        command.env_remove("DATABASE_URL").env_remove("HOUSING_CONFIG").arg("--data").arg(&self.data);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        Ok(command)
    }

    /// Runs `server import …` to its end.
    ///
    /// # Errors
    /// When it cannot be run.
    pub async fn import(&self, sheet: &str, files: &[PathBuf], login: &str) -> Result<Finished, String> {
        let mut command = self.command("import.log")?;
        command.args(["import", sheet, "--as", login, "--json"]).args(files);
        let began = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("cannot run {}: {error}", self.path.display()))?;
        let stdout = child.stdout.take();
        let reader = tokio::spawn(async move {
            let mut output = String::new();
            if let Some(mut stdout) = stdout {
                let _ = stdout.read_to_string(&mut output).await;
            }
            output
        });
        let mut peak_megabytes = None;
        loop {
            tokio::select! {
                _ = child.wait() => break,
                () = tokio::time::sleep(LOOK) => peak_megabytes = memory(&child, "VmHWM:").or(peak_megabytes),
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        Ok(Finished { output: reader.await.unwrap_or_default(), seconds, peak_megabytes })
    }

    /// Starts `server serve` at a free port.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn serve(&self, site: &Path) -> Result<Serving, String> {
        self.serve_with(site, &[]).await
    }

    /// As [`Self::serve`], with further settings.
    ///
    /// # Errors
    /// As [`Self::serve`].
    pub async fn serve_with(&self, site: &Path, settings: &[OsString]) -> Result<Serving, String> {
        let mut command = self.command("server.log")?;
        // One client asks for all: what it may ask per minute is not what is measured.
        command
            .args(["serve", "--limit-door", "0", "--limit-session", "0", "--listen", "127.0.0.1:0", "--site"])
            .arg(site)
            .args(settings);
        let mut child = command.spawn().map_err(|error| format!("cannot run {}: {error}", self.path.display()))?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("the server has no output")?).lines();
        let found = tokio::time::timeout(START_LIMIT, async {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(address) = line.trim().strip_prefix("http://") {
                    return address.parse().ok();
                }
            }
            None
        });
        let log = self.data.join("server.log");
        let address =
            found.await.ok().flatten().ok_or_else(|| format!("the server did not start: see {}", log.display()))?;
        // Somebody must go on reading, or a talkative server would wait for ever.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Serving { child, address })
    }
}

/// A server that answers.
pub struct Serving {
    child: Child,
    pub address: SocketAddr,
}

impl Serving {
    /// The memory it holds now, 10⁶ bytes.
    #[must_use]
    pub fn memory(&self) -> Option<f64> {
        memory(&self.child, "VmRSS:")
    }

    /// Asks it to end and waits for that.
    pub async fn stop(mut self) {
        if let Some(id) = self.child.id() {
            let _ = Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
        }
        if tokio::time::timeout(START_LIMIT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

fn memory(child: &Child, key: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()?)).ok()?;
    kilobytes(&status, key).map(|kilobytes| kilobytes * 1024.0 / 1e6)
}

fn kilobytes(status: &str, key: &str) -> Option<f64> {
    status.lines().find_map(|line| line.strip_prefix(key))?.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_how_much() {
        let status = "Name:\tserver\nVmHWM:\t   12345 kB\nVmRSS:\t 10 kB\n";
        assert_eq!(kilobytes(status, "VmHWM:"), Some(12345.0));
        assert_eq!(kilobytes(status, "VmSwap:"), None);
    }
}
