//! Bills as lists and pages show them. What is paid and what is late is computed when it is asked (domain.md §3.6 L3 to L7).

use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id},
};
use chrono::{Datelike as _, Days, NaiveDate};
use domain::{
    billing::{
        bill::{BILL_LIST, Bill, BillEntry, BillLine, BillNote, BillRow, BillShare},
        bill_status::Paid,
        rule::BillingRule,
    },
    dictionary::{BillKind, BillStatus, FeeItem, PaymentStatus},
    failure::Failure,
    id::{AccountId, BillId, ContractId, PaymentId, UnitId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

pub(super) const COLUMNS: &str =
    "b.id, b.bill_no, b.contract_id, c.contract_no, b.account_id, coalesce(c.lessee_name, p.name, '') as lessee, b.unit_id,
     u.address, b.kind, b.fee_item, b.period_from, b.period_to, b.due_on, b.amount_fen, b.late_fee_fen, b.paid_fen,
     b.late_paid_fen, b.verified_fen, b.decision";
pub(super) const FROM: &str =
    "from bill b join unit u on u.id = b.unit_id left join contract c on c.id = b.contract_id
     left join account a on a.id = b.account_id left join person p on p.id = a.person_id where true";
/// Something of it is to be paid.
pub(super) const OPEN: &str =
    " and b.decision is null and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen";

#[derive(sqlx::FromRow)]
pub(super) struct Record {
    id: i64,
    bill_no: String,
    contract_id: Option<i64>,
    contract_no: Option<String>,
    account_id: i64,
    lessee: String,
    unit_id: i64,
    address: String,
    kind: String,
    fee_item: String,
    period_from: NaiveDate,
    period_to: NaiveDate,
    due_on: NaiveDate,
    amount_fen: i64,
    late_fee_fen: i64,
    paid_fen: i64,
    late_paid_fen: i64,
    verified_fen: i64,
    decision: Option<String>,
}

/// The status of a bill by its money and the day, unless somebody decided about it.
pub(super) fn status(
    decision: Option<&str>,
    due_on: NaiveDate,
    (amount, paid, verified): (i64, i64, i64),
    rule: &BillingRule,
    today: NaiveDate,
) -> Result<BillStatus> {
    if let Some(decision) = decision {
        return stored(decision, BillStatus::from_code);
    }
    let last = due_on.checked_add_days(Days::new(rule.grace.into())).unwrap_or(due_on);
    // A receivable is due from the first day of the month in which it has to be paid.
    let first = due_on.with_day(1).unwrap_or(due_on);
    Ok(BillStatus::of(Paid {
        amount: Money::from_fen(amount),
        paid: Money::from_fen(paid),
        verified: Money::from_fen(verified),
        is_due: today >= first,
        is_late: today > last,
    }))
}

impl Record {
    pub(super) fn read(self, rule: &BillingRule, today: NaiveDate) -> Result<BillRow> {
        let (amount, paid) = (self.amount_fen + self.late_fee_fen, self.paid_fen + self.late_paid_fen);
        let status =
            status(self.decision.as_deref(), self.due_on, (amount, paid, self.verified_fen), rule, today)?;
        let open = status.is_unpaid();
        Ok(BillRow {
            id: BillId(self.id),
            bill_no: self.bill_no,
            contract_id: self.contract_id.map(ContractId),
            contract_no: self.contract_no,
            account_id: AccountId(self.account_id),
            lessee: self.lessee,
            unit_id: UnitId(self.unit_id),
            address: self.address,
            kind: stored(&self.kind, BillKind::from_code)?,
            fee_item: stored(&self.fee_item, FeeItem::from_code)?,
            from: self.period_from,
            to: self.period_to,
            due_on: self.due_on,
            amount: Money::from_fen(self.amount_fen),
            late_fee: Money::from_fen(self.late_fee_fen),
            paid: Money::from_fen(paid),
            outstanding: Money::from_fen(if open { amount - paid } else { 0 }),
            status,
        })
    }
}

/// A page of bills in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn bill_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<BillRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = BILL_LIST.sort(query);
    let rule = city_rule(ctx).await?;
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["b.bill_no", "c.contract_no", "c.lessee_name", "u.address"],
        filter: &|sql| {
            push_code(sql, query, "fee_item", "b.fee_item");
            push_id(sql, query, "district", "b.district_id");
            push_id(sql, query, "estate", "b.estate_id");
            push_id(sql, query, "contract", "b.contract_id");
            push_id(sql, query, "account", "b.account_id");
            if let Some(month) = query.filter("month") {
                let month = format!("{month}-01").parse::<NaiveDate>().unwrap_or_default();
                sql.push(" and b.month = ").push_bind(month);
            }
            if let Some(code) = query.filter("status") {
                push_status(sql, code, &rule, ctx.today());
            }
        },
        order: "b.due_on",
        descending,
        tie: "b.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(|record| record.read(&rule, ctx.today()))
}

/// The city's rule: what a list over several districts counts the days of grace by.
pub(super) async fn city_rule(ctx: &Ctx) -> Result<BillingRule> {
    let mut tx = ctx.begin().await?;
    let rule = billing_rule(&mut tx, 0, ctx.today()).await?;
    tx.commit().await?;
    Ok(rule)
}

/// Adds what makes a bill have a status: the conditions of [`BillStatus::of`].
fn push_status(sql: &mut QueryBuilder<Postgres>, code: &str, rule: &BillingRule, today: NaiveDate) {
    use BillStatus as S;
    let late = today.checked_sub_days(Days::new(rule.grace.into())).unwrap_or(today);
    // The first day of the next month: what has to be paid before it is due.
    let next = today.with_day(1).and_then(|day| day.checked_add_months(chrono::Months::new(1))).unwrap_or(today);
    let paid_all = " and b.decision is null and b.paid_fen + b.late_paid_fen >= b.amount_fen + b.late_fee_fen";
    let Some(status) = BillStatus::from_code(code) else {
        sql.push(" and false");
        return;
    };
    match status {
        // A plan is no row.
        S::Planned => {
            sql.push(" and false");
        }
        S::Paid => {
            sql.push(paid_all).push(" and b.verified_fen < b.amount_fen + b.late_fee_fen");
        }
        S::Verified => {
            sql.push(paid_all).push(" and b.verified_fen >= b.amount_fen + b.late_fee_fen");
        }
        S::DueFuture | S::Due | S::Partial | S::Overdue | S::OverduePartial => {
            let some = matches!(status, S::Partial | S::OverduePartial);
            sql.push(OPEN).push(if some { " and b.paid_fen + b.late_paid_fen > 0" } else { " and b.paid_fen + b.late_paid_fen = 0" });
            match status {
                S::Overdue | S::OverduePartial => sql.push(" and b.due_on < ").push_bind(late),
                S::Partial => sql.push(" and b.due_on >= ").push_bind(late),
                S::Due => sql.push(" and b.due_on >= ").push_bind(late).push(" and b.due_on < ").push_bind(next),
                _ => sql.push(" and b.due_on >= ").push_bind(next),
            };
        }
        decided => {
            sql.push(" and b.decision = ").push_bind(decided.code());
        }
    }
}

/// One bill with its lines, payments, transfers and timeline: its balance explained down to the entries.
///
/// # Errors
/// Without [`Permission::BillRead`]; [`Failure::NotFound`] outside the scope.
pub async fn bill_get(ctx: &Ctx, id: BillId) -> Result<Bill> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let statement = format!("select {COLUMNS} {FROM} and b.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let more = sqlx::query!(
        r#"select b.district_id, b.reduction_fen, b.posted_at, user_name(b.posted_by) as posted_by, b.remark, b.version,
                  coalesce(b.reverses_id, (select r.id from bill r where r.reverses_id = b.id)) as reversal
           from bill b where b.id = $1"#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let rule = billing_rule(&mut tx, more.district_id, ctx.today()).await?;
    let bill = Bill {
        row: record.read(&rule, ctx.today())?,
        reduction: Money::from_fen(more.reduction_fen),
        lines: lines(&mut tx, id).await?,
        shares: shares(&mut tx, id).await?,
        entries: entries(&mut tx, id).await?,
        history: history(&mut tx, id).await?,
        reversal: more.reversal.map(BillId),
        posted_at: more.posted_at,
        posted_by: more.posted_by,
        remark: more.remark,
        version: more.version,
    };
    tx.commit().await?;
    Ok(bill)
}

async fn lines(tx: &mut Tx, id: BillId) -> Result<Vec<BillLine>> {
    sqlx::query!(
        "select fee_item, period_from, period_to, days, formula, amount_fen from bill_line where bill_id = $1 order by seq",
        id.0
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(BillLine {
            fee_item: stored(&row.fee_item, FeeItem::from_code)?,
            from: row.period_from,
            to: row.period_to,
            days: row.days,
            formula: row.formula,
            amount: Money::from_fen(row.amount_fen),
        })
    })
    .collect()
}

async fn shares(tx: &mut Tx, id: BillId) -> Result<Vec<BillShare>> {
    sqlx::query!(
        "select s.payment_id, p.receipt_no, p.paid_at, p.status, s.principal_fen, s.late_fee_fen
         from payment_share s join payment p on p.id = s.payment_id where s.bill_id = $1 order by p.id",
        id.0
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(BillShare {
            payment_id: PaymentId(row.payment_id),
            receipt_no: row.receipt_no,
            paid_at: row.paid_at,
            principal: Money::from_fen(row.principal_fen),
            late_fee: Money::from_fen(row.late_fee_fen),
            void: stored(&row.status, PaymentStatus::from_code)? == PaymentStatus::Void,
        })
    })
    .collect()
}

async fn entries(tx: &mut Tx, id: BillId) -> Result<Vec<BillEntry>> {
    let rows = sqlx::query!(
        "select booked_on, debit, credit, amount_fen, reason from ledger_entry where bill_id = $1 order by id",
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    let entries = rows.into_iter().map(|row| BillEntry {
        booked_on: row.booked_on,
        debit: row.debit,
        credit: row.credit,
        amount: Money::from_fen(row.amount_fen),
        reason: row.reason,
    });
    Ok(entries.collect())
}

async fn history(tx: &mut Tx, id: BillId) -> Result<Vec<BillNote>> {
    let rows = sqlx::query!(
        "select at, user_name(actor_id) as actor, event, amount_fen, reason from bill_history
         where bill_id = $1 order by id desc limit 200",
        id.0
    )
    .fetch_all(connection(tx))
    .await?;
    let notes = rows.into_iter().map(|row| BillNote {
        at: row.at,
        actor: row.actor,
        event: row.event,
        amount: row.amount_fen.map(Money::from_fen),
        reason: row.reason,
    });
    Ok(notes.collect())
}

/// What is open of an account, oldest first: what a counter collects.
pub(super) async fn open_bills(
    tx: &mut Tx,
    account: i64,
    rule: &BillingRule,
    today: NaiveDate,
) -> Result<Vec<BillRow>> {
    let statement = format!("select {COLUMNS} {FROM} and b.account_id = $1{OPEN} order by b.due_on, b.id");
    let records: Vec<Record> =
        sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(account).fetch_all(connection(tx)).await?;
    records.into_iter().map(|record| record.read(rule, today)).collect()
}

