//! The days of direct debit (PRM-46): on each of them the batch of every district is made without being asked, as the bills of a
//! month are on theirs (PRM-40). Nobody made it, so that two people have to look at it before it leaves the house: one who
//! checks it and another who sends it.

use super::{
    build::{debtors, portion},
    create::{New, division, insert},
};
use crate::{Ctx, Database, Error, Result, billing::rule::billing_rule, ctx::connection};
use chrono::{DateTime, Utc};
use domain::failure::Failure;

/// Makes the batches of today, where it is a day of direct debit; answers how many. A district that has one for this day
/// already, by whomever and whatever became of it, gets no other, nor does one in which nobody owes anything.
///
/// # Errors
/// When the database fails.
pub async fn deductions_follow(database: &Database, now: DateTime<Utc>) -> Result<usize> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let districts = sqlx::query_scalar!("select id from organization where type = 'DISTRICT' order by id")
        .fetch_all(connection(&mut tx))
        .await?;
    tx.commit().await?;
    let mut made = 0;
    for district in districts {
        made += usize::from(day_make(&ctx, district).await?);
    }
    Ok(made)
}

/// Makes the batch of a district; answers whether there was one to be made.
async fn day_make(ctx: &Ctx, district: i64) -> Result<bool> {
    let today = ctx.today();
    let mut tx = ctx.begin().await?;
    let rule = billing_rule(&mut tx, district, today).await?;
    if !rule.deduction_auto || !rule.deduction_days.contains(today) {
        return Ok(false);
    }
    // One that is being made takes what is due; behind it there is another look.
    let known = sqlx::query_scalar!(
        r#"select exists (select from deduction_batch where district_id = $1
                              and (due_by = $2 or built_at is null and status = 'CREATED')) as "known!""#,
        district,
        today
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if known || debtors(&mut tx, district, (today, today), 0, 1).await?.is_empty() {
        return Ok(false);
    }
    let Some(code) = division(&mut tx, district).await? else { return Ok(false) };
    let new = New { district, code: &code, due_by: today, request: None };
    let made = insert(&mut tx, ctx, &new).await.map_err(|error| {
        // Somebody was faster.
        error.or_field(&[("deduction_batch_building_key", "district", ""), ("deduction_batch_day_key", "district", "")])
    });
    let id = match made {
        Ok(Some(id)) => id,
        Ok(None) | Err(Error::Failure(Failure::Invalid(_))) => return Ok(false),
        Err(error) => return Err(error),
    };
    tx.commit().await?;
    while portion(ctx, id).await? {}
    Ok(true)
}
