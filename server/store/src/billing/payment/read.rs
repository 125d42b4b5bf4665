//! Payments as lists, the counter and receipts show them.

use crate::{
    Ctx, Error, Result,
    billing::named::{Named, words},
    ctx::{Tx, connection},
    error::stored,
    list::{push_code, push_id},
    long_list::{LongList, Order},
    platform::job::push_days,
    walk::{Walk, time_cursor},
};
use chrono::{DateTime, Utc};
use domain::{
    billing::payment::{PAYMENT_LIST, PaymentRow, Receipt, ReceiptLine, Unverified},
    dictionary::{FeeItem, PayKind, PayMethod, PaymentStatus},
    failure::Failure,
    id::{AccountId, BillId, PaymentId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

const COLUMNS: &str =
    "r.id, r.receipt_no, r.account_id, r.payer, coalesce(c.id_number_mask, n.id_number_mask, '') as id_number_mask, u.address, e.name as estate, r.kind,
     r.method, r.amount_fen, r.paid_at, user_name(r.cashier_id) as cashier, r.status, r.verified_at,
     r.shift_id is null as online, r.version,
     c.contract_no";
const JOINS: &str =
    "join account a on a.id = r.account_id join unit u on u.id = a.unit_id join estate e on e.id = r.estate_id
     left join person n on n.id = a.person_id
     left join lateral (select * from contract c where c.account_id = a.id order by c.id desc limit 1) c on true";

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
    online: bool,
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
            online: record.online,
            version: record.version,
        })
    }
}

/// Adds that nobody has verified the payment `r` yet: of the list, and of the reminder that leads there.
pub(crate) fn push_unverified(sql: &mut QueryBuilder<Postgres>) {
    sql.push(" and r.status = 'NORMAL' and r.verified_at is null");
}

/// A page of payments in scope; with refunds they are `billing::pay_record` (S0-13).
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn payment_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<PaymentRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = PAYMENT_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    let (numbers, words) = numbers_of(&mut tx, words(query)).await?;
    let named = Named::read(&mut tx, ctx, words).await?;
    let walk = Walk::new(ctx, query, &[("account", "account_id"), ("estate", "estate_id")]);
    let list = LongList {
        table: "payment",
        columns: COLUMNS,
        joins: JOINS,
        filter: &|sql| {
            push_code(sql, query, "method", "r.method");
            push_code(sql, query, "status", "r.status");
            push_id(sql, query, "district", "r.district_id");
            push_id(sql, query, "estate", "r.estate_id");
            push_id(sql, query, "account", "r.account_id");
            named.push(sql);
            for number in &numbers {
                sql.push(" and r.receipt_no >= ").push_bind(number.clone());
                sql.push(" and r.receipt_no < ").push_bind(format!("{number}\u{10FFFF}"));
            }
            if query.filter("unverified").is_some() {
                push_unverified(sql);
            }
            push_days(sql, query, "r.paid_at");
        },
        order: Order::Time("paid_at"),
        descending,
    };
    let page = list.page(tx, query, &named.narrow(walk), |row: &Record| time_cursor(row.paid_at, row.id)).await?;
    page.try_map(PaymentRow::try_from)
}

/// Which of the words begin the number of a receipt; a city may set how these begin (S1-9.10). A beginning is a range, which
/// the index of the numbers can be asked for.
pub(in crate::billing) async fn numbers_of(tx: &mut Tx, words: Vec<String>) -> Result<(Vec<String>, Vec<String>)> {
    let (mut numbers, mut others) = (Vec::new(), Vec::new());
    for word in words {
        let known = word.is_ascii()
            && sqlx::query_scalar!(
                r#"select exists (select from payment where receipt_no >= $1 and receipt_no < $2) as "known!""#,
                word,
                format!("{word}\u{10FFFF}")
            )
            .fetch_one(connection(tx))
            .await?;
        if known { numbers.push(word) } else { others.push(word) }
    }
    Ok((numbers, others))
}

/// The payments that were chosen in the list, in the order of their receipts; what is out of scope is left out.
///
/// # Errors
/// Without [`Permission::PaymentVerify`].
pub async fn payments_chosen(ctx: &Ctx, ids: &[PaymentId]) -> Result<Vec<PaymentRow>> {
    ctx.require(Permission::PaymentVerify)?;
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} from payment r {JOINS} where r.id = any($1) order by r.id");
    let records: Vec<Record> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(&ids).fetch_all(connection(&mut tx)).await?;
    tx.commit().await?;
    records.into_iter().map(PaymentRow::try_from).collect()
}

/// The last payments of an account.
pub(in crate::billing) async fn last_payments(tx: &mut Tx, account: i64) -> Result<Vec<PaymentRow>> {
    let statement =
        format!("select {COLUMNS} from payment r {JOINS} where r.account_id = $1 order by r.id desc limit 20");
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
    let statement = format!("select {COLUMNS} from payment r {JOINS} where r.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let (estate, contract_no) = (record.estate.clone(), record.contract_no.clone());
    let row = PaymentRow::try_from(record)?;
    let more = sqlx::query!(
        "select bank_serial, remark, void_reason, user_name(verified_by) as verified_by, unverified_at, unverify_reason,
                user_name(unverified_by) as unverified_by, printed
         from payment where id = $1",
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
        unverified: more.unverified_at.zip(more.unverify_reason).map(|(at, reason)| Unverified {
            at,
            by: more.unverified_by,
            reason,
        }),
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
