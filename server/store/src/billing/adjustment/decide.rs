//! Deciding about an adjustment. What is agreed to holds from its day on: plans follow by themselves, and bills of those
//! periods that were posted meanwhile are reversed and made anew (domain.md §3.6 L11).

use crate::{
    Ctx, Result,
    billing::{
        arrears::arrears_recount,
        bill::counter_bill,
        ledger::{refusal, reverse_bill},
        post::post,
        rule::billing_rule,
        run::charges_from,
    },
    ctx::{Tx, connection},
    error::stored,
    platform::calendar::calendar_load,
    tenancy::{assignment::opinion_check, contract::terms::billed_read_many},
};
use chrono::NaiveDate;
use domain::{
    billing::adjustment::{AdjustEvent, AdjustStatus},
    dictionary::BillStatus,
    failure::Failure,
    id::BillId,
    platform::permission::Permission,
};
use std::collections::{BTreeMap, BTreeSet};

/// An adjustment whose row is locked.
struct Held {
    district: i64,
    maker: i64,
    adjustment_no: String,
    doc_no: String,
    status: AdjustStatus,
}

async fn hold(tx: &mut Tx, id: i64, version: i32) -> Result<Held> {
    let row = sqlx::query!(
        r#"select district_id, maker_id, adjustment_no, doc_no, status, version from rent_adjustment where id = $1 for update"#,
        id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    Ok(Held {
        district: row.district_id,
        maker: row.maker_id,
        adjustment_no: row.adjustment_no,
        doc_no: row.doc_no,
        status: stored(&row.status, AdjustStatus::from_code)?,
    })
}

/// Agrees to an adjustment or refuses it.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own, and when a bill that it would change was paid meanwhile; a missing opinion
/// when it is refused.
pub async fn adjustment_decide(ctx: &Ctx, id: i64, version: i32, approve: bool, opinion: &str) -> Result<AdjustStatus> {
    ctx.require(Permission::RentCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.maker == ctx.actor().id.0 {
        return Err(Failure::refused("不能审批本人提交的租金调整").into());
    }
    let next = held.status.next(if approve { AdjustEvent::Approve } else { AdjustEvent::Refuse })?;
    sqlx::query!(
        "update rent_adjustment set status = $2, checker_id = $3, checked_at = $4, opinion = $5, version = version + 1 where id = $1",
        id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
    )
    .execute(connection(&mut tx))
    .await?;
    if approve {
        take_effect(&mut tx, ctx, id, &held).await?;
    } else {
        changes_end(&mut tx, id, next).await?;
    }
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// Takes back what was asked for and is not decided yet.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for somebody else's.
pub async fn adjustment_withdraw(ctx: &Ctx, id: i64, version: i32) -> Result<AdjustStatus> {
    ctx.require(Permission::RentAdjust)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.maker != ctx.actor().id.0 {
        return Err(Failure::refused("只能撤回本人提交的租金调整").into());
    }
    let next = held.status.next(AdjustEvent::Withdraw)?;
    sqlx::query!("update rent_adjustment set status = $2, version = version + 1 where id = $1", id, next.code())
        .execute(connection(&mut tx))
        .await?;
    changes_end(&mut tx, id, next).await?;
    tx.commit().await?;
    Ok(next)
}

async fn changes_end(tx: &mut Tx, id: i64, status: AdjustStatus) -> Result<()> {
    sqlx::query!("update rent_change set status = $2 where adjustment_id = $1", id, status.code())
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// The contracts get their new rent, and their timelines a line. Contracts that have ended stay as they are.
async fn take_effect(tx: &mut Tx, ctx: &Ctx, id: i64, held: &Held) -> Result<()> {
    // Held like the run of a month holds them, so that nothing is billed between.
    let contracts = sqlx::query_scalar!(
        "select c.id from contract c where c.id in (select contract_id from rent_change where adjustment_id = $1)
             and c.status in ('ACTIVE', 'CANCEL_PENDING') order by c.id for no key update",
        id
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!(
        "update rent_change set status = case when contract_id = any($2) then 'APPROVED' else 'LAPSED' end where adjustment_id = $1",
        id,
        &contracts
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "insert into contract_history (district_id, estate_id, contract_id, at, actor_id, event, from_status, to_status, reason)
         select h.district_id, h.estate_id, h.contract_id, $2, $3, '租金调整', c.status, c.status,
                $4 || ' ' || to_char(h.from_on, 'YYYY-MM-DD') || '起月租金' || to_char(h.old_rent_fen / 100.0, 'FM999999990.00')
                || '元→' || to_char(h.new_rent_fen / 100.0, 'FM999999990.00') || '元（' || $5 || '）'
         from rent_change h join contract c on c.id = h.contract_id where h.adjustment_id = $1 and h.status = 'APPROVED' order by h.id",
        id,
        ctx.now(),
        ctx.actor_id(),
        held.adjustment_no,
        held.doc_no,
    )
    .execute(connection(tx))
    .await?;
    bills_anew(tx, ctx, id, held).await
}

/// A posted bill of a period in which the new rent holds.
struct Posted {
    id: i64,
    account: i64,
    contract: i64,
    from: NaiveDate,
}

/// Bills that were posted while the adjustment waited: reversal and new bill.
async fn bills_anew(tx: &mut Tx, ctx: &Ctx, id: i64, held: &Held) -> Result<()> {
    let posted = posted_hold(tx, id).await?;
    if posted.is_empty() {
        return Ok(());
    }
    let reason = format!("{}租金调整", held.adjustment_no);
    for bill in &posted {
        let counter = counter_bill(tx, ctx, BillId(bill.id), BillStatus::Reversed, &reason).await?;
        reverse_bill(tx, ctx, bill.id, counter.unwrap_or(bill.id), &reason).await?;
    }
    let ids: Vec<i64> = posted.iter().map(|bill| bill.id).collect();
    sqlx::query!("update bill set decision = 'REVERSED', version = version + 1 where id = any($1)", &ids)
        .execute(connection(tx))
        .await
        .map_err(refusal)?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen, reason)
         select district_id, estate_id, id, $2, $3, '冲销', amount_fen, $4 from bill where id = any($1) or reverses_id = any($1)
         order by id",
        &ids,
        ctx.now(),
        ctx.actor_id(),
        reason,
    )
    .execute(connection(tx))
    .await?;
    let mut wanted: BTreeMap<i64, BTreeSet<NaiveDate>> = BTreeMap::new();
    for bill in &posted {
        wanted.entry(bill.contract).or_default().insert(bill.from);
    }
    let rule = billing_rule(tx, held.district, ctx.today()).await?;
    let calendar = calendar_load(tx).await?;
    let contracts = billed_read_many(tx, &Vec::from_iter(wanted.keys().copied())).await?;
    let charges: Vec<_> =
        contracts.iter().flat_map(|contract| charges_from(contract, &wanted[&contract.id], &rule, &calendar)).collect();
    post(tx, ctx, &charges, None, ctx.today()).await?;
    let accounts: BTreeSet<i64> = posted.iter().map(|bill| bill.account).collect();
    arrears_recount(tx, ctx, &Vec::from_iter(accounts)).await
}

/// Locks the posted bills behind their accounts; refuses when money has come in for one of them.
async fn posted_hold(tx: &mut Tx, id: i64) -> Result<Vec<Posted>> {
    let accounts = sqlx::query_scalar!(
        r#"select distinct b.account_id from rent_change h join bill b on b.contract_id = h.contract_id
           where h.adjustment_id = $1 and h.status = 'APPROVED' and b.fee_item = 'RENT' and b.reverses_id is null and b.months > 0
               and b.period_from >= h.from_on and (b.decision is null or b.decision not in ('VOID', 'REVERSED'))"#,
        id
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!("select id from account where id = any($1) order by id for update", &accounts)
        .fetch_all(connection(tx))
        .await?;
    let rows = sqlx::query!(
        r#"select b.id, b.account_id, h.contract_id, b.period_from, b.paid_fen + b.late_paid_fen as "paid!", b.decision, c.contract_no
           from rent_change h join bill b on b.contract_id = h.contract_id join contract c on c.id = h.contract_id
           where h.adjustment_id = $1 and h.status = 'APPROVED' and b.fee_item = 'RENT' and b.reverses_id is null and b.months > 0
               and b.period_from >= h.from_on and (b.decision is null or b.decision not in ('VOID', 'REVERSED'))
           order by b.id for update of b"#,
        id
    )
    .fetch_all(connection(tx))
    .await?;
    if let Some(paid) = rows.iter().find(|row| row.paid > 0 || row.decision.is_some()) {
        let number = paid.contract_no.as_deref().unwrap_or_default();
        let sentence = format!("合同{number}在执行日期之后的账单已收款或已处理，请驳回后改为以后的月份");
        return Err(Failure::refused(sentence).into());
    }
    let posted = rows.into_iter().map(|row| Posted {
        id: row.id,
        account: row.account_id,
        contract: row.contract_id,
        from: row.period_from,
    });
    Ok(posted.collect())
}
