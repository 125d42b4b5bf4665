//! Taking money at a counter (E-46, S0-10, §4.10), taking it back, and its accounting verification (核销).

use super::{
    ledger::{Transfer, reverse_payment, transfer},
};
use crate::{
    Ctx, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id},
    platform::numbering::number_take,
    tenancy::assignment::opinion_check,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    billing::{
        allocation::{Debt, Share, allocate},
        ledger::Subject,
        payment::{PAYMENT_LIST, PaymentFields, PaymentForm, PaymentRow, Receipt, ReceiptLine},
        rule::BillingRule,
    },
    dictionary::{FeeItem, NumberKind, PayKind, PayMethod, PaymentStatus},
    failure::{Failure, FieldErrors},
    id::{AccountId, BillId, PaymentId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use std::collections::HashMap;

/// An account whose row is locked.
struct Held {
    id: i64,
    district_id: i64,
    estate_id: i64,
    payer: String,
}

async fn hold(tx: &mut Tx, id: AccountId) -> Result<Held> {
    let account = sqlx::query!("select district_id, estate_id from account where id = $1 for update", id.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let payer = sqlx::query_scalar!(
        "select lessee_name from contract where account_id = $1 order by id desc limit 1",
        id.0
    )
    .fetch_optional(connection(tx))
    .await?;
    Ok(Held {
        id: id.0,
        district_id: account.district_id,
        estate_id: account.estate_id,
        payer: payer.unwrap_or_default(),
    })
}

/// What somebody owes, with what the transfers have to name.
struct Owed {
    debt: Debt,
    fee_item: FeeItem,
    /// of the late fee, what is charged only now
    accrued: Money,
}

/// The open bills of a locked account, with the late fee up to today.
async fn debts(tx: &mut Tx, account: i64, rule: &BillingRule, today: NaiveDate) -> Result<Vec<Owed>> {
    sqlx::query!(
        "select id, fee_item, due_on, amount_fen - paid_fen as principal, amount_fen, late_fee_fen, late_paid_fen, late_to
         from bill where account_id = $1 and decision is null and amount_fen + late_fee_fen > paid_fen + late_paid_fen
         order by due_on, id for update",
        account
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        let principal = Money::from_fen(row.principal.unwrap_or_default());
        let fee_item = stored(&row.fee_item, FeeItem::from_code)?;
        // The fee is counted anew with every change of the principal (§4.5); what was counted before stays.
        let accrued = match rule.late_fee.filter(|_| fee_item == FeeItem::Rent) {
            Some(fee) => {
                let days = fee.days(row.due_on, today) - row.late_to.map_or(0, |to| fee.days(row.due_on, to));
                let most = row.amount_fen * i64::from(fee.cap) / 100 - row.late_fee_fen;
                fee.of(principal, days).min(Money::from_fen(most.max(0)))
            }
            None => Money::ZERO,
        };
        let late_fee = Money::from_fen(row.late_fee_fen - row.late_paid_fen) + accrued;
        Ok(Owed { debt: Debt { bill: row.id, due_on: row.due_on, principal, late_fee }, fee_item, accrued })
    })
    .collect()
}

/// Takes money of a household at the counter: divides it among its debts (§4.10), keeps the rest as balance if that is
/// wanted, and enters it all. The same request again finds the first receipt.
///
/// # Errors
/// Complaints by field; a refusal for more than is owed without 预存, and when the month is closed.
pub async fn payment_take(ctx: &Ctx, account: AccountId, form: &PaymentForm) -> Result<PaymentId> {
    ctx.require(Permission::PaymentTake)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, account).await?;
    if let Some(known) = known(&mut tx, &held, &fields).await? {
        return Ok(known);
    }
    let rule = billing_rule(&mut tx, held.district_id, ctx.today()).await?;
    let owed = debts(&mut tx, held.id, &rule, ctx.today()).await?;
    let (shares, rest) = divide(&fields, &owed, &rule)?;
    let id = insert(&mut tx, ctx, &held, &fields, shares.is_empty()).await?;
    enter(&mut tx, ctx, &held, id, &fields, &owed, &shares, rest).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(PaymentId(id))
}

/// The receipt that the same request has made already.
async fn known(tx: &mut Tx, held: &Held, fields: &PaymentFields) -> Result<Option<PaymentId>> {
    let row = sqlx::query!(
        "select id, account_id, amount_fen from payment where request_id = $1::text::uuid",
        fields.request
    )
    .fetch_optional(connection(tx))
    .await?;
    match row {
        None => Ok(None),
        Some(row) if row.account_id == held.id && row.amount_fen == fields.amount.fen() => Ok(Some(PaymentId(row.id))),
        Some(_) => Err(Failure::refused("页面已过期，请刷新后再收款").into()),
    }
}

/// Which debts are paid, and what is left.
fn divide(fields: &PaymentFields, owed: &[Owed], rule: &BillingRule) -> Result<(Vec<Share>, Money)> {
    let chosen = !fields.bills.is_empty();
    let debts: Vec<Debt> = if chosen {
        let of = |bill: &BillId| owed.iter().find(|owed| owed.debt.bill == bill.0).map(|owed| owed.debt);
        let debts: Vec<Debt> = fields.bills.iter().filter_map(of).collect();
        if debts.len() < fields.bills.len() {
            return Err(Failure::refused("所选账单已缴清或已变更，请刷新后重新选择").into());
        }
        debts
    } else {
        owed.iter().map(|owed| owed.debt).collect()
    };
    let (shares, rest) = allocate(fields.amount, &debts, chosen, rule.first);
    if rest > Money::ZERO && !fields.prepay {
        let sum: Money = debts.iter().map(|debt| debt.principal + debt.late_fee).sum();
        let sentence = format!("收款金额与明细不符：应收{sum}元，多收的{rest}元请勾选“转入账户余额”");
        return Err(FieldErrors::from(("amount", sentence.as_str())).into());
    }
    Ok((shares, rest))
}

async fn insert(tx: &mut Tx, ctx: &Ctx, held: &Held, fields: &PaymentFields, ahead: bool) -> Result<i64> {
    let district = sqlx::query_scalar!(
        r#"select left(division_code, 6) as "code!" from organization where id = $1"#,
        held.district_id
    )
    .fetch_one(connection(tx))
    .await?;
    let kind = if ahead { PayKind::Recharge } else { PayKind::RentIn };
    // The number's row is the whole district's; it is taken once everything that can be refused was asked.
    let receipt_no = number_take(tx, NumberKind::Receipt, &district, ctx.today()).await?;
    sqlx::query_scalar!(
        "insert into payment (district_id, estate_id, account_id, receipt_no, request_id, kind, method, amount_fen, payer, bank_serial,
                              paid_at, cashier_id, remark)
         values ($1, $2, $3, $4, $5::text::uuid, $6, $7, $8, $9, $10, $11, $12, $13) returning id",
        held.district_id,
        held.estate_id,
        held.id,
        receipt_no,
        fields.request,
        kind.code(),
        fields.method.code(),
        fields.amount.fen(),
        held.payer,
        fields.bank_serial,
        ctx.now(),
        ctx.actor_id(),
        fields.remark,
    )
    .fetch_one(connection(tx))
    .await
    .map_err(Error::from)
}

/// Writes shares, bills and transfers of a payment.
#[allow(clippy::too_many_arguments, reason = "one payment has these parts")]
async fn enter(
    tx: &mut Tx,
    ctx: &Ctx,
    held: &Held,
    payment: i64,
    fields: &PaymentFields,
    owed: &[Owed],
    shares: &[Share],
    rest: Money,
) -> Result<()> {
    let by_bill: HashMap<i64, &Owed> = owed.iter().map(|owed| (owed.debt.bill, owed)).collect();
    let bills: Vec<i64> = shares.iter().map(|share| share.bill).collect();
    let principal: Vec<i64> = shares.iter().map(|share| share.principal.fen()).collect();
    let late: Vec<i64> = shares.iter().map(|share| share.late_fee.fen()).collect();
    let accrued: Vec<i64> = shares.iter().map(|share| by_bill[&share.bill].accrued.fen()).collect();
    sqlx::query!(
        "insert into payment_share (payment_id, bill_id, district_id, estate_id, principal_fen, late_fee_fen)
         select $1, s.bill, $2, $3, s.principal, s.late from unnest($4::bigint[], $5::bigint[], $6::bigint[]) as s (bill, principal, late)",
        payment,
        held.district_id,
        held.estate_id,
        &bills,
        &principal,
        &late,
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "update bill b set paid_fen = b.paid_fen + s.principal, late_fee_fen = b.late_fee_fen + s.accrued,
                late_paid_fen = b.late_paid_fen + s.late, late_to = $5, version = b.version + 1
         from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as s (bill, principal, late, accrued) where b.id = s.bill",
        &bills,
        &principal,
        &late,
        &accrued,
        ctx.today(),
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen)
         select $1, $2, s.bill, $3, $4, '缴费', s.amount from unnest($5::bigint[], $6::bigint[]) as s (bill, amount)",
        held.district_id,
        held.estate_id,
        ctx.now(),
        ctx.actor_id(),
        &bills,
        &shares.iter().map(|share| share.total().fen()).collect::<Vec<_>>(),
    )
    .execute(connection(tx))
    .await?;
    let arrives = Subject::of(fields.method);
    let mut transfers = Vec::new();
    let to = |debit, credit, fee_item, amount, reason, bill| Transfer {
        account: held.id,
        debit,
        credit,
        fee_item,
        amount,
        reason,
        bill,
        payment: Some(payment),
    };
    for share in shares {
        let owed = by_bill[&share.bill];
        // A deposit is no income: what is received is owed back (E-50), and was not booked before.
        let paid = if owed.fee_item == FeeItem::Deposit { Subject::Deposit } else { Subject::Receivable };
        let bill = Some(share.bill);
        transfers.push(Transfer {
            payment: None,
            ..to(Subject::Receivable, Subject::Income, FeeItem::Late, owed.accrued, "计收滞纳金", bill)
        });
        transfers.push(to(arrives, paid, owed.fee_item, share.principal, "缴费", bill));
        transfers.push(to(arrives, Subject::Receivable, FeeItem::Late, share.late_fee, "缴滞纳金", bill));
    }
    transfers.push(to(arrives, Subject::Balance, FeeItem::Rent, rest, "预存", None));
    transfer(tx, ctx, ctx.today(), &transfers).await
}

/// Voids a payment of today that nobody verified: its bills are open again, its transfers are taken back (R-132: the
/// receipt stays, marked).
///
/// # Errors
/// A refusal for one that was verified or taken on another day, when the balance it made was used since, and without a
/// reason; [`Failure::Conflict`].
pub async fn payment_void(ctx: &Ctx, id: PaymentId, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::PaymentTake)?;
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let account = sqlx::query_scalar!("select account_id from payment where id = $1", id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    hold(&mut tx, AccountId(account)).await?;
    let payment = sqlx::query!("select status, paid_at, verified_at, version from payment where id = $1 for update", id.0)
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
    if crate::ctx::china_day(payment.paid_at) != ctx.today() {
        return Err(Failure::refused("只能作废当日收款，往日收款请办理退费").into());
    }
    sqlx::query!(
        "update bill b set paid_fen = b.paid_fen - s.principal_fen, late_paid_fen = b.late_paid_fen - s.late_fee_fen,
                version = b.version + 1
         from payment_share s where s.payment_id = $1 and b.id = s.bill_id",
        id.0
    )
    .execute(connection(&mut tx))
    .await?;
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
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
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
    sqlx::query!(
        "update bill b set verified_fen = b.verified_fen + s.fen, version = b.version + 1
         from (select bill_id, sum(principal_fen + late_fee_fen)::bigint as fen from payment_share
               where payment_id = any($1) group by bill_id order by bill_id) s
         where b.id = s.bill_id",
        &ids
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(u32::try_from(ids.len()).unwrap_or(u32::MAX))
}

const COLUMNS: &str =
    "p.id, p.receipt_no, p.account_id, p.payer, coalesce(c.id_number_mask, '') as id_number_mask, u.address, e.name as estate, p.kind, p.method, p.amount_fen,
     p.paid_at, user_name(p.cashier_id) as cashier, p.status, p.verified_at, p.version, c.contract_no";
const FROM: &str =
    "from payment p join account a on a.id = p.account_id join unit u on u.id = a.unit_id join estate e on e.id = a.estate_id
     left join lateral (select * from contract c where c.account_id = a.id order by c.id desc limit 1) c on true where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    receipt_no: String,
    account_id: i64,
    payer: String,
    id_number_mask: String,
    address: String,
    estate: String,
    kind: String,
    method: String,
    amount_fen: i64,
    paid_at: DateTime<Utc>,
    cashier: Option<String>,
    status: String,
    verified_at: Option<DateTime<Utc>>,
    version: i32,
    contract_no: Option<String>,
}

impl TryFrom<Record> for PaymentRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: PaymentId(record.id),
            receipt_no: record.receipt_no,
            account_id: AccountId(record.account_id),
            payer: record.payer,
            id_number_mask: record.id_number_mask,
            address: record.address,
            kind: stored(&record.kind, PayKind::from_code)?,
            method: stored(&record.method, PayMethod::from_code)?,
            amount: Money::from_fen(record.amount_fen),
            paid_at: record.paid_at,
            cashier: record.cashier,
            status: stored(&record.status, PaymentStatus::from_code)?,
            verified_at: record.verified_at,
            version: record.version,
        })
    }
}

/// A page of payments in scope (S0-13).
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn payment_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<PaymentRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = PAYMENT_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["p.receipt_no", "p.payer", "u.address"],
        filter: &|sql| {
            push_code(sql, query, "method", "p.method");
            push_code(sql, query, "status", "p.status");
            push_id(sql, query, "district", "p.district_id");
            push_id(sql, query, "account", "p.account_id");
            if query.filter("unverified").is_some() {
                sql.push(" and p.status = 'NORMAL' and p.verified_at is null");
            }
        },
        order: "p.paid_at",
        descending,
        tie: "p.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(PaymentRow::try_from)
}

/// The last payments of an account.
pub(super) async fn last_payments(tx: &mut Tx, account: i64) -> Result<Vec<PaymentRow>> {
    let statement = format!("select {COLUMNS} {FROM} and p.account_id = $1 order by p.id desc limit 20");
    let records: Vec<Record> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(account).fetch_all(connection(tx)).await?;
    records.into_iter().map(PaymentRow::try_from).collect()
}

/// A payment with what it paid, as its receipt shows it.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn receipt_get(ctx: &Ctx, id: PaymentId) -> Result<Receipt> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and p.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let (estate, contract_no) = (record.estate.clone(), record.contract_no.clone());
    let row = PaymentRow::try_from(record)?;
    let more = sqlx::query!(
        "select bank_serial, remark, void_reason, user_name(verified_by) as verified_by, printed from payment where id = $1",
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let lines = sqlx::query!(
        "select b.id, b.bill_no, b.fee_item, b.period_from, b.period_to, s.principal_fen, s.late_fee_fen
         from payment_share s join bill b on b.id = s.bill_id where s.payment_id = $1 order by b.due_on, b.id",
        id.0
    )
    .fetch_all(connection(&mut tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(ReceiptLine {
            bill_id: BillId(row.id),
            bill_no: row.bill_no,
            fee_item: stored(&row.fee_item, FeeItem::from_code)?,
            from: row.period_from,
            to: row.period_to,
            principal: Money::from_fen(row.principal_fen),
            late_fee: Money::from_fen(row.late_fee_fen),
        })
    })
    .collect::<Result<Vec<_>>>()?;
    tx.commit().await?;
    let paid: Money = lines.iter().map(|line| line.principal + line.late_fee).sum();
    Ok(Receipt {
        to_balance: row.amount - paid,
        row,
        estate,
        contract_no,
        bank_serial: more.bank_serial,
        remark: more.remark,
        lines,
        void_reason: more.void_reason,
        verified_by: more.verified_by,
        printed: more.printed,
    })
}

/// Notes that a receipt is printed; answers how often it was before (补打第n次, R-132).
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn receipt_print(ctx: &Ctx, id: PaymentId) -> Result<i32> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let printed = sqlx::query_scalar!("update payment set printed = printed + 1 where id = $1 returning printed", id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    Ok(printed - 1)
}
