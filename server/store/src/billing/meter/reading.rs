//! 抄录 (S4-1.6.2; Z2, Z3): the values of a period, and the confirming of strange ones.

use super::history_add;
use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    tenancy::assignment::opinion_check,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        meter::{COMPARED, Span, abnormal},
        meter_grid::{ReadingsForm, opening_field, reading_field},
        meter_reading::{PeriodEvent, PeriodStatus, ReadingStatus, read_within},
    },
    dictionary::MeterType,
    failure::{Failure, FieldErrors},
    platform::permission::Permission,
    tenancy::hand_over::Reading,
    value::Complaint,
};

/// A period whose row is locked.
pub(super) struct Period {
    pub id: i64,
    pub district: i64,
    pub estate: i64,
    pub meter: MeterType,
    pub month: NaiveDate,
    pub to: NaiveDate,
    pub status: PeriodStatus,
    pub maker: i64,
}

pub(super) async fn period_hold(tx: &mut Tx, id: i64, version: Option<i32>) -> Result<Period> {
    let row = sqlx::query!(
        "select id, district_id, estate_id, type, month, to_on, status, maker_id, version from meter_period where id = $1 for update",
        id
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if version.is_some_and(|version| version != row.version) {
        return Err(Failure::Conflict.into());
    }
    Ok(Period {
        id: row.id,
        district: row.district_id,
        estate: row.estate_id,
        meter: stored(&row.r#type, MeterType::from_code)?,
        month: row.month,
        to: row.to_on,
        status: stored(&row.status, PeriodStatus::from_code)?,
        maker: row.maker_id,
    })
}

/// A reading of a period, as its row stands.
pub(super) struct Row {
    pub id: i64,
    pub period: i64,
    pub district: i64,
    meter: i64,
    version: i32,
    pub status: ReadingStatus,
    from: NaiveDate,
    /// days of its period
    within: (NaiveDate, NaiveDate),
    opening: Option<Reading>,
    /// what it showed before is said with its first reading
    first: bool,
    span: Span,
    occupied: bool,
    /// something was read behind it
    followed: bool,
    /// usages of the last periods
    before: Vec<i64>,
}

/// Rows of periods, locked behind their meters in the order of the meters.
pub(super) async fn rows_hold(tx: &mut Tx, ids: &[i64]) -> Result<Vec<Row>> {
    sqlx::query!(
        "select id from meter where id in (select meter_id from meter_reading where id = any($1)) order by id for update",
        ids
    )
    .fetch_all(connection(tx))
    .await?;
    sqlx::query!("select id from meter_reading where id = any($1) order by meter_id, id for update", ids)
        .fetch_all(connection(tx))
        .await?;
    sqlx::query!(
        r#"select r.id, r.district_id, r.period_id as "period!", r.meter_id, r.version, r.status, r.from_on, r.opening, r.carried,
                  m.multiplier, m.max_value, p.from_on as within_from, p.to_on as within_to,
                  exists (select from account a join contract c on c.account_id = a.id
                          where a.unit_id = m.unit_id and a.status = 'ON'
                              and c.status in ('ACTIVE', 'CANCEL_PENDING', 'CANCEL_SYNCING', 'EXPIRED')) as "occupied!",
                  r.closing is not null and exists (
                      select from meter_reading l where l.meter_id = m.id and l.closing is not null
                          and (l.read_on, l.read_at, l.id) > (r.read_on, r.read_at, r.id)) as "followed!",
                  m.initial is null and not exists (
                      select from meter_reading l where l.meter_id = m.id and l.closing is not null and l.id <> r.id) as "first!",
                  array(select b.usage from meter_reading b
                        where b.meter_id = m.id and b.id <> r.id and b.source = 'PERIOD' and b.usage is not null
                        order by b.read_on desc, b.read_at desc, b.id desc limit $2) as "before!"
           from meter_reading r join meter m on m.id = r.meter_id join meter_period p on p.id = r.period_id
           where r.id = any($1) order by m.id, r.id"#,
        ids,
        i64::try_from(COMPARED).unwrap_or(6),
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        let shown = Reading(row.opening.unwrap_or_default());
        Ok(Row {
            id: row.id,
            period: row.period,
            district: row.district_id,
            meter: row.meter_id,
            version: row.version,
            status: stored(&row.status, ReadingStatus::from_code)?,
            from: row.from_on,
            within: (row.within_from, row.within_to),
            opening: row.opening.map(Reading),
            first: row.first,
            span: Span {
                opening: shown,
                closing: shown,
                multiplier: row.multiplier.into(),
                max: row.max_value.map(Reading),
                rolled: false,
                carried: row.carried,
            },
            occupied: row.occupied,
            followed: row.followed,
            before: row.before,
        })
    })
    .collect()
}

/// What is entered of a row.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub read_on: NaiveDate,
    pub opening: Option<Reading>,
    pub closing: Reading,
    pub rolled: bool,
    /// 抄表人 of a file
    pub reader: Option<&'a str>,
}

/// Which value of a row a complaint is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Day,
    Opening,
    Closing,
}

impl Row {
    /// The span that a value makes, and its usage.
    pub fn taken(&self, value: &Value<'_>) -> std::result::Result<(Span, i64), (Asked, Complaint)> {
        let says = |asked, sentence: &'static str| Err((asked, Complaint::says(sentence)));
        if self.status == ReadingStatus::Billed {
            return says(Asked::Closing, "该表本期已出账，请在抄表记录中更正");
        }
        if self.followed {
            return says(Asked::Closing, "该表已有后续抄表，不能修改");
        }
        if value.read_on < self.from.pred_opt().unwrap_or(self.from) {
            return says(Asked::Day, "抄表日期早于上次抄表");
        }
        read_within(self.within, value.read_on).map_err(|complaint| (Asked::Day, complaint))?;
        let opening = match (value.opening, self.opening) {
            (Some(said), known) if self.first || known == Some(said) => said,
            (Some(_), _) => return says(Asked::Opening, "期初值取自上次抄表，不能修改"),
            (None, Some(known)) => known,
            (None, None) => return says(Asked::Opening, "首次抄表请填写期初值"),
        };
        let span = Span { opening, closing: value.closing, rolled: value.rolled, ..self.span };
        span.usage().map(|usage| (span, usage)).map_err(|complaint| (Asked::Closing, complaint))
    }
}

/// A row with what it becomes.
pub(super) struct Written<'a> {
    pub row: &'a Row,
    pub value: Value<'a>,
    pub span: Span,
    pub usage: i64,
    /// PRM-76, hundredths
    pub factor: u32,
}

/// Enters values, and whether each has to be confirmed.
pub(super) async fn rows_write(tx: &mut Tx, ctx: &Ctx, written: &[Written<'_>]) -> Result<()> {
    let notes: Vec<Option<String>> =
        written.iter().map(|one| abnormal(one.usage, &one.row.before, one.factor, one.row.occupied)).collect();
    let column = |of: fn(&Written<'_>) -> i64| written.iter().map(of).collect::<Vec<_>>();
    let ids = column(|one| one.row.id);
    sqlx::query!(
        "update meter_reading r set opening = t.opening, closing = t.closing, read_on = t.read_on, rolled = t.rolled, usage = t.usage,
                status = case when t.note is null then 'READ' else 'ABNORMAL' end, reader_id = $9, reader = t.reader, read_at = $10,
                confirm_reason = null, confirmer_id = null, version = r.version + 1
         from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::date[], $5::boolean[], $6::bigint[], $7::text[], $8::text[])
              as t (id, opening, closing, read_on, rolled, usage, note, reader) where r.id = t.id",
        &ids,
        &column(|one| one.span.opening.0),
        &column(|one| one.span.closing.0),
        &Vec::from_iter(written.iter().map(|one| one.value.read_on)),
        &Vec::from_iter(written.iter().map(|one| one.value.rolled)),
        &column(|one| one.usage),
        &notes as &[Option<String>],
        &Vec::from_iter(written.iter().map(|one| one.value.reader.map(ToOwned::to_owned))) as &[Option<String>],
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "insert into meter_history (district_id, estate_id, meter_id, reading_id, at, actor_id, event, reason)
         select m.district_id, m.estate_id, m.id, t.reading, $5, $6, '抄表' || t.shown, t.note
         from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) as t (meter, reading, shown, note)
         join meter m on m.id = t.meter order by m.id",
        &column(|one| one.row.meter),
        &ids,
        &Vec::from_iter(written.iter().map(|one| one.span.closing.to_string())),
        &notes as &[Option<String>],
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Saves what was entered in the grid of a period; answers how many values.
///
/// # Errors
/// Complaints by field, under `reading_field` and `opening_field`; [`Failure::Conflict`]; a refusal when the period was
/// checked; without [`Permission::MeterWrite`].
pub async fn readings_save(ctx: &Ctx, period: i64, form: &ReadingsForm) -> Result<i32> {
    ctx.require(Permission::MeterWrite)?;
    let fields = form.check(ctx.today())?;
    let mut tx = ctx.begin().await?;
    let held = period_hold(&mut tx, period, None).await?;
    let next = held.status.next(PeriodEvent::Read)?;
    let factor = billing_rule(&mut tx, held.district, fields.read_on).await?.meter_factor;
    let ids: Vec<i64> = fields.readings.iter().map(|entered| entered.id).collect();
    let rows = rows_hold(&mut tx, &ids).await?;
    if rows.len() < ids.len() || rows.iter().any(|row| row.period != held.id) {
        return Err(Failure::Conflict.into());
    }
    let mut errors = FieldErrors::default();
    let mut written = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(entered) = fields.readings.iter().find(|entered| entered.id == row.id) else { continue };
        if entered.version != row.version {
            return Err(Failure::Conflict.into());
        }
        let (opening, closing, rolled) = (entered.opening, entered.closing, entered.rolled);
        let value = Value { read_on: fields.read_on, opening, closing, rolled, reader: None };
        match row.taken(&value) {
            Ok((span, usage)) => written.push(Written { row, value, span, usage, factor }),
            Err((Asked::Opening, complaint)) => errors.add(&opening_field(row.id), complaint.text()),
            Err((_, complaint)) => errors.add(&reading_field(row.id), complaint.text()),
        }
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    rows_write(&mut tx, ctx, &written).await?;
    status_set(&mut tx, held.id, next).await?;
    tx.commit().await?;
    Ok(i32::try_from(written.len()).unwrap_or(i32::MAX))
}

pub(super) async fn status_set(tx: &mut Tx, period: i64, status: PeriodStatus) -> Result<()> {
    sqlx::query!("update meter_period set status = $2, version = version + 1 where id = $1", period, status.code())
        .execute(connection(tx))
        .await?;
    Ok(())
}

/// Confirms a strange value with its reason (Z3).
///
/// # Errors
/// [`Failure::Conflict`]; a missing reason; a refusal when it is not strange; without [`Permission::MeterWrite`].
pub async fn reading_confirm(ctx: &Ctx, id: i64, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::MeterWrite)?;
    let reason = opinion_check(reason, true)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query!("select meter_id, status, version from meter_reading where id = $1 for update", id)
        .fetch_optional(connection(&mut tx))
        .await?
        .ok_or(Failure::NotFound)?;
    if row.version != version {
        return Err(Failure::Conflict.into());
    }
    if stored(&row.status, ReadingStatus::from_code)? != ReadingStatus::Abnormal {
        return Err(Failure::refused("该读数无须确认，请刷新").into());
    }
    sqlx::query!(
        "update meter_reading set status = 'CONFIRMED', confirm_reason = $2, confirmer_id = $3, version = version + 1 where id = $1",
        id,
        reason,
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    history_add(&mut tx, ctx, row.meter_id, Some(id), "确认异常读数", reason.as_deref()).await?;
    tx.commit().await?;
    Ok(())
}
