//! What bills follow from, as it is stored.

use crate::{
    Error, Result,
    ctx::{Tx, connection},
    error::stored,
};
use chrono::{Months, NaiveDate};
use domain::{
    billing::{
        plan::{Cycle, Rent, Terms},
        reduction::{Off, overlay},
        rent::Reduction,
    },
    dictionary::{DayBase, FeeItem, RentSplit},
    tenancy::property_fee::property_terms,
    value::{Area, Money, Rate},
};

/// A contract as the run of a month reads it.
pub(crate) struct Billed {
    pub id: i64,
    pub district_id: i64,
    pub estate_id: i64,
    pub unit_id: i64,
    pub account_id: i64,
    pub start_on: NaiveDate,
    pub end_on: NaiveDate,
    pub rent_start_on: NaiveDate,
    pub split: RentSplit,
    pub cycle: i16,
    pub first: i16,
    pub due_day: i16,
    pub base_rent_fen: i64,
    pub monthly_rent_fen: i64,
    pub rate: Rate,
    pub area: Area,
    /// what was agreed to since (E-55), in the order of the days
    pub changes: Vec<(Rent, Rate)>,
    /// what is taken off for some months (E-56)
    pub offs: Vec<Off>,
    /// the same of the months in one bill, and of a longer term (C10)
    pub cycles: Vec<Cycle>,
    /// of one that was taken over: what the system before has charged
    pub charged_to: Option<NaiveDate>,
    /// what the market asks above the rent since the term is over (R-26), in the order of the days
    pub market: Vec<Rent>,
    /// 物业费 a month (S4-1.2.1)
    pub property: Option<Money>,
}

impl Billed {
    /// What is asked for by periods, each by a plan of its own: the rent, the property fee, and what the market asks above the rent
    /// (R-26).
    pub fn plans(&self, base: DayBase) -> Vec<(FeeItem, Terms)> {
        let more =
            [(FeeItem::Property, self.property_terms(base)), (FeeItem::MarketDifference, self.market_terms(base))];
        let more = more.into_iter().filter_map(|(item, terms)| Some((item, terms?)));
        std::iter::once((FeeItem::Rent, self.terms(base))).chain(more).collect()
    }

    /// What is asked for beside the rent for the service of the property company, by the periods of the rent; none: nothing is.
    pub fn property_terms(&self, base: DayBase) -> Option<Terms> {
        self.property.map(|monthly| property_terms(self.terms_plain(base), monthly))
    }

    /// What is asked for above the rent; none: nothing is.
    fn market_terms(&self, base: DayBase) -> Option<Terms> {
        let first = self.market.first()?;
        Some(Terms {
            start_on: first.from,
            rent_start_on: first.from,
            cycle: 1,
            first: 1,
            rents: self.market.clone(),
            // Each was agreed to for itself, and charged to its end.
            cycles: self.market.iter().skip(1).map(|rent| Cycle { from: rent.from, months: 1 }).collect(),
            charged_to: None,
            ..self.terms_plain(base)
        })
    }

    /// With what is taken off.
    pub fn terms(&self, base: DayBase) -> Terms {
        let plain = self.terms_plain(base);
        if self.offs.is_empty() {
            return plain;
        }
        Terms { rents: overlay(&self.rents(), self.area, &self.offs), ..plain }
    }

    /// The rents without reductions (E-56), each with its rate, in the order of the days.
    fn rents(&self) -> Vec<(Rent, Rate)> {
        let signed = Rent {
            from: self.start_on,
            full: Money::from_fen(self.base_rent_fen),
            payable: Money::from_fen(self.monthly_rent_fen),
        };
        std::iter::once((signed, self.rate)).chain(self.changes.iter().copied()).collect()
    }

    /// As a rent adjustment sees them: what is taken off for some months lies over whatever the rent is.
    pub fn terms_plain(&self, base: DayBase) -> Terms {
        let count = |number: i16| u8::try_from(number).unwrap_or(1);
        Terms {
            start_on: self.start_on,
            end_on: self.end_on,
            rent_start_on: self.rent_start_on,
            split: self.split,
            cycle: count(self.cycle),
            first: count(self.first),
            due_day: count(self.due_day),
            rents: self.rents().into_iter().map(|(rent, _)| rent).collect(),
            cycles: self.cycles.clone(),
            charged_to: self.charged_to,
            base,
        }
    }
}

/// The next contracts of a district that are charged for new periods and whose term touches the month, in the order of
/// their ids: those that run, those whose exit lets them go on into the month, and those whose term has ended since. They
/// are held, so that none is cancelled while it is billed.
pub(crate) async fn billed_read(
    tx: &mut Tx,
    district: i64,
    month: NaiveDate,
    after: i64,
    most: i64,
) -> Result<Vec<Billed>> {
    let next = month.checked_add_months(Months::new(1)).unwrap_or(month);
    // Held first and read in a statement of its own: after a wait it sees what was agreed to meanwhile.
    let ids = sqlx::query_scalar!(
        r#"select id from contract
           where district_id = $1 and id > $2 and start_on < $4 and greatest(end_on, stay_to) >= $3
               and (status <> 'RENEWED' or greatest(coalesce(ended_on, end_on), stay_to) >= $3)
               and status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED', 'RENEWED')
               and (status <> 'CANCEL_SYNCING' or exit_goes_on(id, $3))
           order by id limit $5 for share"#,
        district,
        after,
        month,
        next,
        most
    )
    .fetch_all(connection(tx))
    .await?;
    billed_read_many(tx, &ids).await
}

/// How many there are of them.
pub(crate) async fn billed_count(tx: &mut Tx, district: i64, month: NaiveDate) -> Result<i32> {
    let next = month.checked_add_months(Months::new(1)).unwrap_or(month);
    let count = sqlx::query_scalar!(
        r#"select count(*)::integer as "count!" from contract
           where district_id = $1 and start_on < $3 and greatest(end_on, stay_to) >= $2
               and (status <> 'RENEWED' or greatest(coalesce(ended_on, end_on), stay_to) >= $2)
               and status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED', 'RENEWED')
               and (status <> 'CANCEL_SYNCING' or exit_goes_on(id, $2))"#,
        district,
        month,
        next
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(count)
}

/// One contract with its deposit.
pub(crate) async fn billed_read_one(tx: &mut Tx, id: i64) -> Result<(Billed, Money)> {
    let record = sqlx::query_as!(
        Record,
        r#"select id, district_id, estate_id, unit_id, coalesce(account_id, 0) as "account_id!", start_on,
                  least(greatest(case when status = 'RENEWED' then least(end_on, coalesce(ended_on, end_on)) else end_on end, stay_to), s.until) as "end_on!",
                  rent_start_on, split,
                  pay_cycle, first_pay_months, due_day, base_rent_fen, monthly_rent_fen, deposit_fen, unit_rate, rent_area, c.charged_to,
                  c.property_fee_fen,
                  r.days, r.fulls, r.payables, r.rates, d.off_from, d.off_to, d.percents, d.areas, d.overs, k.cycle_days, k.cycle_months,
                  y.stay_days, y.stay_fens
           from contract c left join lateral (
               select array_agg(h.from_on order by h.from_on) as days, array_agg(h.new_base_fen order by h.from_on) as fulls,
                      array_agg(h.new_rent_fen order by h.from_on) as payables, array_agg(h.new_rate order by h.from_on) as rates
               from rent_change h where h.contract_id = c.id and h.status = 'APPROVED') r on true
           left join lateral (
               select array_agg(o.from_on order by o.from_on) as off_from, array_agg(o.to_on order by o.from_on) as off_to,
                      array_agg(o.percent order by o.from_on) as percents, array_agg(o.standard_area order by o.from_on) as areas,
                      array_agg(coalesce(o.over_rate, 0) order by o.from_on) as overs
               from rent_reduction o where o.contract_id = c.id and o.status in ('APPROVED', 'STOPPED')) d on true
           left join lateral (
               select array_agg(h.day order by h.day) as cycle_days, array_agg(coalesce(h.cycle, 0::smallint) order by h.day) as cycle_months
               from (select coalesce(seam_on, effective_on) as day, cycle from contract_change
                     where contract_id = c.id and (kind = 'CYCLE' and status in ('APPROVED', 'EFFECTIVE') or seam_on is not null)
                     union all
                     -- Behind the end of the term bills are made by the month.
                     select from_on, 1::smallint from contract_stay where contract_id = c.id and status = 'APPROVED' and kind <> 'END') h)
               k on true
           left join lateral (
               select array_agg(from_on order by from_on) as stay_days, array_agg(market_rent_fen - rent_fen order by from_on) as stay_fens
               from contract_stay where contract_id = c.id and status = 'APPROVED' and kind = 'MARKET') y on true
           -- From the day of a swap on that was agreed to it is the next contract that is charged (R-19).
           left join lateral (
               select effective_on - 1 as until from contract_change
               where contract_id = c.id and kind = 'SWAP' and status = 'APPROVED') s on true
           where id = $1"#,
        id
    )
    .fetch_one(connection(tx))
    .await?;
    let deposit = Money::from_fen(record.deposit_fen);
    Ok((record.try_into()?, deposit))
}

/// Contracts, in the order of their ids, with their deposits left out.
pub(crate) async fn billed_read_many(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Billed>> {
    sqlx::query_as!(
        Record,
        r#"select id, district_id, estate_id, unit_id, coalesce(account_id, 0) as "account_id!", start_on,
                  least(greatest(case when status = 'RENEWED' then least(end_on, coalesce(ended_on, end_on)) else end_on end, stay_to), s.until) as "end_on!",
                  rent_start_on, split,
                  pay_cycle, first_pay_months, due_day, base_rent_fen, monthly_rent_fen, deposit_fen, unit_rate, rent_area, c.charged_to,
                  c.property_fee_fen,
                  r.days, r.fulls, r.payables, r.rates, d.off_from, d.off_to, d.percents, d.areas, d.overs, k.cycle_days, k.cycle_months,
                  y.stay_days, y.stay_fens
           from contract c left join lateral (
               select array_agg(h.from_on order by h.from_on) as days, array_agg(h.new_base_fen order by h.from_on) as fulls,
                      array_agg(h.new_rent_fen order by h.from_on) as payables, array_agg(h.new_rate order by h.from_on) as rates
               from rent_change h where h.contract_id = c.id and h.status = 'APPROVED') r on true
           left join lateral (
               select array_agg(o.from_on order by o.from_on) as off_from, array_agg(o.to_on order by o.from_on) as off_to,
                      array_agg(o.percent order by o.from_on) as percents, array_agg(o.standard_area order by o.from_on) as areas,
                      array_agg(coalesce(o.over_rate, 0) order by o.from_on) as overs
               from rent_reduction o where o.contract_id = c.id and o.status in ('APPROVED', 'STOPPED')) d on true
           left join lateral (
               select array_agg(h.day order by h.day) as cycle_days, array_agg(coalesce(h.cycle, 0::smallint) order by h.day) as cycle_months
               from (select coalesce(seam_on, effective_on) as day, cycle from contract_change
                     where contract_id = c.id and (kind = 'CYCLE' and status in ('APPROVED', 'EFFECTIVE') or seam_on is not null)
                     union all
                     -- Behind the end of the term bills are made by the month.
                     select from_on, 1::smallint from contract_stay where contract_id = c.id and status = 'APPROVED' and kind <> 'END') h)
               k on true
           left join lateral (
               select array_agg(from_on order by from_on) as stay_days, array_agg(market_rent_fen - rent_fen order by from_on) as stay_fens
               from contract_stay where contract_id = c.id and status = 'APPROVED' and kind = 'MARKET') y on true
           -- From the day of a swap on that was agreed to it is the next contract that is charged (R-19).
           left join lateral (
               select effective_on - 1 as until from contract_change
               where contract_id = c.id and kind = 'SWAP' and status = 'APPROVED') s on true
           where id = any($1) order by id"#,
        ids
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(Billed::try_from)
    .collect()
}

struct Record {
    id: i64,
    district_id: i64,
    estate_id: i64,
    unit_id: i64,
    account_id: i64,
    start_on: NaiveDate,
    end_on: NaiveDate,
    rent_start_on: NaiveDate,
    split: String,
    pay_cycle: i16,
    first_pay_months: i16,
    due_day: i16,
    base_rent_fen: i64,
    monthly_rent_fen: i64,
    deposit_fen: i64,
    unit_rate: i32,
    rent_area: i32,
    days: Option<Vec<NaiveDate>>,
    fulls: Option<Vec<i64>>,
    payables: Option<Vec<i64>>,
    rates: Option<Vec<i32>>,
    off_from: Option<Vec<NaiveDate>>,
    off_to: Option<Vec<NaiveDate>>,
    percents: Option<Vec<i16>>,
    areas: Option<Vec<i32>>,
    overs: Option<Vec<i32>>,
    charged_to: Option<NaiveDate>,
    cycle_days: Option<Vec<NaiveDate>>,
    cycle_months: Option<Vec<i16>>,
    property_fee_fen: Option<i64>,
    stay_days: Option<Vec<NaiveDate>>,
    stay_fens: Option<Vec<i64>>,
}

impl Record {
    fn offs(&mut self) -> Vec<Off> {
        let days = self.off_from.take().unwrap_or_default().into_iter().zip(self.off_to.take().unwrap_or_default());
        let areas = self.areas.take().unwrap_or_default().into_iter().zip(self.overs.take().unwrap_or_default());
        let off = |((from, to), (percent, (area, over))): ((NaiveDate, NaiveDate), (i16, (i32, i32)))| Off {
            from,
            to,
            reduction: Reduction {
                percent: u32::try_from(percent).unwrap_or(100),
                standard_area: Area::from_hundredths(area.into()),
                over_rate: (over > 0).then(|| Rate::from_ten_thousandths(over.into())),
            },
        };
        days.zip(self.percents.take().unwrap_or_default().into_iter().zip(areas)).map(off).collect()
    }
}

impl TryFrom<Record> for Billed {
    type Error = Error;

    fn try_from(mut row: Record) -> Result<Self> {
        let offs = row.offs();
        let days = row.days.unwrap_or_default().into_iter();
        let fens = row.fulls.unwrap_or_default().into_iter().zip(row.payables.unwrap_or_default());
        let change =
            |(from, (full, payable))| Rent { from, full: Money::from_fen(full), payable: Money::from_fen(payable) };
        let rates = row.rates.unwrap_or_default().into_iter().map(|rate| Rate::from_ten_thousandths(rate.into()));
        let cycles = row.cycle_days.unwrap_or_default().into_iter().zip(row.cycle_months.unwrap_or_default());
        // Where the term became longer the months stay what they were.
        let mut held = row.pay_cycle;
        let cycle = |(from, months): (NaiveDate, i16)| {
            held = if months > 0 { months } else { held };
            Cycle { from, months: u8::try_from(held).unwrap_or(1) }
        };
        let market = row.stay_days.unwrap_or_default().into_iter().zip(row.stay_fens.unwrap_or_default());
        let above = |(from, fen)| Rent { from, full: Money::from_fen(fen), payable: Money::from_fen(fen) };
        Ok(Self {
            cycles: cycles.map(cycle).collect(),
            market: market.map(above).collect(),
            property: row.property_fee_fen.map(Money::from_fen),
            charged_to: row.charged_to,
            changes: days.zip(fens).map(change).zip(rates).collect(),
            offs,
            rate: Rate::from_ten_thousandths(row.unit_rate.into()),
            area: Area::from_hundredths(row.rent_area.into()),
            id: row.id,
            district_id: row.district_id,
            estate_id: row.estate_id,
            unit_id: row.unit_id,
            account_id: row.account_id,
            start_on: row.start_on,
            end_on: row.end_on,
            rent_start_on: row.rent_start_on,
            split: stored(&row.split, RentSplit::from_code)?,
            cycle: row.pay_cycle,
            first: row.first_pay_months,
            due_day: row.due_day,
            base_rent_fen: row.base_rent_fen,
            monthly_rent_fen: row.monthly_rent_fen,
        })
    }
}
