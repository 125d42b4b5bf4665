//! Correcting a reading that was billed (Z6, §3.6 L11): of a bill that is open, reversal and new bill, with what was paid of it in
//! the balance; of one that was paid, a bill of what is missing, or a credit of what was too much.

use super::{
    charge::{Measure, charge, dues, payers_named},
    empty_refresh, history_add, hold,
    reading::period_hold,
};
use crate::{
    Ctx, Error, Result,
    billing::{
        account::account_reopen,
        arrears::arrears_recount,
        debt::BILL_IS_IN_BATCH,
        exit_bill::take_back,
        ledger::{Transfer, transfer},
    },
    ctx::{Tx, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        ledger::Subject,
        meter::{MeterShare, Span, Tariff},
        meter_reading::{CorrectForm, PeriodStatus, ReadingStatus},
        plan::month_of,
    },
    dictionary::{BillStatus, FeeItem, MeterType},
    failure::{Failure, FieldErrors},
    id::BillId,
    platform::permission::Permission,
    tenancy::hand_over::Reading,
    value::Money,
};

/// Corrects the last reading of a meter after it was billed, at the price it was billed at.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`]; a refusal of one that later readings follow, of a closed period, and while the
/// bank is asked for one of its bills; without [`Permission::BillWrite`].
pub async fn reading_correct(ctx: &Ctx, id: i64, version: i32, form: &CorrectForm) -> Result<()> {
    ctx.require(Permission::BillWrite)?;
    let (closing, rolled, reason) = form.check()?;
    let mut tx = ctx.begin().await?;
    let found = sqlx::query!("select meter_id, period_id from meter_reading where id = $1", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    if let Some(period) = found.period_id
        && period_hold(&mut tx, period, None).await?.status == PeriodStatus::Closed
    {
        return Err(Failure::refused("抄表期间已关闭，不能更正").into());
    }
    let meter = hold(&mut tx, found.meter_id).await?;
    let (mut measure, span) = billed_reading(&mut tx, id, version).await?;
    let span = Span { closing, rolled, multiplier: meter.multiplier, max: meter.max, ..span };
    measure.usage = span.usage().map_err(|complaint| FieldErrors::from(("closing", complaint.text())))?;
    charge_anew(&mut tx, ctx, &measure, &reason).await?;
    sqlx::query!(
        "update meter_reading set closing = $2, rolled = $3, usage = $4, amount_fen = $5, version = version + 1 where id = $1",
        id,
        closing.0,
        rolled,
        measure.usage,
        measure.amount().fen(),
    )
    .execute(connection(&mut tx))
    .await?;
    empty_refresh(&mut tx, meter.id).await?;
    history_add(&mut tx, ctx, meter.id, Some(id), &format!("更正为{closing}"), Some(&reason)).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

/// The reading as it was billed; its row is locked.
async fn billed_reading(tx: &mut Tx, id: i64, version: i32) -> Result<(Measure, Span)> {
    let row = sqlx::query!(
        r#"select r.status, r.version, r.from_on, r.read_on, r.opening, r.carried, r.tariff, r.source, m.meter_no, m.type, m.unit_id,
                  m.building_id, m.estate_id, m.district_id, m.share, p.month as "month?",
                  exists (select from meter_reading l where l.meter_id = m.id and l.closing is not null
                          and (l.read_on, l.read_at, l.id) > (r.read_on, r.read_at, r.id)) as "followed!"
           from meter_reading r join meter m on m.id = r.meter_id left join meter_period p on p.id = r.period_id
           where r.id = $1 for update of r"#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    let (Some(code), ReadingStatus::Billed) = (row.tariff, stored(&row.status, ReadingStatus::from_code)?) else {
        return Err(Failure::refused("该读数尚未出账，请直接修改").into());
    };
    if row.followed {
        return Err(Failure::refused("该表已有后续抄表，只能更正最近一次").into());
    }
    let tariff = Tariff::parse(&code).ok_or_else(|| Error::Broken(format!("reading {id} was charged at {code:?}")))?;
    let opening = Reading(row.opening.unwrap_or_default());
    let to = row.read_on.unwrap_or(row.from_on);
    let span = Span { opening, closing: opening, multiplier: 100, max: None, rolled: false, carried: row.carried };
    let measure = Measure {
        reading: id,
        meter_no: row.meter_no,
        meter: stored(&row.r#type, MeterType::from_code)?,
        unit: row.unit_id,
        building: row.building_id,
        estate: row.estate_id,
        district: row.district_id,
        share: row.share.map(|share| stored(&share, MeterShare::from_code)).transpose()?,
        from: row.from_on,
        to,
        month: row.month.unwrap_or(month_of(to)),
        usage: 0,
        tariff,
    };
    Ok((measure, span))
}

/// What a reading was charged by.
struct Charged {
    account: i64,
    bill: i64,
    paid: Money,
    open: Money,
}

/// Takes back what was charged and charges anew: of the same households, whoever lives there meanwhile. An account that was
/// closed since is open again.
async fn charge_anew(tx: &mut Tx, ctx: &Ctx, measure: &Measure, reason: &str) -> Result<()> {
    let accounts = sqlx::query_scalar!(
        "select distinct account_id from meter_charge where reading_id = $1 and not taken_back order by account_id",
        measure.reading
    )
    .fetch_all(connection(tx))
    .await?;
    let mut fresh = dues(measure, payers_named(tx, &accounts).await?);
    let charged = charged(tx, measure.reading).await?;
    for due in &mut fresh {
        let account = due.payer.account;
        let own: Vec<&Charged> = charged.iter().filter(|charged| charged.account == account).collect();
        let before = net(tx, measure.reading, account).await?;
        let settled = !own.is_empty() && own.iter().all(|charged| charged.open == Money::ZERO);
        let touched = own.iter().any(|charged| charged.paid > Money::ZERO);
        // Money that came in for a bill is not given up: what is missing is one more bill, and what was too much of one that
        // was paid is the household's balance. Otherwise its bills fall together.
        if settled || touched && due.amount >= before {
            let now = due.amount;
            due.rest(before);
            if now < before {
                give_back(tx, ctx, measure, account, own[0].bill, before - now, reason).await?;
            }
        } else {
            for charged in own {
                take_back(tx, ctx, account, BillId(charged.bill), &format!("抄表更正：{reason}")).await?;
            }
            taken_back(tx, measure.reading, account).await?;
            // What was given back before stays so, and is charged once more.
            due.rest(net(tx, measure.reading, account).await?);
        }
        account_reopen(tx, account).await?;
    }
    charge(tx, ctx, measure.district, fresh).await?;
    arrears_recount(tx, ctx, &accounts).await
}

/// The bills of a reading that stand.
async fn charged(tx: &mut Tx, reading: i64) -> Result<Vec<Charged>> {
    let rows = sqlx::query!(
        r#"select c.account_id, b.id, b.paid_fen + b.late_paid_fen as "paid!", b.decision, b.in_batch,
                  b.amount_fen + b.late_fee_fen - b.paid_fen - b.late_paid_fen as "open!",
                  exists (select from instalment_bill p join instalment i on i.id = p.instalment_id
                          where p.bill_id = b.id and i.status in ('PENDING', 'ACTIVE')) as "planned!"
           from meter_charge c join bill b on b.id = c.bill_id
           where c.reading_id = $1 and not c.taken_back and (b.decision is null or b.decision not in ('VOID', 'REVERSED'))
           order by b.id for update of b"#,
        reading
    )
    .fetch_all(connection(tx))
    .await?;
    if rows.iter().any(|row| row.in_batch.is_some()) {
        return Err(Failure::refused(BILL_IS_IN_BATCH).into());
    }
    if rows.iter().any(|row| row.planned) {
        return Err(Failure::refused("该读数的账单已列入分期还款，请先办结分期").into());
    }
    if let Some(decided) = rows.iter().find_map(|row| row.decision.as_deref()) {
        let status = stored(decided, BillStatus::from_code)?;
        return Err(Failure::refused(format!("该读数的账单{status}，不能更正")).into());
    }
    let charged = rows.into_iter().map(|row| Charged {
        account: row.account_id,
        bill: row.id,
        paid: Money::from_fen(row.paid),
        open: Money::from_fen(row.open),
    });
    Ok(charged.collect())
}

/// What a reading has cost a household so far, with what was given back.
async fn net(tx: &mut Tx, reading: i64, account: i64) -> Result<Money> {
    let fen = sqlx::query_scalar!(
        r#"select coalesce(sum(c.amount_fen), 0)::bigint as "fen!" from meter_charge c left join bill b on b.id = c.bill_id
           where c.reading_id = $1 and c.account_id = $2 and not c.taken_back
               and (b.id is null or b.decision is null or b.decision not in ('VOID', 'REVERSED'))"#,
        reading,
        account
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(Money::from_fen(fen))
}

/// The bills of a reading do not stand any more; what was given back does.
async fn taken_back(tx: &mut Tx, reading: i64, account: i64) -> Result<()> {
    sqlx::query!(
        "update meter_charge set taken_back = true where reading_id = $1 and account_id = $2 and amount_fen >= 0",
        reading,
        account
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

async fn note(tx: &mut Tx, ctx: &Ctx, bills: &[i64], event: &str, reason: &str) -> Result<()> {
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen, reason)
         select district_id, estate_id, id, $2, $3, $4, amount_fen, $5 from bill where id = any($1) order by id",
        bills,
        ctx.now(),
        ctx.actor_id(),
        event,
        reason,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// 贷项: what was paid too much is the household's balance.
async fn give_back(
    tx: &mut Tx,
    ctx: &Ctx,
    measure: &Measure,
    account: i64,
    bill: i64,
    amount: Money,
    reason: &str,
) -> Result<()> {
    let fee_item: FeeItem = measure.meter.fee_item();
    let today: NaiveDate = ctx.today();
    let back = Transfer {
        account,
        debit: Subject::Income,
        credit: Subject::Balance,
        fee_item,
        amount,
        reason: "抄表更正转入余额",
        bill: Some(bill),
        payment: None,
    };
    transfer(tx, ctx, today, &[back]).await?;
    sqlx::query!(
        "insert into meter_charge (district_id, estate_id, reading_id, account_id, amount_fen)
         select district_id, estate_id, id, $2, -$3::bigint from meter_reading where id = $1",
        measure.reading,
        account,
        amount.fen(),
    )
    .execute(connection(tx))
    .await?;
    let told = format!("{reason}，{amount}元转入账户余额");
    note(tx, ctx, &[bill], "抄表更正", &told).await
}
