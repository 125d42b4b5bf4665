//! The monthly run (domain.md §3.6 L1, L2; PRM-40): the bills of a month for every contract of a district, in portions that
//! are each one transaction. A run that was cut off goes on where it stopped.

use super::post::{Charge, post, rolled};
use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::connection,
    platform::calendar::calendar_load,
    tenancy::contract::terms::{Billed, billed_read},
};
use chrono::NaiveDate;
use domain::{
    billing::{
        bill::RunSummary,
        bill_form::kind_of,
        plan::{self, PlannedBill, month_of},
        rule::BillingRule,
    },
    dictionary::FeeItem,
    failure::Failure,
    id::OrganizationId,
    platform::{calendar::WorkCalendar, permission::Permission},
    value::Money,
};

/// Contracts in one transaction.
const PORTION: i64 = 5_000;

/// Makes the bills of a month in a district; `progress` is told how many contracts were looked at.
///
/// # Errors
/// Without [`Permission::BillWrite`]; a refusal for a month that has not come or is closed.
pub async fn bills_run(
    ctx: &Ctx,
    district: OrganizationId,
    month: NaiveDate,
    progress: impl Fn(i32) + Send + Sync,
) -> Result<RunSummary> {
    let mut run = Run::begin(ctx, district, month).await?;
    while run.portion(ctx).await? {
        progress(run.contracts);
    }
    run.end(ctx).await
}

/// A run under way. Its row is the mark: whoever begins the same month again goes on behind the last contract that was
/// looked at, or, when that run came to its end, looks at all of them again.
pub(super) struct Run {
    id: i64,
    district: OrganizationId,
    month: NaiveDate,
    rule: BillingRule,
    calendar: WorkCalendar,
    /// looked at so far
    pub contracts: i32,
}

impl Run {
    pub async fn begin(ctx: &Ctx, district: OrganizationId, month: NaiveDate) -> Result<Self> {
        Self::open(ctx, district, allowed(ctx, district, month)?).await
    }

    /// Begins without asking whether the actor may; the month is its first day.
    pub async fn open(ctx: &Ctx, district: OrganizationId, month: NaiveDate) -> Result<Self> {
        let mut tx = ctx.begin().await?;
        let run = sqlx::query!(
            "insert into bill_run (district_id, month, started_by, started_at) values ($1, $2, $3, $4)
             on conflict (district_id, month) do update set status = 'RUNNING',
                 done_to = case when bill_run.status = 'DONE' then 0 else bill_run.done_to end,
                 contracts = case when bill_run.status = 'DONE' then 0 else bill_run.contracts end
             returning id, contracts",
            district.0,
            month,
            ctx.actor_id(),
            ctx.now(),
        )
        .fetch_one(connection(&mut tx))
        .await?;
        let rule = billing_rule(&mut tx, district.0, month).await?;
        let calendar = calendar_load(&mut tx).await?;
        tx.commit().await?;
        Ok(Self { id: run.id, district, month, rule, calendar, contracts: run.contracts })
    }

    /// Bills the next contracts; answers whether there were any. The run's row is held meanwhile, so that two who run the
    /// same month take turns.
    pub async fn portion(&mut self, ctx: &Ctx) -> Result<bool> {
        let mut tx = ctx.begin().await?;
        let from = sqlx::query_scalar!("select done_to from bill_run where id = $1 for update", self.id)
            .fetch_one(connection(&mut tx))
            .await?;
        let contracts = billed_read(&mut tx, self.district.0, self.month, from, PORTION).await?;
        let Some(last) = contracts.last().map(|contract| contract.id) else { return Ok(false) };
        let count = i32::try_from(contracts.len()).unwrap_or(i32::MAX);
        let charges: Vec<Charge> =
            contracts.iter().flat_map(|contract| charges(contract, self.month, &self.rule, &self.calendar)).collect();
        // What is billed late is still booked in the month in which it is known.
        let posted = post(&mut tx, ctx, &charges, Some(self.id), ctx.today()).await?;
        self.contracts = sqlx::query_scalar!(
            "update bill_run set done_to = $2, contracts = contracts + $3, bills = bills + $4, amount_fen = amount_fen + $5
             where id = $1 returning contracts",
            self.id,
            last,
            count,
            posted.bills,
            posted.amount.fen(),
        )
        .fetch_one(connection(&mut tx))
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    pub async fn end(self, ctx: &Ctx) -> Result<RunSummary> {
        let mut tx = ctx.begin().await?;
        let done = sqlx::query!(
            "update bill_run set status = 'DONE', finished_at = $2 where id = $1 returning contracts, bills, amount_fen",
            self.id,
            ctx.now()
        )
        .fetch_one(connection(&mut tx))
        .await?;
        tx.commit().await?;
        Ok(RunSummary { contracts: done.contracts, bills: done.bills, amount: Money::from_fen(done.amount_fen) })
    }
}

/// Whether the actor may run a month of a district; answers the month's first day.
pub(super) fn allowed(ctx: &Ctx, district: OrganizationId, month: NaiveDate) -> Result<NaiveDate> {
    ctx.require(Permission::BillWrite)?;
    if !ctx.sees_district(district.0) {
        return Err(Failure::NotFound.into());
    }
    let month = month_of(month);
    if month > ctx.today() {
        return Err(Failure::refused("该月份尚未开始，不能生成账单").into());
    }
    Ok(month)
}

/// The bills of a contract that begin in a month, of each of its plans.
pub(super) fn charges(contract: &Billed, month: NaiveDate, rule: &BillingRule, calendar: &WorkCalendar) -> Vec<Charge> {
    let plans = contract.plans(rule.base).into_iter();
    plans
        .flat_map(|(item, terms)| plan::bills_of_month(&terms, month).into_iter().map(move |bill| (item, bill)))
        .map(|(item, bill)| charge(contract, item, bill, rule, calendar))
        .collect()
}

/// The bills of a contract up to the month of a day, and at least the first ones: what is due when it comes into force. Of one
/// that was taken over the first were charged long ago, and what the market asks begins behind the term.
pub(crate) fn charges_until(
    contract: &Billed,
    day: NaiveDate,
    rule: &BillingRule,
    calendar: &WorkCalendar,
) -> Vec<Charge> {
    let plans = contract.plans(rule.base).into_iter();
    plans
        .flat_map(|(item, terms)| {
            let first = item != FeeItem::MarketDifference && contract.charged_to.is_none();
            let bills = plan::bills(&terms).into_iter().enumerate();
            bills
                .take_while(move |(index, bill)| *index == 0 && first || month_of(bill.from) <= day)
                .map(move |(_, bill)| (item, bill))
        })
        .map(|(item, bill)| charge(contract, item, bill, rule, calendar))
        .collect()
}

fn charge(
    contract: &Billed,
    fee_item: FeeItem,
    mut bill: PlannedBill,
    rule: &BillingRule,
    calendar: &WorkCalendar,
) -> Charge {
    bill.due_on = rolled(bill.due_on, rule, calendar);
    Charge::of(contract, kind_of(fee_item), fee_item, bill)
}
