//! What follows from the calendar (domain.md §3.6 L2): on the day of PRM-40 the bills of a month are made, and what a household
//! has paid ahead pays what has become due (PRM-47), whether a bank debits it or not.

use super::{
    debt::open_bills,
    deduction::{divide, paying, request_id, sum},
    payment::{Entry, payments_enter},
    rule::billing_rule,
    run::Run,
};
use crate::{Ctx, Database, Result, ctx::connection, tenancy::contract::terms::billed_count};
use chrono::{DateTime, Datelike as _, Utc};
use domain::{
    billing::{bill::RunSummary, plan::month_of},
    dictionary::PayMethod,
    id::OrganizationId,
    value::Money,
};
use std::collections::HashMap;

/// Accounts in one transaction.
const PORTION: i64 = 2_000;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    pub bills: i32,
    /// from balances
    pub payments: usize,
    pub paid: Money,
}

/// Does what today asks for, district by district; what was done already is not done again.
///
/// # Errors
/// When the database fails.
pub async fn billing_follow(database: &Database, now: DateTime<Utc>) -> Result<Followed> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let districts = sqlx::query_scalar!("select id from organization where type = 'DISTRICT' order by id")
        .fetch_all(connection(&mut tx))
        .await?;
    tx.commit().await?;
    let mut followed = Followed::default();
    for district in districts {
        followed.bills += month_run(&ctx, district).await?.map_or(0, |summary| summary.bills);
        let mut last = 0;
        while let Some(portion) = balances_use(&ctx, district, last).await? {
            last = portion.last;
            followed.payments += portion.payments;
            followed.paid = followed.paid + portion.paid;
        }
    }
    Ok(followed)
}

/// The month's run, from its day on and until it was done once, by whomever.
async fn month_run(ctx: &Ctx, district: i64) -> Result<Option<RunSummary>> {
    let month = month_of(ctx.today());
    let mut tx = ctx.begin().await?;
    let rule = billing_rule(&mut tx, district, ctx.today()).await?;
    if rule.bill_day.is_none_or(|day| ctx.today().day() < day) {
        return Ok(None);
    }
    let done = sqlx::query_scalar!(
        r#"select exists (select from bill_run where district_id = $1 and month = $2 and status = 'DONE') as "done!""#,
        district,
        month
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let wanted = !done && billed_count(&mut tx, district, month).await? > 0;
    tx.commit().await?;
    if !wanted {
        return Ok(None);
    }
    let mut run = Run::open(ctx, OrganizationId(district), month).await?;
    while run.portion(ctx).await? {}
    run.end(ctx).await.map(Some)
}

/// What became of some accounts.
struct Portion {
    last: i64,
    payments: usize,
    paid: Money,
}

/// Pays what is due today from the balances of the next accounts; none when there are no more.
async fn balances_use(ctx: &Ctx, district: i64, after: i64) -> Result<Option<Portion>> {
    let mut tx = ctx.begin().await?;
    let rule = billing_rule(&mut tx, district, ctx.today()).await?;
    if !rule.balance_first {
        return Ok(None);
    }
    let accounts = sqlx::query!(
        r#"select a.id, a.estate_id, a.balance_fen,
                  coalesce((select c.lessee_name from contract c where c.account_id = a.id order by c.id desc limit 1), '') as "payer!"
           from account a
           where a.district_id = $1 and a.id > $2 and a.balance_fen > 0
               and exists (select from bill b where b.account_id = a.id and b.decision is null and b.in_batch is null
                               and b.due_on <= $3 and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen)
           order by a.id limit $4 for update of a"#,
        district,
        after,
        ctx.today(),
        PORTION
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let Some(last) = accounts.last().map(|account| account.id) else { return Ok(None) };
    let ids: Vec<i64> = accounts.iter().map(|account| account.id).collect();
    // What is being paid by telephone at this moment is not paid twice.
    let paying = paying(&mut tx, &ids, ctx.now()).await?;
    let mut open: HashMap<i64, Vec<_>> = HashMap::new();
    for bill in open_bills(&mut tx, &ids, Some(ctx.today()), &rule, ctx.today()).await? {
        if !bill.in_batch && !paying.contains(&bill.account) {
            open.entry(bill.account).or_default().push(bill);
        }
    }
    // Nobody asks for it again: what is entered is not open any more.
    let run = format!("balance {}", ctx.now().timestamp_micros());
    let entries: Vec<Entry> = accounts
        .into_iter()
        .filter_map(|account| {
            let (shares, _) = divide(Money::from_fen(account.balance_fen), &open.remove(&account.id)?, &rule);
            (!shares.is_empty()).then(|| Entry {
                estate: account.estate_id,
                account: account.id,
                request: request_id(&run, district, account.id),
                method: PayMethod::Balance,
                amount: sum(&shares),
                payer: account.payer,
                bank_serial: None,
                shift: None,
                paid_at: ctx.now(),
                remark: Some("到期账单余额抵扣".to_owned()),
                shares,
            })
        })
        .collect();
    payments_enter(&mut tx, ctx, district, ctx.today(), &entries).await?;
    tx.commit().await?;
    if !entries.is_empty() {
        ctx.database().announce();
    }
    Ok(Some(Portion { last, payments: entries.len(), paid: entries.iter().map(|entry| entry.amount).sum() }))
}
