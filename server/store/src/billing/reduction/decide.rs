//! Deciding about a reduction, taking it back, and ending it before its last month. Bills of its months that were posted
//! meanwhile are reversed and made anew (domain.md §3.6 L11), also those that were paid.

use super::history_add;
use crate::{
    Ctx, Result,
    billing::{
        adjustment::{Posted, rents_anew},
        arrears::arrears_recount,
        debt::open_bills,
        fund::{Pays, fund_pays, request_id},
        payment::hold as account_hold,
        rule::billing_rule,
    },
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        plan::month_of,
        reduction::{ReductionEvent, ReductionStatus, last_day},
        run::month_parse,
    },
    dictionary::PayMethod,
    failure::{Failure, FieldErrors},
    id::AccountId,
    platform::permission::Permission,
    value::Money,
};

/// What is told while the household leaves: what it owes is settled with it.
const IS_LEAVING: &str = "合同正在办理退租，租金核减不能变更";

/// A reduction whose row, behind that of its contract, is locked.
struct Held {
    district: i64,
    contract: i64,
    contract_no: String,
    in_force: bool,
    /// an exit of it is under way
    leaving: bool,
    reduction_no: String,
    from: NaiveDate,
    to: NaiveDate,
    maker: i64,
    /// the last day of an end that is asked for, and by whom
    stop: Option<(NaiveDate, i64)>,
    status: ReductionStatus,
}

async fn hold(tx: &mut Tx, id: i64, version: i32) -> Result<Held> {
    let contract = sqlx::query!(
        r#"select c.id, c.contract_no, c.status in ('ACTIVE', 'CANCEL_PENDING') as "in_force!" from contract c
           where c.id = (select contract_id from rent_reduction where id = $1) for no key update of c"#,
        id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    // Behind the lock: nobody begins to leave any more.
    let leaving = sqlx::query_scalar!(
        r#"select exists (select from exit_case where contract_id = $1 and status not in ('CLOSED', 'REVOKED')) as "leaving!""#,
        contract.id
    )
    .fetch_one(connection(tx))
    .await?;
    let row = sqlx::query!(
        r#"select district_id, reduction_no as "reduction_no!", from_on, to_on, maker_id, status, version, stop_on, stop_maker
           from rent_reduction where id = $1 for update"#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    Ok(Held {
        district: row.district_id,
        contract: contract.id,
        contract_no: contract.contract_no.unwrap_or_default(),
        in_force: contract.in_force,
        leaving,
        reduction_no: row.reduction_no,
        from: row.from_on,
        to: row.to_on,
        maker: row.maker_id,
        stop: row.stop_on.zip(row.stop_maker),
        status: stored(&row.status, ReductionStatus::from_code)?,
    })
}

/// Agrees to a reduction or refuses it.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own, when the contract has ended or is being ended, and while the bank is asked
/// for a bill of its months; a missing opinion when it is refused.
pub async fn reduction_decide(
    ctx: &Ctx,
    id: i64,
    version: i32,
    approve: bool,
    opinion: &str,
) -> Result<ReductionStatus> {
    ctx.require(Permission::RentCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.maker == ctx.actor().id.0 {
        return Err(Failure::refused("不能审批本人提交的租金核减").into());
    }
    let next = held.status.next(if approve { ReductionEvent::Approve } else { ReductionEvent::Refuse })?;
    if approve && !held.in_force {
        return Err(Failure::refused("合同已结束，请驳回").into());
    }
    if approve && held.leaving {
        return Err(Failure::refused(IS_LEAVING).into());
    }
    sqlx::query!(
        "update rent_reduction set status = $2, checker_id = $3, checked_at = $4, opinion = $5, version = version + 1 where id = $1",
        id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
    )
    .execute(connection(&mut tx))
    .await?;
    history_add(&mut tx, ctx, id, if approve { "同意" } else { "驳回" }, opinion.as_deref()).await?;
    if approve {
        contract_note(&mut tx, ctx, id, "租金核减").await?;
        anew(&mut tx, ctx, id, &held, held.from, held.to).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// Takes back what was asked for and is not decided yet.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for somebody else's.
pub async fn reduction_withdraw(ctx: &Ctx, id: i64, version: i32) -> Result<ReductionStatus> {
    ctx.require(Permission::RentAdjust)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.maker != ctx.actor().id.0 {
        return Err(Failure::refused("只能撤回本人提交的租金核减").into());
    }
    let next = held.status.next(ReductionEvent::Withdraw)?;
    sqlx::query!("update rent_reduction set status = $2, version = version + 1 where id = $1", id, next.code())
        .execute(connection(&mut tx))
        .await?;
    history_add(&mut tx, ctx, id, "撤回", None).await?;
    tx.commit().await?;
    Ok(next)
}

/// 提前终止 is asked for: the household is not entitled any more; `last` (`2027-01`) is the last month for which it holds.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`]; a refusal of a month gone by, of a second time, and while an exit is under way;
/// without [`Permission::RentAdjust`].
pub async fn reduction_stop(ctx: &Ctx, id: i64, version: i32, last: &str, reason: &str) -> Result<()> {
    ctx.require(Permission::RentAdjust)?;
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    held.status.next(ReductionEvent::Stop)?;
    if held.stop.is_some() {
        return Err(Failure::refused("已有待审批的提前终止").into());
    }
    if held.leaving {
        return Err(Failure::refused(IS_LEAVING).into());
    }
    let last = month_parse(last).ok_or_else(|| FieldErrors::from(("last", "应为年月，如2027-01")))?;
    if last < month_of(ctx.today()).max(held.from) || last_day(last) >= held.to {
        return Err(FieldErrors::from(("last", "须不早于本月和核减起始月份，且早于原终止月份")).into());
    }
    sqlx::query!(
        "update rent_reduction set stop_on = $2, stop_maker = $3, stop_reason = $4, version = version + 1 where id = $1",
        id,
        last_day(last),
        ctx.actor().id.0,
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    history_add(&mut tx, ctx, id, "申请提前终止", Some(&reason)).await?;
    tx.commit().await?;
    Ok(())
}

/// Agrees to the end of a reduction or refuses it.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own, when its last month has gone by, and while an exit is under way; a missing
/// opinion when it is refused; without [`Permission::RentCheck`].
pub async fn reduction_stop_decide(
    ctx: &Ctx,
    id: i64,
    version: i32,
    approve: bool,
    opinion: &str,
) -> Result<ReductionStatus> {
    ctx.require(Permission::RentCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    let next = held.status.next(ReductionEvent::Stop)?;
    let Some((last, maker)) = held.stop else {
        return Err(Failure::refused("没有待审批的提前终止，请刷新").into());
    };
    if maker == ctx.actor().id.0 {
        return Err(Failure::refused("不能审批本人提交的提前终止").into());
    }
    if approve {
        stop(&mut tx, ctx, id, &held, last).await?;
    } else {
        sqlx::query!(
            "update rent_reduction set stop_on = null, stop_maker = null, stop_reason = null, version = version + 1 where id = $1",
            id
        )
        .execute(connection(&mut tx))
        .await?;
    }
    history_add(&mut tx, ctx, id, if approve { "提前终止" } else { "驳回提前终止" }, opinion.as_deref()).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(if approve { next } else { held.status })
}

/// It holds up to a day; bills behind that are made anew.
async fn stop(tx: &mut Tx, ctx: &Ctx, id: i64, held: &Held, last: NaiveDate) -> Result<()> {
    if held.leaving {
        return Err(Failure::refused(IS_LEAVING).into());
    }
    if last < month_of(ctx.today()) {
        return Err(Failure::refused("最后核减月份已过，请驳回后重新申请").into());
    }
    sqlx::query!(
        "update rent_reduction set status = 'STOPPED', to_on = stop_on, stopped_by = $2, version = version + 1 where id = $1",
        id,
        ctx.actor().id.0,
    )
    .execute(connection(tx))
    .await?;
    contract_note(tx, ctx, id, "终止租金核减").await?;
    // Who has left was charged to his last day.
    if held.in_force {
        anew(tx, ctx, id, held, last.succ_opt().unwrap_or(last), held.to).await?;
    }
    Ok(())
}

/// A line of the contract's timeline.
async fn contract_note(tx: &mut Tx, ctx: &Ctx, id: i64, event: &str) -> Result<()> {
    sqlx::query!(
        "insert into contract_history (district_id, estate_id, contract_id, at, actor_id, event, from_status, to_status, reason)
         select r.district_id, r.estate_id, r.contract_id, $2, $3, $4, c.status, c.status,
                r.reduction_no || ' ' || to_char(r.from_on, 'YYYY-MM') || '至' || to_char(r.to_on, 'YYYY-MM') || '月租金'
                || to_char(r.full_fen / 100.0, 'FM999999990.00') || '元→' || to_char(r.payable_fen / 100.0, 'FM999999990.00')
                || '元（' || r.doc_no || '）'
         from rent_reduction r join contract c on c.id = r.contract_id where r.id = $1",
        id,
        ctx.now(),
        ctx.actor_id(),
        event,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Rent bills of the contract that touch these days: reversal and new bill. What came in for one pays the new ones at once. What
/// was waived stays so, and what another system had charged is not ours to change.
async fn anew(tx: &mut Tx, ctx: &Ctx, id: i64, held: &Held, from: NaiveDate, to: NaiveDate) -> Result<()> {
    let account = sqlx::query_scalar!("select account_id from contract where id = $1", held.contract)
        .fetch_one(connection(tx))
        .await?;
    let Some(account) = account else { return Ok(()) };
    let account = account_hold(tx, AccountId(account)).await?;
    let rows = sqlx::query!(
        r#"select id, account_id, period_from, paid_fen + late_paid_fen as "paid!", in_batch,
                  exists (select from instalment_bill p join instalment i on i.id = p.instalment_id
                          where p.bill_id = b.id and i.status in ('PENDING', 'ACTIVE')) as "planned!"
           from bill b where contract_id = $1 and fee_item = 'RENT' and reverses_id is null and months > 0 and period_from <= $3 and period_to >= $2
               and decision is null and not charged_before(contract_id, period_from)
           order by id for update of b"#,
        held.contract,
        from,
        to
    )
    .fetch_all(connection(tx))
    .await?;
    if rows.iter().any(|row| row.planned) {
        let sentence = format!("合同{}在此期间的账单已列入分期还款，请先办结分期", held.contract_no);
        return Err(Failure::refused(sentence).into());
    }
    if rows.iter().any(|row| row.in_batch.is_some()) {
        return Err(Failure::refused("有账单正在银行扣款中，请于回盘后再审批").into());
    }
    let posted: Vec<Posted> = rows
        .into_iter()
        .map(|row| Posted {
            id: row.id,
            account: row.account_id,
            contract: held.contract,
            from: row.period_from,
            in_batch: row.in_batch.is_some(),
            paid: Money::from_fen(row.paid),
        })
        .collect();
    let paid: Money = posted.iter().map(|bill| bill.paid).sum();
    let fresh = rents_anew(tx, ctx, held.district, &posted, &format!("{}租金核减", held.reduction_no)).await?;
    if paid == Money::ZERO {
        return Ok(());
    }
    let rule = billing_rule(tx, held.district, ctx.today()).await?;
    let mut open = open_bills(tx, &[account.id], None, &rule, ctx.today()).await?;
    open.retain(|open| fresh.contains(&open.owed.debt.bill));
    let pays = Pays {
        method: PayMethod::Balance,
        amount: paid,
        request: request_id(&format!("reduction {id} {from}")),
        remark: format!("{}租金核减", held.reduction_no),
        day: ctx.today(),
    };
    fund_pays(tx, ctx, &account, &rule, &open, pays).await?;
    arrears_recount(tx, ctx, &[account.id]).await
}
