//! What stands ready for home and reports (domain.md §4.9, S4-1.1.0): tallies are melted, and what each district has
//! collected and is still owed is counted anew when something has moved, and on every new day.

use crate::{
    Ctx, Database, Result, Scope,
    ctx::{Tx, connection},
    error::Error,
};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use domain::{
    insight::money::{AGES, MoneyFigures, age_limits},
    value::Money,
};

/// Melts what was added since the last time and counts the districts; answers how many rows were melted. One at a time:
/// whoever calls holds the turn of the plan.
///
/// # Errors
/// When the database fails; then nothing has changed.
pub async fn figures_follow(database: &Database, now: DateTime<Utc>) -> Result<u64> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let melted = bills_melt(&mut tx).await? + transfers_melt(&mut tx).await?;
    let stale = sqlx::query_scalar!(
        r#"select exists (select from district_money where counted_on <> $1)
               or not exists (select from district_money) and exists (select from bill_tally) as "stale!""#,
        ctx.today()
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if melted > 0 || stale {
        districts_count(&mut tx, ctx.today()).await?;
    }
    tx.commit().await?;
    Ok(melted)
}

/// Rows of one estate, day and item become one. What is added meanwhile stays loose until the next time.
async fn bills_melt(tx: &mut Tx) -> Result<u64> {
    let melted = sqlx::query_scalar!(
        r#"with wanted as (select distinct estate_id, due_on from bill_tally where loose),
           gone as (delete from bill_tally t using wanted w where t.estate_id = w.estate_id and t.due_on = w.due_on returning t.*),
           kept as (
             insert into bill_tally (district_id, estate_id, due_on, fee_item, loose, bills, charged_fen, reduction_fen, paid_fen,
                                     verified_fen, open_fen)
             select * from (
                 select district_id, estate_id, due_on, fee_item, false, sum(bills) as bills, sum(charged_fen) as charged,
                        sum(reduction_fen) as reduction, sum(paid_fen) as paid, sum(verified_fen) as verified, sum(open_fen) as open
                 from gone group by 1, 2, 3, 4) sums
             where (bills, charged, reduction, paid, verified, open) <> (0, 0, 0, 0, 0, 0))
           select count(*) filter (where loose) as "melted!" from gone"#
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(melted.unsigned_abs())
}

async fn transfers_melt(tx: &mut Tx) -> Result<u64> {
    let melted = sqlx::query_scalar!(
        r#"with wanted as (select distinct estate_id, booked_on from ledger_tally where loose),
           gone as (
             delete from ledger_tally t using wanted w where t.estate_id = w.estate_id and t.booked_on = w.booked_on returning t.*),
           kept as (
             insert into ledger_tally (district_id, estate_id, booked_on, debit, credit, fee_item, method, cashier_id, old, loose,
                                       receipts, amount_fen)
             select district_id, estate_id, booked_on, debit, credit, fee_item, method, cashier_id, old, false, sum(receipts),
                    sum(amount_fen)
             from gone group by 1, 2, 3, 4, 5, 6, 7, 8, 9)
           select count(*) filter (where loose) as "melted!" from gone"#
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(melted.unsigned_abs())
}

/// The days that the figures are told apart by: this year, today, and the ages of debts.
fn days(today: NaiveDate) -> (NaiveDate, NaiveDate, [NaiveDate; 4]) {
    let day = |month, day| NaiveDate::from_ymd_opt(today.year(), month, day).unwrap_or(today);
    (day(1, 1), day(12, 31), age_limits(today))
}

async fn districts_count(tx: &mut Tx, today: NaiveDate) -> Result<()> {
    let (first, last, [age1, age2, age3, age4]) = days(today);
    sqlx::query!("delete from district_money").execute(connection(tx)).await?;
    sqlx::query!(
        "insert into district_money (district_id, counted_on, receivable_fen, verified_fen, age_fen)
         select district_id, $1, coalesce(sum(charged_fen) filter (where due_on between $2 and $3), 0),
                coalesce(sum(verified_fen) filter (where due_on between $2 and $3), 0),
                array[coalesce(sum(open_fen) filter (where due_on < $1 and due_on >= $4), 0),
                      coalesce(sum(open_fen) filter (where due_on < $4 and due_on >= $5), 0),
                      coalesce(sum(open_fen) filter (where due_on < $5 and due_on >= $6), 0),
                      coalesce(sum(open_fen) filter (where due_on < $6 and due_on >= $7), 0),
                      coalesce(sum(open_fen) filter (where due_on < $7), 0)]
         from bill_tally where due_on between $2 and $3 or (open_fen <> 0 and due_on < $1) group by district_id",
        today,
        first,
        last,
        age1,
        age2,
        age3,
        age4,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

struct Counted {
    receivable: i64,
    verified: i64,
    ages: Vec<i64>,
}

impl TryFrom<Counted> for MoneyFigures {
    type Error = Error;

    fn try_from(counted: Counted) -> Result<Self> {
        let ages: [i64; AGES.len()] =
            counted.ages.try_into().map_err(|_| Error::Broken("ages of debts are not five".into()))?;
        Ok(Self {
            receivable: Money::from_fen(counted.receivable),
            verified: Money::from_fen(counted.verified),
            ages: ages.map(Money::from_fen),
        })
    }
}

/// What the home page says of money: city and districts have figures of their own; the few estates of an operator are added
/// up. Row-level security narrows both to the scope.
pub(super) async fn money_load(tx: &mut Tx, ctx: &Ctx) -> Result<Option<MoneyFigures>> {
    let counted = match ctx.scope() {
        Scope::Nothing => Vec::new(),
        Scope::City { .. } | Scope::Districts(_) => {
            sqlx::query_as!(
                Counted,
                "select receivable_fen as receivable, verified_fen as verified, age_fen as ages from district_money"
            )
            .fetch_all(connection(tx))
            .await?
        }
        Scope::Estates(estates) => estates_count(tx, estates, ctx.today()).await?,
    };
    let mut sum: Option<MoneyFigures> = None;
    for counted in counted {
        sum.get_or_insert_default().merge(&MoneyFigures::try_from(counted)?);
    }
    Ok(sum)
}

async fn estates_count(tx: &mut Tx, estates: &[i64], today: NaiveDate) -> Result<Vec<Counted>> {
    let (first, last, [age1, age2, age3, age4]) = days(today);
    Ok(sqlx::query_as!(
        Counted,
        r#"select coalesce(sum(charged_fen) filter (where due_on between $3 and $4), 0)::bigint as "receivable!",
                  coalesce(sum(verified_fen) filter (where due_on between $3 and $4), 0)::bigint as "verified!",
                  array[coalesce(sum(open_fen) filter (where due_on < $2 and due_on >= $5), 0)::bigint,
                        coalesce(sum(open_fen) filter (where due_on < $5 and due_on >= $6), 0)::bigint,
                        coalesce(sum(open_fen) filter (where due_on < $6 and due_on >= $7), 0)::bigint,
                        coalesce(sum(open_fen) filter (where due_on < $7 and due_on >= $8), 0)::bigint,
                        coalesce(sum(open_fen) filter (where due_on < $8), 0)::bigint] as "ages!"
           from bill_tally where estate_id = any($1) and (due_on between $3 and $4 or (open_fen <> 0 and due_on < $2))
           having count(*) > 0"#,
        estates,
        today,
        first,
        last,
        age1,
        age2,
        age3,
        age4,
    )
    .fetch_all(connection(tx))
    .await?)
}
