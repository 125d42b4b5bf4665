//! Meters (E-101, E-102; domain.md §3.24, §3.26 Z1 to Z6, §4.12): the register, periods with their readings, and the bills
//! that they make.
//!
//! The readings of a meter are a chain: each begins with what the one before ended with, whether it was read in a period,
//! when the home was handed over, or when its lessee left. Whoever writes takes the rows in one order: the period, the meters
//! by their ids, the accounts by their ids.

mod charge;
mod correct;
mod door;
mod import;
mod leaving;
mod period;
mod read;
mod reading;
mod register;

pub use correct::reading_correct;
pub(crate) use door::{Shown, at_exit, at_hand_over};
pub(crate) use import::{Imported, readings_import};
pub(crate) use leaving::{
    exit_readings_bill, exit_readings_end, exit_readings_offer, exit_readings_revoke, swap_readings_bill,
};
pub use period::{
    meter_period_bill, meter_period_cancel, meter_period_check, meter_period_close, meter_period_offer,
    meter_period_open, meter_period_return, meter_period_sync,
};
pub use read::{meter_get, meter_list, meter_period_get, meter_period_list, meter_reading_get, meter_reading_list};
pub use reading::{reading_confirm, readings_save};
pub use register::{meter_create, meter_offer, meter_remove, meter_replace, meter_update, meters_create};

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{dictionary::MeterType, failure::Failure, tenancy::hand_over::Reading};

/// A meter whose row is locked.
struct Held {
    id: i64,
    unit: Option<i64>,
    meter: MeterType,
    multiplier: i64,
    max: Option<Reading>,
    install_on: NaiveDate,
    is_on: bool,
    version: i32,
}

async fn hold(tx: &mut Tx, id: i64) -> Result<Held> {
    let row = sqlx::query!(
        "select id, unit_id, type, multiplier, max_value, install_on, status, version from meter where id = $1 for update",
        id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    Ok(Held {
        id: row.id,
        unit: row.unit_id,
        meter: stored(&row.r#type, MeterType::from_code)?,
        multiplier: row.multiplier.into(),
        max: row.max_value.map(Reading),
        install_on: row.install_on,
        is_on: row.status == "ON",
        version: row.version,
    })
}

/// Where the chain of a meter stands: what the next reading begins with.
struct Opening {
    /// none: nobody has looked yet
    value: Option<Reading>,
    /// the first day that nobody was charged for
    from: NaiveDate,
    /// the remainder of the meter before, until the first reading has taken it
    carried: i64,
    /// when it was read last
    read_on: Option<NaiveDate>,
}

/// The opening of the next reading; `but` leaves one out, which is read anew.
async fn opening(tx: &mut Tx, meter: i64, but: Option<i64>) -> Result<Opening> {
    let row = sqlx::query!(
        r#"select m.initial, m.install_on, m.carried, r.closing as "closing?", r.read_on as "read_on?"
           from meter m left join lateral (
               select closing, read_on from meter_reading
               where meter_id = m.id and closing is not null and id is distinct from $2
               order by read_on desc, read_at desc, id desc limit 1) r on true
           where m.id = $1"#,
        meter,
        but
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(match row.closing.zip(row.read_on) {
        Some((closing, day)) => Opening {
            value: Some(Reading(closing)),
            from: day.succ_opt().unwrap_or(day),
            carried: 0,
            read_on: Some(day),
        },
        None => Opening { value: row.initial.map(Reading), from: row.install_on, carried: row.carried, read_on: None },
    })
}

/// Gives the rows that wait for their value the opening that holds now.
async fn empty_refresh(tx: &mut Tx, meter: i64) -> Result<()> {
    let now = opening(tx, meter, None).await?;
    sqlx::query!(
        "update meter_reading set opening = $2, from_on = $3, carried = $4, version = version + 1
         where meter_id = $1 and status = 'EMPTY'",
        meter,
        now.value.map(|value| value.0),
        now.from,
        now.carried,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// A line of a meter's timeline.
async fn history_add(
    tx: &mut Tx,
    ctx: &Ctx,
    meter: i64,
    reading: Option<i64>,
    event: &str,
    reason: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "insert into meter_history (district_id, estate_id, meter_id, reading_id, at, actor_id, event, reason)
         select district_id, estate_id, id, $2, $3, $4, $5, $6 from meter where id = $1",
        meter,
        reading,
        ctx.now(),
        ctx.actor_id(),
        event,
        reason,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
