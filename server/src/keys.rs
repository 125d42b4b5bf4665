//! Where the keys of personal numbers come from: `HOUSING_KEYS`, or the file `keys` in the data folder.
//!
//! A first start makes the file. When the database knows keys and there is no file, nothing is made up: what they
//! sealed would be lost behind a new one.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};
use store::{
    Database,
    platform::{
        cipher::{KeyRing, keys_known},
        token::short_id,
    },
};

/// Environment variable that holds the keys, as the file would.
const VARIABLE: &str = "HOUSING_KEYS";

/// Gives the database its keys.
///
/// # Errors
/// One line that says what to do.
pub async fn take(database: Database, data: &Path) -> Result<Database, String> {
    let ring = match std::env::var(VARIABLE) {
        Ok(text) => KeyRing::parse(&text).map_err(|error| format!("{VARIABLE}: {error}"))?,
        Err(_) => read_or_make(&database, &data.join("keys")).await?,
    };
    database.with_keys(ring).await.map_err(|error| error.to_string())
}

/// Whether the environment holds the keys, so that the file is nothing to us.
#[must_use]
pub fn given() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// The keys as they are written in the environment or the file.
///
/// # Errors
/// One line that says what to do, when they cannot be read.
pub fn text(data: &Path) -> Result<String, String> {
    let file = data.join("keys");
    match std::env::var(VARIABLE) {
        Ok(text) => Ok(text),
        Err(_) => fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display())),
    }
}

/// A line with a new key, to be added to the others.
///
/// # Errors
/// One line that says what to do, when the present keys cannot be read.
pub fn next(data: &Path) -> Result<String, String> {
    Ok(KeyRing::parse(&text(data)?)?.next_line())
}

async fn read_or_make(database: &Database, file: &Path) -> Result<KeyRing, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if keys_known(database).await.map_err(|error| error.to_string())? {
                return Err(format!(
                    "{} is missing: put back the key file of this database, or set {VARIABLE}",
                    file.display()
                ));
            }
            make(file).map_err(|error| named(&error))?
        }
        Err(error) => return Err(named(&error)),
    };
    KeyRing::parse(&text).map_err(|error| named(&error))
}

/// Makes the file with a first key, readable to its owner alone; another server's is taken when it was faster.
fn make(file: &Path) -> std::io::Result<String> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let text = format!(
        "# Keys of personal numbers; without them they are lost. Keep a copy apart from the database.\n{}\n",
        KeyRing::new_line(1)
    );
    // Complete before it has its name: whoever finds it can read it.
    let fresh = file.with_extension(format!("{}.new", short_id()));
    let mut written = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    let linked = fs::hard_link(&fresh, file);
    fs::remove_file(&fresh)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        // What has the name is what all servers use, whoever made it.
        _ => fs::read_to_string(file),
    }
}
