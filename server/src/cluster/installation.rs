//! Finds the PostgreSQL server programs on this machine; installs nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ClusterError;

/// The oldest major version whose SQL the store may use.
const OLDEST: u32 = 15;

/// Where packagers put server programs: parent folder, start of the version's folder, programs below.
const USUAL_PLACES: [(&str, &str, &str); 7] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/usr/local", "pgsql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// One installed PostgreSQL server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    pub major: u32,
    programs: PathBuf,
}

impl Installation {
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// `None` where a folder holds client programs only, or nothing that runs.
    fn at(programs: PathBuf) -> Option<Self> {
        if !programs.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(programs.join("postgres")).arg("--version").output().ok()?;
        let major = major_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { major, programs })
    }
}

/// The newest installation, for a new cluster.
pub fn newest() -> Result<Installation, ClusterError> {
    let newest = all().into_iter().max_by_key(|installation| installation.major);
    newest.filter(|installation| installation.major >= OLDEST).ok_or_else(|| {
        ClusterError(format!(
            "PostgreSQL {OLDEST} or newer was not found: install the package postgresql or set DATABASE_URL"
        ))
    })
}

/// The installation for an existing cluster: only its own major version can read its files.
pub fn of_major(major: u32) -> Result<Installation, ClusterError> {
    all().into_iter().find(|installation| installation.major == major).ok_or_else(|| {
        ClusterError(format!(
            "the data was written by PostgreSQL {major}, which was not found: install the package \
             postgresql-{major}, or carry the data over with pg_upgrade"
        ))
    })
}

fn all() -> Vec<Installation> {
    places().into_iter().filter_map(Installation::at).collect()
}

/// See [`super::tool`]. A folder with client programs alone will do.
pub fn tool(name: &str, major: u32) -> Result<PathBuf, ClusterError> {
    let version = |program: &PathBuf| {
        let output = Command::new(program).arg("--version").output().ok()?;
        program_version(name, &String::from_utf8_lossy(&output.stdout))
    };
    let programs = places().into_iter().map(|place| place.join(name)).filter(|program| program.is_file());
    let fitting =
        programs.filter_map(|program| Some((version(&program)?, program))).filter(|(found, _)| *found >= major);
    fitting.min_by_key(|(found, _)| *found).map(|(_, program)| program).ok_or_else(|| {
        ClusterError(format!("{name} of PostgreSQL {major} or newer was not found: install postgresql-client-{major}"))
    })
}

fn places() -> Vec<PathBuf> {
    let reported = Command::new("pg_config").arg("--bindir").output().ok();
    let reported = reported.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let usual = USUAL_PLACES.iter().flat_map(|(parent, start, end)| {
        folders_starting_with(Path::new(parent), start).into_iter().map(move |found| found.join(end))
    });
    let search_path = env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = reported.into_iter().chain(usual).chain(env::split_paths(&search_path)).collect();
    places.retain(|place| place.is_absolute());
    places
}

fn folders_starting_with(parent: &Path, start: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let names = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(start));
    names.map(|entry| entry.path()).collect()
}

/// `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`. No beta or release candidate (`19beta1`):
/// what those write, the release cannot read.
fn major_version(text: &str) -> Option<u32> {
    program_version("postgres", text)
}

fn program_version(program: &str, text: &str) -> Option<u32> {
    let version = text.strip_prefix(program)?.strip_prefix(" (PostgreSQL) ")?.split_whitespace().next()?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn reads_the_major_version() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 19beta1\n"), None);
        assert_eq!(major_version("postgres (PostgreSQL) 18\n"), Some(18));
        assert_eq!(major_version("postgres (EnterpriseDB) 15.1"), None);
        assert_eq!(major_version(""), None);
    }
}
