//! The filing of contracts with the authority.

use super::{history_add, hold};
use crate::{Ctx, Result, ctx::connection};
use domain::{
    failure::Failure,
    id::ContractId,
    platform::permission::Permission,
    tenancy::filing::{FILING_DAYS, FilingForm, FilingState},
};
use sqlx::{Postgres, QueryBuilder};

/// Enters, or corrects, under which number and when a contract was filed.
///
/// # Errors
/// Without [`Permission::ContractWrite`]; complaints by field; a refusal for one that nobody approved or that does not
/// count; [`Failure::Conflict`].
pub async fn contract_file(ctx: &Ctx, id: ContractId, version: i32, form: &FilingForm) -> Result<()> {
    ctx.require(Permission::ContractWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    if !held.status.is_filed() {
        return Err(Failure::refused(format!("合同状态为“{}”，不能登记备案", held.status)).into());
    }
    let known = sqlx::query!("select sign_on, filing_no, filed_on from contract where id = $1", id.0)
        .fetch_one(connection(&mut tx))
        .await?;
    let (number, day) = form.check(known.sign_on, ctx.today())?;
    if (known.filing_no.as_deref(), known.filed_on) == (Some(number.as_str()), Some(day)) {
        return Err(Failure::refused("备案信息未修改").into());
    }
    sqlx::query!(
        "update contract set filing_no = $2, filed_on = $3, updated_at = $4, updated_by = $5, version = version + 1 where id = $1",
        id.0,
        number,
        day,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    let said = match known.filing_no.zip(known.filed_on) {
        Some((before, on)) => format!("备案号{before}（{on}）改为{number}（{day}）"),
        None => format!("备案号{number}，备案日期{day}"),
    };
    history_add(&mut tx, ctx, id.0, "登记备案", (Some(held.status), held.status), Some(&said)).await?;
    tx.commit().await?;
    Ok(())
}

/// Adds that the contract `c` is in force and was not filed; of the reminder and the list behind it. One that was taken
/// over from before the city used this was filed, or not, where nobody here knows.
pub(crate) fn push_unfiled(sql: &mut QueryBuilder<Postgres>) {
    sql.push(" and c.status = 'ACTIVE' and c.filing_no is null and c.take_over_id is null");
}

/// The filter of the list.
pub(super) fn push_filing(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx, state: FilingState) {
    match state {
        FilingState::Open => push_unfiled(sql),
        FilingState::Late => {
            push_unfiled(sql);
            sql.push(" and c.sign_on < ").push_bind(ctx.today());
            sql.push(format!("::date - {FILING_DAYS}"));
        }
        FilingState::Done => {
            sql.push(" and c.filing_no is not null");
        }
    }
}
