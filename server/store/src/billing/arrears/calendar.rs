//! Following the calendar (domain.md §3.6 L4): a bill becomes overdue without anybody touching it, and a rule of the city
//! begins to hold on a day. Once a day and district the accounts that this concerns are counted anew, in portions that are
//! each one transaction; whoever is cut off goes on behind the last portion that was saved.

use super::arrears_recount;
use crate::{
    Ctx, Database, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::billing::arrears::ArrearsRule;

/// Accounts in one transaction.
const PORTION: usize = 2_000;

/// Counts whoever fell behind, or is judged by another rule, since the last count of each district; answers how many
/// accounts were looked at. On a day that was followed already it is nothing.
///
/// # Errors
/// When the database fails; what was counted by then stays.
pub async fn arrears_follow(database: &Database, now: DateTime<Utc>) -> Result<u64> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let districts = sqlx::query_scalar!(r#"select distinct district_id as "id!" from arrears order by 1"#)
        .fetch_all(connection(&mut tx))
        .await?;
    tx.commit().await?;
    let mut looked = 0;
    for district in districts {
        looked += district_follow(&ctx, district).await?;
    }
    Ok(looked)
}

/// What a count goes by: thresholds (PRM-48), trifle (PRM-51) and grace (PRM-43).
fn key(rule: &ArrearsRule) -> String {
    let [first, second, third, fourth] = rule.from;
    format!("{first}/{second}/{third}/{fourth} {} {}", rule.minor.fen(), rule.grace)
}

async fn district_follow(ctx: &Ctx, district: i64) -> Result<u64> {
    let mut tx = ctx.begin().await?;
    let rule = billing_rule(&mut tx, district, ctx.today()).await?.arrears();
    let key = key(&rule);
    let last = sqlx::query!(
        "select counted_on, rule, doing_on, doing_rule, done_to from arrears_count where district_id = $1",
        district
    )
    .fetch_optional(connection(&mut tx))
    .await?;
    let same_rule = last.as_ref().is_some_and(|last| last.rule.as_deref() == Some(key.as_str()));
    let counted_on = last.as_ref().and_then(|last| last.counted_on).filter(|_| same_rule);
    // Also on a day before: a clock that was put back has counted too much, and every payment mends its own household.
    if counted_on.is_some_and(|day| day >= ctx.today()) {
        return Ok(0);
    }
    let done_to = last
        .filter(|last| last.doing_on == Some(ctx.today()) && last.doing_rule.as_deref() == Some(key.as_str()))
        .map_or(0, |last| last.done_to);
    let accounts = concerned(&mut tx, ctx, district, &rule, (counted_on, done_to)).await?;
    tx.commit().await?;
    for portion in accounts.chunks(PORTION) {
        let mut tx = ctx.begin().await?;
        arrears_recount(&mut tx, ctx, portion).await?;
        mark(&mut tx, ctx, (district, &key), portion.last().copied().unwrap_or_default()).await?;
        tx.commit().await?;
        ctx.database().announce();
    }
    let mut tx = ctx.begin().await?;
    sqlx::query!(
        "insert into arrears_count (district_id, counted_on, rule) values ($1, $2, $3)
         on conflict (district_id) do update set counted_on = excluded.counted_on, rule = excluded.rule, doing_on = null,
             doing_rule = null, done_to = 0",
        district,
        ctx.today(),
        key
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(accounts.len() as u64)
}

/// Saves with a portion that it was done.
async fn mark(tx: &mut Tx, ctx: &Ctx, (district, key): (i64, &str), done_to: i64) -> Result<()> {
    sqlx::query!(
        "insert into arrears_count (district_id, doing_on, doing_rule, done_to) values ($1, $2, $3, $4)
         on conflict (district_id) do update set doing_on = excluded.doing_on, doing_rule = excluded.doing_rule,
             done_to = excluded.done_to",
        district,
        ctx.today(),
        key,
        done_to
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The accounts behind the mark, in their order. Counted under the same rule on a day before: those with an open rent bill
/// whose grace has ended since. Otherwise all with one whose grace has ended, and all that were found behind.
async fn concerned(
    tx: &mut Tx,
    ctx: &Ctx,
    district: i64,
    rule: &ArrearsRule,
    (counted_on, done_to): (Option<NaiveDate>, i64),
) -> Result<Vec<i64>> {
    // The first due day that is not overdue on a day.
    let first = |day: NaiveDate| day.checked_sub_days(Days::new(rule.grace.into())).unwrap_or(day);
    Ok(sqlx::query_scalar!(
        r#"select b.account_id as "id!" from bill b
           where b.district_id = $1 and b.due_on < $2 and ($3::date is null or b.due_on >= $3) and b.account_id > $4
             and b.kind = 'RENT' and b.decision is null and b.amount_fen + b.late_fee_fen > b.paid_fen + b.late_paid_fen
           union
           select r.account_id from arrears r
           where $3::date is null and r.district_id = $1 and r.account_id > $4 and (r.level <> 'L0' or r.amount_fen > 0)
           order by 1"#,
        district,
        first(ctx.today()),
        counted_on.map(first),
        done_to,
    )
    .fetch_all(connection(tx))
    .await?)
}
