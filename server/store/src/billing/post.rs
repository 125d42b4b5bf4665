//! Turning planned bills into receivables (转应收, domain.md §3.6 L2): bills, lines, timeline and transfers, set-wise.

use super::{arrears::arrears_recount, ledger::refusal};
use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    tenancy::contract::terms::Billed,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        ledger::Subject,
        plan::{self, PlannedBill},
        rule::BillingRule,
        schedule::due_on_working_day,
    },
    dictionary::{BillKind, FeeItem},
    platform::calendar::WorkCalendar,
    value::{Money, Rate},
};
use std::collections::BTreeSet;

/// A bill that is about to become a receivable.
pub(crate) struct Charge {
    pub district: i64,
    pub estate: i64,
    pub unit: i64,
    pub account: i64,
    pub contract: Option<i64>,
    pub kind: BillKind,
    pub fee_item: FeeItem,
    pub bill: PlannedBill,
}

impl Charge {
    /// What is charged under a contract.
    pub(crate) const fn of(contract: &Billed, kind: BillKind, fee_item: FeeItem, bill: PlannedBill) -> Self {
        Self {
            district: contract.district_id,
            estate: contract.estate_id,
            unit: contract.unit_id,
            account: contract.account_id,
            contract: Some(contract.id),
            kind,
            fee_item,
            bill,
        }
    }
}

/// What the one line of a charge says that a meter measured (§4.12).
pub(super) struct Measured {
    /// none: it costs several prices
    pub price: Option<Rate>,
    /// hundredths
    pub quantity: i64,
    pub formula: String,
    /// 费用所在月, whenever it was read
    pub month: NaiveDate,
}

/// PRM-42; in a year whose calendar is not published yet the day stays as it is.
pub(super) fn rolled(due: NaiveDate, rule: &BillingRule, calendar: &WorkCalendar) -> NaiveDate {
    if rule.due_rolls { due_on_working_day(due, calendar).unwrap_or(due) } else { due }
}

/// The columns of bills and of their lines.
#[derive(Default)]
struct Columns {
    ids: Vec<i64>,
    districts: Vec<i64>,
    estates: Vec<i64>,
    units: Vec<i64>,
    accounts: Vec<i64>,
    contracts: Vec<Option<i64>>,
    kinds: Vec<&'static str>,
    items: Vec<&'static str>,
    months: Vec<NaiveDate>,
    from: Vec<NaiveDate>,
    to: Vec<NaiveDate>,
    counts: Vec<i16>,
    due: Vec<NaiveDate>,
    amounts: Vec<i64>,
    reductions: Vec<i64>,
    lines: Lines,
}

#[derive(Default)]
struct Lines {
    bills: Vec<i64>,
    seqs: Vec<i16>,
    districts: Vec<i64>,
    estates: Vec<i64>,
    items: Vec<&'static str>,
    from: Vec<NaiveDate>,
    to: Vec<NaiveDate>,
    days: Vec<i32>,
    prices: Vec<Option<i32>>,
    quantities: Vec<Option<i64>>,
    formulas: Vec<String>,
    amounts: Vec<i64>,
}

/// What was posted.
#[derive(Default)]
pub(crate) struct Posted {
    /// of the charges, in their order; also of those that were left out
    pub ids: Vec<i64>,
    pub bills: i32,
    pub amount: Money,
}

/// How bills enter the books.
#[derive(Clone, Copy)]
struct Entry {
    /// what is credited
    credit: Subject,
    event: &'static str,
    /// what a line says in place of how it was computed
    line: Option<&'static str>,
}

const INCOME: Entry = Entry { credit: Subject::Income, event: "转应收", line: None };

/// Posts bills. A period that is charged already is left out, so that a run can be done again.
///
/// # Errors
/// A refusal when the month of `booked_on` is closed.
pub(crate) async fn post(
    tx: &mut Tx,
    ctx: &Ctx,
    charges: &[Charge],
    run: Option<i64>,
    booked_on: NaiveDate,
) -> Result<Posted> {
    enter(tx, ctx, charges, Vec::new(), run, booked_on, INCOME).await
}

/// Posts bills of what meters measured: one line each, with its quantity and price.
///
/// # Errors
/// As [`post`].
pub(super) async fn post_measured(
    tx: &mut Tx,
    ctx: &Ctx,
    charges: &[Charge],
    measured: Vec<Measured>,
    booked_on: NaiveDate,
) -> Result<Posted> {
    enter(tx, ctx, charges, measured, None, booked_on, INCOME).await
}

/// Posts what is open of bills that another system made (§3.27): it is owed, and was no income of ours.
///
/// # Errors
/// As [`post`].
pub(crate) async fn post_opening(tx: &mut Tx, ctx: &Ctx, charges: &[Charge], booked_on: NaiveDate) -> Result<Posted> {
    let entry = Entry { credit: Subject::Opening, event: "期初结转", line: Some("期初欠费") };
    enter(tx, ctx, charges, Vec::new(), None, booked_on, entry).await
}

async fn enter(
    tx: &mut Tx,
    ctx: &Ctx,
    charges: &[Charge],
    measured: Vec<Measured>,
    run: Option<i64>,
    booked_on: NaiveDate,
    entry: Entry,
) -> Result<Posted> {
    if charges.is_empty() {
        return Ok(Posted::default());
    }
    let count = i32::try_from(charges.len()).unwrap_or(i32::MAX);
    let ids: Vec<i64> = sqlx::query_scalar!(
        r#"select nextval(pg_get_serial_sequence('bill', 'id')) as "id!" from generate_series(1, $1)"#,
        count
    )
    .fetch_all(connection(tx))
    .await?;
    let mut columns = columns(charges, ids, entry.line);
    for (place, measured) in measured.iter().enumerate().take(columns.months.len()) {
        columns.months[place] = measured.month;
    }
    columns.lines.measured(measured);
    let (bills, amount) = bills_insert(tx, ctx, &columns, run).await?;
    lines_insert(tx, &columns.lines).await?;
    // One statement for all of it: the balances look at it once.
    sqlx::query!(
        "insert into ledger_entry (district_id, estate_id, account_id, booked_on, debit, credit, fee_item, amount_fen, reason, bill_id,
                                   at, actor_id)
         select district_id, estate_id, account_id, $2, $3, $4, fee_item, amount_fen, $7, id, $5, $6
         from bill where id = any($1) and amount_fen > 0 and fee_item <> 'DEPOSIT' order by id",
        &columns.ids,
        booked_on,
        Subject::Receivable.code(),
        entry.credit.code(),
        ctx.now(),
        ctx.actor_id(),
        entry.event,
    )
    .execute(connection(tx))
    .await
    .map_err(refusal)?;
    sqlx::query!(
        "insert into bill_history (district_id, estate_id, bill_id, at, actor_id, event, amount_fen)
         select district_id, estate_id, id, $2, $3, $4, amount_fen from bill where id = any($1) order by id",
        &columns.ids,
        ctx.now(),
        ctx.actor_id(),
        entry.event,
    )
    .execute(connection(tx))
    .await?;
    arrears_recount(tx, ctx, &late(charges, ctx.today())).await?;
    Ok(Posted { ids: columns.ids, bills, amount })
}

/// The accounts that a charge may put behind at once, because its due day has passed; what becomes due later is counted when
/// it has.
fn late(charges: &[Charge], today: NaiveDate) -> Vec<i64> {
    let late = charges.iter().filter(|charge| charge.kind == BillKind::Rent && charge.bill.due_on < today);
    Vec::from_iter(late.map(|charge| charge.account).collect::<BTreeSet<_>>())
}

async fn bills_insert(tx: &mut Tx, ctx: &Ctx, columns: &Columns, run: Option<i64>) -> Result<(i32, Money)> {
    let sums = sqlx::query!(
        r#"with posted as (
             insert into bill (id, district_id, estate_id, unit_id, account_id, contract_id, kind, fee_item, month, period_from,
                               period_to, months, due_on, amount_fen, reduction_fen, run_id, posted_at, posted_by)
             select b.*, $16, $17, $18
             from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
                         $9::date[], $10::date[], $11::date[], $12::smallint[], $13::date[], $14::bigint[], $15::bigint[]) as b
             on conflict (contract_id, fee_item, period_from)
                 where reverses_id is null and months > 0 and (decision is null or decision not in ('VOID', 'REVERSED')) do nothing
             returning amount_fen)
           select count(*)::integer as "bills!", coalesce(sum(amount_fen), 0)::bigint as "amount!" from posted"#,
        &columns.ids,
        &columns.districts,
        &columns.estates,
        &columns.units,
        &columns.accounts,
        &columns.contracts as &[Option<i64>],
        &columns.kinds as &[&str],
        &columns.items as &[&str],
        &columns.months,
        &columns.from,
        &columns.to,
        &columns.counts,
        &columns.due,
        &columns.amounts,
        &columns.reductions,
        run,
        ctx.now(),
        ctx.actor_id(),
    )
    .fetch_one(connection(tx))
    .await?;
    Ok((sums.bills, Money::from_fen(sums.amount)))
}

async fn lines_insert(tx: &mut Tx, lines: &Lines) -> Result<()> {
    sqlx::query!(
        "insert into bill_line (bill_id, seq, district_id, estate_id, fee_item, period_from, period_to, days, formula, amount_fen,
                                unit_price, quantity)
         select l.* from unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::text[], $6::date[], $7::date[],
                                $8::integer[], $9::text[], $10::bigint[], $11::integer[], $12::bigint[])
                as l (bill, seq, district, estate, item, period_from, period_to, days, formula, amount, price, quantity)
         where exists (select from bill b where b.id = l.bill)",
        &lines.bills,
        &lines.seqs,
        &lines.districts,
        &lines.estates,
        &lines.items as &[&str],
        &lines.from,
        &lines.to,
        &lines.days,
        &lines.formulas,
        &lines.amounts,
        &lines.prices as &[Option<i32>],
        &lines.quantities as &[Option<i64>],
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

fn columns(charges: &[Charge], ids: Vec<i64>, told: Option<&str>) -> Columns {
    let mut columns = Columns { ids, ..Columns::default() };
    for (charge, id) in charges.iter().zip(columns.ids.clone()) {
        let bill = &charge.bill;
        columns.districts.push(charge.district);
        columns.estates.push(charge.estate);
        columns.units.push(charge.unit);
        columns.accounts.push(charge.account);
        columns.contracts.push(charge.contract);
        columns.kinds.push(charge.kind.code());
        columns.items.push(charge.fee_item.code());
        columns.months.push(plan::month_of(bill.from));
        columns.from.push(bill.from);
        columns.to.push(bill.to);
        columns.counts.push(bill.months.into());
        columns.due.push(bill.due_on);
        columns.amounts.push(bill.amount().fen());
        columns.reductions.push(bill.reduction().fen());
        columns.lines.push(charge, id, told);
    }
    columns
}

impl Lines {
    /// Says of the lines, one of each bill, what was measured.
    fn measured(&mut self, measured: Vec<Measured>) {
        for (place, measured) in measured.into_iter().enumerate().take(self.formulas.len()) {
            self.prices[place] = measured.price.and_then(|price| i32::try_from(price.ten_thousandths()).ok());
            self.quantities[place] = Some(measured.quantity);
            self.formulas[place] = measured.formula;
        }
    }

    /// 应收租金 by stretch, and behind it what is taken off (核减), if anything is.
    fn push(&mut self, charge: &Charge, id: i64, told: Option<&str>) {
        let mut seq = 0;
        for line in &charge.bill.lines {
            let part = if line.days == line.of { String::new() } else { format!(" × {}/{}天", line.days, line.of) };
            let days = i32::try_from(line.days).unwrap_or_default();
            let mut push = |formula: String, amount: Money| {
                seq += 1;
                self.bills.push(id);
                self.seqs.push(seq);
                self.districts.push(charge.district);
                self.estates.push(charge.estate);
                self.items.push(charge.fee_item.code());
                self.from.push(line.from);
                self.to.push(line.to);
                self.days.push(days);
                self.prices.push(None);
                self.quantities.push(None);
                self.formulas.push(formula);
                self.amounts.push(amount.fen());
            };
            let name = if charge.kind == BillKind::Rent { "月租金" } else { charge.fee_item.label() };
            let computed = || format!("{name}{}元{part}", line.monthly);
            push(told.map_or_else(computed, ToOwned::to_owned), line.full);
            if line.payable != line.full {
                push("核减".to_owned(), line.payable - line.full);
            }
        }
    }
}
