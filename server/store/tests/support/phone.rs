//! The phone of somebody with a second factor: computes the codes by the standard's own words (RFC 4226, RFC 6238), not
//! by the code that is tested.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// The bytes behind a key as it was typed in.
pub fn secret(key: &str) -> Vec<u8> {
    let (mut bytes, mut waiting, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in key.bytes().filter(|letter| *letter != b' ') {
        let five = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).expect("Base32");
        waiting = (waiting << 5 | five as u32) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((waiting >> bits) as u8);
        }
    }
    bytes
}

/// The six digits that a phone shows at a moment for a key.
pub fn code(key: &str, at: DateTime<Utc>) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(&secret(key)).expect("a key");
    mac.update(&(at.timestamp() / 30).to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    let start = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes(hash[start..start + 4].try_into().expect("four bytes")) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
