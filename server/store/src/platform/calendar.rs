//! Working-day calendar (E-137, S1-9.13).

use crate::{
    Ctx, Result,
    ctx::{Tx, connection},
    error::stored,
    platform::dictionary::page_of,
};
use chrono::{Datelike as _, NaiveDate};
use domain::{
    dictionary::DayKind,
    failure::{Failure, FieldErrors},
    form::date,
    list::{ListQuery, Page},
    platform::{
        calendar::{CalendarYear, Holiday, HolidayForm, WORKING_DAYS_MAX, WorkCalendar},
        permission::Permission,
    },
};

/// Every day that differs: a few dozen a year.
async fn holidays(tx: &mut Tx) -> Result<Vec<Holiday>> {
    let rows = sqlx::query!("select date, kind, name from holiday order by date").fetch_all(connection(tx)).await?;
    rows.into_iter()
        .map(|row| Ok(Holiday { date: row.date, kind: stored(&row.kind, DayKind::from_code)?, name: row.name }))
        .collect()
}

/// The calendar with which working days are counted.
pub(crate) async fn calendar_load(tx: &mut Tx) -> Result<WorkCalendar> {
    Ok(holidays(tx).await?.into_iter().map(|holiday| (holiday.date, holiday.kind)).collect())
}

/// One year, and what is missing of the calendar.
///
/// # Errors
/// Without [`Permission::CalendarRead`].
pub async fn calendar_get(ctx: &Ctx, year: Option<i32>) -> Result<CalendarYear> {
    ctx.require(Permission::CalendarRead)?;
    let mut tx = ctx.begin_platform().await?;
    let mut holidays = holidays(&mut tx).await?;
    tx.commit().await?;
    let calendar: WorkCalendar = holidays.iter().map(|holiday| (holiday.date, holiday.kind)).collect();
    let year = year.filter(|year| (1950..=2199).contains(year)).unwrap_or_else(|| ctx.today().year());
    holidays.retain(|holiday| holiday.date.year() == year);
    Ok(CalendarYear { year, holidays, years: calendar.years(), warning: calendar.warning(ctx.today()) })
}

/// A page of the days that differ, of the year of the filter `year` or of all.
///
/// # Errors
/// Without [`Permission::CalendarRead`].
pub async fn holiday_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<Holiday>> {
    ctx.require(Permission::CalendarRead)?;
    let mut tx = ctx.begin_platform().await?;
    let mut holidays = holidays(&mut tx).await?;
    tx.commit().await?;
    holidays.retain(|holiday| {
        let year = query.filter("year").is_none_or(|year| year == holiday.date.year().to_string());
        year && query.q.split_whitespace().all(|word| holiday.name.contains(word))
    });
    Ok(page_of(query, holidays))
}

/// Says of a day that it is free or worked, or takes back what was said.
///
/// # Errors
/// Without [`Permission::CalendarWrite`]; complaints by field.
pub async fn calendar_day_set(ctx: &Ctx, form: &HolidayForm) -> Result<()> {
    ctx.require(Permission::CalendarWrite)?;
    let (day, holiday) = form.check()?;
    let mut tx = ctx.begin_platform().await?;
    match holiday {
        None => {
            sqlx::query!("delete from holiday where date = $1", day).execute(connection(&mut tx)).await?;
        }
        Some(holiday) => {
            sqlx::query!(
                "insert into holiday (date, kind, name, updated_at, updated_by) values ($1, $2, $3, $4, $5)
                 on conflict (date) do update set kind = excluded.kind, name = excluded.name,
                     updated_at = excluded.updated_at, updated_by = excluded.updated_by",
                holiday.date,
                holiday.kind.code(),
                holiday.name,
                ctx.now(),
                ctx.actor().id.0
            )
            .execute(connection(&mut tx))
            .await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// When a period of working days ends that begins on a day (domain.md §4.18).
///
/// # Errors
/// Without [`Permission::CalendarRead`]; complaints by field; a refusal when a year is not entered.
pub async fn calendar_deadline(ctx: &Ctx, from: &str, days: &str) -> Result<NaiveDate> {
    ctx.require(Permission::CalendarRead)?;
    let mut errors = FieldErrors::default();
    let from = errors.take("from", date(from.trim()));
    let days = days.trim().parse().ok().filter(|days| *days <= WORKING_DAYS_MAX);
    if days.is_none() {
        errors.add("days", format!("工作日数须为0至{WORKING_DAYS_MAX}的整数"));
    }
    let (Some(from), Some(days)) = (from, days) else { return Err(errors.into()) };
    let mut tx = ctx.begin_platform().await?;
    let calendar = calendar_load(&mut tx).await?;
    tx.commit().await?;
    calendar.add_working_days(from, days).map_err(|missing| Failure::refused(missing.to_string()).into())
}
