//! A telephone proves itself by a code (domain.md R-93, PRM-03). Takes the [`Database`], because nobody is known yet.
//!
//! A number that no household has is treated like any other – the same rows, the same limits, the same sentences – except that
//! no message goes out. Number and code stand nowhere: the number as the keyed digest by which persons are found, the code
//! under a signature of the key ring.

use super::{Place, Tenant};
use crate::{
    Database, Error, Result,
    ctx::{Tx, begin_city, china_day, china_midnight, connection},
    person::number::canonical,
    platform::{
        cipher::{KeyRing, Kind},
        sms::Outgoing,
        token::{digest, random_bytes, secret},
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    failure::{Failure, FieldErrors},
    platform::setting::code,
    portal::sign_in::{
        CODE_IS_OVER, CODE_IS_SPENT, CODE_IS_WRONG, CODES_PER_ADDRESS, CodeRule, IDLE_DAYS, SESSION_DAYS, mobile,
    },
    value::Phone,
};
use sqlx::types::Uuid;

/// A code that was asked for.
pub struct CodeAsked {
    /// what the form with the code brings back
    pub ticket: String,
    pub phone_mask: String,
    pub rule: CodeRule,
    /// the message to be sent; none for a number that nobody has
    pub message: Option<Outgoing>,
}

/// The rule in force (PRM-03).
async fn code_rule(tx: &mut Tx, now: DateTime<Utc>) -> Result<CodeRule> {
    let value = sqlx::query_scalar!(
        "select value from parameter where code = $1 and district_id is null and valid_from <= $2
         order by valid_from desc limit 1",
        code::SMS_CODE,
        china_day(now)
    )
    .fetch_optional(connection(tx))
    .await?;
    match value {
        Some(value) => CodeRule::parse(&value)
            .map_err(|_| Error::Broken(format!("parameter {} is stored as {value:?}", code::SMS_CODE))),
        None => Ok(CodeRule::default()),
    }
}

/// Makes a code for a telephone. The caller sends the message, if there is one.
///
/// # Errors
/// A complaint about the number; a refusal for who asks too often.
pub async fn tenant_code_create(
    database: &Database,
    phone: &str,
    address: &str,
    now: DateTime<Utc>,
) -> Result<CodeAsked> {
    let phone = mobile(phone).map_err(|complaint| FieldErrors::from(("phone", complaint.text())))?;
    let ring = database.keys()?;
    let phone_digest = phone_digest(ring, phone.as_str())?;
    let mut tx = begin_city(database).await?;
    let rule = code_rule(&mut tx, now).await?;
    // Two who ask at once for the same number ask one after the other.
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 7)) as lock", phone_digest)
        .fetch_one(connection(&mut tx))
        .await?;
    may_ask(&mut tx, &phone_digest, address, rule, now).await?;
    let persons = lessees(&mut tx, ring, &phone_digest).await?;
    let random = random_bytes();
    let code = rule.draw(u64::from_le_bytes(random[..8].try_into().unwrap_or_default()));
    let ticket = Uuid::from_bytes(random[8..24].try_into().unwrap_or_default());
    // The newest one counts; whoever comes by sweeps.
    sqlx::query!(
        "update tenant_code set ended_at = $2 where phone_digest = $1 and ended_at is null",
        phone_digest,
        now
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!("delete from tenant_code where sent_at < $1", now - TimeDelta::days(2))
        .execute(connection(&mut tx))
        .await?;
    let made = sqlx::query!(
        "insert into tenant_code (ticket, phone_digest, code_signature, address, sent_at, expires_at, person_ids)
         values ($1, $2, $3, $4, $5, $6, $7) returning id, (select sign from sms_template order by id limit 1) as sign",
        ticket,
        phone_digest,
        ring.sign(&signed(ticket, &code)),
        address,
        now,
        now + TimeDelta::seconds(rule.valid_seconds),
        &persons.iter().map(|person| person.id).collect::<Vec<_>>(),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let message = (!persons.is_empty()).then(|| Outgoing {
        id: made.id,
        phone: phone.as_str().to_owned(),
        sign: made.sign.unwrap_or_default(),
        content: rule.message(&code),
        // A code that is over by the time it arrives only confuses.
        send_before: (now + TimeDelta::seconds(rule.valid_seconds)).fixed_offset(),
    });
    Ok(CodeAsked { ticket: ticket.to_string(), phone_mask: phone.masked(), rule, message })
}

fn signed(ticket: Uuid, code: &str) -> String {
    format!("tenant-code/{ticket}/{code}")
}

/// The digest of a telephone under the key in use.
fn phone_digest(ring: &KeyRing, phone: &str) -> Result<Vec<u8>> {
    let first = ring.indexes(Kind::Phone, &canonical(phone)).into_iter().next();
    first.ok_or_else(|| Error::Broken("the ring has no key".to_owned()))
}

/// R-93: a pause between two, so many a day; and so many an hour from one network address.
async fn may_ask(tx: &mut Tx, phone_digest: &[u8], address: &str, rule: CodeRule, now: DateTime<Utc>) -> Result<()> {
    let midnight = china_midnight(china_day(now)).unwrap_or(now);
    let asked = sqlx::query!(
        r#"select max(sent_at) as last, count(*) filter (where sent_at >= $2) as "today!" from tenant_code
           where phone_digest = $1 and sent_at <= $3"#,
        phone_digest,
        midnight,
        now
    )
    .fetch_one(connection(tx))
    .await?;
    let waits = asked.last.map_or(0, |last| rule.resend_seconds - (now - last).num_seconds());
    if waits > 0 {
        return Err(Failure::refused(format!("操作过于频繁，请于{waits}秒后再试")).into());
    }
    if asked.today >= rule.per_day {
        return Err(Failure::refused("今日获取验证码次数已达上限，请明日再试").into());
    }
    let from_here = sqlx::query_scalar!(
        r#"select count(*) as "count!" from tenant_code where address = $1 and sent_at > $2"#,
        address,
        now - TimeDelta::hours(1)
    )
    .fetch_one(connection(tx))
    .await?;
    if from_here >= CODES_PER_ADDRESS {
        return Err(Failure::refused("当前网络获取验证码次数过多，请稍后再试").into());
    }
    Ok(())
}

/// Notes what the carrier said of a code's message.
///
/// # Errors
/// When the database fails.
pub async fn tenant_code_sent(database: &Database, id: i64, said: std::result::Result<&str, &str>) -> Result<()> {
    let (number, message) = match said {
        Ok(number) => (Some(number), None),
        Err(why) => (None, Some(why.chars().take(200).collect::<String>())),
    };
    let mut tx = begin_city(database).await?;
    sqlx::query!("update tenant_code set gateway_no = $2, message = $3 where id = $1", id, number, message)
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Lets in whoever knows the code; answers the secret for the cookie.
///
/// # Errors
/// A complaint about the code, the same for every number.
pub async fn tenant_sign_in(database: &Database, ticket: &str, code: &str, now: DateTime<Utc>) -> Result<String> {
    let refused = |sentence: &str| Error::from(FieldErrors::from(("code", sentence)));
    let ring = database.keys()?;
    let ticket: Uuid = ticket.parse().map_err(|_| refused(CODE_IS_OVER))?;
    let mut tx = begin_city(database).await?;
    let rule = code_rule(&mut tx, now).await?;
    let asked = sqlx::query!(
        "select id, phone_digest, code_signature, expires_at, tries, ended_at, person_ids from tenant_code where ticket = $1
         for update",
        ticket
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(asked) = asked else { return Err(refused(CODE_IS_OVER)) };
    if asked.tries >= rule.tries {
        return Err(refused(CODE_IS_SPENT));
    }
    if asked.ended_at.is_some() || asked.expires_at <= now {
        return Err(refused(CODE_IS_OVER));
    }
    let right = ring.is_signed(&signed(ticket, code.trim()), &asked.code_signature);
    if !right || asked.person_ids.is_empty() {
        let spent = asked.tries + 1 >= rule.tries;
        sqlx::query!(
            "update tenant_code set tries = tries + 1, ended_at = case when $2 then $3::timestamptz end where id = $1",
            asked.id,
            spent,
            now
        )
        .execute(connection(&mut tx))
        .await?;
        tx.commit().await?;
        return Err(refused(if spent { CODE_IS_SPENT } else { CODE_IS_WRONG }));
    }
    sqlx::query!("update tenant_code set ended_at = $2 where id = $1", asked.id, now)
        .execute(connection(&mut tx))
        .await?;
    let secret = secret();
    sqlx::query!(
        "insert into tenant_session (token_digest, phone_digest, created_at, seen_at, expires_at) values ($1, $2, $3, $3, $4)",
        &digest(secret.as_bytes())[..],
        asked.phone_digest,
        now,
        now + TimeDelta::days(SESSION_DAYS),
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!(
        "delete from tenant_session where expires_at < $1 or seen_at < $2",
        now,
        now - TimeDelta::days(IDLE_DAYS)
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(secret)
}

/// Ends a session.
///
/// # Errors
/// When the database fails.
pub async fn tenant_sign_out(database: &Database, secret: &str) -> Result<()> {
    let mut tx = begin_city(database).await?;
    sqlx::query!("delete from tenant_session where token_digest = $1", &digest(secret.as_bytes())[..])
        .execute(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Whose session it is; none when it has ended, or when no household has that telephone any more.
///
/// # Errors
/// When the database fails.
pub async fn tenant_ctx(database: &Database, secret: &str, now: DateTime<Utc>) -> Result<Option<Tenant>> {
    let ring = database.keys()?;
    let mut tx = begin_city(database).await?;
    let token = digest(secret.as_bytes());
    let session = sqlx::query!(
        "select phone_digest, seen_at from tenant_session where token_digest = $1 and expires_at > $2 and seen_at > $3",
        &token[..],
        now,
        now - TimeDelta::days(IDLE_DAYS)
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(session) = session else { return Ok(None) };
    // Days are counted: once an hour is often enough to write.
    if now - session.seen_at > TimeDelta::hours(1) {
        sqlx::query!("update tenant_session set seen_at = $2 where token_digest = $1", &token[..], now)
            .execute(connection(&mut tx))
            .await?;
    }
    let persons = lessees(&mut tx, ring, &session.phone_digest).await?;
    let Some(first) = persons.first() else {
        tx.commit().await?;
        return Ok(None);
    };
    let phone_mask = first.phone_mask.clone();
    let persons: Vec<i64> = persons.into_iter().map(|person| person.id).collect();
    let places = places(&mut tx, &persons).await?;
    tx.commit().await?;
    Ok(Some(Tenant { persons, places, phone_mask, now, database: database.clone() }))
}

struct Lessee {
    id: i64,
    phone_mask: String,
}

/// The persons with an account whose own telephone it is. Their second number (备用电话) does not count: it is somebody else's
/// as often as not. Records that were merged into one of them belong to it.
async fn lessees(tx: &mut Tx, ring: &KeyRing, phone_digest: &[u8]) -> Result<Vec<Lessee>> {
    let rows = sqlx::query!(
        "select p.id, p.phone, p.phone_mask from person p
         where p.deleted_at is null
           and p.id in (select coalesce(m.merged_into, m.id) from person_number n join person m on m.id = n.person_id
                        where n.kind = 'PHONE' and n.digest = $1)
           and exists (select from account a join person o on o.id = a.person_id where p.id in (o.id, o.merged_into))
         order by p.id",
        phone_digest
    )
    .fetch_all(connection(tx))
    .await?;
    let mut found = Vec::new();
    for row in rows {
        let phone = canonical(&ring.open(Kind::Phone, &row.phone)?);
        let is_own = Phone::parse(&phone).is_ok_and(|phone| phone.is_mobile())
            && ring.indexes(Kind::Phone, &phone).iter().any(|index| index == phone_digest);
        if is_own {
            found.push(Lessee { id: row.id, phone_mask: row.phone_mask });
        }
    }
    let ids: Vec<i64> = found.iter().map(|person| person.id).collect();
    let merged = sqlx::query!("select id, phone_mask from person where merged_into = any($1) order by id", &ids)
        .fetch_all(connection(tx))
        .await?;
    found.extend(merged.into_iter().map(|row| Lessee { id: row.id, phone_mask: row.phone_mask }));
    Ok(found)
}

async fn places(tx: &mut Tx, persons: &[i64]) -> Result<Vec<Place>> {
    Ok(sqlx::query_as!(
        Place,
        r#"select a.id as account, a.account_no as "account_no!", p.name as lessee, e.name as estate, u.address,
                  a.status = 'ON' as "open!"
           from account a join unit u on u.id = a.unit_id join estate e on e.id = a.estate_id join person p on p.id = a.person_id
           where a.person_id = any($1) order by a.status desc, a.id desc"#,
        persons
    )
    .fetch_all(connection(tx))
    .await?)
}
