//! Deciding about an adjustment. What is agreed to holds from its day on: plans follow by themselves, and bills of those
//! periods that were posted meanwhile are reversed and made anew (domain.md §3.6 L11).

use crate::{
    Ctx, Error, Result,
    billing::{
        arrears::arrears_recount,
        bill::counter_bills,
        ledger::{Transfer, refusal, reverse_bills, transfer},
        post::{Charge, post},
        rule::billing_rule,
        run::charges,
    },
    ctx::{Tx, connection},
    error::stored,
    platform::calendar::calendar_load,
    tenancy::{
        assignment::opinion_check,
        contract::terms::{Billed, billed_read_many},
    },
};
use chrono::NaiveDate;
use domain::{
    billing::{
        adjustment::{AdjustEvent, AdjustStatus},
        ledger::Subject,
        plan::month_of,
    },
    dictionary::{BillStatus, FeeItem},
    failure::Failure,
    platform::permission::Permission,
    value::Money,
};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

/// An adjustment whose row is locked.
struct Held {
    district: i64,
    maker: i64,
    adjustment_no: String,
    doc_no: String,
    status: AdjustStatus,
    contracts: i32,
}

async fn hold(tx: &mut Tx, id: i64, version: i32) -> Result<Held> {
    let row = sqlx::query!(
        r#"select district_id, maker_id, adjustment_no, doc_no, status, contracts, version from rent_adjustment where id = $1 for update"#,
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
        contracts: row.contracts,
    })
}

/// Agrees to an adjustment or refuses it.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own, when it can be done to none of its contracts any more, and while the bank is
/// asked for a bill that it would change; a missing opinion when it is refused.
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
        changes_end(&mut tx, id, &held, next).await?;
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
    changes_end(&mut tx, id, &held, next).await?;
    tx.commit().await?;
    Ok(next)
}

async fn changes_end(tx: &mut Tx, id: i64, held: &Held, status: AdjustStatus) -> Result<()> {
    let ended = sqlx::query!("update rent_change set status = $2 where adjustment_id = $1", id, status.code())
        .execute(connection(tx))
        .await?;
    whole(held, ended.rows_affected())
}

/// What is decided is decided about all contracts of the document.
fn whole(held: &Held, changes: u64) -> Result<()> {
    if i64::try_from(changes) == Ok(held.contracts.into()) { Ok(()) } else { Err(Failure::Conflict.into()) }
}

/// The contracts get their new rent, and their timelines a line. Those to which it cannot be done any more stay as they are.
async fn take_effect(tx: &mut Tx, ctx: &Ctx, id: i64, held: &Held) -> Result<()> {
    // Held like the run of a month holds them, so that nothing is billed between, and nobody begins to leave. How they stand
    // is read in the statements behind it.
    sqlx::query!(
        "select id from contract where id in (select contract_id from rent_change where adjustment_id = $1) order by id for no key update",
        id
    )
    .fetch_all(connection(tx))
    .await?;
    let mut posted = posted_hold(tx, id).await?;
    let changes = sqlx::query!(
        "update rent_change h set status = case when t.reason is null then 'APPROVED' else 'LAPSED' end, lapse_reason = t.reason
         from (select r.id, case
                   when c.status not in ('ACTIVE', 'CANCEL_PENDING') then '合同已终止'
                   when exists (select from exit_case x where x.contract_id = c.id and x.status not in ('CLOSED', 'REVOKED'))
                   then '合同正在办理退租'
                   when exists (select from bill b where b.id = any($2) and b.contract_id = c.id
                                    and (b.paid_fen + b.late_paid_fen > 0 or b.decision is not null))
                   then '执行日期之后的账单已收款或已处理'
                   when exists (select from bill b join instalment_bill p on p.bill_id = b.id join instalment i on i.id = p.instalment_id
                                where b.id = any($2) and b.contract_id = c.id and i.status in ('PENDING', 'ACTIVE'))
                   then '执行日期之后的账单已列入分期还款'
               end as reason
               from rent_change r join contract c on c.id = r.contract_id where r.adjustment_id = $1) t
         where h.id = t.id returning h.contract_id, h.lapse_reason",
        id,
        &Vec::from_iter(posted.iter().map(|bill| bill.id)),
    )
    .fetch_all(connection(tx))
    .await?;
    whole(held, changes.len() as u64)?;
    let lapsed: BTreeMap<i64, &str> =
        changes.iter().filter_map(|change| Some((change.contract_id, change.lapse_reason.as_deref()?))).collect();
    if let Some(reason) = lapsed.values().next().filter(|_| lapsed.len() == changes.len()) {
        return Err(Failure::refused(format!("没有可以执行的合同（{reason}），请驳回")).into());
    }
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
    posted.retain(|bill| !lapsed.contains_key(&bill.contract));
    if posted.iter().any(|bill| bill.in_batch) {
        return Err(Failure::refused("有账单正在银行扣款中，请于回盘后再审批").into());
    }
    rents_anew(tx, ctx, held.district, &posted, &format!("{}租金调整", held.adjustment_no)).await?;
    Ok(())
}

/// A posted bill of a period in which the new rent would hold.
pub(in crate::billing) struct Posted {
    pub id: i64,
    pub account: i64,
    pub contract: i64,
    pub from: NaiveDate,
    pub in_batch: bool,
    /// what came in for it, which becomes the household's balance
    pub paid: Money,
}

/// Locks the posted bills behind their accounts, as every change of a household's money does.
async fn posted_hold(tx: &mut Tx, id: i64) -> Result<Vec<Posted>> {
    sqlx::query!(
        "select id from account where id in (
             select b.account_id from rent_change h join bill b on b.contract_id = h.contract_id
             where h.adjustment_id = $1 and b.fee_item = 'RENT' and b.reverses_id is null and b.months > 0
                 and b.period_from >= h.from_on and not charged_before(b.contract_id, b.period_from)
                 and (b.decision is null or b.decision not in ('VOID', 'REVERSED')))
         order by id for update",
        id
    )
    .fetch_all(connection(tx))
    .await?;
    let rows = sqlx::query!(
        "select b.id, b.account_id, h.contract_id, b.period_from, b.in_batch
         from rent_change h join bill b on b.contract_id = h.contract_id
         where h.adjustment_id = $1 and b.fee_item = 'RENT' and b.reverses_id is null and b.months > 0
             and b.period_from >= h.from_on and not charged_before(b.contract_id, b.period_from)
             and (b.decision is null or b.decision not in ('VOID', 'REVERSED'))
         order by b.id for update of b",
        id
    )
    .fetch_all(connection(tx))
    .await?;
    let posted = rows.into_iter().map(|row| Posted {
        id: row.id,
        account: row.account_id,
        contract: row.contract_id,
        from: row.period_from,
        in_batch: row.in_batch.is_some(),
        // One that was paid lets its contract lapse.
        paid: Money::ZERO,
    });
    Ok(posted.collect())
}

/// Bills that were posted while a change of the rent waited, whose accounts and rows are locked and of which none is with the
/// bank: reversal, with what was paid in the balance, and new bill from what holds now. Answers the new ones.
pub(in crate::billing) async fn rents_anew(
    tx: &mut Tx,
    ctx: &Ctx,
    district: i64,
    posted: &[Posted],
    reason: &str,
) -> Result<Vec<i64>> {
    if posted.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = posted.iter().map(|bill| bill.id).collect();
    counter_bills(tx, ctx, &ids, BillStatus::Reversed, reason).await?;
    reverse_bills(tx, ctx, &ids, reason).await?;
    let back = posted.iter().map(|bill| Transfer {
        account: bill.account,
        debit: Subject::Receivable,
        credit: Subject::Balance,
        fee_item: FeeItem::Rent,
        amount: bill.paid,
        reason: "冲销账单转回余额",
        bill: Some(bill.id),
        payment: None,
    });
    transfer(tx, ctx, ctx.today(), &Vec::from_iter(back)).await?;
    sqlx::query!(
        "update bill set decision = 'REVERSED', paid_fen = 0, late_paid_fen = 0, verified_fen = 0, version = version + 1
         where id = any($1)",
        &ids
    )
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
    let charges = charges_anew(tx, ctx, posted, district).await?;
    let fresh = post(tx, ctx, &charges, None, ctx.today()).await?;
    let accounts: BTreeSet<i64> = posted.iter().map(|bill| bill.account).collect();
    arrears_recount(tx, ctx, &Vec::from_iter(accounts)).await?;
    Ok(fresh.ids)
}

/// A bill for each that was taken back, by the rule of its month as the run has it. What is due on a day that has passed is
/// due today: nobody is late with what he could not know.
async fn charges_anew(tx: &mut Tx, ctx: &Ctx, posted: &[Posted], district: i64) -> Result<Vec<Charge>> {
    let contracts: BTreeSet<i64> = posted.iter().map(|bill| bill.contract).collect();
    let contracts: BTreeMap<i64, Billed> = billed_read_many(tx, &Vec::from_iter(contracts))
        .await?
        .into_iter()
        .map(|contract| (contract.id, contract))
        .collect();
    let calendar = calendar_load(tx).await?;
    let mut rules = BTreeMap::new();
    let mut anew = Vec::with_capacity(posted.len());
    for bill in posted {
        let month = month_of(bill.from);
        let rule = match rules.entry(month) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(billing_rule(tx, district, month).await?),
        };
        let charge = contracts.get(&bill.contract).and_then(|contract| {
            let mut charges = charges(contract, month, rule, &calendar).into_iter();
            charges.find(|charge| charge.fee_item == FeeItem::Rent && charge.bill.from == bill.from)
        });
        let mut charge = charge.ok_or_else(|| Error::Broken(format!("bill {} is not in its plan", bill.id)))?;
        charge.bill.due_on = charge.bill.due_on.max(ctx.today());
        anew.push(charge);
    }
    Ok(anew)
}
