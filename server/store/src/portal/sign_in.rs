//! A telephone proves itself by a code (domain.md R-93, PRM-03). Takes the [`Database`], because nobody is known yet.
//!
//! A number that no household has is treated like any other – the same rows, the same limits, the same sentences – except that
//! no message goes out. Number and code stand nowhere: the number as the keyed digest by which persons are found, the code
//! under a signature of the key ring.

use super::{Place, Tenant};
use crate::{
    Database, Error, Result,
    ctx::{Tx, begin_city, connection},
    person::number::canonical,
    platform::{
        cipher::{KeyRing, Kind},
        phone_code::{Drawn, PhoneCode, code_missed, code_rule, codes_asked, outgoing},
        session::captcha_take,
        sms::Outgoing,
        token::{digest, secret},
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    failure::FieldErrors,
    portal::sign_in::{
        CAPTCHA_IS_WANTED, CAPTCHA_IS_WRONG, CODE_IS_OVER, CODE_IS_SPENT, CODE_IS_WRONG, CODES_PER_NETWORK, CodeRule,
        IDLE_DAYS, SESSION_DAYS, mobile,
    },
    value::{Phone, text::normalize},
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

/// What is asked for at the door.
#[derive(Clone, Copy, Debug)]
pub struct CodeRequest<'a> {
    pub phone: &'a str,
    /// from which network
    pub network: &'a str,
    /// empty until it is wanted
    pub captcha_id: &'a str,
    pub captcha: &'a str,
}

/// Makes a code for a telephone. The caller sends the message, if there is one.
///
/// # Errors
/// A complaint about the number, or that a captcha is wanted; a refusal for who asks too often.
pub async fn tenant_code_create(
    database: &Database,
    request: CodeRequest<'_>,
    now: DateTime<Utc>,
) -> Result<CodeAsked> {
    let phone = mobile(request.phone).map_err(|complaint| FieldErrors::from(("phone", complaint.text())))?;
    let ring = database.keys()?;
    let digests = ring.indexes(Kind::Phone, &canonical(phone.as_str()));
    let phone_digest = digests.first().ok_or_else(|| Error::Broken("the ring has no key".to_owned()))?;
    let mut tx = begin_city(database).await?;
    let rule = code_rule(&mut tx, now).await?;
    let asked = codes_asked(&mut tx, PhoneCode::Tenant, (phone_digest, request.network), now).await?;
    rule.allows(asked, CODES_PER_NETWORK)?;
    if asked.wants_captcha()
        && let Err(complaint) = captcha_ask(&mut tx, request, now).await?
    {
        // A captcha is worth one try.
        tx.commit().await?;
        return Err(complaint.into());
    }
    let persons = lessees(&mut tx, ring, &digests, &[]).await?;
    let Drawn { ticket, code } = Drawn::by(rule);
    let expires_at = now + TimeDelta::seconds(rule.valid_seconds);
    // Earlier codes hold until their own end: whoever asks in somebody else's name takes nothing from him.
    let made = sqlx::query!(
        "insert into tenant_code (ticket, phone_digest, code_signature, address, sent_at, expires_at, person_ids)
         values ($1, $2, $3, $4, $5, $6, $7) returning id, (select sign from sms_template order by id limit 1) as sign",
        ticket,
        phone_digest,
        ring.sign(&signed(ticket, &code)),
        request.network,
        now,
        expires_at,
        &persons.iter().map(|person| person.id).collect::<Vec<_>>(),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let message =
        (!persons.is_empty()).then(|| outgoing(made.id, (phone.as_str(), made.sign), rule.message(&code), expires_at));
    Ok(CodeAsked { ticket: ticket.to_string(), phone_mask: phone.masked(), rule, message })
}

/// What is complained about the captcha, if anything.
async fn captcha_ask(
    tx: &mut Tx,
    request: CodeRequest<'_>,
    now: DateTime<Utc>,
) -> Result<std::result::Result<(), FieldErrors>> {
    if request.captcha_id.is_empty() {
        return Ok(Err(FieldErrors::from(("captcha", CAPTCHA_IS_WANTED))));
    }
    let right = captcha_take(tx, request.captcha_id, request.captcha, now).await?;
    Ok(if right == Some(true) { Ok(()) } else { Err(FieldErrors::from(("captcha", CAPTCHA_IS_WRONG))) })
}

fn signed(ticket: Uuid, code: &str) -> String {
    format!("tenant-code/{ticket}/{code}")
}

/// Lets in whoever knows the code; answers the secret for the cookie. Every try is logged (§2.6), with the persons' own where the
/// code was sent to somebody.
///
/// # Errors
/// A complaint about the code, the same for every number.
pub async fn tenant_sign_in(
    database: &Database,
    ticket: &str,
    code: &str,
    network: &str,
    now: DateTime<Utc>,
) -> Result<String> {
    let refused = |sentence: &str| Error::from(FieldErrors::from(("code", sentence)));
    let ring = database.keys()?;
    let mut tx = begin_city(database).await?;
    let rule = code_rule(&mut tx, now).await?;
    let asked = match ticket.parse::<Uuid>() {
        Ok(ticket) => asked(&mut tx, ticket).await?,
        Err(_) => None,
    };
    let person = asked.as_ref().and_then(|asked| asked.person_ids.first().copied());
    let Some(asked) = asked.filter(|asked| asked.expires_at > now || asked.tries >= rule.tries) else {
        attempt_log(&mut tx, person, network, "OVER", now).await?;
        tx.commit().await?;
        return Err(refused(CODE_IS_OVER));
    };
    let judged = if asked.tries >= rule.tries {
        Some(("SPENT", CODE_IS_SPENT))
    } else if asked.ended_at.is_some() {
        Some(("OVER", CODE_IS_OVER))
    } else if !ring.is_signed(&signed(asked.ticket, &normalize(code)), &asked.code_signature) || person.is_none() {
        let spent = asked.tries + 1 >= rule.tries;
        code_missed(&mut tx, PhoneCode::Tenant, asked.id, spent, now).await?;
        Some(("CODE", if spent { CODE_IS_SPENT } else { CODE_IS_WRONG }))
    } else {
        None
    };
    attempt_log(&mut tx, person, network, judged.map_or("OK", |(result, _)| result), now).await?;
    if let Some((_, sentence)) = judged {
        tx.commit().await?;
        return Err(refused(sentence));
    }
    let secret = session_begin(&mut tx, &asked, now).await?;
    tx.commit().await?;
    Ok(secret)
}

/// A code that was asked for, whose row is locked.
struct Asked {
    id: i64,
    ticket: Uuid,
    phone_digest: Vec<u8>,
    code_signature: String,
    expires_at: DateTime<Utc>,
    tries: i16,
    ended_at: Option<DateTime<Utc>>,
    person_ids: Vec<i64>,
}

async fn asked(tx: &mut Tx, ticket: Uuid) -> Result<Option<Asked>> {
    Ok(sqlx::query_as!(
        Asked,
        "select id, ticket, phone_digest, code_signature, expires_at, tries, ended_at, person_ids from tenant_code
         where ticket = $1 for update",
        ticket
    )
    .fetch_optional(connection(tx))
    .await?)
}

/// Ends the codes of the number and begins a session; answers its secret.
async fn session_begin(tx: &mut Tx, asked: &Asked, now: DateTime<Utc>) -> Result<String> {
    sqlx::query!(
        "update tenant_code set ended_at = $2 where phone_digest = $1 and ended_at is null",
        asked.phone_digest,
        now
    )
    .execute(connection(tx))
    .await?;
    let secret = secret();
    sqlx::query!(
        "insert into tenant_session (token_digest, phone_digest, person_ids, created_at, seen_at, expires_at)
         values ($1, $2, $3, $4, $4, $5)",
        &digest(secret.as_bytes())[..],
        asked.phone_digest,
        &asked.person_ids,
        now,
        now + TimeDelta::days(SESSION_DAYS),
    )
    .execute(connection(tx))
    .await?;
    Ok(secret)
}

async fn attempt_log(tx: &mut Tx, person: Option<i64>, network: &str, result: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into tenant_attempt (at, person_id, address, result) values ($1, $2, $3, $4)",
        now,
        person,
        network,
        result
    )
    .execute(connection(tx))
    .await?;
    Ok(())
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
        "select phone_digest, person_ids, seen_at from tenant_session where token_digest = $1 and expires_at > $2 and seen_at > $3",
        &token[..],
        now,
        now - TimeDelta::days(IDLE_DAYS)
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let Some(session) = session else { return Ok(None) };
    let persons = lessees(&mut tx, ring, std::slice::from_ref(&session.phone_digest), &session.person_ids).await?;
    let Some(first) = persons.first() else {
        tx.commit().await?;
        return Ok(None);
    };
    // Days are counted: once an hour is often enough to write. With the digest under the key in use, so that the session outlives the
    // key by which it was begun.
    if now - session.seen_at > TimeDelta::hours(1) {
        sqlx::query!(
            "update tenant_session set seen_at = $2, phone_digest = $3 where token_digest = $1",
            &token[..],
            now,
            first.phone_digest
        )
        .execute(connection(&mut tx))
        .await?;
    }
    let phone_mask = first.phone_mask.clone();
    let persons: Vec<i64> = persons.into_iter().map(|person| person.id).collect();
    let places = places(&mut tx, &persons).await?;
    tx.commit().await?;
    Ok(Some(Tenant { persons, places, phone_mask, now, database: database.clone() }))
}

struct Lessee {
    id: i64,
    phone_mask: String,
    /// under the key in use
    phone_digest: Vec<u8>,
}

/// The persons with an account whose own telephone it is, by its digests under any key and by whom it was known to be of. Their
/// second number (备用电话) does not count: it is somebody else's as often as not. Records that were merged into one of them
/// belong to it.
async fn lessees(tx: &mut Tx, ring: &KeyRing, digests: &[Vec<u8>], known: &[i64]) -> Result<Vec<Lessee>> {
    let rows = sqlx::query!(
        "select p.id, p.phone, p.phone_mask from person p
         where p.deleted_at is null
           and p.id in (select coalesce(m.merged_into, m.id) from person_number n join person m on m.id = n.person_id
                        where n.kind = 'PHONE' and n.digest = any($1)
                        union select unnest($2::bigint[]))
           and exists (select from account a join person o on o.id = a.person_id where p.id in (o.id, o.merged_into))
         order by p.id",
        digests,
        known
    )
    .fetch_all(connection(tx))
    .await?;
    let mut found: Vec<Lessee> = Vec::new();
    for row in rows {
        let phone = canonical(&ring.open(Kind::Phone, &row.phone)?);
        let indexes = ring.indexes(Kind::Phone, &phone);
        let is_own = Phone::parse(&phone).is_ok_and(|phone| phone.is_mobile())
            && indexes.iter().any(|index| digests.contains(index));
        if let Some(phone_digest) = indexes.into_iter().next().filter(|_| is_own) {
            found.push(Lessee { id: row.id, phone_mask: row.phone_mask, phone_digest });
        }
    }
    let ids: Vec<i64> = found.iter().map(|person| person.id).collect();
    let merged =
        sqlx::query!("select id, merged_into as \"into!\" from person where merged_into = any($1) order by id", &ids)
            .fetch_all(connection(tx))
            .await?;
    for row in merged {
        let into = found.iter().find(|person| person.id == row.into);
        let into = into.map(|into| (into.phone_mask.clone(), into.phone_digest.clone()));
        found.extend(into.map(|(phone_mask, phone_digest)| Lessee { id: row.id, phone_mask, phone_digest }));
    }
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
