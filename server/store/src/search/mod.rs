//! One search over stock, persons and contracts (S0-1a): by name, initials, code, number and address. What is found is what the actor's
//! lists would show, no more. Numbers of persons have a search of their own ([`crate::person::person_find`]); their
//! addresses are sealed and are not searched.
//!
//! A query walks `search_term` one scope at a time, like every long list ([`crate::walk`]): the index begins with the
//! district, so nothing depends on how much the actor may not see. Units are not indexed: they are found below the
//! buildings that the first words name, or by the beginning of their code.

mod index;
mod terms;

pub use index::search_refresh;

use crate::{
    Ctx, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    list::push_scope,
    platform::dictionary::labels_load,
};
use domain::{
    dictionary::{ContractStatus, PersonType, ProjectStatus, UnitStatus},
    failure::Failure,
    platform::permission::Permission,
    search::{HITS_LISTED, HITS_SHOWN, Hit, HitGroup, HitKind, QUERY_MAX, personal_number},
    value::normalize,
};
use sqlx::{Postgres, QueryBuilder};
use terms::{Token, is_numeric, tokens, words};

/// Words of a query that count.
const WORDS_MOST: usize = 8;
/// Buildings that are looked into for a room.
const BUILDINGS_MOST: i64 = 100;

/// What is found by whom, in the order in which it is shown.
const KINDS: [(Permission, HitKind); 6] = [
    (Permission::PersonRead, HitKind::Person),
    (Permission::EstateRead, HitKind::Estate),
    (Permission::BuildingRead, HitKind::Building),
    (Permission::ProjectRead, HitKind::Project),
    (Permission::UnitRead, HitKind::Unit),
    (Permission::ContractRead, HitKind::Contract),
];

/// Everything in scope that a query names, by kind; of one kind alone more of it.
///
/// # Errors
/// A refusal of a query that is too long, or that holds a number of a person: those are not searched for by address.
pub async fn search(ctx: &Ctx, query: &str, only: Option<HitKind>) -> Result<Vec<HitGroup>> {
    if !KINDS.iter().any(|(permission, _)| ctx.actor().may(*permission)) {
        return Err(Failure::Forbidden.into());
    }
    let query = normalize(query);
    if query.chars().count() > QUERY_MAX {
        return Err(Failure::refused(format!("查找内容不能超过{QUERY_MAX}个字")).into());
    }
    if personal_number(&query).is_some() {
        return Err(Failure::refused("证件号码、电话和银行账号不在地址栏中查找，请在上方输入框重新输入").into());
    }
    let mut words = words(&query);
    words.truncate(WORDS_MOST);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let shown = if only.is_some() { HITS_LISTED } else { HITS_SHOWN };
    // One more than is shown tells that there are more.
    let most = shown as i64 + 1;
    let mut tx = ctx.begin().await?;
    let mut groups = Vec::new();
    for (permission, kind) in KINDS {
        if only.is_some_and(|only| only != kind) || !ctx.actor().may(permission) {
            continue;
        }
        let hits = hits(&mut tx, ctx, kind, &words, most).await?;
        groups.push((kind, hits));
    }
    tx.commit().await?;
    let groups = groups.into_iter().filter(|(_, hits)| !hits.is_empty());
    Ok(groups.map(|(kind, hits)| group(kind, hits, shown)).collect())
}

/// What of one kind bears the words.
async fn hits(tx: &mut Tx, ctx: &Ctx, kind: HitKind, words: &[String], most: i64) -> Result<Vec<Hit>> {
    match kind {
        HitKind::Person => {
            let ids = named(tx, ctx, "PERSON", words, most).await?;
            person_hits(tx, ids).await
        }
        HitKind::Estate => {
            let ids = places(tx, ctx, "ESTATE", words, most).await?;
            estate_hits(tx, ids).await
        }
        HitKind::Building => {
            let ids = places(tx, ctx, "BUILDING", words, most).await?;
            building_hits(tx, ids).await
        }
        HitKind::Project => {
            let ids = places(tx, ctx, "PROJECT", words, most).await?;
            project_hits(tx, ids).await
        }
        HitKind::Unit => units(tx, ctx, words, most).await,
        HitKind::Contract => {
            let ids = named(tx, ctx, "CONTRACT", words, most).await?;
            contract_hits(tx, ids).await
        }
    }
}

fn group(kind: HitKind, mut hits: Vec<Hit>, shown: usize) -> HitGroup {
    let more = hits.len() > shown;
    hits.truncate(shown);
    HitGroup { kind, hits, more }
}

/// Where the index is walked: its leading column, and the values of it that are in scope.
fn walk(ctx: &Ctx, kind: &str) -> (&'static str, Vec<i64>) {
    match ctx.scope() {
        Scope::City { districts } => ("district_id", districts.iter().copied().chain([0]).collect()),
        Scope::Districts(districts) => ("district_id", districts.clone()),
        Scope::Estates(_) if kind == "PERSON" => ("organization_id", vec![ctx.actor().organization_id.0]),
        Scope::Estates(estates) => ("estate_id", estates.clone()),
        Scope::Nothing => ("district_id", Vec::new()),
    }
}

/// Ids of one kind that bear all tokens, at most `most` of each scope and so many in all, the nearest term first.
async fn lookup(tx: &mut Tx, ctx: &Ctx, kind: &str, tokens: &[Token], most: i64) -> Result<Vec<i64>> {
    // The longest word is the rarest, as a rule; numbers of buildings are everywhere.
    let Some(lead) = tokens.iter().max_by_key(|token| (!is_numeric(&token.text), token.text.len())) else {
        return Ok(Vec::new());
    };
    let (column, ids) = walk(ctx, kind);
    let mut sql =
        QueryBuilder::<Postgres>::new("select f.object_id from (select s.object_id, min(s.term) as term from ");
    if kind == "PROJECT" && column == "estate_id" {
        // A project belongs to no estate; those of one's estates are few.
        sql.push("(select distinct b.project_id as id from building b where b.estate_id = any(").push_bind(ids);
        sql.push(")) w join search_term s on s.object_id = w.id and s.kind = 'PROJECT' and ");
        push_range(&mut sql, "s", lead);
        sql.push(" where true");
        push_others(&mut sql, tokens, lead);
    } else {
        sql.push("unnest(")
            .push_bind(ids)
            .push("::bigint[]) as w (id) cross join lateral (select s.object_id, s.term ");
        sql.push(format!("from search_term s where s.{column} = w.id and s.kind = ")).push_bind(kind.to_owned());
        sql.push(" and ");
        push_range(&mut sql, "s", lead);
        push_others(&mut sql, tokens, lead);
        sql.push(" order by s.term, s.object_id limit ").push_bind(most * 4).push(") s");
    }
    sql.push(" group by s.object_id) f order by f.term, f.object_id limit ").push_bind(most);
    Ok(sql.build_query_scalar().fetch_all(connection(tx)).await?)
}

fn push_range(sql: &mut QueryBuilder<Postgres>, table: &str, token: &Token) {
    sql.push(format!("{table}.term >= ")).push_bind(token.low());
    sql.push(format!(" and {table}.term < ")).push_bind(token.high());
}

fn push_others(sql: &mut QueryBuilder<Postgres>, tokens: &[Token], lead: &Token) {
    for token in tokens.iter().filter(|token| *token != lead) {
        sql.push(" and exists (select from search_term o where o.kind = s.kind and o.object_id = s.object_id and ");
        push_range(sql, "o", token);
        sql.push(")");
    }
}

/// Persons whose name begins with the words, from whichever character on; contracts of such lessees, or of that number.
async fn named(tx: &mut Tx, ctx: &Ctx, kind: &str, words: &[String], most: i64) -> Result<Vec<i64>> {
    let tokens: Vec<Token> = words.iter().map(|word| Token { text: word.clone(), whole: false }).collect();
    lookup(tx, ctx, kind, &tokens, most).await
}

/// Places that bear all words: cut by the dictionary, and when nothing is called so, character by character, because a
/// part of a name can be cut otherwise than the whole.
async fn places(tx: &mut Tx, ctx: &Ctx, kind: &str, words: &[String], most: i64) -> Result<Vec<i64>> {
    let cut = |single| words.iter().flat_map(|word| tokens(word, single)).collect::<Vec<_>>();
    let (whole, single) = (cut(false), cut(true));
    let found = lookup(tx, ctx, kind, &whole, most).await?;
    if found.is_empty() && whole != single { lookup(tx, ctx, kind, &single, most).await } else { Ok(found) }
}

async fn estate_hits(tx: &mut Tx, ids: Vec<i64>) -> Result<Vec<Hit>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        "select e.id, e.name, e.code, e.address, d.name as district from estate e join organization d on d.id = e.district_id
         where e.id = any($1) order by array_position($1, e.id)",
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Hit {
            id: row.id,
            title: row.name,
            detail: format!("{} · {}", row.address, row.code),
            status: row.district,
        })
        .collect())
}

async fn building_hits(tx: &mut Tx, ids: Vec<i64>) -> Result<Vec<Hit>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        "select b.id, b.no, b.floors_up, e.name as estate, e.address, d.name as district
         from building b join estate e on e.id = b.estate_id join organization d on d.id = b.district_id
         where b.id = any($1) order by e.name, b.no_key",
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let number = if row.no.bytes().all(|byte| byte.is_ascii_alphanumeric()) { "号楼" } else { "" };
            Hit {
                id: row.id,
                title: format!("{} {}{number}", row.estate, row.no),
                detail: format!("{} · {}层", row.address, row.floors_up),
                status: row.district,
            }
        })
        .collect())
}

async fn project_hits(tx: &mut Tx, ids: Vec<i64>) -> Result<Vec<Hit>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let labels = labels_load(tx).await?;
    let rows = sqlx::query!(
        "select id, name, code, address, status from project where id = any($1) order by array_position($1, id)",
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    rows.into_iter()
        .map(|row| {
            let status = labels.label(stored(&row.status, ProjectStatus::from_code)?);
            Ok(Hit { id: row.id, title: row.name, detail: format!("{} · {}", row.address, row.code), status })
        })
        .collect()
}

async fn person_hits(tx: &mut Tx, ids: Vec<i64>) -> Result<Vec<Hit>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let labels = labels_load(tx).await?;
    let rows = sqlx::query!(
        "select p.id, p.name, p.person_type, p.id_number_mask, p.phone_mask, o.name as organization
         from person p join organization o on o.id = p.organization_id
         where p.id = any($1) and p.deleted_at is null order by array_position($1, p.id)",
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Hit {
                id: row.id,
                title: row.name,
                detail: format!("{} · {} · {}", row.id_number_mask, row.phone_mask, row.organization),
                status: labels.label(stored(&row.person_type, PersonType::from_code)?),
            })
        })
        .collect()
}

async fn contract_hits(tx: &mut Tx, ids: Vec<i64>) -> Result<Vec<Hit>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let labels = labels_load(tx).await?;
    let rows = sqlx::query!(
        "select c.id, c.contract_no, c.lessee_name, c.id_number_mask, c.address, c.status, e.name as estate
         from contract c join estate e on e.id = c.estate_id
         where c.id = any($1) and c.deleted_at is null order by array_position($1, c.id)",
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Hit {
                id: row.id,
                title: format!("{} {}", row.contract_no.as_deref().unwrap_or("待编号"), row.lessee_name),
                detail: format!("{} · {} {}", row.id_number_mask, row.estate, row.address),
                status: labels.label(stored(&row.status, ContractStatus::from_code)?),
            })
        })
        .collect()
}

#[derive(sqlx::FromRow)]
struct UnitRecord {
    id: i64,
    code: String,
    address: String,
    estate: String,
    status: String,
}

const UNITS: &str = "select u.id, u.code, u.address, e.name as estate, u.status from";

/// Units by the beginning of their code, or by rooms of the buildings that the first words name.
async fn units(tx: &mut Tx, ctx: &Ctx, words: &[String], most: i64) -> Result<Vec<Hit>> {
    let mut rows = match words {
        [code] if code.is_ascii() && code.contains(|c: char| c.is_ascii_digit()) && !is_numeric(code) => {
            units_by_code(tx, ctx, code, most).await?
        }
        _ => Vec::new(),
    };
    let named = words.iter().rposition(|word| !is_numeric(word)).map_or(0, |last| last + 1);
    // 阳光苑 1号楼 301: the name, then the building, then what is inside it; the longest name that means buildings.
    for count in (named.max(1)..words.len()).rev() {
        let buildings = places(tx, ctx, "BUILDING", &words[..count], BUILDINGS_MOST).await?;
        if !buildings.is_empty() && named > 0 {
            rows = units_inside(tx, ctx, &buildings, &words[count..], most).await?;
            break;
        }
    }
    let labels = labels_load(tx).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Hit {
                id: row.id,
                title: format!("{} {}", row.estate, row.address),
                detail: row.code,
                status: labels.label(stored(&row.status, UnitStatus::from_code)?),
            })
        })
        .collect()
}

async fn units_by_code(tx: &mut Tx, ctx: &Ctx, code: &str, most: i64) -> Result<Vec<UnitRecord>> {
    let (column, ids) = match walk(ctx, "UNIT") {
        ("estate_id", ids) => ("estate_id", ids),
        (_, ids) => ("district_id", ids),
    };
    let mut sql = QueryBuilder::<Postgres>::new(format!("{UNITS} unnest("));
    sql.push_bind(ids).push("::bigint[]) as w (id) cross join lateral (select * from unit u where ");
    sql.push(format!("u.{column} = w.id and u.deleted_at is null and u.code >= ")).push_bind(code.to_uppercase());
    sql.push(" and u.code < ").push_bind(format!("{}\u{10FFFF}", code.to_uppercase()));
    sql.push(" order by u.code limit ").push_bind(most);
    sql.push(") u join estate e on e.id = u.estate_id order by u.code limit ").push_bind(most);
    Ok(sql.build_query_as().fetch_all(connection(tx)).await?)
}

async fn units_inside(
    tx: &mut Tx,
    ctx: &Ctx,
    buildings: &[i64],
    words: &[String],
    most: i64,
) -> Result<Vec<UnitRecord>> {
    let mut sql = QueryBuilder::<Postgres>::new(format!(
        "{UNITS} unit u join estate e on e.id = u.estate_id where u.deleted_at is null and u.building_id = any("
    ));
    sql.push_bind(buildings.to_vec()).push(")");
    push_scope(&mut sql, ctx, "u.district_id", "u.estate_id");
    for word in words {
        // 0301 and 301 are one room; 单元 and 室 say which of the two is meant.
        let (plain, entrance) = (word.trim_end_matches(['室', '号', '房']), word.strip_suffix("单元"));
        let column = if entrance.is_some() { "u.entrance" } else { "u.room_no" };
        let number = entrance.unwrap_or(plain).trim_start_matches('0').to_owned();
        sql.push(format!(" and ltrim(lower({column}), '0') in (")).push_bind(number.clone());
        sql.push(", ").push_bind(format!("{number}{}", if entrance.is_some() { "单元" } else { "室" })).push(")");
    }
    sql.push(" order by u.code limit ").push_bind(most);
    Ok(sql.build_query_as().fetch_all(connection(tx)).await?)
}
