//! Codes that a phone computes from a shared secret and the time (RFC 6238: SHA-1, six digits, thirty seconds). Owns the
//! arithmetic; who shares which secret is the business of `second_factor`.

use chrono::{DateTime, Utc};
use domain::platform::second_factor::{DRIFT_STEPS, STEP_SECONDS};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

/// Bytes of a secret: as many as SHA-1 has (RFC 4226 §4).
pub(super) const SECRET: usize = 20;
/// Codes run up to here.
const CODES: u32 = 1_000_000;

/// The time step that a moment lies in.
pub(super) fn step(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(STEP_SECONDS)
}

/// The code of a step.
#[must_use]
pub(super) fn code(secret: &[u8], step: i64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("any length is a key");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 0x0f);
    let four = [digest[offset] & 0x7f, digest[offset + 1], digest[offset + 2], digest[offset + 3]];
    u32::from_be_bytes(four) % CODES
}

/// The step that a code belongs to, when it is one of those around now and newer than every step that was used: a code
/// that somebody looked over a shoulder is worth nothing once it was entered, whatever the clock does. Compares all
/// candidates in the same time.
#[must_use]
pub(super) fn accepted(secret: &[u8], entered: u32, now: i64, used: i64) -> Option<i64> {
    let mut found = i64::MIN;
    for candidate in now - DRIFT_STEPS..=now + DRIFT_STEPS {
        let same = code(secret, candidate).ct_eq(&entered);
        found = i64::conditional_select(&found, &candidate, same);
    }
    (found > used).then_some(found)
}

/// Base32 without padding (RFC 4648), as phones take a secret.
#[must_use]
pub(super) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    five_bits(bytes, ALPHABET)
}

/// Five bits a character, from an alphabet of 32.
#[must_use]
pub(super) fn five_bits(bytes: &[u8], alphabet: &[u8; 32]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut waiting, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        waiting = waiting << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(alphabet[(waiting >> bits & 31) as usize]));
        }
        waiting &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(alphabet[(waiting << (5 - bits) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, of which six digits are the last six of the eight.
    const VECTOR: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, eight_digits) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130_u32),
        ] {
            let at = DateTime::from_timestamp(seconds, 0).expect("a moment");
            assert_eq!(code(VECTOR, step(at)), eight_digits % CODES, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_one_step_around_now() {
        let now = 1_000;
        for (off, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let entered = code(VECTOR, now + off);
            assert_eq!(accepted(VECTOR, entered, now, 0), good.then_some(now + off), "{off}");
        }
        assert_eq!(accepted(b"another secret of 20", code(VECTOR, now), now, 0), None);
    }

    #[test]
    fn no_step_up_to_the_used_one_is_accepted_again() {
        let now = 1_000;
        let entered = |step| code(VECTOR, step);
        assert_eq!(accepted(VECTOR, entered(now), now, now), None, "used");
        assert_eq!(accepted(VECTOR, entered(now - 1), now, now), None, "older than the used one");
        assert_eq!(accepted(VECTOR, entered(now + 1), now, now), Some(now + 1));
        // The clock was put back by an hour: what was used then is used.
        assert_eq!(accepted(VECTOR, entered(now - 120), now - 120, now), None);
    }

    #[test]
    fn base32_is_that_of_the_standard() {
        for (plain, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(plain.as_bytes()), text);
        }
        assert_eq!(base32(VECTOR), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
