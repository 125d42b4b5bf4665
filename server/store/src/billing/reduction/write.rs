//! Asking for a reduction: what it would come to, and the document.

use super::history_add;
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
};
use chrono::{Months, NaiveDate};
use domain::{
    billing::{
        plan::month_of,
        reduction::{BEYOND, NO_CONTRACT, OVERLAPS, ReductionFields, ReductionForm, last_day, preview},
        rent::MonthlyRent,
    },
    failure::{Failure, FieldErrors},
    platform::permission::Permission,
    value::{Area, Money, Rate},
};

/// A contract in force, whose row is locked, and what would be taken off.
struct Drafted {
    contract: i64,
    rent: MonthlyRent,
}

async fn drafted(tx: &mut Tx, fields: &ReductionFields) -> Result<Drafted> {
    let row = sqlx::query!(
        r#"select c.id, c.start_on, c.end_on, c.rent_area, c.taken_over_on,
                  coalesce((select h.new_rate from rent_change h where h.contract_id = c.id and h.status = 'APPROVED' and h.from_on <= $2
                            order by h.from_on desc limit 1), c.unit_rate) as "rate!"
           from contract c where c.contract_no = $1 and c.status in ('ACTIVE', 'CANCEL_PENDING') and c.deleted_at is null
           for no key update of c"#,
        fields.contract_no,
        fields.off.from,
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or_else(|| FieldErrors::from(("contract_no", NO_CONTRACT)))?;
    let mut errors = FieldErrors::default();
    if fields.off.from > row.end_on || fields.off.to < row.start_on {
        errors.add("from", BEYOND);
    } else if row.taken_over_on.is_some_and(|day| fields.off.from <= day) {
        errors.add("from", "起始月份须晚于接管截止日，之前的租金由原系统收取");
    }
    // What lies behind the term goes on with the contract that renews it.
    if fields.off.to > last_day(month_of(row.end_on)).checked_add_months(Months::new(12)).unwrap_or(row.end_on) {
        errors.add("to", BEYOND);
    }
    if overlaps(tx, row.id, fields.off.from, fields.off.to).await? {
        errors.add("from", OVERLAPS);
    }
    let area = Area::from_hundredths(row.rent_area.into());
    let rent = preview(area, Rate::from_ten_thousandths(row.rate.into()), fields.off.reduction);
    match errors.take("percent", rent) {
        Some(rent) if errors.is_empty() => Ok(Drafted { contract: row.id, rent }),
        _ => Err(errors.into()),
    }
}

/// Whether another one, agreed to or waiting, lies in the same days.
async fn overlaps(tx: &mut Tx, contract: i64, from: NaiveDate, to: NaiveDate) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from rent_reduction where contract_id = $1 and status in ('PENDING', 'APPROVED', 'STOPPED')
                          and from_on <= $3 and to_on >= $2) as "found!""#,
        contract,
        from,
        to
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(found)
}

/// 应收, 核减 and 实际应缴 a month of what is entered; nothing is written.
///
/// # Errors
/// Complaints by field; without [`Permission::RentAdjust`].
pub async fn reduction_preview(ctx: &Ctx, form: &ReductionForm) -> Result<(Money, Money, Money)> {
    ctx.require(Permission::RentAdjust)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let rent = drafted(&mut tx, &fields).await?.rent;
    tx.commit().await?;
    Ok((rent.full, rent.reduction, rent.payable))
}

/// Asks for a reduction. The same request again finds the first one.
///
/// # Errors
/// Complaints by field; without [`Permission::RentAdjust`].
pub async fn reduction_create(ctx: &Ctx, form: &ReductionForm) -> Result<i64> {
    ctx.require(Permission::RentAdjust)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    // Looked up behind the lock: pressed twice at once, the second finds the first.
    sqlx::query!(
        "select id from contract where contract_no = $1 and deleted_at is null order by id for no key update",
        fields.contract_no
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let known =
        sqlx::query!("select id, maker_id from rent_reduction where request_id = $1::text::uuid", fields.request)
            .fetch_optional(connection(&mut tx))
            .await?;
    match known {
        Some(row) if row.maker_id == ctx.actor().id.0 => return Ok(row.id),
        Some(_) => return Err(Failure::refused("页面已过期，请刷新后再办理").into()),
        None => {}
    }
    let drafted = drafted(&mut tx, &fields).await?;
    let reduction = fields.off.reduction;
    let id = sqlx::query_scalar!(
        "insert into rent_reduction (district_id, estate_id, request_id, contract_id, category, percent, standard_area, over_rate, from_on,
                                     to_on, doc_no, remark, full_fen, payable_fen, maker_id, made_at)
         select district_id, estate_id, $2::text::uuid, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
         from contract where id = $1 returning id",
        drafted.contract,
        fields.request,
        fields.category.code(),
        i16::try_from(reduction.percent).unwrap_or(99),
        i32::try_from(reduction.standard_area.hundredths()).unwrap_or(i32::MAX),
        reduction.over_rate.and_then(|rate| i32::try_from(rate.ten_thousandths()).ok()),
        fields.off.from,
        fields.off.to,
        fields.doc_no,
        fields.remark,
        drafted.rent.full.fen(),
        drafted.rent.payable.fen(),
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| {
        Error::from(error).or_field(&[
            ("rent_reduction_request_key", "doc_no", "页面已过期，请刷新后再办理"),
            ("rent_reduction_pending_key", "contract_no", "该合同已有待审批的租金核减"),
        ])
    })?;
    history_add(&mut tx, ctx, id, "提交", None).await?;
    tx.commit().await?;
    Ok(id)
}
