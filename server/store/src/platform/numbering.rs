//! Number ranges (S1-9.10): rules, and the serials behind them.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::dictionary::page_of,
};
use chrono::NaiveDate;
use domain::{
    dictionary::{NumberKind, NumberPeriod},
    failure::{Failure, FieldErrors},
    list::{ListQuery, Page},
    platform::{
        numbering::{NumberForm, NumberRow, NumberRule},
        permission::Permission,
    },
};

/// The scope of numbers that are one row for the whole city.
pub(crate) const CITY: &str = "";

/// A rule of the city and its version; none: the program's own.
async fn rule_load(tx: &mut Tx, kind: NumberKind) -> Result<(NumberRule, i32)> {
    let row =
        sqlx::query!("select prefix, date_part, length, reset, version from number_rule where kind = $1", kind.code())
            .fetch_optional(connection(tx))
            .await?;
    let Some(row) = row else { return Ok((NumberRule::of(kind), 0)) };
    let rule = NumberRule {
        prefix: row.prefix,
        date_part: stored(&row.date_part, NumberPeriod::from_code)?,
        length: u8::try_from(row.length).map_err(|error| Error::Broken(error.to_string()))?,
        reset: stored(&row.reset, NumberPeriod::from_code)?,
    };
    Ok((rule, row.version))
}

/// Takes the next number of a kind, inside the transaction that uses it: the serial's row stays locked until that ends,
/// so two never get the same one, and a number whose work is rolled back is given to the next. Where the law wants no
/// gaps (receipts, certificates, contracts) that is the reason to take the number last, just before the commit.
///
/// # Errors
/// A refusal when the serial has outgrown its digits.
pub(crate) async fn number_take(tx: &mut Tx, kind: NumberKind, scope: &str, day: NaiveDate) -> Result<String> {
    let mut numbers = numbers_take(tx, kind, scope, day, 1).await?;
    numbers.pop().ok_or_else(|| Error::Broken("no number was taken".to_owned()))
}

/// The same for several at once, in their order.
///
/// # Errors
/// As [`number_take`].
pub(crate) async fn numbers_take(
    tx: &mut Tx,
    kind: NumberKind,
    scope: &str,
    day: NaiveDate,
    count: usize,
) -> Result<Vec<String>> {
    let (rule, _) = rule_load(tx, kind).await?;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let last = serial_next(tx, kind, scope, &rule.period(day), count).await?;
    (last - count + 1..=last).map(|serial| Ok(rule.number(day, scope, serial)?)).collect()
}

/// A period that begins goes on from the serials of those that it shares days with: after a change of the reset cycle
/// the same numbers would come again. Answers the last of as many serials as are wanted.
async fn serial_next(tx: &mut Tx, kind: NumberKind, scope: &str, period: &str, count: i64) -> Result<i64> {
    let serial = sqlx::query_scalar!(
        "insert into number_serial as s (kind, scope, period, last)
         select $1, $2, $3, $4 + coalesce(max(o.last), 0) from number_serial o
         where o.kind = $1 and o.scope = $2 and (starts_with(o.period, $3) or starts_with($3, o.period))
         on conflict (kind, scope, period) do update set last = s.last + $4
         returning last",
        kind.code(),
        scope,
        period,
        count
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(serial)
}

/// The last serial that a period has used, or begins behind.
async fn serial_last(tx: &mut Tx, kind: NumberKind, period: &str) -> Result<i64> {
    let last = sqlx::query_scalar!(
        r#"select coalesce(
               (select last from number_serial where kind = $1 and scope = '' and period = $2),
               (select max(last) from number_serial
                where kind = $1 and scope = '' and (starts_with(period, $2) or starts_with($2, period))),
               0) as "last!""#,
        kind.code(),
        period
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(last)
}

async fn row_load(tx: &mut Tx, kind: NumberKind, today: NaiveDate) -> Result<NumberRow> {
    let (rule, version) = rule_load(tx, kind).await?;
    let serial = serial_last(tx, kind, &rule.period(today)).await?;
    let next = rule.number(today, CITY, serial + 1).ok();
    Ok(NumberRow { kind, rule, serial, next, version })
}

/// Every kind with its rule and how far it is.
///
/// # Errors
/// Without [`Permission::NumberingRead`].
pub async fn number_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<NumberRow>> {
    ctx.require(Permission::NumberingRead)?;
    let mut tx = ctx.begin_platform().await?;
    let mut rows = Vec::new();
    for kind in NumberKind::ALL {
        rows.push(row_load(&mut tx, *kind, ctx.today()).await?);
    }
    tx.commit().await?;
    Ok(page_of(query, rows))
}

/// Sets the rule of a kind, for the numbers from now on; what was given stays.
///
/// # Errors
/// Without [`Permission::NumberingWrite`]; complaints by field; [`Failure::Conflict`].
pub async fn number_rule_save(ctx: &Ctx, kind: NumberKind, version: i32, form: &NumberForm) -> Result<()> {
    ctx.require(Permission::NumberingWrite)?;
    let (rule, serial) = form.check()?;
    let mut tx = ctx.begin_platform().await?;
    let saved = sqlx::query!(
        "insert into number_rule as r (kind, prefix, date_part, length, reset, updated_at, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (kind) do update set prefix = excluded.prefix, date_part = excluded.date_part, length = excluded.length,
             reset = excluded.reset, version = r.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by
         where r.version = $8",
        kind.code(),
        rule.prefix,
        rule.date_part.code(),
        i16::from(rule.length),
        rule.reset.code(),
        ctx.now(),
        ctx.actor().id.0,
        version
    )
    .execute(connection(&mut tx))
    .await?;
    if saved.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    serial_raise(&mut tx, kind, &rule.period(ctx.today()), serial).await?;
    tx.commit().await?;
    Ok(())
}

/// Sets how far a serial is. It only goes up: below it are numbers that were given.
async fn serial_raise(tx: &mut Tx, kind: NumberKind, period: &str, serial: i64) -> Result<()> {
    let used = serial_last(tx, kind, period).await?;
    let told = |used: i64| FieldErrors::from(("serial", format!("当前流水不能小于已使用的{used}").as_str()));
    if serial < used {
        return Err(told(used).into());
    }
    if serial == used {
        return Ok(());
    }
    let raised = sqlx::query!(
        "insert into number_serial as s (kind, scope, period, last) values ($1, '', $2, $3)
         on conflict (kind, scope, period) do update set last = excluded.last where s.last <= excluded.last",
        kind.code(),
        period,
        serial
    )
    .execute(connection(tx))
    .await?;
    // Somebody took numbers meanwhile.
    if raised.rows_affected() == 0 { Err(Failure::Conflict.into()) } else { Ok(()) }
}
