//! Personal numbers at rest: sealed with an authenticated cipher, findable by their exact value (domain.md §2.6).
//!
//! A sealed value names its key, so that values of several keys live side by side while a rotation is under way.
//! The blind index is a keyed digest of the plain value: whoever holds only the database cannot try numbers
//! against it. Owns the keys and nothing else: which columns are sealed is the business of the nouns.

use crate::{
    Database, Error, Result,
    ctx::{begin_city, connection},
};
use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::{fmt, sync::Arc};

/// Bytes of a secret.
const SECRET: usize = 32;
/// Bytes of a nonce of AES-GCM.
const NONCE: usize = 12;
/// Bytes of a blind index: enough that two numbers of a city never share one.
const INDEX: usize = 16;

/// What a sealed value is, so that one cannot be moved into the place of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 证件号码
    IdNumber,
    /// 手机号, 联系电话
    Phone,
    /// 银行账号
    BankAccount,
    /// 户籍地址, 现住址
    Address,
    /// a failed row of an import, and why it failed
    ImportRow,
    /// the file of a job: what was uploaded or asked for, or what came of it
    JobFile,
    /// the secret of a second factor
    SecondFactor,
    /// a file that belongs to a record
    Attachment,
    /// its small picture
    Thumbnail,
}

impl Kind {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::IdNumber => b"id_number",
            Self::Phone => b"phone",
            Self::BankAccount => b"bank_account",
            Self::Address => b"address",
            Self::ImportRow => b"import_row",
            // As it was called when the first were sealed.
            Self::JobFile => b"import_file",
            Self::SecondFactor => b"second_factor",
            Self::Attachment => b"attachment",
            Self::Thumbnail => b"thumbnail",
        }
    }
}

/// The keys of a city: the first one seals, all of them open.
#[derive(Clone)]
pub struct KeyRing(Arc<Vec<Key>>);

struct Key {
    id: i16,
    seal: Aes256Gcm,
    index: [u8; SECRET],
    link: [u8; SECRET],
    check: [u8; INDEX],
}

/// Never shows a key.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| key.id)).finish()
    }
}

impl KeyRing {
    /// Reads keys as the key file and `HOUSING_KEYS` hold them: `<number>:<64 hexadecimal digits>`, one per line
    /// or separated by commas, the one in use first. Empty lines and lines that begin with `#` do not count.
    ///
    /// # Errors
    /// One line that says what is wrong, without the key.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let mut keys: Vec<Key> = Vec::new();
        let lines = text.split([',', '\n']).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let (id, secret) = line.split_once(':').ok_or("a key is <number>:<64 hexadecimal digits>")?;
            let id: i16 = id.trim().parse().ok().filter(|id| *id > 0).ok_or("a key's number is 1 to 32767")?;
            let secret = unhex(secret.trim()).ok_or_else(|| format!("key {id} is not 64 hexadecimal digits"))?;
            if keys.iter().any(|key| key.id == id) {
                return Err(format!("key {id} is there twice"));
            }
            keys.push(Key::new(id, &secret));
        }
        if keys.is_empty() { Err("there is no key".to_owned()) } else { Ok(Self(Arc::new(keys))) }
    }

    /// A line for the key file with a new secret of that number.
    #[must_use]
    pub fn new_line(id: i16) -> String {
        format!("{id}:{}", super::token::secret())
    }

    /// A line for the key file with a new secret, under the next number.
    #[must_use]
    pub fn next_line(&self) -> String {
        Self::new_line(self.0.iter().map(|key| key.id).max().unwrap_or(0) + 1)
    }

    /// The number of the key that seals.
    #[must_use]
    pub fn active(&self) -> i16 {
        self.0[0].id
    }

    /// Number and check value of every key: the database keeps them to know a ring that is not its own.
    #[must_use]
    pub fn checks(&self) -> Vec<(i16, Vec<u8>)> {
        self.0.iter().map(|key| (key.id, key.check.to_vec())).collect()
    }

    /// Seals a value with the key in use.
    #[must_use]
    pub fn seal(&self, kind: Kind, plain: &str) -> Vec<u8> {
        self.seal_bytes(kind, plain.as_bytes())
    }

    /// The same of what need not be text: a file.
    #[must_use]
    pub fn seal_bytes(&self, kind: Kind, plain: &[u8]) -> Vec<u8> {
        let key = &self.0[0];
        let random = super::token::random_bytes();
        let nonce = &random[..NONCE];
        let payload = Payload { msg: plain, aad: kind.label() };
        let sealed = key
            .seal
            .encrypt(nonce.try_into().expect("twelve bytes are a nonce"), payload)
            .expect("what is in memory can be sealed there");
        [&key.id.to_be_bytes()[..], nonce, &sealed].concat()
    }

    /// Opens a value, whichever key of the ring sealed it.
    ///
    /// # Errors
    /// When its key is missing or the value was changed.
    pub fn open(&self, kind: Kind, sealed: &[u8]) -> Result<String> {
        String::from_utf8(self.open_bytes(kind, sealed)?)
            .map_err(|_| Error::Broken(format!("a sealed {kind:?} is no text")))
    }

    /// The same of what need not be text.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_bytes(&self, kind: Kind, sealed: &[u8]) -> Result<Vec<u8>> {
        let broken = |why: &str| Error::Broken(format!("a sealed {kind:?} cannot be opened: {why}"));
        let (id, rest) = sealed.split_at_checked(2).ok_or_else(|| broken("it is cut off"))?;
        let (nonce, text) = rest.split_at_checked(NONCE).ok_or_else(|| broken("it is cut off"))?;
        let id = i16::from_be_bytes([id[0], id[1]]);
        let key =
            self.0.iter().find(|key| key.id == id).ok_or_else(|| broken(&format!("key {id} is not in the ring")))?;
        let nonce = nonce.try_into().map_err(|_| broken("it is cut off"))?;
        key.seal
            .decrypt(nonce, Payload { msg: text, aad: kind.label() })
            .map_err(|_| broken("it was changed, or is of another kind"))
    }

    /// A sealed value under the key in use: itself, or sealed anew.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn renewed(&self, kind: Kind, sealed: Vec<u8>) -> Result<Vec<u8>> {
        if Self::key_of(&sealed) == Some(self.active()) {
            return Ok(sealed);
        }
        Ok(self.seal_bytes(kind, &self.open_bytes(kind, &sealed)?))
    }

    /// The number of the key that sealed a value.
    #[must_use]
    pub fn key_of(sealed: &[u8]) -> Option<i16> {
        sealed.first_chunk().map(|id| i16::from_be_bytes(*id))
    }

    /// Signs a text that goes out and comes back: the key's number and the signature.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let key = &self.0[0];
        format!("{}.{}", key.id, super::token::hex(&key.signing(text).finalize().into_bytes()))
    }

    /// Whether a text was signed so with a key of the ring.
    #[must_use]
    pub fn is_signed(&self, text: &str, signature: &str) -> bool {
        let Some((id, digits)) = signature.split_once('.') else { return false };
        let Some(signature) = unhex(digits) else { return false };
        let key = id.parse().ok().and_then(|id: i16| self.0.iter().find(|key| key.id == id));
        key.is_some_and(|key| key.signing(text).verify_slice(&signature).is_ok())
    }

    /// The blind indexes of a value, one per key, that of the key in use first: a search compares with all of
    /// them, because while a rotation is under way rows of both keys are there.
    #[must_use]
    pub fn indexes(&self, kind: Kind, plain: &str) -> Vec<Vec<u8>> {
        self.0.iter().map(|key| key.digest(kind.label(), plain.as_bytes()).to_vec()).collect()
    }
}

/// Whether anything in this database is sealed: then a new ring would be the wrong one.
///
/// # Errors
/// When the database fails.
pub async fn keys_known(database: &Database) -> Result<bool> {
    let mut tx = begin_city(database).await?;
    let known = sqlx::query_scalar!(
        r#"select exists (select from person) or exists (select from user_phone)
               or exists (select from room where key_id is not null)
               or exists (select from import_row where key_id is not null)
               or exists (select from job_file where key_id is not null)
               or exists (select from user_factor where key_id is not null)
               or exists (select from attachment where key_id is not null) as "known!""#
    );
    let known = known.fetch_one(connection(&mut tx)).await?;
    tx.commit().await?;
    Ok(known)
}

/// Compares a ring with what the database remembers of its keys: notes the keys that are new to it, and forgets one
/// that the ring has no more and that seals nothing any more.
pub(crate) async fn keys_check(database: &Database, ring: &KeyRing) -> Result<()> {
    let mut tx = begin_city(database).await?;
    for (id, check) in ring.checks() {
        sqlx::query!("insert into cipher_key (id, check_value) values ($1, $2) on conflict (id) do nothing", id, check)
            .execute(connection(&mut tx))
            .await?;
    }
    let known = sqlx::query!(
        r#"select id, check_value, exists (select from person p where p.key_id = k.id)
                  or exists (select from app_user u where u.key_id = k.id)
                  or exists (select from room o where o.key_id = k.id)
                  or exists (select from import_row r where r.key_id = k.id)
                  or exists (select from job_file f where f.key_id = k.id)
                  or exists (select from user_factor t where t.key_id = k.id)
                  or exists (select from attachment a where a.key_id = k.id) as "seals!"
           from cipher_key k order by id"#
    )
    .fetch_all(connection(&mut tx))
    .await?;
    for row in known {
        match ring.checks().into_iter().find(|(id, _)| *id == row.id) {
            Some((_, check)) if check == row.check_value => {}
            Some((id, _)) if row.seals => {
                return Err(Error::Broken(format!("key {id} is not the one that this database knows by that number")));
            }
            None if row.seals => {
                return Err(Error::Broken(format!(
                    "key {} is missing: numbers of this database are sealed with it",
                    row.id
                )));
            }
            // It seals nothing any more, or never did.
            other => {
                sqlx::query!("delete from person_number where key_id = $1", row.id)
                    .execute(connection(&mut tx))
                    .await?;
                sqlx::query!("delete from user_phone where key_id = $1", row.id).execute(connection(&mut tx)).await?;
                sqlx::query!("delete from cipher_key where id = $1", row.id).execute(connection(&mut tx)).await?;
                if let Some((id, check)) = other {
                    sqlx::query!("insert into cipher_key (id, check_value) values ($1, $2)", id, check)
                        .execute(connection(&mut tx))
                        .await?;
                }
            }
        }
    }
    tx.commit().await?;
    Ok(())
}

impl Key {
    fn new(id: i16, secret: &[u8; SECRET]) -> Self {
        let derived = |purpose: &[u8]| {
            let mut bytes = [0; SECRET];
            Hkdf::<Sha256>::new(None, secret).expand(purpose, &mut bytes).expect("32 bytes can be derived");
            bytes
        };
        let seal = Aes256Gcm::new_from_slice(&derived(b"housing seal")).expect("32 bytes are a key");
        let mut key =
            Self { id, seal, index: derived(b"housing index"), link: derived(b"housing link"), check: [0; INDEX] };
        key.check = key.digest(b"check", b"housing");
        key
    }

    fn signing(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.link).expect("any length is a key");
        mac.update(text.as_bytes());
        mac
    }

    fn digest(&self, label: &[u8], content: &[u8]) -> [u8; INDEX] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.index).expect("any length is a key");
        mac.update(label);
        mac.update(&[0]);
        mac.update(content);
        mac.finalize().into_bytes()[..INDEX].try_into().expect("32 bytes hold 16")
    }
}

fn unhex(text: &str) -> Option<[u8; SECRET]> {
    if text.len() != SECRET * 2 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; SECRET];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(lines: &[&str]) -> KeyRing {
        KeyRing::parse(&lines.join("\n")).expect("a ring")
    }

    #[test]
    fn what_is_sealed_opens_and_looks_different_each_time() {
        let ring = ring(&[&KeyRing::new_line(1)]);
        let sealed = ring.seal(Kind::IdNumber, "410105199003071248");
        assert_eq!(ring.open(Kind::IdNumber, &sealed).expect("opened"), "410105199003071248");
        assert_ne!(ring.seal(Kind::IdNumber, "410105199003071248"), sealed);
        assert!(!sealed.windows(4).any(|part| part == b"1248"));
    }

    #[test]
    fn no_bit_and_no_kind_can_be_changed() {
        let ring = ring(&[&KeyRing::new_line(1)]);
        let sealed = ring.seal(Kind::Phone, "13812345678");
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(ring.open(Kind::Phone, &changed).is_err(), "byte {place}");
        }
        assert!(ring.open(Kind::BankAccount, &sealed).is_err());
        for length in 0..sealed.len() {
            assert!(ring.open(Kind::Phone, &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn the_index_finds_the_value_and_tells_kinds_and_keys_apart() {
        let (one, two) = (KeyRing::new_line(1), KeyRing::new_line(2));
        let (before, during) = (ring(&[&one]), ring(&[&two, &one]));
        let index = |ring: &KeyRing, kind| ring.indexes(kind, "13812345678");
        assert_eq!(index(&before, Kind::Phone), index(&before, Kind::Phone));
        assert_ne!(index(&before, Kind::Phone), index(&before, Kind::BankAccount));
        assert_eq!(index(&during, Kind::Phone)[1], index(&before, Kind::Phone)[0], "rows of the old key are found");
        assert_ne!(index(&during, Kind::Phone)[0], index(&during, Kind::Phone)[1]);
    }

    #[test]
    fn a_rotation_opens_the_old_and_seals_with_the_new() {
        let (one, two) = (KeyRing::new_line(1), KeyRing::new_line(2));
        let old = ring(&[&one]).seal(Kind::Address, "secret");
        let during = ring(&[&two, &one]);
        assert_eq!(during.open(Kind::Address, &old).expect("opened"), "secret");
        assert_eq!(during.active(), 2);
        let after = ring(&[&two]);
        assert!(after.open(Kind::Address, &old).is_err(), "its key is gone");
        assert!(after.open(Kind::Address, &during.seal(Kind::Address, "secret")).is_ok());
    }

    #[test]
    fn a_signature_is_of_one_text_and_one_ring() {
        let (one, two) = (KeyRing::new_line(1), KeyRing::new_line(2));
        let old = ring(&[&one]);
        let signature = old.sign("3/7/picture/1800000000");
        assert!(ring(&[&two, &one]).is_signed("3/7/picture/1800000000", &signature), "while a key is replaced");
        assert!(!old.is_signed("4/7/picture/1800000000", &signature), "another account");
        assert!(!ring(&[&two]).is_signed("3/7/picture/1800000000", &signature), "another key");
        assert!(!ring(&[&KeyRing::new_line(1)]).is_signed("3/7/picture/1800000000", &signature), "another secret");
        for broken in ["", ".", "1.", "x.00", &signature[..signature.len() - 1], &signature.replace("1.", "2.")] {
            assert!(!old.is_signed("3/7/picture/1800000000", broken), "{broken}");
        }
    }

    #[test]
    fn what_is_no_ring_says_so_without_the_key() {
        let secret = "0f".repeat(32);
        for (text, said) in [
            (String::new(), "there is no key"),
            ("# a comment\n\n".into(), "there is no key"),
            (secret.clone(), "a key is <number>:<64 hexadecimal digits>"),
            (format!("0:{secret}"), "a key's number is 1 to 32767"),
            (format!("1:{}", &secret[1..]), "key 1 is not 64 hexadecimal digits"),
            (format!("1:{}é", &secret[2..]), "key 1 is not 64 hexadecimal digits"),
            (format!("1:{secret},1:{secret}"), "key 1 is there twice"),
        ] {
            assert_eq!(KeyRing::parse(&text).expect_err("no ring"), said);
        }
        let ring = KeyRing::parse(&format!("# in use\n2:{secret}\n1:{}", "a0".repeat(32))).expect("a ring");
        assert_eq!(format!("{ring:?}"), "[2, 1]");
        assert_eq!(ring.checks().len(), 2);
    }
}
