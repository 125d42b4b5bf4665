//! Meters at the door: what they show when a home is handed over is the opening of its lessee, and what they show when he
//! leaves is his closing (S4-1.5.3, S4-1.5.4, §4.12). A record that is entered late finds its place in the chain: the reading
//! behind it is divided, as long as it was not billed.

use super::{Opening, empty_refresh, history_add, opening};
use crate::{
    Ctx, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
};
use chrono::NaiveDate;
use domain::{
    billing::{
        meter::{COMPARED, Span, abnormal},
        meter_reading::{ReadingSource, ReadingStatus},
    },
    dictionary::MeterType,
    failure::FieldErrors,
    tenancy::hand_over::{Reading, meter_field},
    value::Complaint,
};

/// What the meters of a home showed on a day.
pub(crate) struct Shown<'a> {
    pub unit: i64,
    pub day: NaiveDate,
    pub readings: &'a [(MeterType, Reading)],
    /// which of them went past their highest value
    pub rolled: &'a [MeterType],
}

/// Which record the values stand in.
#[derive(Clone, Copy)]
enum Door {
    HandOver(i64),
    Exit(i64),
}

impl Door {
    fn ids(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::HandOver(id) => (Some(id), None),
            Self::Exit(id) => (None, Some(id)),
        }
    }
}

/// Takes what the meters of a home showed when it was handed over: what was measured before is nobody's.
///
/// # Errors
/// Complaints by field: nothing of a meter in use, less than what was read last, or another value than one that later
/// readings follow.
pub(crate) async fn at_hand_over(tx: &mut Tx, ctx: &Ctx, hand_over: i64, shown: &Shown<'_>) -> Result<()> {
    taken(tx, ctx, Door::HandOver(hand_over), shown).await
}

/// Takes what the meters of a home showed when its lessee left.
///
/// # Errors
/// As [`at_hand_over`].
pub(crate) async fn at_exit(tx: &mut Tx, ctx: &Ctx, exit: i64, shown: &Shown<'_>) -> Result<()> {
    taken(tx, ctx, Door::Exit(exit), shown).await
}

/// A meter of the home, with what its record holds of it already.
struct Known {
    meter: i64,
    r#type: MeterType,
    district: i64,
    multiplier: i64,
    max: Option<Reading>,
    install_on: NaiveDate,
    reading: Option<i64>,
    closing: Option<i64>,
    billed: bool,
    /// something was read behind it
    followed: bool,
    /// usages of its last periods
    before: Vec<i64>,
}

async fn known(tx: &mut Tx, door: Door, unit: i64) -> Result<Vec<Known>> {
    let (hand_over, exit) = door.ids();
    sqlx::query!("select id from meter where unit_id = $1 and status = 'ON' order by id for update", unit)
        .fetch_all(connection(tx))
        .await?;
    sqlx::query!(
        r#"select m.id, m.type, m.district_id, m.multiplier, m.max_value, m.install_on, r.id as "reading?", r.closing as "closing?",
                  coalesce(r.status = 'BILLED' and r.source = 'EXIT', false)
                      or exists (select from meter_charge g where g.reading_id = r.id) as "billed!",
                  exists (select from meter_reading l where l.meter_id = m.id and l.closing is not null and r.id is not null
                          and (l.read_on, l.read_at, l.id) > (r.read_on, r.read_at, r.id)) as "followed!",
                  array(select b.usage from meter_reading b
                        where b.meter_id = m.id and b.source = 'PERIOD' and b.usage is not null
                        order by b.read_on desc, b.read_at desc, b.id desc limit $4) as "before!"
           from meter m left join meter_reading r on r.meter_id = m.id and (r.hand_over_id = $2 or r.exit_id = $3)
           where m.unit_id = $1 and m.status = 'ON' order by m.id"#,
        unit,
        hand_over,
        exit,
        i64::try_from(COMPARED).unwrap_or(6),
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(Known {
            meter: row.id,
            r#type: stored(&row.r#type, MeterType::from_code)?,
            district: row.district_id,
            multiplier: row.multiplier.into(),
            max: row.max_value.map(Reading),
            install_on: row.install_on,
            reading: row.reading,
            closing: row.closing,
            billed: row.billed,
            followed: row.followed,
            before: row.before,
        })
    })
    .collect()
}

/// The first reading behind a day; its row is locked.
struct Follower {
    id: i64,
    read_on: NaiveDate,
    /// it may still be divided
    open: bool,
    span: Span,
    from: NaiveDate,
}

async fn follower(tx: &mut Tx, known: &Known, day: NaiveDate) -> Result<Option<Follower>> {
    let row = sqlx::query!(
        r#"select id, source, status, opening as "opening!", closing as "closing!", read_on as "read_on!", rolled, carried, from_on
           from meter_reading where meter_id = $1 and closing is not null and id is distinct from $2 and read_on > $3
           order by read_on, read_at, id limit 1 for update"#,
        known.meter,
        known.reading,
        day
    )
    .fetch_optional(connection(tx))
    .await?;
    let Some(row) = row else { return Ok(None) };
    let status = stored(&row.status, ReadingStatus::from_code)?;
    let source = stored(&row.source, ReadingSource::from_code)?;
    Ok(Some(Follower {
        id: row.id,
        read_on: row.read_on,
        open: status != ReadingStatus::Billed && source == ReadingSource::Period && !row.rolled,
        span: Span {
            opening: Reading(row.opening),
            closing: Reading(row.closing),
            multiplier: known.multiplier,
            max: known.max,
            rolled: false,
            carried: row.carried,
        },
        from: row.from_on,
    }))
}

async fn taken(tx: &mut Tx, ctx: &Ctx, door: Door, shown: &Shown<'_>) -> Result<()> {
    let mut errors = FieldErrors::default();
    for known in known(tx, door, shown.unit).await? {
        // It was not there yet.
        if known.install_on > shown.day {
            continue;
        }
        if let Err(complaint) = one_taken(tx, ctx, door, shown, &known).await? {
            errors.add(meter_field(known.r#type), complaint.text());
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

/// Takes the value of one meter, or says what is wrong with it.
async fn one_taken(
    tx: &mut Tx,
    ctx: &Ctx,
    door: Door,
    shown: &Shown<'_>,
    known: &Known,
) -> Result<std::result::Result<(), Complaint>> {
    let value = shown.readings.iter().find(|(meter, _)| *meter == known.r#type).map(|(_, value)| *value);
    let says = |sentence: String| Ok(Err(Complaint::says(sentence)));
    if known.billed || known.followed {
        if value.map(|value| value.0) == known.closing {
            return Ok(Ok(()));
        }
        let why = if known.billed {
            "该表已出账，请在抄表记录中更正"
        } else {
            "该表已有后续抄表，不能修改"
        };
        return says(why.to_owned());
    }
    let behind = follower(tx, known, shown.day).await?;
    let Some(value) = value else {
        // Who was billed beyond that day has been billed for it.
        if behind.as_ref().is_some_and(|behind| !behind.open) {
            return Ok(Ok(()));
        }
        return says("该房间有在用的表具，请填写读数".to_owned());
    };
    let begin = match &behind {
        Some(behind) if !behind.open => {
            let sentence = format!("该表{}已抄至{}，请留空", behind.read_on, behind.span.closing);
            return says(sentence);
        }
        Some(behind) if value > behind.span.closing => {
            return says(format!("须不大于{}抄表的{}", behind.read_on, behind.span.closing));
        }
        Some(Follower { span, from, .. }) => {
            Opening { value: Some(span.opening), from: *from, carried: span.carried, read_on: None }
        }
        None => opening(tx, known.meter, known.reading).await?,
    };
    let span = Span {
        // A meter that nobody has looked at yet begins here, and costs nothing so far.
        opening: begin.value.unwrap_or(value),
        closing: value,
        multiplier: known.multiplier,
        max: known.max,
        rolled: behind.is_none() && shown.rolled.contains(&known.r#type),
        carried: begin.carried,
    };
    match span.usage() {
        Ok(usage) => write(tx, ctx, door, known, shown.day, (begin.from, &span, usage)).await?,
        Err(complaint) if span.rolled => return Ok(Err(complaint)),
        Err(_) => {
            let rolled = if matches!(door, Door::Exit(_)) { "，归零的表请勾选“已归零”" } else { "" };
            return says(format!("须不小于上次抄表的{}，且不大于表具最大读数{rolled}", span.opening));
        }
    }
    if let Some(behind) = behind {
        divide(tx, &behind, value, shown.day).await?;
    }
    Ok(Ok(()))
}

/// Leaves the reading behind a day what was measured since.
async fn divide(tx: &mut Tx, behind: &Follower, value: Reading, day: NaiveDate) -> Result<()> {
    let rest = Span { opening: value, carried: 0, ..behind.span };
    let usage = rest.usage().unwrap_or_default();
    sqlx::query!(
        "update meter_reading set opening = $2, from_on = $3, carried = 0, usage = $4, version = version + 1 where id = $1",
        behind.id,
        value.0,
        day.succ_opt().unwrap_or(day),
        usage,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    door: Door,
    known: &Known,
    day: NaiveDate,
    (from, span, usage): (NaiveDate, &Span, i64),
) -> Result<()> {
    let (hand_over, exit) = door.ids();
    if let Some(reading) = known.reading {
        sqlx::query!("delete from meter_reading where id = $1", reading).execute(connection(tx)).await?;
    }
    // A mistyped value would be billed as it stands: what is far too much is confirmed first. Who leaves may well have used
    // nothing since it was read last.
    let factor = billing_rule(tx, known.district, day).await?.meter_factor;
    let note = exit.and_then(|_| abnormal(usage, &known.before, factor, false));
    let status = match (exit, &note) {
        // What nobody pays is billed with nothing.
        (None, _) => ReadingStatus::Billed,
        (Some(_), None) => ReadingStatus::Read,
        (Some(_), Some(_)) => ReadingStatus::Abnormal,
    };
    let id = sqlx::query_scalar!(
        "insert into meter_reading (district_id, estate_id, meter_id, source, hand_over_id, exit_id, from_on, opening, closing, read_on,
                                    carried, usage, status, amount_fen, reader_id, read_at, rolled)
         select district_id, estate_id, id, case when $2::bigint is null then 'EXIT' else 'HAND_OVER' end, $2, $3, $4, $5, $6, $7, $8, $9,
                $13, case when $2::bigint is null then null else 0 end, $10, $11, $12
         from meter where id = $1 returning id",
        known.meter,
        hand_over,
        exit,
        from.min(day),
        span.opening.0,
        span.closing.0,
        day,
        span.carried,
        usage,
        ctx.actor_id(),
        ctx.now(),
        span.rolled,
        status.code(),
    )
    .fetch_one(connection(tx))
    .await?;
    let event = format!("{}抄表{}", if exit.is_some() { "退租验房" } else { "交房" }, span.closing);
    history_add(tx, ctx, known.meter, Some(id), &event, note.as_deref()).await?;
    empty_refresh(tx, known.meter).await
}
