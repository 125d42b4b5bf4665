//! Random tokens and their digests.

use sha2::{Digest as _, Sha256};

/// 32 random bytes of the operating system.
#[must_use]
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A secret for a cookie: 64 hexadecimal digits.
#[must_use]
pub fn secret() -> String {
    hex(&random_bytes())
}

/// An id to find a log line by; no secret.
#[must_use]
pub fn short_id() -> String {
    hex(&random_bytes()[..5])
}

/// SHA-256, as sessions and import files are known by.
#[must_use]
pub fn digest(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A password nobody chose: 16 characters of four classes without look-alikes.
#[must_use]
pub fn random_password() -> String {
    const CLASSES: [&[u8]; 4] = [b"abcdefghijkmnpqrstuvwxyz", b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"23456789", b"-+=@"];
    let bytes = random_bytes();
    (0..16).map(|index| char::from(CLASSES[index % 4][usize::from(bytes[index]) % CLASSES[index % 4].len()])).collect()
}
