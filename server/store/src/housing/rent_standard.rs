//! Rent standards (E-17): what is in force, and what a person asks for and another agrees to (domain.md §6.4).

use crate::{
    Ctx, Error, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_ending, push_id},
    platform::{
        approval::{Change, Request, approval_pending, approval_submit, outdated},
        parameter::district_named,
    },
};
use chrono::NaiveDate;
use domain::{
    dictionary::{ApplicantCategory, ApprovalKind, AreaBasis, UseStatus},
    failure::{Failure, FieldErrors},
    housing::{
        choice::StandardChoice,
        rent_standard::{RENT_STANDARD_LIST, RentStandard, RentStandardRow},
        rent_standard_form::{NewStandard, NewStandardForm, StandardEndForm},
    },
    id::{ApprovalId, OrganizationId, RentStandardId},
    list::{ListQuery, Page},
    platform::{approval::ChangeLine, permission::Permission},
    value::{Rate, money::round_half_up},
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
    // Requests are the platform's; that one waits is no secret.
    let mut tx = ctx.begin_platform().await?;
    let row = sqlx::query!(
        r#"select r.*, d.name as "district?" from rent_standard r left join organization d on d.id = r.district_id where r.id = $1"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let pending = approval_pending(&mut tx, ApprovalKind::RentStandard, &row.code).await?.is_some();
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
        pending,
    })
}

/// Asks for a new standard.
///
/// # Errors
/// Without [`Permission::RentStandardWrite`]; complaints by field; a refusal when a request for the same code waits.
pub async fn rent_standard_request(ctx: &Ctx, form: &NewStandardForm) -> Result<ApprovalId> {
    ctx.require(Permission::RentStandardWrite)?;
    let (standard, reason) = form.check(ctx.today())?;
    let mut tx = ctx.begin_platform().await?;
    code_check(&mut tx, &standard.code).await?;
    let district = district_named(&mut tx, standard.district).await?;
    let request = Request {
        kind: ApprovalKind::RentStandard,
        subject: format!("新增租金标准：{} {}", standard.code, standard.name),
        subject_key: standard.code.clone(),
        lines: lines(&standard, district.as_deref().unwrap_or("全市")),
        change: Change::RentStandard(standard),
        reason,
    };
    let id = approval_submit(&mut tx, ctx, request).await?;
    tx.commit().await?;
    Ok(id)
}

async fn code_check(tx: &mut Tx, code: &str) -> Result<()> {
    let taken = sqlx::query_scalar!("select id from rent_standard where code = $1", code);
    match taken.fetch_optional(connection(tx)).await? {
        None => Ok(()),
        Some(_) => Err(FieldErrors::from(("code", "标准编码已存在")).into()),
    }
}

/// What its checker reads of a new standard.
fn lines(standard: &NewStandard, place: &str) -> Vec<ChangeLine> {
    [
        ("标准名称", Some(standard.name.clone())),
        ("适用区县", Some(place.to_owned())),
        ("保障类别", Some(standard.category.map_or("不限", ApplicantCategory::label).to_owned())),
        ("单价(元/㎡·月)", Some(standard.unit_rate.to_string())),
        ("市场租金(元/㎡·月)", standard.market_rate.map(|rate| rate.to_string())),
        ("计租面积", Some(standard.basis.label().to_owned())),
        ("批准文号", Some(standard.doc_no.clone())),
        ("生效日期", Some(standard.valid_from.to_string())),
        ("失效日期", standard.valid_to.map(|day| day.to_string())),
    ]
    .into_iter()
    .filter_map(|(label, after)| ChangeLine::of(label, None, after))
    .collect()
}

/// Asks that a standard ends with a day.
///
/// # Errors
/// Without [`Permission::RentStandardWrite`]; complaints by field; a refusal when nothing would change or a request waits.
pub async fn rent_standard_end_request(ctx: &Ctx, id: RentStandardId, form: &StandardEndForm) -> Result<ApprovalId> {
    ctx.require(Permission::RentStandardWrite)?;
    let mut tx = ctx.begin_platform().await?;
    let row = sqlx::query!("select code, name, valid_from, valid_to from rent_standard where id = $1", id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let (valid_to, reason) = form.check(row.valid_from, ctx.today())?;
    let told = |day: NaiveDate| day.to_string();
    let request = Request {
        kind: ApprovalKind::RentStandard,
        subject: format!("租金标准失效：{} {}", row.code, row.name),
        subject_key: row.code,
        lines: ChangeLine::of("失效日期", row.valid_to.map(told), Some(told(valid_to))).into_iter().collect(),
        change: Change::RentStandardEnd { standard: id, before: row.valid_to, valid_to },
        reason,
    };
    let request = approval_submit(&mut tx, ctx, request).await?;
    tx.commit().await?;
    Ok(request)
}

/// Brings in what a request asks for. A day that has passed while it waited becomes today's: rents of the past follow what
/// was in force.
pub(crate) async fn rent_standard_apply(tx: &mut Tx, ctx: &Ctx, maker: i64, standard: &NewStandard) -> Result<()> {
    code_check(tx, &standard.code).await.map_err(|_| outdated())?;
    let ratio = standard.market_rate.map(|market| {
        round_half_up(i128::from(standard.unit_rate.ten_thousandths()) * 10_000, i128::from(market.ten_thousandths()))
    });
    let number = |rate: i64| i32::try_from(rate).unwrap_or(i32::MAX);
    let valid_from = standard.valid_from.max(ctx.today());
    if standard.valid_to.is_some_and(|day| day < valid_from) {
        return Err(outdated());
    }
    sqlx::query!(
        "insert into rent_standard (code, name, district_id, category, unit_rate, market_rate, ratio, basis, doc_no, valid_from,
                                    valid_to, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        standard.code,
        standard.name,
        standard.district.map(|district| district.0),
        standard.category.map(ApplicantCategory::code),
        number(standard.unit_rate.ten_thousandths()),
        standard.market_rate.map(|rate| number(rate.ten_thousandths())),
        ratio.map(number),
        standard.basis.code(),
        standard.doc_no,
        valid_from,
        standard.valid_to,
        maker,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Ends a standard as a request asks for.
pub(crate) async fn rent_standard_end(
    tx: &mut Tx,
    ctx: &Ctx,
    id: RentStandardId,
    before: Option<NaiveDate>,
    valid_to: NaiveDate,
) -> Result<()> {
    let done = sqlx::query!(
        "update rent_standard set valid_to = $3, updated_at = now()
         where id = $1 and valid_to is not distinct from $2 and valid_from <= $3",
        id.0,
        before,
        valid_to.max(ctx.today()),
    )
    .execute(connection(tx))
    .await?;
    if done.rows_affected() == 0 { Err(outdated()) } else { Ok(()) }
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
