//! Rent standards (E-17), minimal.

use crate::{
    Ctx, Error, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_ending, push_id},
};
use chrono::NaiveDate;
use domain::{
    dictionary::{ApplicantCategory, AreaBasis, UseStatus},
    failure::{Failure, FieldErrors},
    housing::{
        choice::StandardChoice,
        rent_standard::{RENT_STANDARD_LIST, RentStandard, RentStandardRow},
    },
    id::{OrganizationId, RentStandardId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Rate,
};
use sqlx::{Postgres, QueryBuilder};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    code: String,
    name: String,
    district: Option<String>,
    category: Option<String>,
    unit_rate: i32,
    basis: String,
    doc_no: String,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    status: String,
}

impl TryFrom<Record> for RentStandardRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: RentStandardId(record.id),
            code: record.code,
            name: record.name,
            district: record.district,
            category: record.category.as_deref().map(|code| stored(code, ApplicantCategory::from_code)).transpose()?,
            unit_rate: Rate::from_ten_thousandths(record.unit_rate.into()),
            basis: stored(&record.basis, AreaBasis::from_code)?,
            doc_no: record.doc_no,
            valid_from: record.valid_from,
            valid_to: record.valid_to,
            status: stored(&record.status, UseStatus::from_code)?,
        })
    }
}

/// A page of rent standards; they are published, so everybody with the permission sees all.
///
/// # Errors
/// Without [`Permission::RentStandardRead`].
pub async fn rent_standard_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<RentStandardRow>> {
    ctx.require(Permission::RentStandardRead)?;
    let (sort, descending) = RENT_STANDARD_LIST.sort(query);
    let order = match sort {
        "name" => "r.name collate natural_order",
        "unit_rate" => "r.unit_rate",
        "valid_from" => "r.valid_from",
        _ => "r.code collate natural_order",
    };
    let page = SmallList {
        columns: "r.id, r.code, r.name, d.name as district, r.category, r.unit_rate, r.basis, r.doc_no, r.valid_from, r.valid_to, r.status",
        from: "from rent_standard r left join organization d on d.id = r.district_id where true",
        searched: &["r.code", "r.name", "r.doc_no"],
        filter: &|sql| {
            push_id(sql, query, "district", "r.district_id");
            if query.filter("ending").is_some() {
                push_standard_ending(sql, ctx);
            }
        },
        order,
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(RentStandardRow::try_from)
}

/// Adds that the standard `r` is in use, ends soon and concerns the actor's districts: of the reminder and the list behind
/// it.
pub(crate) fn push_standard_ending(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    sql.push(" and r.status = 'ON'");
    push_ending(sql, ctx, "r.valid_to");
    if let Scope::Districts(districts) = ctx.scope() {
        sql.push(" and (r.district_id is null or r.district_id = any(").push_bind(districts.clone()).push("))");
    }
}

/// One rent standard.
///
/// # Errors
/// Without [`Permission::RentStandardRead`]; [`Failure::NotFound`].
pub async fn rent_standard_get(ctx: &Ctx, id: RentStandardId) -> Result<RentStandard> {
    ctx.require(Permission::RentStandardRead)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!(
        r#"select r.*, d.name as "district?" from rent_standard r left join organization d on d.id = r.district_id where r.id = $1"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    let record = Record {
        id: row.id,
        code: row.code,
        name: row.name,
        district: row.district,
        category: row.category,
        unit_rate: row.unit_rate,
        basis: row.basis,
        doc_no: row.doc_no,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        status: row.status,
    };
    let rate = |value: i32| Rate::from_ten_thousandths(value.into());
    Ok(RentStandard {
        row: record.try_into()?,
        market_rate: row.market_rate.map(rate),
        ratio: row.ratio.map(rate),
        updated_at: row.updated_at,
    })
}

/// The standards in force on a day: what forms offer, and what a unit may be given.
pub(crate) async fn rent_standards_in_force(tx: &mut Tx, day: NaiveDate) -> Result<Vec<StandardChoice>> {
    let rows = sqlx::query!(
        "select id, code, name, district_id from rent_standard
         where status = 'ON' and valid_from <= $1 and (valid_to is null or valid_to >= $1) order by code collate natural_order",
        day
    )
    .fetch_all(connection(tx))
    .await?;
    let choice = |id, code, name, district| StandardChoice { id, label: format!("{code} {name}"), district };
    Ok(rows.into_iter().map(|row| choice(row.id, row.code, row.name, row.district_id)).collect())
}

/// A unit may be given a standard that is in force today, for the whole city or its own district; the one it
/// has already it may keep.
pub(crate) async fn rent_standard_check(
    tx: &mut Tx,
    day: NaiveDate,
    district: OrganizationId,
    wanted: Option<RentStandardId>,
    present: Option<RentStandardId>,
) -> Result<()> {
    let Some(wanted) = wanted.filter(|wanted| present != Some(*wanted)) else { return Ok(()) };
    let in_force = rent_standards_in_force(tx, day).await?;
    if in_force.iter().any(|standard| standard.id == wanted.0 && standard.fits(district.0)) {
        return Ok(());
    }
    Err(FieldErrors::from(("rent_standard", "租金标准已失效或不适用于该区县，请重新选择")).into())
}
