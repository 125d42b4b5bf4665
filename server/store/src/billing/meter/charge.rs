//! Whom a reading is charged to, and the bills of it (Z5, §4.12).

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
        meter::{MeterShare, Tariff},
        plan::{PlannedBill, PlannedLine},
    },
    dictionary::{BillKind, MeterType},
    value::{Money, decimal_text, split},
};

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
    /// hundredths
    pub usage: i64,
    /// who pays, whoever lives there now: the one who left
    pub payer: Option<i64>,
}

/// Somebody who is charged.
#[derive(Clone)]
pub(super) struct Payer {
    pub account: i64,
    pub contract: Option<i64>,
    pub unit: i64,
    pub due_day: i16,
    /// what counts of a shared meter: 1/100 m², or one each
    area: i64,
}

/// Part of a reading that somebody pays.
pub(super) struct Due {
    pub reading: i64,
    pub payer: Payer,
    pub amount: Money,
    measured: Measured,
    from: NaiveDate,
    to: NaiveDate,
    meter: MeterType,
    district: i64,
    estate: i64,
}

impl Due {
    /// Leaves what was not charged so far.
    pub fn rest(&mut self, charged: Money) {
        self.amount = if self.amount > charged { self.amount - charged } else { Money::ZERO };
        self.measured.formula.push_str(&format!("，更正补收，已计{charged}元"));
    }
}

/// Who lives in the homes of a meter, in the order of the accounts, which are locked: a contract is in force, and its home was
/// not inspected for its exit yet. Of a shared meter the vacant homes pay nothing, so that its bills come to all of it.
async fn payers(tx: &mut Tx, measure: &Measure) -> Result<Vec<Payer>> {
    let rows = sqlx::query!(
        r#"select a.id, c.id as "contract?", a.unit_id, c.due_day as "due_day?", u.building_area
           from account a join unit u on u.id = a.unit_id
           left join lateral (
               select c.id, c.due_day, c.status from contract c where c.account_id = a.id order by c.id desc limit 1) c on true
           where case when $1::bigint is not null then a.id = $1
                      else a.status = 'ON' and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED')
                           and ($2::bigint is null or a.unit_id = $2) and ($3::bigint is null or u.building_id = $3) and u.estate_id = $4
                           and not exists (select from exit_case x where x.account_id = a.id and x.status not in ('CLOSED', 'REVOKED')
                                           and x.inspected_on is not null) end
           order by a.id for update of a"#,
        measure.payer,
        measure.unit,
        measure.building,
        measure.estate,
    )
    .fetch_all(connection(tx))
    .await?;
    let payer = |account: i64, contract, unit, due_day: Option<i16>, area: i32| Payer {
        account,
        contract,
        unit,
        due_day: due_day.unwrap_or(10),
        area: if measure.share == Some(MeterShare::Equal) { 1 } else { area.into() },
    };
    Ok(rows.into_iter().map(|row| payer(row.id, row.contract, row.unit_id, row.due_day, row.building_area)).collect())
}

/// What everybody pays of a reading: all of a home's own meter, a part of a shared one by the largest remainder.
pub(super) async fn dues(tx: &mut Tx, measure: &Measure, tariff: &Tariff) -> Result<Vec<Due>> {
    let total = tariff.charge(measure.usage);
    let payers = payers(tx, measure).await?;
    let weights: Vec<u64> = payers.iter().map(|payer| payer.area.unsigned_abs()).collect();
    if payers.is_empty() {
        return Ok(Vec::new());
    }
    let shared = measure.share.is_some();
    let all = decimal_text(i64::try_from(weights.iter().sum::<u64>()).unwrap_or(i64::MAX), 2);
    let due = |(payer, amount): (Payer, Money)| {
        let formula = tariff.formula(measure.usage);
        let part = match measure.share {
            Some(MeterShare::Area) => format!("，公摊{}/{all}㎡", decimal_text(payer.area, 2)),
            Some(MeterShare::Equal) => format!("，公摊1/{}户", weights.len()),
            None => String::new(),
        };
        Due {
            reading: measure.reading,
            amount,
            measured: Measured {
                price: tariff.single().filter(|_| !shared),
                quantity: measure.usage,
                formula: format!("{}表{} {formula}{part}", measure.meter, measure.meter_no),
            },
            payer,
            from: measure.from,
            to: measure.to,
            meter: measure.meter,
            district: measure.district,
            estate: measure.estate,
        }
    };
    Ok(payers.into_iter().zip(split(total, &weights)).map(due).collect())
}

/// The first due day of the household behind a day.
fn due_on(day: NaiveDate, due_day: i16) -> NaiveDate {
    use chrono::Datelike as _;
    let in_month = |first: NaiveDate| first.with_day(u32::try_from(due_day.clamp(1, 28)).unwrap_or(10));
    let first = day.with_day(1).unwrap_or(day);
    let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
    in_month(first).filter(|due| *due > day).or(in_month(next)).unwrap_or(day)
}

/// Posts the bills of what is due; who owes nothing gets none. They are noted beside their readings. Answers their sum.
pub(super) async fn charge(tx: &mut Tx, ctx: &Ctx, district: i64, dues: Vec<Due>) -> Result<Money> {
    let rule = billing_rule(tx, district, ctx.today()).await?;
    let calendar = calendar_load(tx).await?;
    let mut charges = Vec::new();
    let mut measured = Vec::new();
    let (mut readings, mut accounts, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
    for due in dues.into_iter().filter(|due| due.amount > Money::ZERO) {
        readings.push(due.reading);
        accounts.push(due.payer.account);
        amounts.push(due.amount.fen());
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
    sqlx::query!(
        "insert into meter_charge (district_id, estate_id, reading_id, account_id, bill_id, amount_fen)
         select r.district_id, r.estate_id, r.id, t.account, t.bill, t.amount
         from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as t (reading, account, bill, amount)
         join meter_reading r on r.id = t.reading order by t.bill",
        &readings,
        &accounts,
        &posted.ids,
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
