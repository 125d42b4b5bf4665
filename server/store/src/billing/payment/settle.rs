//! What happens to a payment afterwards: it is taken back on its day, or an accountant verifies it (核销, L6), which a
//! supervisor may take back (反核销, L7).

use super::hold;
use crate::{
    Ctx, Result,
    billing::{
        account::account_reopen,
        arrears::arrears_recount,
        ledger::{period_hold, refusal, reverse_payment},
    },
    ctx::{china_day, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use domain::{
    billing::{payment::COUNTER_METHODS, plan::month_of},
    dictionary::{PayMethod, PaymentStatus},
    failure::Failure,
    id::{AccountId, PaymentId},
    platform::permission::Permission,
};

/// Voids a payment of today that nobody verified: its bills are open again, its transfers are taken back (R-132: the
/// receipt stays, marked).
///
/// # Errors
/// A refusal for one that was verified, paid online or taken on another day, when the balance it made was used since, when one of
/// its bills was waived, written off or reversed since, and without a reason; [`Failure::Conflict`].
pub async fn payment_void(ctx: &Ctx, id: PaymentId, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::PaymentTake)?;
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let account = sqlx::query_scalar!("select account_id from payment where id = $1", id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    hold(&mut tx, AccountId(account)).await?;
    let payment = sqlx::query!(
        r#"select p.status, p.method, p.paid_at, p.verified_at, p.version, p.shift_id is null as "online!",
                  s.closed_at is not null as "settled!"
           from payment p left join cashier_shift s on s.id = p.shift_id where p.id = $1 for update of p"#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if payment.version != version {
        return Err(Failure::Conflict.into());
    }
    if stored(&payment.status, PaymentStatus::from_code)? == PaymentStatus::Void {
        return Err(Failure::refused("该收款已作废").into());
    }
    if payment.verified_at.is_some() {
        return Err(Failure::refused("该收款已核销，请办理退费").into());
    }
    if !COUNTER_METHODS.contains(&stored(&payment.method, PayMethod::from_code)?) {
        return Err(Failure::refused("只能作废柜台收款，银行代扣和余额抵扣请办理退费").into());
    }
    // What was taken in no shift lies in no drawer: the household's money is with the payment company (`payment_online_check`).
    if payment.online {
        return Err(Failure::refused("手机支付等线上收款不能作废，请办理退费").into());
    }
    if china_day(payment.paid_at) != ctx.today() {
        return Err(Failure::refused("只能作废当日收款，往日收款请办理退费").into());
    }
    if payment.settled {
        return Err(Failure::refused("该收款的班次已结，请办理退费").into());
    }
    undecided(&mut tx, id.0).await?;
    sqlx::query!(
        "update bill b set paid_fen = b.paid_fen - s.principal_fen, late_paid_fen = b.late_paid_fen - s.late_fee_fen,
                version = b.version + 1
         from payment_share s where s.payment_id = $1 and b.id = s.bill_id",
        id.0
    )
    .execute(connection(&mut tx))
    .await
    .map_err(refusal)?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen, reason)
         select district_id, estate_id, bill_id, $2, $3, '收款作废', -(principal_fen + late_fee_fen), $4
         from payment_share where payment_id = $1",
        id.0,
        ctx.now(),
        ctx.actor_id(),
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    reverse_payment(&mut tx, ctx, id.0, &reason).await?;
    sqlx::query!(
        "update payment set status = 'VOID', voided_at = $2, voided_by = $3, void_reason = $4, version = version + 1 where id = $1",
        id.0,
        ctx.now(),
        ctx.actor_id(),
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    account_reopen(&mut tx, account).await?;
    arrears_recount(&mut tx, ctx, &[account]).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

/// Refuses a payment of a bill about whose rest was decided meanwhile: what it paid would be owed by nobody.
async fn undecided(tx: &mut crate::ctx::Tx, payment: i64) -> Result<()> {
    let decided = sqlx::query_scalar!(
        r#"select b.bill_no as "bill_no!" from bill b
           where b.id in (select s.bill_id from payment_share s where s.payment_id = $1) and b.decision is not null order by b.id
           for update of b"#,
        payment
    )
    .fetch_all(connection(tx))
    .await?;
    match decided.first() {
        Some(no) => Err(Failure::refused(format!("账单{no}已减免、核销或冲销，不能作废其收款，请办理退费")).into()),
        None => Ok(()),
    }
}

/// Confirms payments as an accountant (核销, L6): only then do they count as received. Answers how many were.
///
/// # Errors
/// Without [`Permission::PaymentVerify`]; a refusal when one of them is one's own, void, or verified already.
pub async fn payments_verify(ctx: &Ctx, ids: &[PaymentId]) -> Result<u32> {
    ctx.require(Permission::PaymentVerify)?;
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    if ids.is_empty() {
        return Err(Failure::refused("请先选择收款").into());
    }
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query!(
        "select status, verified_at, cashier_id, receipt_no from payment where id = any($1) order by id for update",
        &ids
    )
    .fetch_all(connection(&mut tx))
    .await?;
    if rows.len() < ids.len() {
        return Err(Failure::NotFound.into());
    }
    for row in &rows {
        let no = &row.receipt_no;
        if stored(&row.status, PaymentStatus::from_code)? == PaymentStatus::Void {
            return Err(Failure::refused(format!("收据{no}已作废，不能核销")).into());
        }
        if row.verified_at.is_some() {
            return Err(Failure::refused(format!("收据{no}已核销，请刷新")).into());
        }
        if row.cashier_id == Some(ctx.actor().id.0) {
            return Err(Failure::refused(format!("收据{no}由本人收款，不能由本人核销")).into());
        }
    }
    sqlx::query!(
        "update payment set verified_at = $2, verified_by = $3, version = version + 1 where id = any($1)",
        &ids,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    // What was paid of a bill that was reversed since is the household's balance again, and nothing of the bill.
    sqlx::query!(
        "update bill b set verified_fen = b.verified_fen + s.fen, version = b.version + 1
         from (select bill_id, sum(principal_fen + late_fee_fen)::bigint as fen from payment_share
               where payment_id = any($1) group by bill_id order by bill_id) s
         where b.id = s.bill_id and b.decision is distinct from 'REVERSED'",
        &ids
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(u32::try_from(ids.len()).unwrap_or(u32::MAX))
}

/// Takes back that a payment was verified (反核销, L7), while its month is open: it may be voided or looked at again.
///
/// # Errors
/// Without [`Permission::RefundCheck`]; a missing reason; a refusal of one that is not verified, of one's own, and when its month
/// is closed; [`Failure::Conflict`].
pub async fn payment_unverify(ctx: &Ctx, id: PaymentId, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::RefundCheck)?;
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let payment = sqlx::query!(
        "select district_id, paid_at, verified_at, cashier_id, version from payment where id = $1 for update",
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if payment.version != version {
        return Err(Failure::Conflict.into());
    }
    if payment.verified_at.is_none() {
        return Err(Failure::refused("该收款未核销").into());
    }
    if payment.cashier_id == Some(ctx.actor().id.0) {
        return Err(Failure::refused("不能反核销本人的收款").into());
    }
    period_hold(&mut tx, payment.district_id, month_of(china_day(payment.paid_at))).await?;
    sqlx::query!(
        "update payment set verified_at = null, verified_by = null, unverified_at = $2, unverified_by = $3, unverify_reason = $4,
                version = version + 1
         where id = $1",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    sqlx::query!(
        "with shares as (
             update bill b set verified_fen = b.verified_fen - (s.principal_fen + s.late_fee_fen), version = b.version + 1
             from payment_share s
             where s.payment_id = $1 and b.id = s.bill_id and b.decision is distinct from 'REVERSED'
             returning b.district_id, b.estate_id, b.id, s.principal_fen + s.late_fee_fen as fen)
         insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen, reason)
         select district_id, estate_id, id, $2, $3, '反核销', -fen, $4 from shares order by id",
        id.0,
        ctx.now(),
        ctx.actor_id(),
        reason,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}
