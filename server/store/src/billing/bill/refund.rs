//! 退款 (domain.md §3.6 L9): what was paid of a bill that should not have been charged goes back to the household. Asked for, agreed to
//! and paid like every refund (`billing::refund`); here is what becomes of the bill.

use super::write::{account_of, locked};
use crate::{
    Ctx, Result,
    billing::{
        fund::request_id,
        ledger::{Transfer, refusal, reverse_bills, transfer},
        payment::hold,
        refund::refund_enter,
    },
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use domain::{
    billing::{
        bill_status::BillEvent,
        ledger::Subject,
        refund::{RefundFields, RefundKind},
    },
    dictionary::{BillStatus, FeeItem},
    failure::Failure,
    id::{AccountId, BillId},
    platform::permission::Permission,
    value::Money,
};

/// Asks for all that was paid of a bill; answers the refund. Until it is decided the bill is 退款中, and its payments stay.
///
/// # Errors
/// Without [`Permission::RefundWrite`]; a missing reason; [`Failure::Conflict`]; a refusal of one that is not paid, that takes back
/// another, and of a deposit, which goes back by itself.
pub async fn bill_refund(ctx: &Ctx, id: BillId, version: i32, reason: &str) -> Result<i64> {
    ctx.require(Permission::RefundWrite)?;
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let account = account_of(&mut tx, id).await?;
    hold(&mut tx, AccountId(account)).await?;
    let bill = locked(&mut tx, ctx, id, version).await?;
    if bill.counter {
        return Err(Failure::refused("红字账单不能申请退款").into());
    }
    let next = bill.status.next(BillEvent::RequestRefund).map_err(Failure::from)?;
    let (fee_item, paid) = paid_of(&mut tx, id.0).await?;
    if fee_item == FeeItem::Deposit {
        return Err(Failure::refused("押金请在租金账户中办理退押金").into());
    }
    if paid == Money::ZERO {
        return Err(Failure::refused("该账单没有收款，无须退款").into());
    }
    let request = request_id(&format!("bill refund {id} {version}"));
    let fields = RefundFields { request, kind: RefundKind::Over, amount: paid, reason: reason.clone() };
    let refund = refund_enter(&mut tx, ctx, account, &fields, Some(id.0)).await?;
    decided(&mut tx, ctx, id.0, Some(next), (BillEvent::RequestRefund.label(), paid, Some(&reason))).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(refund)
}

/// Its fee item, and what was paid of it, with late fees.
async fn paid_of(tx: &mut Tx, bill: i64) -> Result<(FeeItem, Money)> {
    let row = sqlx::query!(
        r#"select fee_item, paid_fen + late_paid_fen as "paid!" from bill where id = $1 for update"#,
        bill
    )
    .fetch_one(connection(tx))
    .await?;
    Ok((stored(&row.fee_item, FeeItem::from_code)?, Money::from_fen(row.paid)))
}

/// Writes what a bill is now, none: what its money says, and a line of its timeline.
async fn decided(
    tx: &mut Tx,
    ctx: &Ctx,
    bill: i64,
    status: Option<BillStatus>,
    (event, amount, reason): (&str, Money, Option<&str>),
) -> Result<()> {
    sqlx::query!(
        "update bill set decision = $2, version = version + 1 where id = $1",
        bill,
        status.map(BillStatus::code)
    )
    .execute(connection(tx))
    .await
    .map_err(refusal)?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen, reason)
         select district_id, estate_id, id, $2, $3, $4, $5, $6 from bill where id = $1",
        bill,
        ctx.now(),
        ctx.actor_id(),
        event,
        amount.fen(),
        reason,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The refund was refused, or the bank could not pay it: the bill is what its money says, as before. The account is locked.
///
/// # Errors
/// The state machine's refusal.
pub(in crate::billing) async fn refund_ended(tx: &mut Tx, ctx: &Ctx, bill: i64, reason: &str) -> Result<()> {
    BillStatus::Refunding.next(BillEvent::RefuseRefund).map_err(Failure::from)?;
    let (_, paid) = paid_of(tx, bill).await?;
    decided(tx, ctx, bill, None, (BillEvent::RefuseRefund.label(), paid, Some(reason))).await
}

/// The refund is paid: what was charged is reversed, what was paid of it becomes balance, and the balance goes to the bank. The
/// bill and its payments stay as they were. The account is locked.
///
/// # Errors
/// A refusal when the bill was paid in other parts meanwhile, and when the month is closed.
pub(in crate::billing) async fn refund_paid(
    tx: &mut Tx,
    ctx: &Ctx,
    account: i64,
    bill: i64,
    amount: Money,
) -> Result<()> {
    const REASON: &str = "账单退款";
    let next = BillStatus::Refunding.next(BillEvent::Refund).map_err(Failure::from)?;
    let (fee_item, paid) = paid_of(tx, bill).await?;
    if paid != amount {
        return Err(Failure::refused("账单的收款已变化，请登记失败后重新申请").into());
    }
    reverse_bills(tx, ctx, &[bill], REASON).await?;
    let step = |debit, credit| Transfer {
        account,
        debit,
        credit,
        fee_item,
        amount,
        reason: REASON,
        bill: Some(bill),
        payment: None,
    };
    let steps = [step(Subject::Receivable, Subject::Balance), step(Subject::Balance, Subject::Bank)];
    transfer(tx, ctx, ctx.today(), &steps).await?;
    decided(tx, ctx, bill, Some(next), (BillEvent::Refund.label(), amount, None)).await
}
