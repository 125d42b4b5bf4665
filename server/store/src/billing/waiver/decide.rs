//! Deciding about a waiver. What is open of its bills when it is agreed to is forgiven, which may be less than what was open
//! when it was asked for, and never more.

use super::{
    history_add, require_check,
    write::{Open, bills_settle, open_hold},
    written_off,
};
use crate::{
    Ctx, Result,
    billing::{
        arrears::arrears_recount,
        ledger::{Transfer, refusal, transfer},
        payment::hold as account_hold,
        rule::billing_rule,
    },
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use domain::{
    billing::{
        ledger::Subject,
        waiver::{WaiverEvent, WaiverKind, WaiverStatus},
    },
    dictionary::FeeItem,
    failure::Failure,
    id::AccountId,
    platform::permission::Permission,
    value::Money,
};

/// A document whose row, behind that of its account, is locked.
struct Held {
    account: i64,
    district: i64,
    kind: WaiverKind,
    amount: Money,
    waiver_no: String,
    doc_no: String,
    status: WaiverStatus,
    maker: i64,
}

async fn hold(tx: &mut Tx, id: i64, version: i32) -> Result<Held> {
    let account = sqlx::query_scalar!("select account_id from waiver where id = $1", id)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    account_hold(tx, AccountId(account)).await?;
    let row = sqlx::query!(
        r#"select district_id, kind, amount_fen, waiver_no as "waiver_no!", doc_no, status, maker_id, version
           from waiver where id = $1 for update"#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    Ok(Held {
        account,
        district: row.district_id,
        kind: stored(&row.kind, WaiverKind::from_code)?,
        amount: Money::from_fen(row.amount_fen),
        waiver_no: row.waiver_no,
        doc_no: row.doc_no,
        status: stored(&row.status, WaiverStatus::from_code)?,
        maker: row.maker_id,
    })
}

/// Agrees to a waiver or refuses it.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own, above the limit for everybody but the city's leader, and when one of its
/// bills was paid or decided about meanwhile, or more is open of it than was asked for; a missing opinion when it is refused;
/// a refusal when the month is closed.
pub async fn waiver_decide(ctx: &Ctx, id: i64, version: i32, approve: bool, opinion: &str) -> Result<WaiverStatus> {
    require_check(ctx)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.maker == ctx.actor().id.0 {
        return Err(Failure::refused("不能审批本人申请的减免").into());
    }
    let next = held.status.next(if approve { WaiverEvent::Approve } else { WaiverEvent::Refuse })?;
    let limit = billing_rule(&mut tx, held.district, ctx.today()).await?.write_off_limit;
    let before = written_off(&mut tx, ctx, held.account).await?;
    if approve && held.kind.needs_leader(held.amount + before, limit) && !ctx.actor().may(Permission::WaiverLead) {
        return Err(Failure::refused(format!("该账户一年内的坏账核销超过限额{limit}元，须由市领导审批")).into());
    }
    let amount = if approve { take_effect(&mut tx, ctx, id, &held).await? } else { held.amount };
    sqlx::query!(
        "update waiver set status = $2, checker_id = $3, checked_at = $4, opinion = $5, amount_fen = $6, version = version + 1
         where id = $1",
        id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
        amount.fen(),
    )
    .execute(connection(&mut tx))
    .await?;
    if !approve {
        release(&mut tx, id).await?;
    }
    history_add(&mut tx, ctx, id, if approve { "同意" } else { "驳回" }, opinion.as_deref()).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// Takes back what was asked for and is not decided yet.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for somebody else's.
pub async fn waiver_withdraw(ctx: &Ctx, id: i64, version: i32) -> Result<WaiverStatus> {
    ctx.require(Permission::WaiverWrite)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id, version).await?;
    if held.maker != ctx.actor().id.0 {
        return Err(Failure::refused("只能撤回本人申请的减免").into());
    }
    let next = held.status.next(WaiverEvent::Withdraw)?;
    sqlx::query!("update waiver set status = $2, version = version + 1 where id = $1", id, next.code())
        .execute(connection(&mut tx))
        .await?;
    release(&mut tx, id).await?;
    history_add(&mut tx, ctx, id, "撤回", None).await?;
    tx.commit().await?;
    Ok(next)
}

/// Its bills may be asked for again.
async fn release(tx: &mut Tx, id: i64) -> Result<()> {
    sqlx::query!("update waiver_bill set live = false where waiver_id = $1", id).execute(connection(tx)).await?;
    Ok(())
}

/// The bills are WAIVED or WRITTEN_OFF, and what was open of them leaves the receivables.
async fn take_effect(tx: &mut Tx, ctx: &Ctx, id: i64, held: &Held) -> Result<Money> {
    let bills = sqlx::query_scalar!("select bill_id from waiver_bill where waiver_id = $1 order by bill_id", id)
        .fetch_all(connection(tx))
        .await?;
    let open = open_hold(tx, held.account, &bills, held.kind.event()).await?;
    let amount: Money = open.iter().map(|bill| bill.principal + bill.late_fee).sum();
    not_more(tx, id, &open).await?;
    let reason = format!("{}{}（{}）", held.kind, held.waiver_no, held.doc_no);
    let transfers: Vec<Transfer<'_>> = open.iter().flat_map(|bill| transfers(held, bill, &reason)).collect();
    transfer(tx, ctx, ctx.today(), &transfers).await?;
    sqlx::query!(
        "update bill set decision = $2, version = version + 1 where id = any($1)",
        &bills,
        held.kind.decision().code()
    )
    .execute(connection(tx))
    .await
    .map_err(refusal)?;
    bills_settle(tx, id, &open).await?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen, reason)
         select district_id, estate_id, bill_id, $2, $3, $4, principal_fen + late_fee_fen, $5
         from waiver_bill where waiver_id = $1 order by bill_id",
        id,
        ctx.now(),
        ctx.actor_id(),
        held.kind.label(),
        reason,
    )
    .execute(connection(tx))
    .await?;
    arrears_recount(tx, ctx, &[held.account]).await?;
    Ok(amount)
}

/// Refuses while more is open of a bill than was asked for: a payment was taken back, or a late fee charged since.
async fn not_more(tx: &mut Tx, id: i64, open: &[Open]) -> Result<()> {
    let asked = sqlx::query!("select bill_id, principal_fen, late_fee_fen from waiver_bill where waiver_id = $1", id)
        .fetch_all(connection(tx))
        .await?;
    let grown = open.iter().find(|bill| {
        !asked.iter().any(|asked| {
            asked.bill_id == bill.id
                && bill.principal.fen() <= asked.principal_fen
                && bill.late_fee.fen() <= asked.late_fee_fen
        })
    });
    match grown {
        Some(bill) => {
            let sentence = format!("账单{}的未缴金额已增加，请驳回后重新申请", bill.bill_no);
            Err(Failure::refused(sentence).into())
        }
        None => Ok(()),
    }
}

fn transfers<'a>(held: &Held, bill: &Open, reason: &'a str) -> [Transfer<'a>; 2] {
    let of = |fee_item, amount| Transfer {
        account: held.account,
        debit: held.kind.subject(),
        credit: Subject::Receivable,
        fee_item,
        amount,
        reason,
        bill: Some(bill.id),
        payment: None,
    };
    [of(bill.fee_item, bill.principal), of(FeeItem::Late, bill.late_fee)]
}
