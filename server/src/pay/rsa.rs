//! Signatures with RSA and SHA-256 (PKCS #1 v1.5), which both payment companies use, and the files that hold the keys.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use std::{fmt, path::Path, sync::Arc};

/// Signs as the merchant.
#[derive(Clone)]
pub struct Signer(Arc<RsaKeyPair>);

/// Knows what the other side signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier(Vec<u8>);

/// Never shows a key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl Signer {
    /// A private key in PEM, as both companies hand it out: PKCS #8 or PKCS #1.
    ///
    /// # Errors
    /// One line without the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (label, der) = pem(text)?;
        let pair = match label.as_str() {
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der),
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
            _ => return Err(format!("a private key is expected and not a {label}")),
        };
        pair.map(|pair| Self(Arc::new(pair)))
            .map_err(|error| format!("this is no RSA key of 2048 bits or more: {error}"))
    }

    /// # Errors
    /// As [`Self::parse`], with the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        Self::parse(&text_of(path)?).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The signature in Base64.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn sign(&self, message: &str) -> Result<String, String> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .map_err(|_| "nothing can be signed".to_owned())?;
        Ok(STANDARD.encode(signature))
    }
}

impl Verifier {
    /// A public key in PEM (`BEGIN PUBLIC KEY`).
    ///
    /// # Errors
    /// One line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (label, der) = pem(text)?;
        match label.as_str() {
            "PUBLIC KEY" => bare(&der).map(|key| Self(key.to_vec())).ok_or_else(|| "this is no RSA key".to_owned()),
            "RSA PUBLIC KEY" => Ok(Self(der)),
            _ => Err(format!("a public key is expected and not a {label}")),
        }
    }

    /// # Errors
    /// As [`Self::parse`], with the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        Self::parse(&text_of(path)?).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Whether the text was signed so.
    #[must_use]
    pub fn is_signed(&self, message: &str, signature: &str) -> bool {
        STANDARD.decode(signature.trim()).is_ok_and(|signature| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(message.as_bytes(), &signature).is_ok()
        })
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Label and content of the first block of a PEM file.
fn pem(text: &str) -> Result<(String, Vec<u8>), String> {
    let none = || "there is no PEM block (-----BEGIN …-----)".to_owned();
    let (_, rest) = text.split_once("-----BEGIN ").ok_or_else(none)?;
    let (label, rest) = rest.split_once("-----").ok_or_else(none)?;
    let (body, _) = rest.split_once("-----END ").ok_or_else(none)?;
    let body: String = body.split_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| "the PEM block is damaged".to_owned())?;
    Ok((label.to_owned(), der))
}

/// The key inside a SubjectPublicKeyInfo (RFC 5280): a sequence of the algorithm and of a bit string, which holds it.
fn bare(der: &[u8]) -> Option<&[u8]> {
    const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let (info, _) = element(der, 0x30)?;
    let (algorithm, rest) = element(info, 0x30)?;
    let (bits, _) = element(rest, 0x03)?;
    // A bit string begins with how many bits of its last byte do not count.
    bits.strip_prefix(&[0]).filter(|_| algorithm.starts_with(RSA))
}

/// The content of the element of DER with which the bytes begin, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), rest.get(2..)?),
        _ => return None,
    };
    (*first == tag).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &str = include_str!("simulate/merchant.pem");
    const PUBLIC: &str = include_str!("simulate/merchant.pub.pem");
    const OTHER: &str = include_str!("simulate/company.pub.pem");

    #[test]
    fn what_is_signed_is_known_and_nothing_else() {
        let (signer, verifier) = (Signer::parse(PRIVATE).expect("a key"), Verifier::parse(PUBLIC).expect("a key"));
        let signature = signer.sign("公租房费用1笔").expect("a signature");
        assert!(verifier.is_signed("公租房费用1笔", &signature));
        assert!(!verifier.is_signed("公租房费用2笔", &signature));
        assert!(!Verifier::parse(OTHER).expect("a key").is_signed("公租房费用1笔", &signature));
        for broken in ["", "x", &signature[4..]] {
            assert!(!verifier.is_signed("公租房费用1笔", broken), "{broken}");
        }
    }

    #[test]
    fn what_is_no_key_says_so() {
        assert!(Signer::parse(PUBLIC).unwrap_err().contains("not a PUBLIC KEY"));
        assert!(Verifier::parse(PRIVATE).unwrap_err().contains("not a PRIVATE KEY"));
        assert!(Verifier::parse("").unwrap_err().contains("no PEM block"));
        assert!(Verifier::parse("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----").is_err());
        assert!(Signer::parse("-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----").is_err());
    }
}
