//! Seals the operation log, anchors the newest seal outside the database, and verifies both
//! (`server audit verify`; domain.md §2.6).

use crate::plan;
use domain::platform::{audit::AuditReport, job::Plan};
use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};
use store::{
    Database,
    platform::{
        audit::{Anchor, audit_seal, verify},
        plan::Outcome,
        token::hex,
    },
};
use tokio::{sync::watch, task::JoinHandle};

/// The file that anchors are appended to. It belongs onto a disk that whoever rules the database does not.
#[must_use]
pub fn anchor_file(data: &Path) -> PathBuf {
    data.join("audit-anchors.txt")
}

/// Seals what is committed, every two seconds until the process is to end, and once more then.
pub fn start(database: Database, file: PathBuf, mut stopping: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        let work = |database: Database| {
            let file = file.clone();
            async move { seal(&database, &file).await }
        };
        plan::keep(database, Plan::AuditSeal, stop, work).await;
    })
}

/// Seals once, and anchors the newest seal.
async fn seal(database: &Database, file: &Path) -> Outcome {
    let Some(anchor) = audit_seal(database).await.map_err(|error| error.to_string())? else { return Ok(None) };
    write(file, &anchor).map_err(|error| format!("the seal cannot be anchored in {}: {error}", file.display()))?;
    Ok(Some(format!("存证至第{}块", anchor.seq)))
}

/// Appends `<number of the block> <hash>`.
fn write(file: &Path, anchor: &Anchor) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    writeln!(file, "{} {}", anchor.seq, hex(&anchor.hash))?;
    file.sync_data()
}

/// The anchors that were written down; none when there is no file yet. A line that cannot be read is an
/// anchor that no block can equal, so that a spoiled file does not pass for an empty one.
#[must_use]
pub fn anchors(file: &Path) -> Vec<Anchor> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .map(|line| {
            let (seq, hash) = line.split_once(' ').unwrap_or((line, ""));
            Anchor { seq: seq.parse().unwrap_or(i64::MAX), hash: unhex(hash) }
        })
        .collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|digit| digit.to_digit(16).and_then(|digit| digit.try_into().ok())).collect();
    digits.chunks_exact(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

/// `server audit verify`: exit status 0 when the log is as it was sealed, 3 when it is not.
///
/// # Errors
/// When the database fails.
pub async fn run_verify(database: &Database, data: &Path) -> Result<ExitCode, String> {
    let report: AuditReport =
        verify(database, &anchors(&anchor_file(data))).await.map_err(|error| error.to_string())?;
    Ok(told(&report))
}

/// Prints what the log says about itself; answers the exit status.
#[must_use]
pub fn told(report: &AuditReport) -> ExitCode {
    println!("{}", report.sentence());
    report.findings.iter().for_each(|finding| println!("{}", finding.sentence()));
    ExitCode::from(if report.findings.is_empty() { 0 } else { 3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_read_as_they_were_written() {
        let folder = std::env::temp_dir().join(format!("housing-anchors-{}", store::platform::token::short_id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = anchor_file(&folder);
        assert_eq!(anchors(&file), []);
        let written = [Anchor { seq: 1, hash: vec![0, 15, 255] }, Anchor { seq: 12, hash: vec![7; 32] }];
        for anchor in &written {
            write(&file, anchor).expect("written");
        }
        assert_eq!(anchors(&file), written);
        std::fs::write(&file, "no anchor at all").expect("spoiled");
        assert_eq!(anchors(&file)[0].seq, i64::MAX);
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
