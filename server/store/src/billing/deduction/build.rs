//! Filling a batch (§3.7): all bills due by a day of the accounts with a contract in force and an agreement to debit; what was
//! paid ahead is used first (PRM-47); one item per account; its bills are locked.

use super::{By, Held, act::closed_set, hold};
use crate::{
    Ctx, Database, Result,
    billing::{
        debt::{OpenBill, open_bills},
        payment::{Entry, Paid, payments_enter},
        rule::billing_rule,
    },
    ctx::{Tx, connection},
    platform::token::{digest, hex},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    billing::{
        allocation::{Debt, Share, allocate},
        deduction_status::DeductionEvent,
        pay_order::CLOSE_AFTER_SECONDS,
        rule::BillingRule,
    },
    dictionary::PayMethod,
    id::DeductionBatchId,
    value::Money,
};
use std::collections::HashMap;

/// Accounts in one transaction.
const PORTION: i64 = 2_000;

/// Builds on whatever was left unfinished; answers how many batches are complete now.
///
/// # Errors
/// When the database fails.
pub async fn deductions_build(database: &Database, now: DateTime<Utc>) -> Result<usize> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let unfinished =
        sqlx::query_scalar!("select id from deduction_batch where built_at is null and status = 'CREATED' order by id")
            .fetch_all(connection(&mut tx))
            .await?;
    tx.commit().await?;
    for id in &unfinished {
        while portion(&ctx, DeductionBatchId(*id)).await? {}
    }
    Ok(unfinished.len())
}

/// An account that is looked at.
struct Candidate {
    id: i64,
    estate_id: i64,
    contract_id: i64,
    payer: String,
    balance_fen: i64,
}

/// Looks at the next accounts of a batch; answers whether there may be more.
pub(super) async fn portion(ctx: &Ctx, id: DeductionBatchId) -> Result<bool> {
    let mut tx = ctx.begin().await?;
    let batch = hold(&mut tx, By::Id(id)).await?;
    // Another process has finished it, or somebody gave it up.
    if batch.built || !batch.status.is_inside() {
        return Ok(false);
    }
    let candidates = candidates(&mut tx, &batch).await?;
    let Some(last) = candidates.last().map(|candidate| candidate.id) else {
        sqlx::query!(
            "update deduction_batch set built_at = $2, version = version + 1 where id = $1",
            batch.id,
            ctx.now()
        )
        .execute(connection(&mut tx))
        .await?;
        // Nobody asked for it, and nobody has to give it up.
        if batch.maker_id.is_none() && batch.items == 0 {
            let closed = batch.next(DeductionEvent::Discard)?;
            closed_set(&mut tx, ctx, batch.id, closed, Some("没有须由银行扣款的账单，系统自动关闭")).await?;
        }
        tx.commit().await?;
        ctx.database().announce();
        return Ok(false);
    };
    let rule = billing_rule(&mut tx, batch.district_id, ctx.today()).await?;
    let candidates = without_orders(&mut tx, candidates, ctx.now()).await?;
    let wanted = wanted(&mut tx, &batch, candidates, &rule).await?;
    let balance_used = balances_use(&mut tx, ctx, &batch, &wanted).await?;
    let (items, amount) = items_insert(&mut tx, ctx, &batch, &wanted).await?;
    sqlx::query!(
        "update deduction_batch set built_to = $2, items = items + $3, amount_fen = amount_fen + $4, balance_fen = balance_fen + $5,
                version = version + 1
         where id = $1",
        batch.id,
        last,
        items,
        amount,
        balance_used.fen(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(true)
}

/// The next accounts that owe something by a day and may be debited. Nobody whose number is not verified is in a batch (R-90),
/// and one that failed waits for the day on which it is tried again (PRM-46). Late fees are counted to `made_on`.
pub(super) async fn debtors(
    tx: &mut Tx,
    district: i64,
    (due_by, made_on): (NaiveDate, NaiveDate),
    after: i64,
    most: i64,
) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        r#"select distinct c.account_id as "id!" from contract c
           where c.district_id = $1 and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING')
               and c.debit_agreement_no is not null and c.account_id > $2
               and exists (select from person p where p.id = c.person_id and p.id_verified <> 'UNVERIFIED')
               and (c.status <> 'CANCEL_SYNCING' or exit_goes_on(c.id, $5))
               and exists (select from bill b where b.account_id = c.account_id and b.decision is null
                               and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen
                               and b.due_on <= $3 and b.in_batch is null)
               and coalesce((select i.retry_on from deduction_item i where i.account_id = c.account_id
                             order by i.id desc limit 1) <= $3, true)
           order by 1 limit $4"#,
        district,
        after,
        due_by,
        most,
        made_on
    )
    .fetch_all(connection(tx))
    .await?)
}

/// The next accounts of a batch, locked in the order of their ids.
async fn candidates(tx: &mut Tx, batch: &Held) -> Result<Vec<Candidate>> {
    let ids = debtors(tx, batch.district_id, (batch.due_by, batch.made_on), batch.built_to, PORTION).await?;
    let candidates = sqlx::query_as!(
        Candidate,
        r#"select a.id, a.estate_id, a.balance_fen, c.id as "contract_id!", c.bank_holder as "payer!"
           from account a
           cross join lateral (select c.id, c.bank_holder from contract c
                               where c.account_id = a.id and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING')
                               order by c.id desc limit 1) c
           where a.id = any($1) order by a.id for update of a"#,
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(candidates)
}

/// Leaves out the accounts whose household is paying by telephone at this moment: the bank must not be asked for the same bills.
/// The next batch takes what is left of them. Asked after the accounts were locked, so that no order is made meanwhile.
async fn without_orders(tx: &mut Tx, candidates: Vec<Candidate>, now: DateTime<Utc>) -> Result<Vec<Candidate>> {
    let ids: Vec<i64> = candidates.iter().map(|candidate| candidate.id).collect();
    let paying = paying(tx, &ids, now).await?;
    Ok(candidates.into_iter().filter(|candidate| !paying.contains(&candidate.id)).collect())
}

/// The accounts among these whose household is paying by telephone.
pub(in crate::billing) async fn paying(tx: &mut Tx, accounts: &[i64], now: DateTime<Utc>) -> Result<Vec<i64>> {
    Ok(sqlx::query_scalar!(
        "select account_id from pay_order where account_id = any($1) and status in ('NEW', 'PAYING') and expires_at > $2",
        accounts,
        now - TimeDelta::seconds(CLOSE_AFTER_SECONDS)
    )
    .fetch_all(connection(tx))
    .await?)
}

/// What is asked of one account.
struct Wanted {
    candidate: Candidate,
    /// what its balance pays, before the bank is asked
    by_balance: Vec<Paid>,
    /// what the bank is asked for
    by_bank: Vec<Paid>,
}

/// Divides what is due among balance and bank (PRM-47).
async fn wanted(tx: &mut Tx, batch: &Held, candidates: Vec<Candidate>, rule: &BillingRule) -> Result<Vec<Wanted>> {
    let ids: Vec<i64> = candidates.iter().map(|candidate| candidate.id).collect();
    let mut open: HashMap<i64, Vec<OpenBill>> = HashMap::new();
    for bill in open_bills(tx, &ids, Some(batch.due_by), rule, batch.made_on).await? {
        // A bill of another batch, after its own account was debited in part, for example.
        if !bill.in_batch {
            open.entry(bill.account).or_default().push(bill);
        }
    }
    let wanted = candidates.into_iter().map(|candidate| {
        let open = open.remove(&candidate.id).unwrap_or_default();
        let balance = if rule.balance_first { Money::from_fen(candidate.balance_fen) } else { Money::ZERO };
        let (by_balance, by_bank) = divide(balance, &open, rule);
        Wanted { candidate, by_balance, by_bank }
    });
    Ok(wanted.collect())
}

/// What a balance pays of bills, and what is left of them. Of a bill that the balance touches, the late fee is charged with
/// it, and not once more with the bank.
pub(in crate::billing) fn divide(balance: Money, open: &[OpenBill], rule: &BillingRule) -> (Vec<Paid>, Vec<Paid>) {
    let debts: Vec<Debt> = open.iter().map(|open| open.owed.debt).collect();
    let (shares, _) = allocate(balance, &debts, false, rule.first);
    let by_bill: HashMap<i64, &OpenBill> = open.iter().map(|open| (open.owed.debt.bill, open)).collect();
    let taken: HashMap<i64, Share> = shares.iter().map(|share| (share.bill, *share)).collect();
    let by_balance = shares.iter().map(|share| by_bill[&share.bill].owed.paid(*share)).collect();
    let left = open.iter().filter_map(|open| {
        let (owed, bill) = (&open.owed, open.owed.debt.bill);
        let taken = taken.get(&bill);
        let (principal, late_fee) = taken.map_or((Money::ZERO, Money::ZERO), |share| (share.principal, share.late_fee));
        let share = Share { bill, principal: owed.debt.principal - principal, late_fee: owed.debt.late_fee - late_fee };
        let accrued = if taken.is_some() { Money::ZERO } else { owed.accrued };
        (share.total() > Money::ZERO).then(|| Paid { accrued, ..owed.paid(share) })
    });
    (by_balance, left.collect())
}

/// Enters what the balances pay; answers how much it was.
async fn balances_use(tx: &mut Tx, ctx: &Ctx, batch: &Held, wanted: &[Wanted]) -> Result<Money> {
    let entries: Vec<Entry> = wanted
        .iter()
        .filter(|wanted| !wanted.by_balance.is_empty())
        .map(|wanted| Entry {
            estate: wanted.candidate.estate_id,
            account: wanted.candidate.id,
            request: request_id("balance", batch.id, wanted.candidate.id),
            method: PayMethod::Balance,
            amount: sum(&wanted.by_balance),
            payer: wanted.candidate.payer.clone(),
            bank_serial: None,
            shift: None,
            paid_at: ctx.now(),
            remark: Some(format!("代扣批次{}余额抵扣", batch.batch_no)),
            shares: wanted.by_balance.clone(),
        })
        .collect();
    payments_enter(tx, ctx, batch.district_id, batch.made_on, &entries).await?;
    Ok(entries.iter().map(|entry| entry.amount).sum())
}

pub(in crate::billing) fn sum(paid: &[Paid]) -> Money {
    paid.iter().map(|share| share.principal + share.late_fee).sum()
}

/// The id of a request that a batch makes of an account: made once, whoever does it again.
pub(in crate::billing) fn request_id(what: &str, batch: i64, account: i64) -> String {
    let digits = hex(&digest(format!("{what} {batch} {account}").as_bytes())[..16]);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// Writes the items and locks their bills; answers how many, and their sum in fen.
async fn items_insert(tx: &mut Tx, ctx: &Ctx, batch: &Held, wanted: &[Wanted]) -> Result<(i32, i64)> {
    let wanted: Vec<&Wanted> = wanted.iter().filter(|wanted| !wanted.by_bank.is_empty()).collect();
    let column = |of: fn(&Candidate) -> i64| wanted.iter().map(|wanted| of(&wanted.candidate)).collect::<Vec<_>>();
    let amounts: Vec<i64> = wanted.iter().map(|wanted| sum(&wanted.by_bank).fen()).collect();
    let accounts = column(|candidate| candidate.id);
    sqlx::query!(
        "insert into deduction_item (batch_id, seq, district_id, estate_id, account_id, contract_id, payer, month, due_fen, created_at)
         select $1, $2 + w.n::integer, b.district_id, w.estate, w.account, w.contract, w.payer, b.month, w.due, $3
         from unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[])
              with ordinality as w (estate, account, contract, payer, due, n)
         join deduction_batch b on b.id = $1",
        batch.id,
        batch.items,
        ctx.now(),
        &column(|candidate| candidate.estate_id),
        &accounts,
        &column(|candidate| candidate.contract_id),
        &wanted.iter().map(|wanted| wanted.candidate.payer.clone()).collect::<Vec<_>>(),
        &amounts,
    )
    .execute(connection(tx))
    .await?;
    let parts: Vec<(i64, &Paid)> =
        wanted.iter().flat_map(|wanted| wanted.by_bank.iter().map(move |part| (wanted.candidate.id, part))).collect();
    let part = |of: fn(&Paid) -> i64| parts.iter().map(|(_, part)| of(part)).collect::<Vec<_>>();
    let bills = part(|part| part.bill);
    sqlx::query!(
        "insert into deduction_item_bill (item_id, bill_id, district_id, estate_id, principal_fen, late_fee_fen, accrued_fen)
         select i.id, p.bill, i.district_id, i.estate_id, p.principal, p.late, p.accrued
         from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
              as p (account, bill, principal, late, accrued)
         join deduction_item i on i.batch_id = $1 and i.account_id = p.account",
        batch.id,
        &parts.iter().map(|(account, _)| *account).collect::<Vec<_>>(),
        &bills,
        &part(|part| part.principal.fen()),
        &part(|part| part.late_fee.fen()),
        &part(|part| part.accrued.fen()),
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!("update bill set in_batch = $2, version = version + 1 where id = any($1)", &bills, batch.id)
        .execute(connection(tx))
        .await?;
    Ok((i32::try_from(wanted.len()).unwrap_or(i32::MAX), amounts.iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::debt::Owed;
    use chrono::NaiveDate;
    use domain::dictionary::FeeItem;

    fn bill(id: i64, principal: i64, late_fee: i64) -> OpenBill {
        let (principal, late_fee) = (Money::from_fen(principal), Money::from_fen(late_fee));
        let due_on = NaiveDate::default() + TimeDelta::days(id);
        let debt = Debt { bill: id, due_on, principal, late_fee };
        OpenBill { account: 1, owed: Owed { debt, fee_item: FeeItem::Rent, accrued: late_fee }, in_batch: false }
    }

    /// Whatever the balance is: it and the bank together pay each bill once, and a late fee is charged once.
    #[test]
    fn balance_and_bank_pay_everything_once() {
        let open = [bill(1, 11_180, 112), bill(2, 11_180, 0)];
        for balance in [0, 1, 11_180, 11_200, 11_292, 15_000, 22_472, 90_000] {
            let (by_balance, by_bank) = divide(Money::from_fen(balance), &open, &BillingRule::default());
            assert_eq!(sum(&by_balance).fen(), balance.min(22_472), "{balance}");
            assert_eq!((sum(&by_balance) + sum(&by_bank)).fen(), 22_472, "{balance}");
            let accrued: Money = by_balance.iter().chain(&by_bank).map(|part| part.accrued).sum();
            assert_eq!(accrued.fen(), 112, "{balance}");
        }
    }

    #[test]
    fn a_request_is_known_by_what_it_is() {
        let id = request_id("balance", 7, 9);
        assert_eq!((id.len(), id.matches('-').count()), (36, 4));
        assert_eq!(request_id("balance", 7, 9), id);
        for other in [request_id("debit", 7, 9), request_id("balance", 79, 9), request_id("balance", 7, 8)] {
            assert_ne!(other, id);
        }
    }
}
