//! The configuration of the private cluster, and the size of its log.
//!
//! Written anew at every start, so it follows the machine's memory and our releases. It includes what
//! initdb found out about the system; `alter system` of an administrator wins over both.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::place::{Home, set_mode};
use super::{ClusterError, Durability};

/// Half a gigabyte of log at most: that many files of `log_rotation_size`.
const LOGS_KEPT: usize = 25;
const MEGABYTE: u64 = 1024 * 1024;

const COMMON: &str = "
listen_addresses = ''
max_connections = 100
work_mem = '16MB'
wal_compression = on
max_wal_size = '4GB'
checkpoint_completion_target = 0.9
random_page_cost = 1.1
jit = off
timezone = 'Asia/Shanghai'
lc_messages = 'C'

logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%Y%m%d-%H%M%S.log'
log_rotation_size = '20MB'
log_rotation_age = 0
log_timezone = 'Asia/Shanghai'
log_lock_waits = on
log_min_duration_statement = 1000
# Personal data must not reach the log: no parameters, no details (they quote the values of keys).
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
";

/// Writes `postgresql.conf` beside the data directory.
pub fn write(home: &Home, durability: Durability) -> Result<(), ClusterError> {
    let path = home.settings();
    let draft = path.with_extension("conf.new");
    let text = text(&home.data(), memory_in_megabytes(), durability);
    // Removed first, then created anew: never written through a link that somebody has put there.
    let _ = fs::remove_file(&draft);
    let mut file = File::create_new(&draft).map_err(ClusterError::doing("create", &draft))?;
    file.write_all(text.as_bytes()).map_err(ClusterError::doing("write", &draft))?;
    set_mode(&draft, 0o644)?;
    fs::rename(&draft, &path).map_err(ClusterError::doing("rename", &draft))
}

/// PostgreSQL rotates by size but deletes nothing.
pub fn delete_old_logs(data: &Path) {
    let Ok(entries) = fs::read_dir(data.join("log")) else {
        return;
    };
    let mut logs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    logs.retain(|path| is_log(path));
    // The names carry the time, so the order of names is the order of time.
    logs.sort_unstable();
    let surplus = logs.len().saturating_sub(LOGS_KEPT);
    for path in &logs[..surplus] {
        let _ = fs::remove_file(path);
    }
}

pub fn is_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("postgresql-") && name.ends_with(".log")
}

fn text(data: &Path, memory: u64, durability: Durability) -> String {
    let included = data.join("postgresql.conf").display().to_string();
    let included = included.replace('\\', "\\\\").replace('\'', "''");
    let shared = (memory / 4).clamp(64, 1024);
    let cached = (memory / 2).max(shared);
    let maintenance = (memory / 16).clamp(64, 256);
    let promises = match durability {
        Durability::Durable => "synchronous_commit = on\nfsync = on\nfull_page_writes = on\n",
        Durability::ThrowAway => "synchronous_commit = off\nfsync = off\nfull_page_writes = off\n",
    };
    format!(
        "# Written by the server at every start. Change settings with `alter system`.\n\
         include '{included}'\n{COMMON}\n\
         shared_buffers = '{shared}MB'\n\
         effective_cache_size = '{cached}MB'\n\
         maintenance_work_mem = '{maintenance}MB'\n\
         {promises}"
    )
}

/// The machine's memory, or the container's share of it if that is less. Modest where unknown.
fn memory_in_megabytes() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_memory(&text));
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = limits.iter().filter_map(|path| {
        let bytes: u64 = fs::read_to_string(path).ok()?.trim().parse().ok()?;
        Some(bytes / MEGABYTE)
    });
    machine.into_iter().chain(limits).min().unwrap_or(1024)
}

fn total_memory(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_settings_follow_the_machine_within_limits() {
        let on = |memory| text(Path::new("/d"), memory, Durability::Durable);
        assert!(on(512).contains("shared_buffers = '128MB'"));
        assert!(on(65_536).contains("shared_buffers = '1024MB'"));
        assert!(on(100).contains("shared_buffers = '64MB'"));
        assert!(on(8192).contains("effective_cache_size = '4096MB'"));
    }

    #[test]
    fn only_a_throw_away_cluster_gives_up_durability() {
        let durable = text(Path::new("/d"), 4096, Durability::Durable);
        assert!(durable.contains("\nfsync = on\n") && !durable.contains("fsync = off"));
        let throw_away = text(Path::new("/d"), 4096, Durability::ThrowAway);
        assert!(throw_away.contains("\nfsync = off\n") && !throw_away.contains("fsync = on"));
    }

    #[test]
    fn a_path_with_quotes_stays_one_path() {
        let settings = text(Path::new("/it's\\"), 4096, Durability::Durable);
        assert!(settings.contains("include '/it''s\\\\/postgresql.conf'"));
    }

    #[test]
    fn reads_the_memory_of_linux() {
        assert_eq!(total_memory("MemTotal:       24607456 kB\nMemFree: 1 kB\n"), Some(24_030));
        assert_eq!(total_memory("MemFree: 1 kB\n"), None);
    }
}
