//! 待核实到账 (S4-1.21 error pool): money that a payment company has and that is not what an order asked for, and what its daily
//! bill lacks. It is kept when the company tells of it; one person says what becomes of it, and another one agrees.

use super::{Verdict, close, note, settle::enter_online};
use crate::{
    Ctx, Result,
    billing::payment::{Entry, hold},
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, Utc};
use domain::{
    billing::{
        pay_odd::{PayOddEvent, PayOddOutcome, PayOddReason, PayOddStatus},
        pay_order::{PayChannel, PayOrderStatus, Told},
    },
    failure::{Failure, FieldErrors},
    id::AccountId,
    platform::permission::Permission,
    value::Money,
};

/// Keeps money that is not an order's, once, and ends the transaction. An order that waits for its own money is closed, so that
/// the home can pay otherwise; its own money is entered all the same should it come.
pub(super) async fn odd_keep(
    mut tx: Tx,
    told: &Told,
    order: Option<(i64, PayOrderStatus)>,
    reason: PayOddReason,
    now: DateTime<Utc>,
) -> Result<Verdict> {
    let kept = sqlx::query!(
        "insert into pay_odd (district_id, estate_id, account_id, order_id, channel, trade_no, order_no, amount_fen, paid_at, notice_id,
                              reason, found_at)
         select o.district_id, o.estate_id, o.account_id, o.id, $2, $3, $4, $5, $6, $7, $8, $9
         from (select 1) one left join pay_order o on o.id = $1
         on conflict (channel, trade_no) do nothing",
        order.map(|(id, _)| id),
        told.channel.code(),
        told.trade_no,
        told.order_no,
        told.amount.fen(),
        told.paid_at.min(now),
        told.notice_id,
        reason.code(),
        now
    )
    .execute(connection(&mut tx))
    .await?
    .rows_affected()
        > 0;
    if kept {
        tracing::error!(
            order = told.order_no,
            trade = told.trade_no,
            fen = told.amount.fen(),
            reason = reason.code(),
            "a payment company has money that is not what an order asked for"
        );
    }
    if let Some((id, status)) = order.filter(|_| kept) {
        let said = format!("实际到账{}元，{}，正在核实，请勿重复支付", told.amount, reason.label());
        note(&mut tx, id, now, "到账待核实", told.notice_id.as_deref(), Some(&said)).await?;
        if status.is_open() {
            close(&mut tx, id, &said, None, now).await?;
        } else {
            sqlx::query!("update pay_order set message = $2 where id = $1", id, said)
                .execute(connection(&mut tx))
                .await?;
        }
    }
    tx.commit().await?;
    Ok(Verdict::Odd)
}

/// One of the pool, whose row is locked behind that of its account.
struct Odd {
    reason: PayOddReason,
    /// its trade is entered as that of its order
    entered: bool,
    account_id: Option<i64>,
    status: PayOddStatus,
    maker_id: Option<i64>,
    outcome: Option<PayOddOutcome>,
    version: i32,
}

async fn held(tx: &mut Tx, id: i64, account: Option<i64>) -> Result<Odd> {
    if let Some(account) = account {
        hold(tx, AccountId(account)).await?;
    }
    let row = sqlx::query!(
        r#"select d.reason, d.account_id, d.status, d.maker_id, d.outcome, d.version,
                  exists (select from pay_order o where o.id = d.order_id and o.trade_no = d.trade_no) as "entered!"
           from pay_odd d where d.id = $1 for update of d"#,
        id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    Ok(Odd {
        reason: stored(&row.reason, PayOddReason::from_code)?,
        entered: row.entered,
        account_id: row.account_id,
        status: stored(&row.status, PayOddStatus::from_code)?,
        maker_id: row.maker_id,
        outcome: row.outcome.map(|code| stored(&code, PayOddOutcome::from_code)).transpose()?,
        version: row.version,
    })
}

/// Says what becomes of money in the pool. `account_no`: to which account it goes, where no order of ours says so.
///
/// # Errors
/// Without [`Permission::RefundWrite`]; [`Failure::NotFound`] outside the scope; [`Failure::Conflict`]; the state machine's
/// refusal; complaints about `opinion` and `account_no`.
pub async fn pay_odd_propose(
    ctx: &Ctx,
    id: i64,
    version: i32,
    outcome: PayOddOutcome,
    account_no: &str,
    opinion: &str,
) -> Result<()> {
    ctx.require(Permission::RefundWrite)?;
    let opinion = opinion_check(opinion, outcome != PayOddOutcome::Balance)?;
    let mut tx = ctx.begin().await?;
    let odd = held(&mut tx, id, None).await?;
    if odd.version != version {
        return Err(Failure::Conflict.into());
    }
    let next = odd.status.next(PayOddEvent::Propose)?;
    if !odd.reason.outcomes(odd.entered).contains(&outcome) {
        return Err(Failure::refused(format!("{}的款项不能{}", odd.reason.label(), outcome.label())).into());
    }
    let account = match (odd.reason, outcome) {
        (PayOddReason::Unknown, PayOddOutcome::Balance) => Some(account_of(&mut tx, account_no).await?),
        _ => odd.account_id,
    };
    sqlx::query!(
        "update pay_odd p set status = $2, outcome = $3, opinion = $4, maker_id = $5, made_at = $6, account_id = a.id,
                district_id = a.district_id, estate_id = a.estate_id, version = p.version + 1
         from (select 1) one left join account a on a.id = $7 where p.id = $1",
        id,
        next.code(),
        outcome.code(),
        opinion,
        ctx.actor().id.0,
        ctx.now(),
        account,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

async fn account_of(tx: &mut Tx, account_no: &str) -> Result<i64> {
    sqlx::query_scalar!("select id from account where account_no = $1", account_no.trim())
        .fetch_optional(connection(tx))
        .await?
        .ok_or_else(|| FieldErrors::from(("account_no", "账户不存在，请填写转入的账户号")).into())
}

/// Agrees to what somebody else has proposed, or refuses it: then the money goes to the balance, or nothing is left to be done.
///
/// # Errors
/// Without [`Permission::RefundCheck`]; [`Failure::NotFound`] outside the scope; [`Failure::Conflict`]; the state machine's
/// refusal; one's own proposal; a missing opinion when it is refused; a closed month.
pub async fn pay_odd_decide(ctx: &Ctx, id: i64, version: i32, agree: bool, opinion: &str) -> Result<()> {
    ctx.require(Permission::RefundCheck)?;
    let opinion = opinion_check(opinion, !agree)?;
    let mut tx = ctx.begin().await?;
    let account = sqlx::query_scalar!("select account_id from pay_odd where id = $1", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let odd = held(&mut tx, id, account).await?;
    if odd.version != version {
        return Err(Failure::Conflict.into());
    }
    if odd.maker_id == Some(ctx.actor().id.0) {
        return Err(Failure::refused("不能复核本人提出的处理").into());
    }
    if !agree {
        odd.status.next(PayOddEvent::Refuse)?;
        refuse(&mut tx, id, opinion.as_deref()).await?;
        tx.commit().await?;
        return Ok(());
    }
    let next = odd.status.next(PayOddEvent::Agree)?;
    let payment = match (odd.outcome, odd.account_id) {
        (Some(PayOddOutcome::Balance), Some(account)) => Some(to_balance(&mut tx, ctx, id, account).await?),
        _ => None,
    };
    sqlx::query!(
        "update pay_odd set status = $2, checker_id = $3, checked_at = $4, payment_id = $5, opinion = concat_ws('；', opinion, $6::text),
                version = version + 1
         where id = $1",
        id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        payment,
        opinion,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

/// It waits again for somebody to say what becomes of it.
async fn refuse(tx: &mut Tx, id: i64, opinion: Option<&str>) -> Result<()> {
    sqlx::query!(
        "update pay_odd set status = 'OPEN', outcome = null, maker_id = null, made_at = null, opinion = '复核退回：' || $2::text,
                version = version + 1
         where id = $1",
        id,
        opinion
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Enters it as balance of an account whose row is locked; answers the payment.
async fn to_balance(tx: &mut Tx, ctx: &Ctx, id: i64, account: i64) -> Result<i64> {
    let odd = sqlx::query!(
        r#"select channel, trade_no, order_no, amount_fen, paid_at, request_id::text as "request!" from pay_odd where id = $1"#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    let entered = sqlx::query_scalar!(
        r#"select exists (select from pay_order where channel = $1 and trade_no = $2) as "entered!""#,
        odd.channel,
        odd.trade_no
    )
    .fetch_one(connection(tx))
    .await?;
    if entered {
        return Err(Failure::refused("该交易已按支付订单入账，请退回后重新核对").into());
    }
    let held = hold(tx, AccountId(account)).await?;
    let entry = Entry {
        estate: held.estate_id,
        account: held.id,
        request: odd.request,
        method: stored(&odd.channel, PayChannel::from_code)?.method(),
        amount: Money::from_fen(odd.amount_fen),
        payer: held.payer,
        bank_serial: Some(odd.trade_no),
        paid_at: odd.paid_at,
        remark: Some(format!("手机支付 {} 待核实到账", odd.order_no)),
        shift: None,
        shares: Vec::new(),
    };
    enter_online(tx, ctx, held.district_id, ctx.today(), entry).await
}
