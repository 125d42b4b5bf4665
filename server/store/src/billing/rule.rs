//! The parameters of charging and collecting that are in force where a home lies.

use crate::{
    Error, Result,
    ctx::{Tx, connection},
};
use chrono::NaiveDate;
use domain::billing::rule::{BillingRule, CODES};

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
