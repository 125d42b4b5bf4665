//! Remembers slow results by content, so a changed style sheet does not cost another wasm-opt.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Mutex};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// A directory of results, one file each, named by operation and input.
pub struct Cache {
    dir: PathBuf,
    used: Mutex<BTreeSet<String>>,
}

impl Cache {
    pub fn open(dir: PathBuf) -> Result<Self> {
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self { dir, used: Mutex::default() })
    }

    /// The result of `make` for `input`, from an earlier run if there is one. `operation` must name
    /// everything besides the input that decides the result (options, the tool's version).
    pub fn get_or_make(
        &self,
        operation: &str,
        input: &[u8],
        make: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let key = hex(&[operation.as_bytes(), b"\0", input]);
        let path = self.dir.join(&key);
        self.used.lock().expect("no holder of this lock panics").insert(key);
        if let Ok(known) = fs::read(&path) {
            return Ok(known);
        }
        let made = make()?;
        // Written under another name first: a killed run must not leave half a result behind.
        let fresh = path.with_extension("new");
        fs::write(&fresh, &made)?;
        fs::rename(&fresh, &path)?;
        Ok(made)
    }

    /// Deletes what this run did not ask for; otherwise the cache grows with every build.
    pub fn forget_unused(&mut self) -> Result<()> {
        let used = self.used.get_mut().expect("no holder of this lock panics");
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if !used.contains(entry.file_name().to_string_lossy().as_ref()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// SHA-256 over the parts, as 64 hex digits.
pub fn hex(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
