//! Entering what the bank has taken (§3.7): a payment per item, by the function that the counter uses; what failed keeps its
//! reason and the day on which it is tried again (PRM-46). In portions, each a transaction: an item that is entered is not
//! SENT any more, so nothing is entered twice.

use super::{By, Held, bills_free, build::request_id, hold};
use crate::{
    Ctx, Database, Result,
    billing::{
        payment::{Entry, Paid, payments_enter},
        rule::billing_rule,
    },
    ctx::{Tx, connection},
    error::stored,
    platform::sms::{NewSms, Templates, sms_enqueue},
};
use chrono::{DateTime, Utc};
use domain::{
    billing::{
        allocation::{Debt, Share, allocate},
        deduction_result::{Outcome, Verdict, outcome},
        deduction_status::{DeductEvent, DeductionEvent},
        rule::BillingRule,
        sms::{Channel, SmsKind},
    },
    dictionary::{DeductFail, DeductStatus, FeeItem, PayMethod, Resolution},
    failure::Failure,
    id::DeductionBatchId,
    value::Money,
};
use std::collections::HashMap;

/// Items in one transaction.
const PORTION: i64 = 2_000;

/// Enters every batch that agrees; answers how many were finished.
///
/// # Errors
/// A refusal while the month is closed; when the database fails.
pub async fn deductions_post(database: &Database, now: DateTime<Utc>) -> Result<usize> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let ready = sqlx::query_scalar!("select id from deduction_batch where status = 'RECONCILED' order by id")
        .fetch_all(connection(&mut tx))
        .await?;
    tx.commit().await?;
    for id in &ready {
        while portion(&ctx, DeductionBatchId(*id)).await? {}
    }
    Ok(ready.len())
}

/// An item with what the bank says of it.
struct Answered {
    id: i64,
    estate_id: i64,
    account_id: i64,
    payer: String,
    due: Money,
    outcome: Outcome,
    serial: Option<String>,
    at: Option<DateTime<Utc>>,
    words: Option<String>,
}

/// What of a bill an item asked for.
struct Part {
    debt: Debt,
    fee_item: FeeItem,
    accrued: Money,
}

/// Enters the next items of a batch; answers whether there may be more.
async fn portion(ctx: &Ctx, id: DeductionBatchId) -> Result<bool> {
    let mut tx = ctx.begin().await?;
    let batch = hold(&mut tx, By::Id(id)).await?;
    let Ok(posted) = batch.next(DeductionEvent::Post) else { return Ok(false) };
    let answered = answered(&mut tx, &batch).await?;
    if answered.is_empty() {
        sqlx::query!(
            "update deduction_batch set status = $2, posted_at = $3, version = version + 1 where id = $1",
            batch.id,
            posted.code(),
            ctx.now()
        )
        .execute(connection(&mut tx))
        .await?;
        tx.commit().await?;
        ctx.database().announce();
        return Ok(false);
    }
    let rule = billing_rule(&mut tx, batch.district_id, ctx.today()).await?;
    let payments = payments(&mut tx, ctx, &batch, &answered, &rule).await?;
    items_set(&mut tx, ctx, &batch, &answered, &payments, &rule).await?;
    let items: Vec<i64> = answered.iter().map(|item| item.id).collect();
    failures_note(&mut tx, ctx, &items).await?;
    failures_tell(&mut tx, ctx, &items).await?;
    bills_free(&mut tx, &items).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(true)
}

/// The next items that wait, with the line of each that counts and what somebody decided about it. Their accounts are locked
/// in the order of their ids.
async fn answered(tx: &mut Tx, batch: &Held) -> Result<Vec<Answered>> {
    let rows = sqlx::query!(
        r#"select i.id, i.estate_id, i.account_id, i.payer, i.due_fen, l.verdict as "verdict?", l.deducted_fen as "deducted_fen?",
                  l.bank_serial, l.deducted_at, l.message as "line_message", d.resolution as "resolution?", d.opinion as "opinion?"
           from deduction_item i
           left join lateral (
               select l.verdict, l.deducted_fen, l.bank_serial, l.deducted_at, l.message from deduction_line l
               where l.batch_id = i.batch_id and l.seq = i.seq and l.bank_file_id = $2 and l.verdict <> 'DUPLICATE_SEQ'
               order by l.line limit 1) l on true
           left join lateral (
               select d.resolution, d.opinion from bank_difference d
               where d.batch_id = i.batch_id and d.item_id = i.id and d.bank_file_id = $2 and d.kind <> 'DUPLICATE_SEQ'
               order by d.id limit 1) d on true
           where i.batch_id = $1 and i.status = 'SENT' order by i.seq limit $3"#,
        batch.id,
        batch.response_id,
        PORTION
    )
    .fetch_all(connection(tx))
    .await?;
    let mut answered = Vec::with_capacity(rows.len());
    for row in rows {
        let verdict = row.verdict.map(|code| stored(&code, Verdict::from_code)).transpose()?;
        let resolution = row.resolution.map(|code| stored(&code, Resolution::from_code)).transpose()?;
        let deducted = Money::from_fen(row.deducted_fen.unwrap_or_default());
        answered.push(Answered {
            id: row.id,
            estate_id: row.estate_id,
            account_id: row.account_id,
            payer: row.payer,
            due: Money::from_fen(row.due_fen),
            outcome: outcome(verdict, deducted, resolution),
            serial: row.bank_serial,
            at: row.deducted_at,
            words: row.line_message.or(row.opinion),
        });
    }
    let accounts: Vec<i64> = answered.iter().map(|item| item.account_id).collect();
    sqlx::query!("select id from account where id = any($1) order by id for update", &accounts)
        .fetch_all(connection(tx))
        .await?;
    Ok(answered)
}

/// Enters the payments; answers them by item.
async fn payments(
    tx: &mut Tx,
    ctx: &Ctx,
    batch: &Held,
    answered: &[Answered],
    rule: &BillingRule,
) -> Result<HashMap<i64, i64>> {
    let items: Vec<i64> = answered.iter().map(|item| item.id).collect();
    let mut parts = parts(tx, &items).await?;
    let mut entries = Vec::new();
    let mut entered = Vec::new();
    for item in answered {
        let Outcome::Enter(amount) = item.outcome else { continue };
        entered.push(item.id);
        entries.push(Entry {
            estate: item.estate_id,
            account: item.account_id,
            request: request_id("debit", batch.id, item.account_id),
            method: PayMethod::Debit,
            amount,
            payer: item.payer.clone(),
            bank_serial: item.serial.clone(),
            shift: None,
            paid_at: item.at.unwrap_or_else(|| ctx.now()),
            remark: Some(format!("代扣批次{}", batch.batch_no)),
            shares: shares(amount, parts.remove(&item.id).unwrap_or_default(), rule),
        });
    }
    let ids = payments_enter(tx, ctx, batch.district_id, batch.made_on, &entries).await?;
    Ok(entered.into_iter().zip(ids).collect())
}

/// What the items asked for, by item; the bills are locked.
async fn parts(tx: &mut Tx, items: &[i64]) -> Result<HashMap<i64, Vec<Part>>> {
    let rows = sqlx::query!(
        "select p.item_id, p.bill_id, p.principal_fen, p.late_fee_fen, p.accrued_fen, b.due_on, b.fee_item
         from deduction_item_bill p join bill b on b.id = p.bill_id
         where p.item_id = any($1) order by b.account_id, b.due_on, b.id for update of b",
        items
    )
    .fetch_all(connection(tx))
    .await?;
    let mut parts: HashMap<i64, Vec<Part>> = HashMap::new();
    for row in rows {
        parts.entry(row.item_id).or_default().push(Part {
            debt: Debt {
                bill: row.bill_id,
                due_on: row.due_on,
                principal: Money::from_fen(row.principal_fen),
                late_fee: Money::from_fen(row.late_fee_fen),
            },
            fee_item: stored(&row.fee_item, FeeItem::from_code)?,
            accrued: Money::from_fen(row.accrued_fen),
        });
    }
    Ok(parts)
}

/// What so much money pays of what was asked for; all of it, if the bank took all.
fn shares(amount: Money, parts: Vec<Part>, rule: &BillingRule) -> Vec<Paid> {
    let debts: Vec<Debt> = parts.iter().map(|part| part.debt).collect();
    let (shares, _) = allocate(amount, &debts, false, rule.first);
    let by_bill: HashMap<i64, &Part> = parts.iter().map(|part| (part.debt.bill, part)).collect();
    shares
        .into_iter()
        .map(|Share { bill, principal, late_fee }| {
            let part = by_bill[&bill];
            Paid { bill, fee_item: part.fee_item, principal, late_fee, accrued: part.accrued }
        })
        .collect()
}

/// Sets what became of the items, and counts it at the batch.
async fn items_set(
    tx: &mut Tx,
    ctx: &Ctx,
    batch: &Held,
    answered: &[Answered],
    payments: &HashMap<i64, i64>,
    rule: &BillingRule,
) -> Result<()> {
    let retry_on = rule.deduction_days.after(ctx.today());
    let mut results = Vec::with_capacity(answered.len());
    for item in answered {
        let (event, deducted, reason) = match item.outcome {
            Outcome::Enter(amount) if amount >= item.due => (DeductEvent::Succeed, amount, None),
            Outcome::Enter(amount) => (DeductEvent::Part, amount, None),
            Outcome::Fail(reason) => (DeductEvent::Fail, Money::ZERO, Some(reason)),
        };
        let status = DeductStatus::Sent.next(event).ok_or_else(|| Failure::refused("代扣明细状态已变更"))?;
        results.push((status, deducted, reason));
    }
    sqlx::query!(
        "update deduction_item i set status = r.status, deducted_fen = r.deducted, fail_reason = r.reason, fail_text = r.words,
                retry_on = case when r.reason is not null then $1::date end, deducted_at = r.at, bank_serial = r.serial,
                payment_id = r.payment
         from unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::bigint[])
              as r (id, status, deducted, reason, words, at, serial, payment)
         where i.id = r.id and i.status = 'SENT'",
        retry_on,
        &answered.iter().map(|item| item.id).collect::<Vec<_>>(),
        &results.iter().map(|(status, ..)| status.code().to_owned()).collect::<Vec<_>>(),
        &results.iter().map(|(_, deducted, _)| deducted.fen()).collect::<Vec<_>>(),
        &results.iter().map(|(.., reason)| reason.map(|reason: DeductFail| reason.code().to_owned())).collect::<Vec<_>>()
            as &[Option<String>],
        &answered.iter().map(|item| item.words.clone()).collect::<Vec<_>>() as &[Option<String>],
        &answered.iter().map(|item| item.at).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        &answered.iter().map(|item| item.serial.clone()).collect::<Vec<_>>() as &[Option<String>],
        &answered.iter().map(|item| payments.get(&item.id).copied()).collect::<Vec<_>>() as &[Option<i64>],
    )
    .execute(connection(tx))
    .await?;
    let count = |wanted: DeductStatus| {
        i32::try_from(results.iter().filter(|(status, ..)| *status == wanted).count()).unwrap_or(i32::MAX)
    };
    let deducted: Money = results.iter().map(|(_, deducted, _)| *deducted).sum();
    sqlx::query!(
        "update deduction_batch set success = success + $2, partial = partial + $3, failed = failed + $4,
                deducted_fen = deducted_fen + $5, version = version + 1
         where id = $1",
        batch.id,
        count(DeductStatus::Success),
        count(DeductStatus::Partial),
        count(DeductStatus::Fail),
        deducted.fen(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Tells the households what the bank could not debit, why, and when it is tried again.
async fn failures_tell(tx: &mut Tx, ctx: &Ctx, items: &[i64]) -> Result<()> {
    let rows = sqlx::query!(
        "select i.id, i.account_id, i.contract_id, i.payer, i.due_fen, i.fail_reason, i.retry_on, c.address
         from deduction_item i join contract c on c.id = i.contract_id
         where i.id = any($1) and i.status = 'FAIL' order by i.id",
        items
    )
    .fetch_all(connection(tx))
    .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let templates = Templates::load(tx).await?;
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows {
        let reason = row.fail_reason.as_deref().map(|code| stored(code, DeductFail::from_code)).transpose()?;
        messages.push(NewSms {
            account: row.account_id,
            contract: row.contract_id,
            dunning: None,
            channel: Channel::Sms,
            kind: SmsKind::DeductFail,
            told_key: format!("DEDUCT_FAIL:{}", row.id),
            params: vec![
                ("承租人", row.payer),
                ("地址", row.address),
                ("金额", Money::from_fen(row.due_fen).to_string()),
                ("原因", reason.map_or("", DeductFail::label).to_owned()),
                ("重扣日", row.retry_on.map(|day| day.to_string()).unwrap_or_default()),
            ],
        });
    }
    sms_enqueue(tx, ctx, &templates, &messages).await?;
    Ok(())
}

/// Writes the failures on the bills' timelines.
pub(super) async fn failures_note(tx: &mut Tx, ctx: &Ctx, items: &[i64]) -> Result<()> {
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, reason)
         select p.district_id, p.estate_id, p.bill_id, $2, $3, '银行代扣失败', i.fail_reason
         from deduction_item i join deduction_item_bill p on p.item_id = i.id
         where i.id = any($1) and i.status = 'FAIL' order by p.bill_id",
        items,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
