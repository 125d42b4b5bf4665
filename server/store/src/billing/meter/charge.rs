//! Whom a reading is charged to, and the bills of it (Z5, §4.12).
//!
//! A home's own meter is paid by who has lived there since the reading began: what was measured before he came is nobody's,
//! and what was measured until he left is on his exit bill (`door`). A shared meter is paid by all who live there on the day of
//! billing: whoever was inspected for his exit before that has left the sharing, and whoever came since has entered it.

use crate::{
    Ctx, Result,
    billing::post::{Charge, Measured, post_measured, rolled},
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    platform::calendar::calendar_load,
};
use chrono::{Months, NaiveDate};
use domain::{
    billing::{
        meter::{MeterShare, Tariff, no_tariff},
        plan::{PlannedBill, PlannedLine},
    },
    dictionary::{BillKind, MeterType},
    failure::Failure,
    value::{Money, decimal_text, split},
};
use std::collections::HashMap;

/// A reading that is charged.
#[derive(Clone)]
pub(super) struct Measure {
    pub reading: i64,
    pub meter_no: String,
    pub meter: MeterType,
    pub unit: Option<i64>,
    pub building: Option<i64>,
    pub estate: i64,
    pub district: i64,
    pub share: Option<MeterShare>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// 费用所在月
    pub month: NaiveDate,
    /// hundredths
    pub usage: i64,
    /// what it costs, with the limits of all its months
    pub tariff: Tariff,
}

impl Measure {
    /// What all of it comes to.
    pub fn amount(&self) -> Money {
        self.tariff.charge(self.usage)
    }
}

/// Somebody who is charged.
#[derive(Clone)]
pub(super) struct Payer {
    pub account: i64,
    contract: Option<i64>,
    unit: i64,
    due_day: i16,
    /// 1/100 m²
    area: i64,
}

/// Part of a reading that somebody pays.
pub(super) struct Due {
    pub reading: i64,
    pub payer: Payer,
    pub amount: Money,
    pub measured: Measured,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub meter: MeterType,
    district: i64,
    estate: i64,
}

impl Due {
    /// Leaves what was not charged so far; what was given back before is negative.
    pub fn rest(&mut self, charged: Money) {
        self.amount = if self.amount > charged { self.amount - charged } else { Money::ZERO };
        if charged != Money::ZERO {
            self.measured.formula.push_str(&format!("，更正补收，已计{charged}元"));
        }
    }
}

/// The price that was in force on a day; where none was set yet, today's.
pub(super) async fn tariff_find(
    tx: &mut Tx,
    ctx: &Ctx,
    district: i64,
    meter: MeterType,
    day: NaiveDate,
) -> Result<Option<Tariff>> {
    for day in [day, ctx.today()] {
        let rule = billing_rule(tx, district, day).await?;
        let tariff = rule.tariff(meter);
        if tariff.is_set() {
            return Ok(Some(tariff.clone()));
        }
    }
    Ok(None)
}

/// The same, where somebody is charged.
///
/// # Errors
/// A refusal where none is set at all.
pub(super) async fn tariff_on(
    tx: &mut Tx,
    ctx: &Ctx,
    district: i64,
    meter: MeterType,
    day: NaiveDate,
) -> Result<Tariff> {
    let found = tariff_find(tx, ctx, district, meter, day).await?;
    found.ok_or_else(|| Failure::refused(no_tariff(meter)).into())
}

/// Who pays each of these readings of one estate, in the order of the accounts, which are locked.
///
/// # Errors
/// A refusal of a reading that began before its household came, when the meter was not read at the hand-over.
pub(super) async fn payers(tx: &mut Tx, measures: &[Measure]) -> Result<HashMap<i64, Vec<Payer>>> {
    let Some(estate) = measures.first().map(|measure| measure.estate) else { return Ok(HashMap::new()) };
    let readings: Vec<i64> = measures.iter().map(|measure| measure.reading).collect();
    let units: Vec<Option<i64>> = measures.iter().map(|measure| measure.unit).collect();
    let buildings: Vec<Option<i64>> = measures.iter().map(|measure| measure.building).collect();
    // All of them in one order, before anything is read that decides who pays.
    sqlx::query!(
        "select a.id from account a join unit u on u.id = a.unit_id
         where a.status = 'ON' and u.estate_id = $1
             and ($2 or u.id = any($3) or u.building_id = any($4)) order by a.id for update of a",
        estate,
        measures.iter().any(|measure| measure.unit.is_none() && measure.building.is_none()),
        &Vec::from_iter(units.iter().flatten().copied()),
        &Vec::from_iter(buildings.iter().flatten().copied()),
    )
    .fetch_all(connection(tx))
    .await?;
    let rows = sqlx::query!(
        r#"with home as (
             select t.reading, u.id as unit, u.building_area
             from unnest($1::bigint[], $2::bigint[]) as t (reading, unit) join unit u on u.id = t.unit
             union all
             select t.reading, u.id, u.building_area
             from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as t (reading, unit, building)
             join unit u on u.estate_id = $4 and (t.building is null or u.building_id = t.building) where t.unit is null)
           select h.reading as "reading!", a.id, c.id as contract, a.unit_id, c.due_day, h.building_area as "area!",
                  s.since as "since!", s.handed as "handed!"
           from home h join account a on a.unit_id = h.unit and a.status = 'ON'
           join lateral (
               select c.id, c.due_day, c.status from contract c where c.account_id = a.id order by c.id desc limit 1) c
               -- After a swap the one before uses the home until it is handed over to the other.
               on c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED') and not swap_waits(c.id)
                  or c.status = 'RENEWED' and swap_leaving(c.id)
           -- A renewed contract goes on where the one before ended.
           cross join lateral (
               select min(coalesce(o.handed_on, k.start_on)) as since, bool_or(o.id is not null) as handed
               from contract k left join hand_over o on o.contract_id = k.id
               where k.account_id = a.id and k.id > coalesce(
                   (select max(x.contract_id) from exit_case x where x.account_id = a.id and x.status = 'CLOSED'), 0)) s
           where not exists (select from exit_case x where x.account_id = a.id and x.status not in ('CLOSED', 'REVOKED')
                             and x.inspected_on is not null)
           order by a.id"#,
        &readings,
        &units as &[Option<i64>],
        &buildings as &[Option<i64>],
        estate,
    )
    .fetch_all(connection(tx))
    .await?;
    let by_reading: HashMap<i64, &Measure> = measures.iter().map(|measure| (measure.reading, measure)).collect();
    let mut payers: HashMap<i64, Vec<Payer>> = HashMap::new();
    for row in rows {
        let measure = by_reading[&row.reading];
        if measure.unit.is_some() && row.since > measure.from {
            if row.handed && row.since <= measure.to {
                let sentence =
                    format!("表具{}的用量跨越{}的交房，请先在交房记录中补录读数", measure.meter_no, row.since);
                return Err(Failure::refused(sentence).into());
            }
            // Nobody lived there when it was measured.
            continue;
        }
        payers.entry(row.reading).or_default().push(Payer {
            account: row.id,
            contract: Some(row.contract),
            unit: row.unit_id,
            due_day: row.due_day,
            area: row.area.into(),
        });
    }
    Ok(payers)
}

/// Those of accounts that are named, whoever lives there now: the one who leaves, or those who were charged before.
pub(super) async fn payers_named(tx: &mut Tx, accounts: &[i64]) -> Result<Vec<Payer>> {
    let rows = sqlx::query!(
        r#"select a.id, c.id as "contract?", a.unit_id, c.due_day as "due_day?", u.building_area
           from account a join unit u on u.id = a.unit_id
           left join lateral (
               select c.id, c.due_day from contract c where c.account_id = a.id order by c.id desc limit 1) c on true
           where a.id = any($1) order by a.id for update of a"#,
        accounts
    )
    .fetch_all(connection(tx))
    .await?;
    let payers = rows.into_iter().map(|row| Payer {
        account: row.id,
        contract: row.contract,
        unit: row.unit_id,
        due_day: row.due_day.unwrap_or(10),
        area: row.building_area.into(),
    });
    Ok(payers.collect())
}

/// What everybody pays of a reading: all of a home's own meter, a part of a shared one by the largest remainder.
pub(super) fn dues(measure: &Measure, payers: Vec<Payer>) -> Vec<Due> {
    if payers.is_empty() {
        return Vec::new();
    }
    let equal = measure.share == Some(MeterShare::Equal);
    let weight = |payer: &Payer| if equal { 1 } else { payer.area.unsigned_abs() };
    let weights: Vec<u64> = payers.iter().map(weight).collect();
    let all = decimal_text(i64::try_from(weights.iter().sum::<u64>()).unwrap_or(i64::MAX), 2);
    let shares = split(measure.amount(), &weights);
    let due = |(payer, amount): (Payer, Money)| {
        let formula = measure.tariff.formula(measure.usage);
        let part = match measure.share {
            Some(MeterShare::Area) => format!("，公摊{}/{all}㎡", decimal_text(payer.area, 2)),
            Some(MeterShare::Equal) => format!("，公摊1/{}户", weights.len()),
            None => String::new(),
        };
        Due {
            reading: measure.reading,
            amount,
            measured: Measured {
                price: measure.tariff.single().filter(|_| measure.share.is_none()),
                quantity: measure.usage,
                formula: format!("{}表{} {formula}{part}", measure.meter, measure.meter_no),
                month: measure.month,
            },
            payer,
            from: measure.from,
            to: measure.to,
            meter: measure.meter,
            district: measure.district,
            estate: measure.estate,
        }
    };
    payers.into_iter().zip(shares).map(due).collect()
}

/// The first due day of the household behind a day.
fn due_on(day: NaiveDate, due_day: i16) -> NaiveDate {
    use chrono::Datelike as _;
    let in_month = |first: NaiveDate| first.with_day(u32::try_from(due_day.clamp(1, 28)).unwrap_or(10));
    let first = day.with_day(1).unwrap_or(day);
    let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
    in_month(first).filter(|due| *due > day).or(in_month(next)).unwrap_or(day)
}

/// Posts the bills of what is due; who owes nothing gets none. All of them are noted beside their readings, so that a
/// correction knows who pays. Answers their sum.
pub(super) async fn charge(tx: &mut Tx, ctx: &Ctx, district: i64, dues: Vec<Due>) -> Result<Money> {
    let rule = billing_rule(tx, district, ctx.today()).await?;
    let calendar = calendar_load(tx).await?;
    let (mut charges, mut measured) = (Vec::new(), Vec::new());
    let (mut readings, mut accounts, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
    // Bills first: the posted ids stand beside them in their order.
    let (owed, nothing): (Vec<Due>, Vec<Due>) = dues.into_iter().partition(|due| due.amount > Money::ZERO);
    for due in owed.iter().chain(&nothing) {
        readings.push(due.reading);
        accounts.push(due.payer.account);
        amounts.push(due.amount.fen());
    }
    for due in owed {
        measured.push(due.measured);
        charges.push(Charge {
            district: due.district,
            estate: due.estate,
            unit: due.payer.unit,
            account: due.payer.account,
            contract: due.payer.contract,
            kind: BillKind::Meter,
            fee_item: due.meter.fee_item(),
            bill: bill(due.from, due.to, due.amount, rolled(due_on(ctx.today(), due.payer.due_day), &rule, &calendar)),
        });
    }
    let posted = post_measured(tx, ctx, &charges, measured, ctx.today()).await?;
    let bills: Vec<Option<i64>> = posted.ids.into_iter().map(Some).chain(nothing.iter().map(|_| None)).collect();
    sqlx::query!(
        "insert into meter_charge (district_id, estate_id, reading_id, account_id, bill_id, amount_fen)
         select r.district_id, r.estate_id, r.id, t.account, t.bill, t.amount
         from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as t (reading, account, bill, amount)
         join meter_reading r on r.id = t.reading order by t.bill",
        &readings,
        &accounts,
        &bills as &[Option<i64>],
        &amounts,
    )
    .execute(connection(tx))
    .await?;
    Ok(posted.amount)
}

/// No rent month: a period that is charged by what was measured in it.
fn bill(from: NaiveDate, to: NaiveDate, amount: Money, due_on: NaiveDate) -> PlannedBill {
    let to = to.max(from);
    let days = u32::try_from((to - from).num_days() + 1).unwrap_or(1);
    let line = PlannedLine { from, to, days, of: days, monthly: amount, full: amount, payable: amount };
    PlannedBill { from, to, months: 0, due_on, lines: vec![line] }
}
