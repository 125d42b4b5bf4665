//! The parameters of charging and collecting that are in force where a home lies.

use crate::{
    Error, Result,
    ctx::{Tx, connection},
};
use chrono::{Days, NaiveDate};
use domain::{
    billing::rule::{BillingRule, CODES},
    platform::setting::code,
};
use sqlx::{Postgres, QueryBuilder};
use std::collections::BTreeMap;

/// The rule of a district on a day: its own values, else the city's, else those of the catalogue.
pub(crate) async fn billing_rule(tx: &mut Tx, district: i64, day: NaiveDate) -> Result<BillingRule> {
    let codes = CODES.map(ToOwned::to_owned);
    let rows = sqlx::query!(
        "select distinct on (code) code, value from parameter
         where code = any($1) and (district_id is null or district_id = $2) and valid_from <= $3
         order by code, district_id nulls last, valid_from desc",
        &codes,
        district,
        day
    )
    .fetch_all(connection(tx))
    .await?;
    let mut rule = BillingRule::default();
    for row in rows {
        rule.set(&row.code, &row.value)
            .map_err(|_| Error::Broken(format!("parameter {} is stored as {:?}", row.code, row.value)))?;
    }
    Ok(rule)
}

/// The days of grace before a bill is overdue (of PRM-43), where they lie: of the city, and of districts that have set a value
/// of their own.
pub(crate) struct Graces {
    city: u32,
    districts: BTreeMap<i64, u32>,
}

/// The days of grace that are in force on a day.
pub(crate) async fn graces(tx: &mut Tx, day: NaiveDate) -> Result<Graces> {
    let rows = sqlx::query!(
        "select distinct on (district_id) district_id, value from parameter
         where code = $1 and valid_from <= $2 order by district_id, valid_from desc",
        code::LATE_FEE,
        day
    )
    .fetch_all(connection(tx))
    .await?;
    let mut graces = Graces::only(BillingRule::default().grace);
    for row in rows {
        let mut rule = BillingRule::default();
        rule.set(code::LATE_FEE, &row.value)
            .map_err(|_| Error::Broken(format!("parameter {} is stored as {:?}", code::LATE_FEE, row.value)))?;
        match row.district_id {
            Some(district) => drop(graces.districts.insert(district, rule.grace)),
            None => graces.city = rule.grace,
        }
    }
    Ok(graces)
}

impl Graces {
    /// The same everywhere.
    pub fn only(days: u32) -> Self {
        Self { city: days, districts: BTreeMap::new() }
    }

    /// Those of a district.
    pub fn of(&self, district: i64) -> u32 {
        self.districts.get(&district).copied().unwrap_or(self.city)
    }

    /// Adds that the bill `r` has passed its day and the grace, or that it has not.
    pub fn push_late(&self, sql: &mut QueryBuilder<Postgres>, today: NaiveDate, late: bool) {
        // The first due day that is not late.
        let first = |grace: u32| today.checked_sub_days(Days::new(grace.into())).unwrap_or(today);
        sql.push("r.due_on ").push(if late { "< " } else { ">= " });
        if self.districts.is_empty() {
            sql.push_bind(first(self.city));
            return;
        }
        sql.push("case r.district_id");
        for (district, grace) in &self.districts {
            sql.push(" when ").push_bind(*district).push(" then ").push_bind(first(*grace)).push("::date");
        }
        sql.push(" else ").push_bind(first(self.city)).push("::date end");
    }
}
