//! The days of direct debit (PRM-46): on each of them the batch of every district is made without being asked, as the bills of a
//! month are on theirs (PRM-40). Nobody made it, so that two people have to look at it before it leaves the house: one who
//! checks it and another who sends it. For a day that no server lived through it is made on the day on which one runs again.

use super::{
    build::{debtors, portion},
    create::{New, division, insert},
};
use crate::{
    Ctx, Database, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::failure::Failure;

/// Makes the batches of today, where it is a day of direct debit, or of the last such day, where no server has run since; answers
/// how many. A district that has one for that day already, by whomever and whatever became of it, gets no other, nor does one in
/// which nobody owes anything any more.
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
    let mut tx = ctx.begin().await?;
    let looked = look(&mut tx, district, ctx.today()).await?;
    let rule = billing_rule(&mut tx, district, ctx.today()).await?;
    let day = rule.deduction_days.wanted(ctx.today(), looked).filter(|_| rule.deduction_auto);
    let Some(day) = day else {
        tx.commit().await?;
        return Ok(false);
    };
    let known = sqlx::query!(
        r#"select exists (select from deduction_batch where district_id = $1 and due_by = $2) as "made!",
                  exists (select from deduction_batch where district_id = $1 and built_at is null and status = 'CREATED') as "building!""#,
        district,
        day
    )
    .fetch_one(connection(&mut tx))
    .await?;
    // One that is being built takes what is due; behind it there is another look, as if this one had not been.
    if known.building && !known.made {
        return Ok(false);
    }
    let wanted = !known.made && !debtors(&mut tx, district, (day, ctx.today()), 0, 1).await?.is_empty();
    let Some(code) = division(&mut tx, district).await?.filter(|_| wanted) else {
        tx.commit().await?;
        return Ok(false);
    };
    let new = New { district, code: &code, due_by: day, request: None };
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

/// Notes that it is looked today; answers when it was the last time before, none: never. Of two servers one waits, and then
/// finds that the other has looked.
async fn look(tx: &mut Tx, district: i64, today: NaiveDate) -> Result<Option<NaiveDate>> {
    let before =
        sqlx::query_scalar!("select looked_on from deduction_look where district_id = $1 for update", district)
            .fetch_optional(connection(tx))
            .await?;
    sqlx::query!(
        "insert into deduction_look (district_id, looked_on) values ($1, $2)
         on conflict (district_id) do update set looked_on = excluded.looked_on where deduction_look.looked_on < excluded.looked_on",
        district,
        today
    )
    .execute(connection(tx))
    .await?;
    Ok(before)
}
