//! The operation log: sealed in blocks, verified, looked at (E-125, S1-9.7; domain.md §2.6).
//!
//! Lines are written by the database itself (statement triggers). Here they are only read and sealed: a block
//! holds the hashes of committed lines and follows from the block before it, and the newest block's hash is
//! anchored outside the database, so that rewriting the whole chain is noticed too.

use crate::{
    Ctx, Database, Error, Result,
    ctx::{begin_platform, connection},
    error::stored,
    list::{contains_pattern, push_code},
    platform::job::push_days,
    walk,
};
use chrono::{DateTime, Utc};
use domain::{
    failure::Failure,
    list::{ListQuery, PAGE_REACH, Page},
    person::Secret,
    platform::{
        audit::{
            AUDIT_LIST, AuditAction, AuditChange, AuditEntry, AuditFinding, AuditObject, AuditReport, AuditRow,
            OBJECTS_SHOWN,
        },
        audit_field::audited_field,
        permission::Permission,
    },
    value::Phone,
};
use serde_json::{Map, Value};
use sqlx::{Postgres, QueryBuilder};
use std::collections::{BTreeMap, BTreeSet};

/// Lines per block: what one second of bulk work writes at most.
const BLOCK_ROWS: i32 = 5_000;
/// Bytes of a hash.
const HASH: usize = 32;

/// The newest block: what is written down outside the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    pub seq: i64,
    pub hash: Vec<u8>,
}

/// Seals what was committed since the last block; answers the newest block when there is a new one.
///
/// # Errors
/// When the database fails.
pub async fn audit_seal(database: &Database) -> Result<Option<Anchor>> {
    let mut sealed = 0;
    loop {
        let mut tx = database.owner().begin().await?;
        sqlx::query("select set_config('app.platform', 'on', true)").execute(&mut *tx).await?;
        let rows = sqlx::query_scalar!(r#"select audit_seal($1) as "rows!""#, BLOCK_ROWS).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        sealed += rows;
        if rows < BLOCK_ROWS {
            break;
        }
    }
    if sealed == 0 {
        return Ok(None);
    }
    let mut tx = begin_platform(database).await?;
    let newest = sqlx::query_as!(Anchor, "select seq, hash from audit_block order by seq desc limit 1")
        .fetch_optional(connection(&mut tx))
        .await?;
    tx.commit().await?;
    Ok(newest)
}

/// Verifies the whole chain against the lines and against what was anchored outside.
///
/// # Errors
/// Without [`Permission::AuditRead`].
pub async fn audit_verify(ctx: &Ctx, anchors: &[Anchor]) -> Result<AuditReport> {
    ctx.require(Permission::AuditRead)?;
    verify(ctx.database(), anchors).await
}

/// The same for the server's own command line, where nobody is signed in.
///
/// # Errors
/// When the database fails.
pub async fn verify(database: &Database, anchors: &[Anchor]) -> Result<AuditReport> {
    let mut report = AuditReport::default();
    let mut previous = crate::platform::token::digest(b"").to_vec();
    let mut anchored: BTreeMap<i64, &[u8]> = anchors.iter().map(|anchor| (anchor.seq, &anchor.hash[..])).collect();
    loop {
        let mut tx = begin_platform(database).await?;
        let block = sqlx::query!(
            r#"select b.seq, b.row_ids, b.row_hashes, b.previous, b.hash, sha256(b.previous || b.row_hashes) as "expected!",
                      array(select audit_row_hash(a) from unnest(b.row_ids) with ordinality as i (id, place)
                            left join audit_log a on a.id = i.id order by i.place) as "found: Vec<Option<Vec<u8>>>"
               from audit_block b where b.seq > $1 order by b.seq limit 1"#,
            report.blocks
        )
        .fetch_optional(connection(&mut tx))
        .await?;
        tx.commit().await?;
        let Some(block) = block else { break };
        if block.seq != report.blocks + 1 || block.previous != previous || block.hash != block.expected {
            report.findings.push(AuditFinding::Broken(block.seq));
        }
        if anchored.remove(&block.seq).is_some_and(|hash| hash != block.hash) {
            report.findings.push(AuditFinding::Anchor(block.seq));
        }
        let found = block.found.unwrap_or_default();
        for ((id, sealed), found) in block.row_ids.iter().zip(block.row_hashes.chunks(HASH)).zip(found) {
            match found {
                None => report.findings.push(AuditFinding::Missing(*id)),
                Some(hash) if hash != sealed => report.findings.push(AuditFinding::Changed(*id)),
                Some(_) => {}
            }
        }
        report.rows += block.row_ids.len() as i64;
        report.blocks = block.seq;
        previous = block.hash;
    }
    report.findings.extend(anchored.into_keys().map(AuditFinding::Anchor));
    let (added, unsealed) = outside(database).await?;
    report.findings.extend(added.into_iter().map(AuditFinding::Added));
    report.unsealed = unsealed;
    Ok(report)
}

/// Lines in no block: those below the last block's end were put there afterwards, the others are new.
async fn outside(database: &Database) -> Result<(Vec<i64>, i64)> {
    let mut tx = begin_platform(database).await?;
    let rows = sqlx::query!(
        r#"with last as (select to_xid, to_id from audit_block order by seq desc limit 1),
                sealed as (select unnest(row_ids) as id from audit_block)
           select a.id, coalesce((a.xid, a.id) <= (l.to_xid, l.to_id), false) as "late!"
           from audit_log a left join last l on true where not exists (select from sealed s where s.id = a.id)"#
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let late: Vec<i64> = rows.iter().filter(|row| row.late).map(|row| row.id).collect();
    let unsealed = (rows.len() - late.len()) as i64;
    Ok((late, unsealed))
}

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    at: DateTime<Utc>,
    actor: Option<String>,
    login: Option<String>,
    action: String,
    object_type: String,
    object_id: Option<i64>,
    rows: i32,
}

impl TryFrom<Record> for AuditRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: record.id,
            at: record.at,
            actor: record.actor,
            login: record.login,
            action: stored(&record.action, AuditAction::from_code)?,
            object_type: record.object_type,
            object_id: record.object_id,
            rows: record.rows,
        })
    }
}

const COLUMNS: &str = "a.id, a.at, u.name as actor, u.login, a.action, a.object_type, a.rows";

/// The object that a list was asked about; one that nothing has when the filter is no number.
fn asked_object(query: &ListQuery) -> Option<i64> {
    query.filter("object_id").map(|id| id.parse().unwrap_or(-1))
}

/// A page of the log, newest first. It grows without end, so counting stops at [`PAGE_REACH`].
///
/// # Errors
/// Without [`Permission::AuditRead`].
pub async fn audit_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<AuditRow>> {
    ctx.require(Permission::AuditRead)?;
    // The log belongs to no district: whoever may read it reads all of it.
    let mut tx = begin_platform(ctx.database()).await?;
    let (_, descending) = AUDIT_LIST.sort(query);
    let mut counted = QueryBuilder::<Postgres>::new("select count(*) from (select 1");
    push_lines(&mut counted, query);
    counted.push(" limit ").push_bind(i64::from(PAGE_REACH) + 1).push(") l");
    let total: i64 = counted.build_query_scalar().fetch_one(connection(&mut tx)).await?;
    let mut sql = QueryBuilder::<Postgres>::new(format!("select {COLUMNS}, coalesce(a.object_id, "));
    sql.push_bind(asked_object(query)).push(") as object_id");
    push_lines(&mut sql, query);
    if let Some((sign, text)) = walk::start(query, descending)
        && let Some((at, id)) = walk::time_of_cursor(text, descending)
    {
        sql.push(format!(" and (a.at, a.id) {sign} (")).push_bind(at).push(", ").push_bind(id).push(")");
    }
    let direction = if descending == walk::is_backwards(query) { "" } else { " desc" };
    sql.push(format!(" order by a.at{direction}, a.id{direction} limit "))
        .push_bind(i64::from(query.size) + 1)
        .push(" offset ")
        .push_bind(query.offset());
    let rows: Vec<Record> = sql.build_query_as().fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    let page = walk::page(query, rows, |row| walk::time_cursor(row.at, row.id));
    let mut page = page.try_map(AuditRow::try_from)?;
    (page.total, page.exact) = (total.min(PAGE_REACH.into()), total <= i64::from(PAGE_REACH));
    Ok(page)
}

fn push_lines(sql: &mut QueryBuilder<Postgres>, query: &ListQuery) {
    sql.push(" from audit_log a left join app_user u on u.id = a.actor_id where true");
    push_code(sql, query, "action", "a.action");
    push_code(sql, query, "object", "a.object_type");
    if let Some(id) = asked_object(query) {
        sql.push(" and (a.object_id = ").push_bind(id).push(" or a.object_ids @> ").push_bind(vec![id]).push(")");
    }
    push_days(sql, query, "a.at");
    for word in query.q.split_whitespace() {
        // Of an account all, in whichever spelling: a part would find strangers.
        sql.push(" and (lower(u.login) = ").push_bind(word.to_lowercase());
        sql.push(" or u.name ilike ").push_bind(contains_pattern(word)).push(")");
    }
}

/// One line with what it changed. Of a line about many rows a page of them, or the one with the id `object`.
///
/// # Errors
/// Without [`Permission::AuditRead`]; [`Failure::NotFound`], also when the line is not about `object`.
pub async fn audit_get(ctx: &Ctx, id: i64, object: Option<i64>, page: u32) -> Result<AuditEntry> {
    ctx.require(Permission::AuditRead)?;
    let mut tx = begin_platform(ctx.database()).await?;
    let row = sqlx::query!(
        r#"select a.id, a.at, u.name as "actor?", u.login as "login?", a.action, a.object_type, a.object_id, a.rows,
                  a.object_ids, a.before, a.after, (select b.seq from audit_block b where a.id = any(b.row_ids)
                     and (b.to_xid, b.to_id) >= (a.xid, a.id) order by b.seq limit 1) as block
           from audit_log a left join app_user u on u.id = a.actor_id where a.id = $1"#,
        id
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    let record = Record {
        id: row.id,
        at: row.at,
        actor: row.actor,
        login: row.login,
        action: row.action,
        object_type: row.object_type,
        object_id: row.object_id,
        rows: row.rows,
    };
    let entry = AuditEntry {
        row: record.try_into()?,
        changes: Vec::new(),
        objects: Vec::new(),
        page: 1,
        pages: 1,
        block: row.block,
    };
    let (before, after) = (row.before.as_ref(), row.after.as_ref());
    match row.object_ids {
        None => Ok(AuditEntry { changes: changes(before, after), ..entry }),
        Some(ids) => about_many(entry, &ids, before, after, object, page),
    }
}

/// Rows of a line about many: `before` and `after` hold them in the order of the ids.
fn about_many(
    entry: AuditEntry,
    ids: &[i64],
    before: Option<&Value>,
    after: Option<&Value>,
    object: Option<i64>,
    page: u32,
) -> Result<AuditEntry> {
    let pages = u32::try_from(ids.len()).unwrap_or(u32::MAX).div_ceil(OBJECTS_SHOWN).max(1);
    let (page, places) = match object {
        Some(wanted) => {
            let place = ids.iter().position(|id| *id == wanted).ok_or(Failure::NotFound)?;
            (1, place..place + 1)
        }
        None => {
            let page = page.clamp(1, pages);
            let first = ((page - 1) * OBJECTS_SHOWN) as usize;
            (page, first..ids.len().min(first + OBJECTS_SHOWN as usize))
        }
    };
    let of = |values: Option<&Value>, place: usize| values.and_then(|values| values.get(place)).cloned();
    let objects = places
        .map(|place| {
            let (before, after) = (of(before, place), of(after, place));
            AuditObject { id: ids[place], changes: changes(before.as_ref(), after.as_ref()) }
        })
        .collect();
    Ok(AuditEntry { objects, page, pages: if object.is_some() { 1 } else { pages }, ..entry })
}

/// The fields that differ. Who did it and when stands in the line itself.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<AuditChange> {
    let empty = Map::new();
    let fields = |value: Option<&Value>| value.and_then(Value::as_object).unwrap_or(&empty).clone();
    let (before, after) = (fields(before), fields(after));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key) && !UNTOLD.contains(&key.as_str()))
        .map(|key| AuditChange {
            field: key.clone(),
            before: before.get(key).and_then(|value| told(key, value)),
            after: after.get(key).and_then(|value| told(key, value)),
        })
        .collect()
}

/// Columns that change with every write.
const UNTOLD: &[&str] = &["version", "updated_at", "updated_by", "created_at", "created_by", "key_id"];
/// Columns of personal data: the log says that they changed, not to what.
const PERSONAL: &[&str] = &["phone", "leader", "contact", "password_hash", "birth"];

fn told(field: &str, value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if field == "phone" && !text.starts_with("\\x") => Some(phone_told(text)),
        _ if PERSONAL.contains(&field) || Secret::ALL.iter().any(|secret| secret.column() == field) => {
            Some("（已隐藏）".to_owned())
        }
        // Which hidden field somebody looked at.
        Value::String(column) if field == "field" => Some(audited_field(column).to_owned()),
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A telephone of an organisation, an operator or an estate: masked where it was written, and here in lines that are older.
fn phone_told(text: &str) -> String {
    match Phone::parse(text) {
        Ok(phone) => phone.masked(),
        Err(_) if text.contains("****") => text.to_owned(),
        Err(_) => "（已隐藏）".to_owned(),
    }
}
