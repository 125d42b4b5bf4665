//! Knows without reading any content whether there is something to do, as make would.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::{Context as _, Result};

use crate::Order;

/// What was ordered; size and time of every input, of this program and of the tools it calls.
pub fn of(order: &Order) -> Result<String> {
    let mut stamp = format!("release {}\n", order.release);
    add(&mut stamp, &order.input).with_context(|| {
        format!(
            "cannot read {}; build it with `cargo build -p frontend --target wasm32-unknown-unknown`",
            order.input.display()
        )
    })?;
    add(&mut stamp, &std::env::current_exe()?)?;
    for folder in [&order.assets, &order.public].into_iter().flatten() {
        add_tree(&mut stamp, folder)?;
    }
    for tool in ["style/package-lock.json", "style/wasm-opt.mjs"].map(Path::new) {
        if tool.exists() {
            add(&mut stamp, tool)?;
        }
    }
    Ok(stamp)
}

fn add_tree(stamp: &mut String, folder: &Path) -> Result<()> {
    let mut entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() { add_tree(stamp, &path)? } else { add(stamp, &path)? }
    }
    Ok(())
}

fn add(stamp: &mut String, path: &Path) -> Result<()> {
    let about = fs::metadata(path)?;
    let changed = about.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
    Ok(writeln!(stamp, "{} {} {changed}", path.display(), about.len())?)
}

/// Whether the last finished run saw the same.
pub fn matches(work: &Path, stamp: &str) -> bool {
    fs::read_to_string(file(work)).is_ok_and(|last| last == stamp)
}

/// Written after everything else: an interrupted run is repeated.
pub fn write(work: &Path, stamp: &str) -> Result<()> {
    Ok(fs::write(file(work), stamp)?)
}

fn file(work: &Path) -> PathBuf {
    work.join("stamp")
}
