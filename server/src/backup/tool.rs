//! PostgreSQL's own tools, told where the database is without putting its password where others can read it.

use crate::cluster;
use std::{
    io::Read as _,
    process::{Child, Command, Stdio},
};

/// `pg_dump` or `pg_restore` of at least this major version, for the database at `url`.
///
/// # Errors
/// When no such version is installed.
pub fn command(name: &str, at_least: u32, url: &str) -> Result<Command, String> {
    let program = cluster::tool(name, at_least).map_err(|error| error.to_string())?;
    let (address, password) = split(url);
    let mut command = Command::new(program);
    // The address is an argument, which every account of the machine can read; the password is not.
    command.arg("--no-password").arg("--dbname").arg(address);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    Ok(command)
}

/// Waits for a tool; a failure ends with what it complained about first.
///
/// # Errors
/// Its complaint.
pub fn finish(name: &str, mut child: Child) -> Result<(), String> {
    let mut complaint = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut complaint);
    }
    let status = child.wait().map_err(|error| format!("{name}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let line = complaint.lines().find(|line| line.contains("error:")).or_else(|| complaint.lines().next());
    Err(format!("{name} failed: {}", line.unwrap_or("it gave no reason")))
}

/// The address without its password, and the password in clear.
fn split(url: &str) -> (String, Option<String>) {
    let whole = || (url.to_owned(), None);
    let Some((scheme, rest)) = url.split_once("://") else { return whole() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return whole() };
    let Some((user, password)) = rest[..at].split_once(':') else { return whole() };
    (format!("{scheme}://{user}{}", &rest[at..]), Some(decoded(password)))
}

/// Without the percent signs of an address.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_no_argument() {
        let parts = |url: &str| {
            let (address, password) = split(url);
            (address, password.unwrap_or_default())
        };
        assert_eq!(
            parts("postgres://a:p%40s%25s@%2Frun%2Fpg:5432/city?sslmode=require"),
            ("postgres://a@%2Frun%2Fpg:5432/city?sslmode=require".into(), "p@s%s".into())
        );
        for plain in ["postgres://a@host/city", "postgres:///city?host=/run&options=a:b@c", "postgres://host:5432/city"]
        {
            assert_eq!(parts(plain), (plain.into(), String::new()));
        }
        assert_eq!(decoded("100%"), "100%");
    }
}
