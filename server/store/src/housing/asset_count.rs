//! Stock-taking of asset cards (盘点, domain.md §3.19 T6): a sheet with the planned cards, what was seen of each, and a
//! second person who confirms; only then it goes into the cards.

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
    platform::{
        message::message_send,
        numbering::{CITY, number_take},
    },
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    dictionary::{CountResult, CountStatus, NumberKind, UnitCondition},
    failure::{Failure, FieldErrors},
    form::optional_text,
    housing::asset_count::{
        ASSET_COUNT_LIST, AssetCount, AssetCountForm, AssetCountLine, AssetCountRow, CountEntry, CountSubject,
    },
    id::{AssetCountId, AssetSubId},
    list::{ListQuery, Page},
    platform::{message::Notice, permission::Permission},
};
use sqlx::{Postgres, QueryBuilder};

/// The most lines of one sheet: what a person can count and a page can show. A larger master card is counted by estate.
pub const LINES_MAX: i64 = 2_000;

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    title: String,
    district: String,
    count_no: Option<String>,
    subject: String,
    planned_on: NaiveDate,
    status: String,
    planned: i64,
    counted: i64,
    missing: i64,
    surplus: i64,
    made_by: Option<String>,
    created_at: DateTime<Utc>,
}

const COLUMNS: &str =
    "c.id, c.title, c.count_no, d.name as district, coalesce(m.card_no || ' ' || m.asset_name, e.name, '') as subject,
     c.planned_on, c.status, l.planned, l.counted, l.missing, l.surplus, user_name(c.made_by) as made_by, c.created_at";

const FROM: &str = "from asset_count c join organization d on d.id = c.district_id
     left join asset_master m on m.id = c.master_id left join estate e on e.id = c.estate_id
     cross join lateral (select count(sub_id) as planned, count(result) as counted,
                                count(*) filter (where result = 'MISSING') as missing,
                                count(*) filter (where result = 'SURPLUS') as surplus
                         from asset_count_line where count_id = c.id) l
     where true";

impl TryFrom<Record> for AssetCountRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: AssetCountId(record.id),
            title: record.title,
            count_no: record.count_no,
            district: record.district,
            subject: record.subject,
            planned_on: record.planned_on,
            status: stored(&record.status, CountStatus::from_code)?,
            planned: record.planned,
            counted: record.counted,
            missing: record.missing,
            surplus: record.surplus,
            made_by: record.made_by,
            made_at: record.created_at,
        })
    }
}

/// A page of count sheets in scope.
///
/// # Errors
/// Without [`Permission::AssetRead`].
pub async fn asset_count_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<AssetCountRow>> {
    ctx.require(Permission::AssetRead)?;
    let (_, descending) = ASSET_COUNT_LIST.sort(query);
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["c.title", "c.count_no", "m.card_no", "m.asset_name", "e.name"],
        filter: &|sql| {
            push_scope(sql, ctx, "c.district_id", "c.estate_id");
            push_id(sql, query, "district", "c.district_id");
            push_code(sql, query, "status", "c.status");
            if query.filter("turn").is_some() {
                push_turn(sql, ctx);
            }
        },
        order: "c.planned_on",
        descending,
        tie: "c.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(AssetCountRow::try_from)
}

/// Adds that the sheet `c` waits for the actor's confirmation, who had no part in it (domain.md §3.19 T6): of the reminder
/// and the list behind it.
pub(crate) fn push_turn(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    let me = ctx.actor().id.0;
    sql.push(" and c.status in ('COUNTED', 'DIFF') and ").push_bind(ctx.actor().may(Permission::AssetCheck));
    sql.push(" and c.made_by <> ").push_bind(me);
    sql.push(" and not ").push_bind(me).push(" = any(c.counter_ids)");
}

/// One count sheet with its lines.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn asset_count_get(ctx: &Ctx, id: AssetCountId) -> Result<AssetCount> {
    ctx.require(Permission::AssetRead)?;
    let mut tx = ctx.begin().await?;
    let mut sql = QueryBuilder::new(format!("select {COLUMNS} {FROM} and c.id = "));
    let record: Record =
        sql.push_bind(id.0).build_query_as().fetch_optional(connection(&mut tx)).await?.ok_or(Failure::NotFound)?;
    let more = sqlx::query!(
        "select handling, user_name(confirmed_by) as confirmed_by, confirmed_at, version, made_by, counter_ids from asset_count
         where id = $1",
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let lines = sqlx::query!(
        r#"select l.id, l.sub_id, s.card_no as "card_no?", l.place, l.result, l.condition, l.counted_on, l.note
           from asset_count_line l left join asset_sub s on s.id = l.sub_id where l.count_id = $1
           order by l.sub_id is null, s.card_no collate natural_order, l.id"#,
        id.0
    )
    .fetch_all(connection(&mut tx))
    .await?
    .into_iter()
    .map(|line| {
        Ok(AssetCountLine {
            id: line.id,
            sub: line.sub_id.map(AssetSubId).zip(line.card_no),
            place: line.place,
            result: line.result.as_deref().map(|code| stored(code, CountResult::from_code)).transpose()?,
            condition: line.condition.as_deref().map(|code| stored(code, UnitCondition::from_code)).transpose()?,
            counted_on: line.counted_on,
            note: line.note,
        })
    })
    .collect::<Result<Vec<_>>>()?;
    tx.commit().await?;
    let row = AssetCountRow::try_from(record)?;
    let me = ctx.actor().id.0;
    let finished = matches!(row.status, CountStatus::Counted | CountStatus::Difference);
    let own = more.made_by == me || more.counter_ids.contains(&me);
    Ok(AssetCount {
        confirmable: finished && !own && ctx.actor().may(Permission::AssetCheck),
        row,
        lines,
        handling: more.handling,
        confirmed_by: more.confirmed_by,
        confirmed_at: more.confirmed_at,
        version: more.version,
    })
}

/// Makes a sheet with every sub card in the books of a master card or an estate.
///
/// # Errors
/// Complaints by field; a refusal when there is nothing to count, or too much for one sheet.
pub async fn asset_count_create(ctx: &Ctx, form: &AssetCountForm) -> Result<AssetCountId> {
    ctx.require(Permission::AssetWrite)?;
    let (title, planned_on, subject) = form.check()?;
    let (master, estate) = match subject {
        CountSubject::Master(id) => (Some(id), None),
        CountSubject::Estate(id) => (None, Some(id)),
    };
    let mut tx = ctx.begin().await?;
    // Of a sheet that is refused below the number goes to the next one.
    let count_no = number_take(&mut tx, NumberKind::AssetCount, CITY, ctx.today()).await?;
    let id = sqlx::query_scalar!(
        "insert into asset_count (district_id, master_id, estate_id, title, planned_on, made_by, created_at, updated_at, count_no)
         select coalesce(m.district_id, e.district_id), m.id, e.id, $3, $4, $5, $6, $6, $7
         from (values (1)) one left join asset_master m on m.id = $1 and m.deleted_at is null
         left join estate e on e.id = $2 and e.deleted_at is null
         where num_nonnulls(m.id, e.id) = 1 returning id",
        master,
        estate,
        title,
        planned_on,
        ctx.actor().id.0,
        ctx.now(),
        count_no,
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or_else(|| Error::from(FieldErrors::from(("subject", "盘点范围不存在，或不在您的管辖范围内"))))?;
    let planned = sqlx::query!(
        "insert into asset_count_line (count_id, sub_id, place)
         select $1, s.id, e.name || ' ' || u.address from asset_sub s join unit u on u.id = s.unit_id join estate e on e.id = s.estate_id
         where s.deleted_at is null and s.status in ('REGISTERED', 'CHANGED', 'DISPOSAL_PENDING')
           and (s.master_id = $2 or s.estate_id = $3)",
        id,
        master,
        estate,
    )
    .execute(connection(&mut tx))
    .await?
    .rows_affected();
    if planned == 0 {
        return Err(FieldErrors::from(("subject", "该范围没有已登记的子卡片，不能盘点")).into());
    }
    if planned > LINES_MAX as u64 {
        let sentence = format!("该范围有{planned}张子卡片，一张盘点单最多{LINES_MAX}张，请按小区盘点");
        return Err(FieldErrors::from(("subject", sentence.as_str())).into());
    }
    tx.commit().await?;
    Ok(AssetCountId(id))
}

/// The status of a sheet whose row is locked.
async fn count_lock(tx: &mut Tx, id: AssetCountId) -> Result<(CountStatus, i64)> {
    let row = sqlx::query!("select status, made_by from asset_count where id = $1 for update", id.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    Ok((stored(&row.status, CountStatus::from_code)?, row.made_by))
}

/// Notes what was seen of a line, or something that has no card. Several people may count one sheet.
///
/// # Errors
/// Complaints by field; a refusal once counting has ended.
pub async fn asset_count_enter(ctx: &Ctx, id: AssetCountId, entry: &CountEntry) -> Result<()> {
    ctx.require(Permission::AssetWrite)?;
    let note = entry.check()?;
    let mut tx = ctx.begin().await?;
    let (status, _) = count_lock(&mut tx, id).await?;
    if status != CountStatus::Task {
        return Err(Failure::refused(format!("盘点单为“{status}”，不能登记")).into());
    }
    let condition = entry.condition.map(UnitCondition::code);
    let written = match entry.line {
        Some(line) => {
            sqlx::query!(
                "update asset_count_line set result = $3, condition = $4, note = $5, counted_on = $6, counted_by = $7
             where id = $2 and count_id = $1 and sub_id is not null",
                id.0,
                line,
                entry.result.code(),
                condition,
                note,
                ctx.today(),
                ctx.actor().id.0,
            )
            .execute(connection(&mut tx))
            .await?
        }
        None => {
            sqlx::query!(
                "insert into asset_count_line (count_id, place, result, condition, note, counted_on, counted_by)
             values ($1, $2, 'SURPLUS', $3, $4, $5, $6)",
                id.0,
                entry.place.trim(),
                condition,
                note,
                ctx.today(),
                ctx.actor().id.0,
            )
            .execute(connection(&mut tx))
            .await?
        }
    };
    if written.rows_affected() == 0 {
        return Err(Failure::NotFound.into());
    }
    sqlx::query!(
        "update asset_count set counter_ids = counter_ids || $2::bigint, updated_at = $3, version = version + 1
         where id = $1 and not $2 = any (counter_ids)",
        id.0,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Ends counting: every planned card has its result; differences are what is missing or has no card.
///
/// # Errors
/// A refusal while lines are open, or once it has ended.
pub async fn asset_count_finish(ctx: &Ctx, id: AssetCountId) -> Result<CountStatus> {
    ctx.require(Permission::AssetWrite)?;
    let mut tx = ctx.begin().await?;
    let (status, _) = count_lock(&mut tx, id).await?;
    let lines = sqlx::query!(
        r#"select count(*) filter (where result is null) as "open!", count(*) filter (where result <> 'FOUND') as "differences!"
           from asset_count_line where count_id = $1"#,
        id.0
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let next = status.finish(lines.open, lines.differences)?;
    sqlx::query!(
        "update asset_count set status = $2, updated_at = $3, version = version + 1 where id = $1",
        id.0,
        next.code(),
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(next)
}

/// A second person confirms; with differences the handling is said. Results go into the cards.
///
/// # Errors
/// A complaint without handling; a refusal of one's own count, and before it is finished.
pub async fn asset_count_confirm(ctx: &Ctx, id: AssetCountId, handling: &str) -> Result<()> {
    ctx.require(Permission::AssetCheck)?;
    let mut errors = FieldErrors::default();
    let handling = errors.take("handling", optional_text(handling, 200)).flatten();
    let mut tx = ctx.begin().await?;
    let (status, _) = count_lock(&mut tx, id).await?;
    let next = status.confirm()?;
    if status == CountStatus::Difference && handling.is_none() {
        errors.add("handling", "有差异时须填写处理意见");
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let confirmed = sqlx::query!(
        "update asset_count set status = $2, handling = $3, confirmed_by = $4, confirmed_at = $5, updated_at = $5, version = version + 1
         where id = $1 returning title, made_by",
        id.0,
        next.code(),
        handling,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(own_count)?;
    sqlx::query!(
        "update asset_sub s set condition = coalesce(l.condition, s.condition), counted_on = l.counted_on, count_result = l.result,
                version = s.version + 1, updated_by = $2, updated_at = $3
         from asset_count_line l where l.count_id = $1 and l.sub_id = s.id",
        id.0,
        ctx.actor().id.0,
        ctx.now(),
    )
    .execute(connection(&mut tx))
    .await?;
    let params = [("盘点单", confirmed.title.as_str()), ("复核人", ctx.actor().name.as_str())];
    let link = format!("/assets/counts/{id}/sheet");
    message_send(&mut tx, confirmed.made_by, Notice::CountConfirmed, &params, &link).await?;
    tx.commit().await?;
    Ok(())
}

/// That a counter does not confirm is the database's own rule; this is how it is said.
fn own_count(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) if database.constraint() == Some("asset_count_checker_check") => {
            Failure::refused("不能确认本人编制或参与登记的盘点单，请由其他审核人办理").into()
        }
        _ => error.into(),
    }
}
