//! Monthly depreciation of asset cards (domain.md §4.13, §3.19 T5): a month of a district runs once, set by set, can be
//! taken back by a counter run until it is closed, and months follow each other without a gap.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    list::{SmallList, push_id},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    failure::{Failure, FieldErrors},
    housing::asset_depreciation::{
        DEPRECIATION_LIST, DepreciationLine, DepreciationRunRow, Month, RunOutcome, RunState,
    },
    id::{AssetMasterId, AssetSubId, DepreciationRunId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::{Money, required, text_max},
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    district: String,
    period: NaiveDate,
    reverses_id: Option<i64>,
    reversed: bool,
    closed: bool,
    newest: bool,
    masters: i32,
    subs: i32,
    amount_fen: i64,
    reason: Option<String>,
    made_at: DateTime<Utc>,
    made_by: Option<String>,
}

impl From<Record> for DepreciationRunRow {
    fn from(record: Record) -> Self {
        let state = match (record.reverses_id, record.reversed, record.closed) {
            (Some(_), ..) => RunState::Counter,
            (None, true, _) => RunState::Reversed,
            (None, false, true) => RunState::Closed,
            (None, false, false) => RunState::Posted,
        };
        Self {
            id: DepreciationRunId(record.id),
            district: record.district,
            period: Month::of(record.period),
            reverses: record.reverses_id.map(DepreciationRunId),
            state,
            masters: record.masters,
            subs: record.subs,
            amount: Money::from_fen(record.amount_fen),
            reason: record.reason,
            made_at: record.made_at,
            made_by: record.made_by,
            newest: record.newest,
        }
    }
}

/// A page of runs in scope.
///
/// # Errors
/// Without [`Permission::AssetRead`].
pub async fn depreciation_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<DepreciationRunRow>> {
    ctx.require(Permission::AssetRead)?;
    let (sort, descending) = DEPRECIATION_LIST.sort(query);
    let order = match sort {
        "amount" => "r.amount_fen",
        "made_at" => "r.made_at",
        _ => "r.period",
    };
    let page = SmallList {
        columns: "r.id, d.name as district, r.period, r.reverses_id, r.reversed, r.closed_at is not null as closed,
                  not exists (select from asset_depreciation_run n where n.district_id = r.district_id and n.period > r.period
                              and n.reverses_id is null and not n.reversed) as newest,
                  r.masters, r.subs, r.amount_fen, r.reason, r.made_at, user_name(r.made_by) as made_by",
        from: "from asset_depreciation_run r join organization d on d.id = r.district_id where true",
        searched: &["d.name", "r.reason"],
        filter: &|sql| push_id(sql, query, "district", "r.district_id"),
        order,
        descending,
        tie: "r.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    Ok(page.map(DepreciationRunRow::from))
}

/// One month at a time: two servers that run it together come one after the other, and the second finds it done.
async fn books_lock(tx: &mut Tx) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('asset_depreciation'))").execute(connection(tx)).await?;
    Ok(())
}

/// Depreciates a month in every district in scope that has not had it (idempotent per month).
///
/// # Errors
/// `会计期间` complaints; a refusal when a month before it is missing.
pub async fn depreciation_run(ctx: &Ctx, period: &str) -> Result<RunOutcome> {
    ctx.require(Permission::AssetDepreciate)?;
    let mut errors = FieldErrors::default();
    let Some(period) = errors.take("period", Month::parse(period)) else { return Err(errors.into()) };
    if period > Month::of(ctx.today()) {
        return Err(FieldErrors::from(("period", "不能计提以后月份的折旧")).into());
    }
    let mut tx = ctx.begin().await?;
    books_lock(&mut tx).await?;
    order_check(&mut tx, period).await?;
    let day = period.first_day();
    let runs = sqlx::query_scalar!(
        "insert into asset_depreciation_run (district_id, period, made_by, made_at)
         select distinct m.district_id, $1::date, $2::bigint, $3::timestamptz from asset_master m
         where m.deleted_at is null and m.dep_method = 'STRAIGHT' and m.dep_from <= $1
           and m.months_done < m.life_years * 12 and m.status not in ('DRAFT', 'PENDING')
           and (m.disposed_on is null or m.disposed_on >= $1)
         on conflict (district_id, period) where reverses_id is null and not reversed do nothing
         returning id",
        day,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_all(connection(&mut tx))
    .await?;
    lines_insert(&mut tx, &runs).await?;
    cards_move(&mut tx, &runs, 1).await?;
    let sums = runs_total(&mut tx, &runs).await?;
    let all = sqlx::query_scalar!(
        r#"select count(*) as "count!" from asset_depreciation_run where period = $1 and reverses_id is null and not reversed"#,
        day
    )
    .fetch_one(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let districts = runs.len() as i64;
    Ok(RunOutcome {
        districts,
        skipped: all - districts,
        masters: sums.0,
        subs: sums.1,
        amount: Money::from_fen(sums.2),
    })
}

/// Months follow each other: in no district may one be left out.
async fn order_check(tx: &mut Tx, period: Month) -> Result<()> {
    let last = sqlx::query!(
        r#"select d.name, max(r.period) as "period!" from asset_depreciation_run r join organization d on d.id = r.district_id
           where r.reverses_id is null and not r.reversed group by d.name order by 2, 1"#
    )
    .fetch_all(connection(tx))
    .await?;
    for district in last {
        let next = Month::of(district.period).next();
        if period > next {
            return Err(Failure::refused(format!("{}须先计提{next}的折旧", district.name)).into());
        }
        // A month before the first that ever ran would come after later ones.
        let known = sqlx::query_scalar!(
            r#"select exists (select from asset_depreciation_run r join organization d on d.id = r.district_id
                              where d.name = $1 and r.period = $2 and r.reverses_id is null and not r.reversed) as "known!""#,
            district.name,
            period.first_day()
        )
        .fetch_one(connection(tx))
        .await?;
        if period < next && !known {
            return Err(Failure::refused(format!(
                "{}已计提到{}，不能再计提更早的月份",
                district.name,
                Month::of(district.period)
            ))
            .into());
        }
    }
    Ok(())
}

/// A line per card: of the part of a master card without sub cards (always, as it counts the month), and of each sub
/// card in the books or disposed of this month. The last month takes the remainder.
async fn lines_insert(tx: &mut Tx, runs: &[i64]) -> Result<()> {
    sqlx::query!(
        "insert into asset_depreciation (run_id, master_id, district_id, period, amount_fen)
         select r.id, m.id, m.district_id, r.period,
                case when m.months_done + 1 < m.life_years * 12 then m.own_monthly_fen
                     else greatest(m.original_fen - m.subs_booked_fen
                          - asset_residual(m.original_fen - m.subs_booked_fen, m.residual_rate) - m.own_accum_fen, 0) end
         from asset_depreciation_run r join asset_master m on m.district_id = r.district_id
         where r.id = any ($1) and m.deleted_at is null and m.dep_method = 'STRAIGHT' and m.dep_from <= r.period
           and m.months_done < m.life_years * 12 and m.status not in ('DRAFT', 'PENDING')
           and (m.disposed_on is null or m.disposed_on >= r.period)",
        runs
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "insert into asset_depreciation (run_id, master_id, sub_id, district_id, estate_id, period, amount_fen)
         select l.run_id, l.master_id, s.id, l.district_id, s.estate_id, l.period,
                case when m.months_done + 1 < m.life_years * 12 then s.monthly_fen
                     else greatest(s.original_fen - asset_residual(s.original_fen, m.residual_rate) - s.accum_fen, 0) end
         from asset_depreciation l join asset_master m on m.id = l.master_id
         join asset_sub s on s.master_id = m.id and s.deleted_at is null and s.status not in ('DRAFT', 'PENDING')
              and (s.disposed_on is null or s.disposed_on >= l.period)
         where l.run_id = any ($1) and l.sub_id is null",
        runs
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The lines of runs go into the cards; `months` is 1, or −1 for counter runs.
async fn cards_move(tx: &mut Tx, runs: &[i64], months: i32) -> Result<()> {
    sqlx::query!(
        "update asset_sub s set accum_fen = s.accum_fen + l.amount_fen from asset_depreciation l
         where l.run_id = any ($1) and l.sub_id = s.id and l.amount_fen <> 0",
        runs
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "update asset_master m set own_accum_fen = m.own_accum_fen + l.amount_fen, months_done = m.months_done + $2
         from asset_depreciation l where l.run_id = any ($1) and l.master_id = m.id and l.sub_id is null",
        runs,
        months,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Notes the sums of runs; answers master cards, sub cards and fen over all of them.
async fn runs_total(tx: &mut Tx, runs: &[i64]) -> Result<(i64, i64, i64)> {
    let sums = sqlx::query!(
        r#"update asset_depreciation_run r set masters = t.masters, subs = t.subs, amount_fen = t.amount
           from (select run_id, count(*) filter (where sub_id is null)::integer as masters, count(sub_id)::integer as subs,
                        sum(amount_fen)::bigint as amount
                 from asset_depreciation where run_id = any ($1) group by run_id) t
           where r.id = t.run_id returning r.masters, r.subs, r.amount_fen"#,
        runs
    )
    .fetch_all(connection(tx))
    .await?;
    Ok(sums.iter().fold((0, 0, 0), |(masters, subs, amount), row| {
        (masters + i64::from(row.masters), subs + i64::from(row.subs), amount + row.amount_fen)
    }))
}

/// Takes a month back by a counter run with negative lines (§0.5 rule 4): the newest of its district, while it is open.
///
/// # Errors
/// A complaint without a reason; a refusal of what was taken back, is closed, or has later months.
pub async fn depreciation_reverse(ctx: &Ctx, id: DepreciationRunId, reason: &str) -> Result<DepreciationRunId> {
    ctx.require(Permission::AssetDepreciate)?;
    let mut errors = FieldErrors::default();
    let reason = errors.take("reason", required(reason).and_then(|text| text_max(&text, 200)));
    let Some(reason) = reason else { return Err(errors.into()) };
    let mut tx = ctx.begin().await?;
    books_lock(&mut tx).await?;
    let run = run_open(&mut tx, id).await?;
    // What was changed or disposed of since counts on the months that ran.
    let moved = sqlx::query_scalar!(
        r#"select exists (select from asset_change c join asset_depreciation l on l.master_id = c.master_id and l.run_id = $1
                          where c.state = 'APPROVED' and c.checked_at > $2) as "moved!""#,
        id.0,
        run.made_at
    )
    .fetch_one(connection(&mut tx))
    .await?;
    if moved {
        return Err(Failure::refused("计提后已有卡片登记、变更或处置，不能冲回，请以变更单调整").into());
    }
    sqlx::query!("update asset_depreciation_run set reversed = true where id = $1", id.0)
        .execute(connection(&mut tx))
        .await?;
    let counter = sqlx::query_scalar!(
        "insert into asset_depreciation_run (district_id, period, reverses_id, reason, made_by, made_at)
         values ($1, $2, $3, $4, $5, $6) returning id",
        run.district_id,
        run.period,
        id.0,
        reason,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await?;
    sqlx::query!(
        "insert into asset_depreciation (run_id, master_id, sub_id, district_id, estate_id, period, amount_fen)
         select $2, master_id, sub_id, district_id, estate_id, period, -amount_fen from asset_depreciation where run_id = $1",
        id.0,
        counter,
    )
    .execute(connection(&mut tx))
    .await?;
    cards_move(&mut tx, &[counter], -1).await?;
    runs_total(&mut tx, &[counter]).await?;
    tx.commit().await?;
    Ok(DepreciationRunId(counter))
}

struct OpenRun {
    district_id: i64,
    period: NaiveDate,
    made_at: DateTime<Utc>,
}

/// A run that can still be taken back or closed.
async fn run_open(tx: &mut Tx, id: DepreciationRunId) -> Result<OpenRun> {
    let run = sqlx::query!(
        r#"select district_id, period, reverses_id, reversed, closed_at, made_at,
                  exists (select from asset_depreciation_run n where n.district_id = r.district_id and n.period > r.period
                          and n.reverses_id is null and not n.reversed) as "later!"
           from asset_depreciation_run r where id = $1 for update"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let refusal = if run.reverses_id.is_some() || run.reversed {
        Some("该计提已冲回")
    } else if run.closed_at.is_some() {
        Some("该会计期间已结账，不能再冲回或结账")
    } else if run.later {
        Some("该区县之后的月份已计提，请先冲回之后的月份")
    } else {
        None
    };
    match refusal {
        Some(sentence) => Err(Failure::refused(sentence).into()),
        None => Ok(OpenRun { district_id: run.district_id, period: run.period, made_at: run.made_at }),
    }
}

/// Closes the period of a run: from now on it stays (T5).
///
/// # Errors
/// Without [`Permission::AssetCheck`]; a refusal of what was taken back or is closed.
pub async fn depreciation_close(ctx: &Ctx, id: DepreciationRunId) -> Result<()> {
    ctx.require(Permission::AssetCheck)?;
    let mut tx = ctx.begin().await?;
    books_lock(&mut tx).await?;
    let closed = sqlx::query!(
        "update asset_depreciation_run set closed_at = $2, closed_by = $3
         where id = $1 and reverses_id is null and not reversed and closed_at is null",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    if closed.rows_affected() == 0 {
        // Says which of the reasons it was.
        run_open(&mut tx, id).await?;
        return Err(Error::Broken("an open run could not be closed".to_owned()));
    }
    tx.commit().await?;
    Ok(())
}

/// What was depreciated of a master card with its sub cards, or of one sub card; newest month first.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn depreciation_lines(
    ctx: &Ctx,
    master: AssetMasterId,
    sub: Option<AssetSubId>,
) -> Result<Vec<DepreciationLine>> {
    ctx.require(Permission::AssetRead)?;
    let mut tx = ctx.begin().await?;
    let seen = match sub {
        None => {
            sqlx::query_scalar!("select id from asset_master where id = $1 and deleted_at is null", master.0)
                .fetch_optional(connection(&mut tx))
                .await?
        }
        Some(sub) => {
            sqlx::query_scalar!(
                "select id from asset_sub where id = $1 and master_id = $2 and deleted_at is null",
                sub.0,
                master.0
            )
            .fetch_optional(connection(&mut tx))
            .await?
        }
    };
    seen.ok_or(Failure::NotFound)?;
    let lines = sqlx::query!(
        r#"select r.period, r.reverses_id is not null as "counter!", r.made_at, sum(l.amount_fen)::bigint as "amount!"
           from asset_depreciation l join asset_depreciation_run r on r.id = l.run_id
           where l.master_id = $1 and ($2::bigint is null or l.sub_id = $2)
           group by r.id order by r.id desc limit 600"#,
        master.0,
        sub.map(|sub| sub.0),
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(lines
        .into_iter()
        .map(|row| DepreciationLine {
            period: Month::of(row.period),
            amount: Money::from_fen(row.amount),
            counter: row.counter,
            at: row.made_at,
        })
        .collect())
}
