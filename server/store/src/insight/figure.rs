//! What stands ready for home and reports (domain.md §4.9, S4-1.1.0): tallies are melted, and what each estate has
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

/// Melts what was added since the last time and counts the estates; answers how many rows were melted. One at a time:
/// whoever calls holds the turn of the plan.
///
/// # Errors
/// When the database fails; then nothing has changed.
pub async fn figures_follow(database: &Database, now: DateTime<Utc>) -> Result<u64> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let (bills, moved) = bills_melt(&mut tx).await?;
    let transfers = transfers_melt(&mut tx).await?;
    let counted =
        sqlx::query_scalar!("select min(counted_on) from estate_money").fetch_one(connection(&mut tx)).await?;
    if counted != Some(ctx.today()) {
        estates_count(&mut tx, ctx.today(), None).await?;
    } else if !moved.is_empty() {
        estates_count(&mut tx, ctx.today(), Some(&moved)).await?;
    }
    tx.commit().await?;
    Ok(bills + transfers)
}

/// Rows of one estate, day and item become one; answers how many were loose, and the estates that they are of. What is added
/// meanwhile stays loose until the next time.
async fn bills_melt(tx: &mut Tx) -> Result<(u64, Vec<i64>)> {
    let melted = sqlx::query!(
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
           select count(*) filter (where loose) as "loose!", coalesce(array_agg(distinct estate_id), '{}') as "estates!" from gone"#
    )
    .fetch_one(connection(tx))
    .await?;
    Ok((melted.loose.unsigned_abs(), melted.estates))
}

/// The same of transfers, which also go into the sums of their months.
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
             from gone group by 1, 2, 3, 4, 5, 6, 7, 8, 9),
           months as (
             insert into ledger_month (district_id, estate_id, month, debit, credit, fee_item, amount_fen)
             select district_id, estate_id, date_trunc('month', booked_on), debit, credit, fee_item, sum(amount_fen)
             from gone where loose group by 1, 2, 3, 4, 5, 6
             on conflict (estate_id, month, debit, credit, fee_item) do update set amount_fen = ledger_month.amount_fen + excluded.amount_fen)
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

/// Counts some estates, or all of them: bills by their day and debts by their age, each by its own index, so that what years
/// before have left behind is not read.
async fn estates_count(tx: &mut Tx, today: NaiveDate, estates: Option<&[i64]>) -> Result<()> {
    let (first, last, [age1, age2, age3, age4]) = days(today);
    sqlx::query!(
        "insert into estate_money (estate_id, district_id, counted_on, receivable_fen, verified_fen, age_fen)
         select e.id, e.district_id, $2, y.charged, y.verified, d.ages
         from estate e
         cross join lateral (
             select coalesce(sum(charged_fen), 0) as charged, coalesce(sum(verified_fen), 0) as verified
             from bill_tally where estate_id = e.id and due_on between $3 and $4) y
         cross join lateral (
             select array[coalesce(sum(open_fen) filter (where due_on >= $5), 0),
                          coalesce(sum(open_fen) filter (where due_on < $5 and due_on >= $6), 0),
                          coalesce(sum(open_fen) filter (where due_on < $6 and due_on >= $7), 0),
                          coalesce(sum(open_fen) filter (where due_on < $7 and due_on >= $8), 0),
                          coalesce(sum(open_fen) filter (where due_on < $8), 0)] as ages
             from bill_tally where estate_id = e.id and open_fen <> 0 and due_on < $2) d
         where $1::bigint[] is null or e.id = any($1)
         on conflict (estate_id) do update set counted_on = excluded.counted_on, receivable_fen = excluded.receivable_fen,
             verified_fen = excluded.verified_fen, age_fen = excluded.age_fen",
        estates,
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
    sqlx::query!(
        "insert into district_money (district_id, counted_on, receivable_fen, verified_fen, age_fen)
         select district_id, min(counted_on), sum(receivable_fen), sum(verified_fen),
                array[sum(age_fen[1]), sum(age_fen[2]), sum(age_fen[3]), sum(age_fen[4]), sum(age_fen[5])]
         from estate_money group by 1
         on conflict (district_id) do update set counted_on = excluded.counted_on, receivable_fen = excluded.receivable_fen,
             verified_fen = excluded.verified_fen, age_fen = excluded.age_fen"
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

struct Counted {
    counted_on: NaiveDate,
    receivable: i64,
    verified: i64,
    ages: Vec<i64>,
}

impl Counted {
    fn figures(self, today: NaiveDate) -> Result<MoneyFigures> {
        let ages: [i64; AGES.len()] =
            self.ages.try_into().map_err(|_| Error::Broken("ages of debts are not five".into()))?;
        Ok(MoneyFigures {
            as_of: (self.counted_on != today).then_some(self.counted_on),
            receivable: Money::from_fen(self.receivable),
            verified: Money::from_fen(self.verified),
            ages: ages.map(Money::from_fen),
        })
    }
}

/// What the home page says of money: city and districts read the figures of districts, whoever sees single estates those of
/// these. Row-level security narrows both to the scope.
pub(super) async fn money_load(tx: &mut Tx, ctx: &Ctx) -> Result<Option<MoneyFigures>> {
    let counted = match ctx.scope() {
        Scope::Nothing => Vec::new(),
        Scope::City { .. } | Scope::Districts(_) => {
            sqlx::query_as!(
                Counted,
                "select counted_on, receivable_fen as receivable, verified_fen as verified, age_fen as ages from district_money"
            )
            .fetch_all(connection(tx))
            .await?
        }
        Scope::Estates(estates) => {
            sqlx::query_as!(
                Counted,
                "select counted_on, receivable_fen as receivable, verified_fen as verified, age_fen as ages
                 from estate_money where estate_id = any($1)",
                estates
            )
            .fetch_all(connection(tx))
            .await?
        }
    };
    let mut sum: Option<MoneyFigures> = None;
    for counted in counted {
        sum.get_or_insert_default().merge(&counted.figures(ctx.today())?);
    }
    Ok(sum)
}
