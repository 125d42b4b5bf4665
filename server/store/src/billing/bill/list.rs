//! The list of bills (S1-7.2, S1-7.3): its filters say in SQL what [`super::status`] says of a row.

use super::{COLUMNS, JOINS, OPEN, Record};
use crate::{
    Ctx, Result,
    billing::{
        named::{Named, words},
        rule::{Graces, graces},
    },
    ctx::{Tx, connection},
    list::{push_code, push_id},
    long_list::{LongList, Order, day_cursor, sums},
    walk::Walk,
};
use chrono::{Datelike as _, Days, Months, NaiveDate};
use domain::{
    billing::{
        bill::{BILL_LIST, BillRow, BillSums, DueFilter},
        run::month_parse,
    },
    dictionary::BillStatus,
    insight::report_query::month_end,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::Money,
};
use sqlx::{Postgres, QueryBuilder};

/// What a list of bills is asked for.
struct Asked {
    walk: Walk,
    named: Named,
    /// ids of the bills whose numbers the keyword holds
    numbers: Vec<i64>,
    graces: Graces,
    today: NaiveDate,
}

impl Asked {
    async fn read(tx: &mut Tx, ctx: &Ctx, query: &ListQuery) -> Result<Self> {
        // The number of a bill is its id in other clothes, and the id has the index.
        let (numbers, words): (Vec<_>, Vec<_>) = words(query).into_iter().partition(|word| word.starts_with("ZD"));
        let number = |word: &String| word.get(2..).and_then(|digits| digits.parse().ok()).unwrap_or(-1);
        let named = Named::read(tx, ctx, words).await?;
        let mut walk = Walk::new(ctx, query, &[("account", "account_id"), ("estate", "estate_id")]);
        if let Some(contract) = query.filter("contract") {
            let account = sqlx::query_scalar!(
                "select account_id from contract where id = $1",
                contract.parse::<i64>().unwrap_or(-1)
            )
            .fetch_optional(connection(tx))
            .await?;
            walk = Walk { column: "account_id", ids: account.flatten().into_iter().collect() };
        }
        let graces = graces(tx, ctx.today()).await?;
        let numbers = numbers.iter().map(number).collect();
        Ok(Self { walk: named.narrow(walk), named, numbers, graces, today: ctx.today() })
    }

    fn push(&self, sql: &mut QueryBuilder<Postgres>, query: &ListQuery) {
        push_code(sql, query, "fee_item", "r.fee_item");
        push_id(sql, query, "district", "r.district_id");
        push_id(sql, query, "estate", "r.estate_id");
        push_id(sql, query, "contract", "r.contract_id");
        push_id(sql, query, "account", "r.account_id");
        self.named.push(sql);
        for id in &self.numbers {
            sql.push(" and r.id = ").push_bind(*id);
        }
        if let Some(text) = query.filter("month") {
            match month_parse(text) {
                Some(month) => sql.push(" and r.month = ").push_bind(month),
                None => sql.push(" and false"),
            };
        }
        if let Some(text) = query.filter("booked") {
            push_booked(sql, text);
        }
        if let Some(code) = query.filter("status") {
            self.push_status(sql, code);
        }
        if let Some(code) = query.filter("due") {
            self.push_due(sql, code);
        }
    }

    /// Adds what makes a bill have a status: the conditions of [`BillStatus::of`].
    fn push_status(&self, sql: &mut QueryBuilder<Postgres>, code: &str) {
        use BillStatus as S;
        let Some(status) = BillStatus::from_code(code) else {
            sql.push(" and false");
            return;
        };
        let paid_all = " and r.decision is null and r.paid_fen + r.late_paid_fen >= r.amount_fen + r.late_fee_fen";
        match status {
            // A plan is no row.
            S::Planned => {
                sql.push(" and false");
            }
            S::Paid => {
                sql.push(paid_all).push(" and r.verified_fen < r.amount_fen + r.late_fee_fen");
            }
            S::Verified => {
                sql.push(paid_all).push(" and r.verified_fen >= r.amount_fen + r.late_fee_fen");
            }
            S::DueFuture | S::Due | S::Partial | S::Overdue | S::OverduePartial => {
                let some = matches!(status, S::Partial | S::OverduePartial);
                let sign = if some { ">" } else { "=" };
                sql.push(OPEN).push(format!(" and r.paid_fen + r.late_paid_fen {sign} 0 and "));
                self.graces.push_late(sql, self.today, matches!(status, S::Overdue | S::OverduePartial));
                // The first day of the next month: what has to be paid from then on is not due yet.
                let next = self.today.with_day(1).and_then(|day| day.checked_add_months(Months::new(1)));
                match status {
                    S::Due => drop(sql.push(" and r.due_on < ").push_bind(next)),
                    S::DueFuture => drop(sql.push(" and r.due_on >= ").push_bind(next)),
                    _ => {}
                }
            }
            decided => {
                sql.push(" and r.decision = ").push_bind(decided.code());
            }
        }
    }

    /// S1-7.2: 即将到期 and 已逾期.
    fn push_due(&self, sql: &mut QueryBuilder<Postgres>, code: &str) {
        sql.push(OPEN).push(" and ");
        match DueFilter::from_code(code) {
            Some(DueFilter::Late) => self.graces.push_late(sql, self.today, true),
            Some(DueFilter::Within(days)) => {
                let last = self.today.checked_add_days(Days::new(days.into())).unwrap_or(self.today);
                sql.push("r.due_on between ").push_bind(self.today).push(" and ").push_bind(last);
            }
            None => drop(sql.push("false")),
        }
    }
}

/// Leaves the bills of which something was booked in a month: entered, taken back, forgiven or paid. A row of the report of what is
/// owed leads here (RP-13).
fn push_booked(sql: &mut QueryBuilder<Postgres>, text: &str) {
    let Some(month) = month_parse(text) else {
        sql.push(" and false");
        return;
    };
    // Of a district's month there is an index; the bills of years would each be asked for.
    sql.push(" and exists (select from ledger_entry l where l.bill_id = r.id and l.district_id = r.district_id");
    sql.push(" and 'RECEIVABLE' in (l.debit, l.credit) and l.booked_on between ").push_bind(month);
    sql.push(" and ").push_bind(month_end(month)).push(")");
}

/// A page of bills in scope.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn bill_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<BillRow>> {
    ctx.require(Permission::BillRead)?;
    let (_, descending) = BILL_LIST.sort(query);
    let mut tx = ctx.begin().await?;
    let asked = Asked::read(&mut tx, ctx, query).await?;
    let list = LongList {
        table: "bill",
        columns: COLUMNS,
        joins: JOINS,
        filter: &|sql| asked.push(sql, query),
        order: Order::Day("due_on"),
        descending,
    };
    let page = list.page(tx, query, &asked.walk, |row: &Record| day_cursor(row.due_on, row.id)).await?;
    page.try_map(|record| record.read(&asked.graces, ctx.today()))
}

/// What the bills of a list come to (S1-7.3 合计): asked for by whoever wants to know, because it looks at all of them.
///
/// # Errors
/// Without [`Permission::BillRead`].
pub async fn bill_totals(ctx: &Ctx, query: &ListQuery) -> Result<BillSums> {
    ctx.require(Permission::BillRead)?;
    let mut tx = ctx.begin().await?;
    let asked = Asked::read(&mut tx, ctx, query).await?;
    let columns = "count(*), coalesce(sum(r.amount_fen + r.late_fee_fen), 0)::bigint,
                   coalesce(sum(r.paid_fen + r.late_paid_fen), 0)::bigint,
                   coalesce(sum(r.amount_fen + r.late_fee_fen - r.paid_fen - r.late_paid_fen)
                            filter (where r.decision is null and r.amount_fen + r.late_fee_fen > r.paid_fen + r.late_paid_fen), 0)::bigint";
    let filter = |sql: &mut QueryBuilder<Postgres>| asked.push(sql, query);
    let (bills, amount, paid, outstanding): (i64, i64, i64, i64) =
        sums(columns, "bill", &asked.walk, &filter).build_query_as().fetch_one(connection(&mut tx)).await?;
    tx.commit().await?;
    let fen = Money::from_fen;
    Ok(BillSums { bills, amount: fen(amount), paid: fen(paid), outstanding: fen(outstanding) })
}
