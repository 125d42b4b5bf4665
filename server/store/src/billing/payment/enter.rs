//! Entering money that has come in, whatever brought it: at a counter, from the bank, out of a balance. The payment, what it
//! pays of each bill, the bills' timeline and the transfers, for one payment or for a thousand in the same statements.

use crate::{
    Ctx, Error, Result,
    billing::{
        arrears::arrears_recount,
        ledger::{Transfer, refusal, transfer},
    },
    ctx::{Tx, connection},
    platform::{numbering::numbers_take, sms::sms_withdraw},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{ledger::Subject, sms::SmsKind},
    dictionary::{FeeItem, NumberKind, PayKind, PayMethod},
    value::Money,
};

/// A payment of a locked account that is about to be entered.
pub(in crate::billing) struct Entry {
    pub estate: i64,
    pub account: i64,
    /// id of the request (a UUID): the same one is entered once
    pub request: String,
    pub method: PayMethod,
    pub amount: Money,
    pub payer: String,
    pub bank_serial: Option<String>,
    pub paid_at: DateTime<Utc>,
    pub remark: Option<String>,
    /// the cashier's shift, of money that was taken at a counter
    pub shift: Option<i64>,
    /// what it pays; what is left of the amount goes to the balance
    pub shares: Vec<Paid>,
}

/// What a payment pays of a locked bill.
#[derive(Clone, Copy)]
pub(in crate::billing) struct Paid {
    pub bill: i64,
    pub fee_item: FeeItem,
    pub principal: Money,
    pub late_fee: Money,
    /// of the late fee, what is charged only now
    pub accrued: Money,
}

impl Entry {
    fn rest(&self) -> Money {
        let paid: Money = self.shares.iter().map(|share| share.principal + share.late_fee).sum();
        self.amount - paid
    }

    /// What pays no bill is kept as balance (预存); what pays of several kinds of bills counts as rent (D-34).
    fn kind(&self) -> PayKind {
        let all = |item: FeeItem| self.shares.iter().all(|share| share.fee_item == item);
        match self.shares.is_empty() {
            true => PayKind::Recharge,
            false if all(FeeItem::Deposit) => PayKind::DepositIn,
            false if all(FeeItem::Property) => PayKind::PropertyIn,
            false => PayKind::RentIn,
        }
    }
}

/// Enters payments of one district whose late fees were counted up to a day; answers their ids, in order. A bill that is paid
/// is not in a batch any more.
///
/// # Errors
/// A refusal when the month is closed.
pub(in crate::billing) async fn payments_enter(
    tx: &mut Tx,
    ctx: &Ctx,
    district: i64,
    counted_to: NaiveDate,
    entries: &[Entry],
) -> Result<Vec<i64>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let ids = payments_insert(tx, ctx, district, entries).await?;
    shares_insert(tx, ctx, counted_to, entries, &ids).await?;
    let transfers: Vec<Transfer<'_>> =
        entries.iter().zip(&ids).flat_map(|(entry, payment)| transfers(entry, *payment)).collect();
    transfer(tx, ctx, ctx.today(), &transfers).await?;
    // What only raises a balance pays no debt.
    let payers: Vec<i64> = entries.iter().filter(|entry| !entry.shares.is_empty()).map(|entry| entry.account).collect();
    arrears_recount(tx, ctx, &payers).await?;
    sms_withdraw(tx, SmsKind::DeductFail, &payers, "已缴费").await?;
    Ok(ids)
}

async fn payments_insert(tx: &mut Tx, ctx: &Ctx, district: i64, entries: &[Entry]) -> Result<Vec<i64>> {
    let code =
        sqlx::query_scalar!(r#"select left(division_code, 6) as "code!" from organization where id = $1"#, district)
            .fetch_one(connection(tx))
            .await?;
    // The number's row is the whole district's; it is taken once everything that can be refused was asked.
    let numbers = numbers_take(tx, NumberKind::Receipt, &code, ctx.today(), entries.len()).await?;
    let column = |of: fn(&Entry) -> i64| entries.iter().map(of).collect::<Vec<_>>();
    let text = |of: fn(&Entry) -> &str| entries.iter().map(|entry| of(entry).to_owned()).collect::<Vec<_>>();
    let rows = sqlx::query!(
        "insert into payment (district_id, estate_id, account_id, receipt_no, request_id, kind, method, amount_fen, payer, bank_serial,
                              paid_at, cashier_id, remark, shift_id)
         select $1, p.estate, p.account, p.receipt, p.request::uuid, p.kind, p.method, p.amount, p.payer, p.serial, p.paid_at, $2, p.remark,
                p.shift
         from unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::text[],
                     $12::timestamptz[], $13::text[], $14::bigint[])
              as p (estate, account, receipt, request, kind, method, amount, payer, serial, paid_at, remark, shift)
         returning id, receipt_no",
        district,
        ctx.actor_id(),
        &column(|entry| entry.estate),
        &column(|entry| entry.account),
        &numbers,
        &text(|entry| &entry.request),
        &text(|entry| entry.kind().code()),
        &text(|entry| entry.method.code()),
        &column(|entry| entry.amount.fen()),
        &text(|entry| &entry.payer),
        &entries.iter().map(|entry| entry.bank_serial.clone()).collect::<Vec<_>>() as &[Option<String>],
        &entries.iter().map(|entry| entry.paid_at).collect::<Vec<_>>(),
        &entries.iter().map(|entry| entry.remark.clone()).collect::<Vec<_>>() as &[Option<String>],
        &entries.iter().map(|entry| entry.shift).collect::<Vec<_>>() as &[Option<i64>],
    )
    .fetch_all(connection(tx))
    .await
    .map_err(Error::from)?;
    let known: std::collections::HashMap<String, i64> = rows.into_iter().map(|row| (row.receipt_no, row.id)).collect();
    Ok(numbers.iter().filter_map(|number| known.get(number).copied()).collect())
}

async fn shares_insert(
    tx: &mut Tx,
    ctx: &Ctx,
    counted_to: NaiveDate,
    entries: &[Entry],
    payments: &[i64],
) -> Result<()> {
    let shares: Vec<(i64, &Paid)> = entries
        .iter()
        .zip(payments)
        .flat_map(|(entry, payment)| entry.shares.iter().map(move |share| (*payment, share)))
        .collect();
    if shares.is_empty() {
        return Ok(());
    }
    let payments: Vec<i64> = shares.iter().map(|(payment, _)| *payment).collect();
    let column = |of: fn(&Paid) -> i64| shares.iter().map(|(_, share)| of(share)).collect::<Vec<_>>();
    let bills = column(|share| share.bill);
    let (principal, late) = (column(|share| share.principal.fen()), column(|share| share.late_fee.fen()));
    sqlx::query!(
        "insert into payment_share (payment_id, bill_id, district_id, estate_id, principal_fen, late_fee_fen)
         select s.payment, s.bill, p.district_id, p.estate_id, s.principal, s.late
         from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as s (payment, bill, principal, late)
         join payment p on p.id = s.payment",
        &payments,
        &bills,
        &principal,
        &late,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "update bill b set paid_fen = b.paid_fen + s.principal, late_fee_fen = b.late_fee_fen + s.accrued,
                late_paid_fen = b.late_paid_fen + s.late, late_to = greatest(b.late_to, $5), in_batch = null, version = b.version + 1
         from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as s (bill, principal, late, accrued) where b.id = s.bill",
        &bills,
        &principal,
        &late,
        &column(|share| share.accrued.fen()),
        counted_to,
    )
    .execute(connection(tx))
    .await
    .map_err(refusal)?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen)
         select b.district_id, b.estate_id, b.id, $1, $2, '缴费', s.amount
         from unnest($3::bigint[], $4::bigint[]) as s (bill, amount) join bill b on b.id = s.bill",
        ctx.now(),
        ctx.actor_id(),
        &bills,
        &column(|share| (share.principal + share.late_fee).fen()),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The transfers of one payment.
fn transfers(entry: &Entry, payment: i64) -> Vec<Transfer<'static>> {
    let arrives = Subject::of(entry.method);
    let to = |debit, credit, fee_item, amount, reason, bill| Transfer {
        account: entry.account,
        debit,
        credit,
        fee_item,
        amount,
        reason,
        bill,
        payment: Some(payment),
    };
    let mut transfers = Vec::with_capacity(entry.shares.len() * 3 + 1);
    for share in &entry.shares {
        // A deposit is no income: what is received is owed back (E-50), and was not booked before.
        let paid = if share.fee_item == FeeItem::Deposit { Subject::Deposit } else { Subject::Receivable };
        let bill = Some(share.bill);
        transfers.push(Transfer {
            payment: None,
            ..to(Subject::Receivable, Subject::Income, FeeItem::Late, share.accrued, "计收滞纳金", bill)
        });
        transfers.push(to(arrives, paid, share.fee_item, share.principal, "缴费", bill));
        transfers.push(to(arrives, Subject::Receivable, FeeItem::Late, share.late_fee, "缴滞纳金", bill));
    }
    if arrives != Subject::Balance {
        transfers.push(to(arrives, Subject::Balance, FeeItem::Rent, entry.rest(), "预存", None));
    }
    transfers
}
