//! Keeps the terms of the search up with what the database noted as changed. The server's own work over the whole city.

use super::terms::{building_terms, name_terms, stock_terms, words};
use crate::{
    Database, Result,
    ctx::{Tx, begin_city, connection},
};
use std::collections::BTreeSet;

/// Changed things per transaction.
const CHUNK: i64 = 2_000;

/// Whoever writes terms: one at a time in the whole city, or two could write an old and a new state in the wrong order.
const LOCK: i64 = 0x7365_6172_6368;

/// The terms of one thing, and whose they are.
struct Entry {
    kind: &'static str,
    id: i64,
    district: i64,
    estate: Option<i64>,
    organization: Option<i64>,
    terms: BTreeSet<String>,
}

/// Writes the terms of some of what was changed; answers how much it took. 0: nothing is left, or another process is
/// at it.
///
/// # Errors
/// When the database fails.
pub async fn search_refresh(database: &Database) -> Result<u64> {
    let mut tx = begin_city(database).await?;
    let mine = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "mine!""#, LOCK)
        .fetch_one(connection(&mut tx))
        .await?;
    if !mine {
        return Ok(0);
    }
    // Taken first and read afterwards: what changes in between is noted anew.
    let dirty = sqlx::query!(
        "delete from search_dirty where id = any(array(select id from search_dirty order by id limit $1))
         returning kind, object_id",
        CHUNK
    )
    .fetch_all(connection(&mut tx))
    .await?;
    if dirty.is_empty() {
        // Ended here and not by dropping it, which gives the lock back some time later.
        tx.commit().await?;
        return Ok(0);
    }
    let of = |kind: &str| {
        let ids: BTreeSet<i64> = dirty.iter().filter(|row| row.kind == kind).map(|row| row.object_id).collect();
        ids.into_iter().collect::<Vec<_>>()
    };
    let mut entries = Vec::new();
    for (kind, ids) in ["PROJECT", "ESTATE", "BUILDING", "PERSON", "CONTRACT"].map(|kind| (kind, of(kind))) {
        if ids.is_empty() {
            continue;
        }
        sqlx::query!("delete from search_term where kind = $1 and object_id = any($2)", kind, &ids)
            .execute(connection(&mut tx))
            .await?;
        match kind {
            "PROJECT" => projects(&mut tx, &ids, &mut entries).await?,
            "ESTATE" => estates(&mut tx, &ids, &mut entries).await?,
            "BUILDING" => buildings(&mut tx, &ids, &mut entries).await?,
            "PERSON" => persons(&mut tx, &ids, &mut entries).await?,
            _ => contracts(&mut tx, &ids, &mut entries).await?,
        }
    }
    write(&mut tx, &entries).await?;
    tx.commit().await?;
    Ok(dirty.len() as u64)
}

async fn projects(tx: &mut Tx, ids: &[i64], entries: &mut Vec<Entry>) -> Result<()> {
    let rows = sqlx::query!(
        "select id, district_id, name, code, address from project where id = any($1) and deleted_at is null",
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    for row in rows {
        let mut terms = BTreeSet::from([row.code.to_lowercase()]);
        stock_terms(&row.name, &mut terms);
        stock_terms(&row.address, &mut terms);
        let (kind, id, district) = ("PROJECT", row.id, row.district_id);
        entries.push(Entry { kind, id, district, estate: None, organization: None, terms });
    }
    Ok(())
}

async fn estates(tx: &mut Tx, ids: &[i64], entries: &mut Vec<Entry>) -> Result<()> {
    let rows = sqlx::query!(
        "select id, district_id, name, code, address from estate where id = any($1) and deleted_at is null",
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    for row in rows {
        let mut terms = BTreeSet::from([row.code.to_lowercase()]);
        stock_terms(&row.name, &mut terms);
        stock_terms(&row.address, &mut terms);
        let (kind, id, district) = ("ESTATE", row.id, row.district_id);
        entries.push(Entry { kind, id, district, estate: Some(id), organization: None, terms });
    }
    Ok(())
}

async fn buildings(tx: &mut Tx, ids: &[i64], entries: &mut Vec<Entry>) -> Result<()> {
    let rows = sqlx::query!(
        r#"select b.id, b.district_id, b.estate_id, b.no, b.name, e.name as estate, e.code as estate_code, e.address
           from building b join estate e on e.id = b.estate_id
           where b.id = any($1) and b.deleted_at is null and e.deleted_at is null"#,
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    for row in rows {
        let mut terms = BTreeSet::from([row.estate_code.to_lowercase()]);
        stock_terms(&row.estate, &mut terms);
        stock_terms(&row.address, &mut terms);
        stock_terms(row.name.as_deref().unwrap_or_default(), &mut terms);
        building_terms(&row.no, &mut terms);
        let (kind, id, district, estate) = ("BUILDING", row.id, row.district_id, Some(row.estate_id));
        entries.push(Entry { kind, id, district, estate, organization: None, terms });
    }
    Ok(())
}

async fn persons(tx: &mut Tx, ids: &[i64], entries: &mut Vec<Entry>) -> Result<()> {
    let rows = sqlx::query!(
        "select id, district_id, organization_id, name from person
         where id = any($1) and deleted_at is null and merged_into is null",
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    for row in rows {
        entries.push(Entry {
            kind: "PERSON",
            id: row.id,
            district: row.district_id.unwrap_or(0),
            estate: None,
            organization: Some(row.organization_id),
            terms: name_terms(&row.name),
        });
    }
    Ok(())
}

async fn contracts(tx: &mut Tx, ids: &[i64], entries: &mut Vec<Entry>) -> Result<()> {
    let rows = sqlx::query!(
        "select id, district_id, estate_id, contract_no, lessee_name from contract where id = any($1) and deleted_at is null",
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    for row in rows {
        let mut terms = name_terms(&row.lessee_name);
        terms.extend(row.contract_no.as_deref().map(words).unwrap_or_default());
        let (kind, id, district, estate) = ("CONTRACT", row.id, row.district_id, Some(row.estate_id));
        entries.push(Entry { kind, id, district, estate, organization: None, terms });
    }
    Ok(())
}

async fn write(tx: &mut Tx, entries: &[Entry]) -> Result<()> {
    let (mut kinds, mut ids, mut districts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut estates, mut organizations, mut terms) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        for term in &entry.terms {
            kinds.push(entry.kind.to_owned());
            ids.push(entry.id);
            districts.push(entry.district);
            estates.push(entry.estate);
            organizations.push(entry.organization);
            terms.push(term.clone());
        }
    }
    sqlx::query!(
        "insert into search_term (kind, object_id, district_id, estate_id, organization_id, term)
         select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])",
        &kinds,
        &ids,
        &districts,
        &estates as _,
        &organizations as _,
        &terms,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
