//! The sealed columns of a person, and the digests that find a number.

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::cipher::{KeyRing, Kind},
};
use domain::{
    dictionary::IdType,
    failure::Failure,
    id::PersonId,
    person::{DOCUMENT_MAX, DOCUMENT_MIN, NumberChange, PersonFields, Secret},
    value::{BankCard, Passbook, Phone},
};
use sqlx::PgConnection;

/// A value as the table holds it.
struct Sealed {
    bytes: Vec<u8>,
    mask: String,
}

/// The sealed columns of one person, in the order of [`Secret::ALL`].
#[derive(Default)]
pub(crate) struct Numbers([Option<Sealed>; Secret::ALL.len()]);

impl Numbers {
    /// Those of a person in scope; held until the transaction ends.
    pub async fn load(tx: &mut Tx, id: PersonId) -> Result<Self> {
        let found = Self::load_all(tx, &[id.0]).await?.into_iter().find(|holder| !holder.deleted);
        Ok(found.ok_or(Failure::NotFound)?.numbers)
    }

    /// Those of many, deleted records too: held until the transaction ends, in the order of their ids, so that two who
    /// hold the same cannot wait for each other for ever.
    pub async fn load_all(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Holder>> {
        let rows = sqlx::query!(
            r#"select id, id_type, deleted_at is not null as "deleted!", id_number, id_number_mask, phone, phone_mask, phone2,
                      phone2_mask, hukou_address, hukou_address_mask, live_address, live_address_mask, bank_no, bank_no_mask,
                      emergency_phone, emergency_phone_mask
               from person where id = any($1) order by id for no key update"#,
            ids
        )
        .fetch_all(connection(tx))
        .await?;
        let optional = |bytes: Option<Vec<u8>>, mask: Option<String>| Some(Sealed { bytes: bytes?, mask: mask? });
        rows.into_iter()
            .map(|row| {
                Ok(Holder {
                    id: row.id,
                    id_type: stored(&row.id_type, IdType::from_code)?,
                    deleted: row.deleted,
                    numbers: Self([
                        optional(Some(row.id_number), Some(row.id_number_mask)),
                        optional(Some(row.phone), Some(row.phone_mask)),
                        optional(row.phone2, row.phone2_mask),
                        optional(row.hukou_address, row.hukou_address_mask),
                        optional(row.live_address, row.live_address_mask),
                        optional(row.bank_no, row.bank_no_mask),
                        optional(row.emergency_phone, row.emergency_phone_mask),
                    ]),
                })
            })
            .collect()
    }

    pub fn bytes(&self, secret: Secret) -> Option<Vec<u8>> {
        self.0[secret as usize].as_ref().map(|sealed| sealed.bytes.clone())
    }

    pub fn mask(&self, secret: Secret) -> Option<String> {
        self.0[secret as usize].as_ref().map(|sealed| sealed.mask.clone())
    }

    /// A value in clear.
    pub fn open(&self, ring: &KeyRing, secret: Secret) -> Result<Option<String>> {
        self.0[secret as usize].as_ref().map(|sealed| ring.open(kind_of(secret), &sealed.bytes)).transpose()
    }

    /// What a form makes of them. What it keeps stays as it is sealed, so that the operation log shows no change.
    pub fn change(&mut self, ring: &KeyRing, fields: &PersonFields) {
        for (secret, change) in [
            (Secret::IdNumber, &fields.id_number),
            (Secret::Phone, &fields.phone),
            (Secret::Phone2, &fields.phone2),
            (Secret::HukouAddress, &fields.hukou_address),
            (Secret::LiveAddress, &fields.live_address),
            (Secret::BankNo, &fields.bank_no),
            (Secret::EmergencyPhone, &fields.emergency_phone),
        ] {
            match change {
                NumberChange::Keep => {}
                NumberChange::Clear => self.0[secret as usize] = None,
                NumberChange::Set { plain, mask } => {
                    let bytes = ring.seal(kind_of(secret), plain);
                    self.0[secret as usize] = Some(Sealed { bytes, mask: mask.clone() });
                }
            }
        }
    }

    /// What option 更新 of an import makes of them: telephone and addresses, where the row says something.
    pub fn update(&mut self, ring: &KeyRing, fields: &PersonFields) {
        for (secret, change) in [
            (Secret::Phone, &fields.phone),
            (Secret::HukouAddress, &fields.hukou_address),
            (Secret::LiveAddress, &fields.live_address),
        ] {
            if let NumberChange::Set { plain, mask } = change {
                let bytes = ring.seal(kind_of(secret), plain);
                self.0[secret as usize] = Some(Sealed { bytes, mask: mask.clone() });
            }
        }
    }

    /// Seals with the key in use whatever another key sealed.
    pub fn renew(&mut self, ring: &KeyRing) -> Result<()> {
        for secret in Secret::ALL {
            if let Some(sealed) = &mut self.0[secret as usize] {
                sealed.bytes = ring.renewed(kind_of(secret), std::mem::take(&mut sealed.bytes))?;
            }
        }
        Ok(())
    }

    /// Writes the digests of the numbers that people are found by, in place of those that were there.
    pub async fn index(&self, tx: &mut Tx, ring: &KeyRing, id: PersonId, id_type: IdType) -> Result<()> {
        let mut index = Index::default();
        index.add(ring, id.0, id_type, self)?;
        index.write(connection(tx), true).await
    }
}

/// The sealed columns of one record, and whose they are.
pub(crate) struct Holder {
    pub id: i64,
    pub id_type: IdType,
    pub deleted: bool,
    pub numbers: Numbers,
}

/// Sets the telephone of a person (C10) with its digest; answers whether the record is in sight.
///
/// # Errors
/// When the database fails, or a value cannot be opened.
pub(crate) async fn person_phone_set(tx: &mut Tx, ctx: &Ctx, id: PersonId, phone: &Phone) -> Result<bool> {
    let ring = ctx.database().keys()?;
    // A record has one key for all that is sealed.
    super::rotate::persons_renew(tx, ring, &[id.0]).await?;
    sqlx::query!(
        "update person set phone = $2, phone_mask = $3, updated_at = $4, updated_by = $5, version = version + 1
         where id = $1 and deleted_at is null",
        id.0,
        ring.seal(Kind::Phone, phone.as_str()),
        phone.masked(),
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    let Some(holder) = Numbers::load_all(tx, &[id.0]).await?.into_iter().find(|holder| !holder.deleted) else {
        return Ok(false);
    };
    holder.numbers.index(tx, ring, id, holder.id_type).await?;
    Ok(true)
}

/// Digests of many persons, to be written with one statement.
#[derive(Default)]
pub(crate) struct Index {
    persons: Vec<i64>,
    kinds: Vec<String>,
    keys: Vec<i16>,
    digests: Vec<Vec<u8>>,
    whose: Vec<i64>,
}

impl Index {
    /// Adds the numbers of a person, each under every key of the ring.
    pub fn add(&mut self, ring: &KeyRing, id: i64, id_type: IdType, numbers: &Numbers) -> Result<()> {
        self.whose.push(id);
        for (secret, label) in
            [(Secret::IdNumber, "ID"), (Secret::Phone, "PHONE"), (Secret::Phone2, "PHONE"), (Secret::BankNo, "BANK")]
        {
            let Some(plain) = numbers.open(ring, secret)? else { continue };
            let plain = canonical(&plain);
            if secret == Secret::IdNumber {
                self.push(ring, id, label, Kind::IdNumber, &typed(id_type, &plain));
                self.push(ring, id, "PAPER", Kind::IdNumber, &plain);
            } else {
                self.push(ring, id, label, kind_of(secret), &plain);
            }
        }
        Ok(())
    }

    fn push(&mut self, ring: &KeyRing, id: i64, label: &str, kind: Kind, plain: &str) {
        for ((key, _), digest) in ring.checks().into_iter().zip(ring.indexes(kind, plain)) {
            self.persons.push(id);
            self.kinds.push(label.to_owned());
            self.keys.push(key);
            self.digests.push(digest);
        }
    }

    /// Writes them; `known`: in place of those that were there.
    pub async fn write(&self, connection: &mut PgConnection, known: bool) -> Result<()> {
        if known {
            sqlx::query!("delete from person_number where person_id = any($1)", &self.whose)
                .execute(&mut *connection)
                .await?;
        }
        sqlx::query!(
            "insert into person_number (person_id, kind, key_id, digest)
             select distinct * from unnest($1::bigint[], $2::text[], $3::smallint[], $4::bytea[])",
            &self.persons,
            &self.kinds,
            &self.keys,
            &self.digests,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// The digests of whatever number a text may be, under every key.
pub(super) fn digests_of(ctx: &Ctx, text: &str) -> Result<Vec<Vec<u8>>> {
    let ring = ctx.database().keys()?;
    let mut digests = Vec::new();
    if (DOCUMENT_MIN..=DOCUMENT_MAX).contains(&canonical(text).chars().count()) {
        for id_type in IdType::ALL {
            digests.extend(ring.indexes(Kind::IdNumber, &typed(*id_type, text)));
        }
    }
    if Phone::parse(text).is_ok() {
        digests.extend(ring.indexes(Kind::Phone, &canonical(text)));
    }
    let account = BankCard::parse(text).map(|card| card.as_str().to_owned());
    if let Ok(account) = account.or_else(|_| Passbook::parse(text).map(|book| book.as_str().to_owned())) {
        digests.extend(ring.indexes(Kind::BankAccount, &account));
    }
    Ok(digests)
}

/// A document's number is unique within its type (E-04).
pub(crate) fn typed(id_type: IdType, number: &str) -> String {
    format!("{}:{}", id_type.code(), canonical(number))
}

/// Digests of a document's number, whatever its type, under every key: a file that names people knows no types.
pub(crate) fn paper_digests(ring: &KeyRing, number: &str) -> Vec<Vec<u8>> {
    ring.indexes(Kind::IdNumber, &canonical(number))
}

/// A number as it is compared: people write it in groups, with and without hyphens and in either case.
pub(crate) fn canonical(number: &str) -> String {
    number
        .chars()
        .filter(|character| !character.is_whitespace() && *character != '-')
        .collect::<String>()
        .to_uppercase()
}

fn kind_of(secret: Secret) -> Kind {
    match secret {
        Secret::IdNumber => Kind::IdNumber,
        Secret::Phone | Secret::Phone2 | Secret::EmergencyPhone => Kind::Phone,
        Secret::HukouAddress | Secret::LiveAddress => Kind::Address,
        Secret::BankNo => Kind::BankAccount,
    }
}
