//! Reports (domain.md §8): the sums of a sheet, by group, within the actor's scope. Everything is added up from tallies whose
//! indexes begin with the district, in one statement.

mod carried;
mod source;

use crate::{
    Ctx, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    list::{push_district_scope, push_scope},
};
use chrono::NaiveDate;
use domain::{
    dictionary::{ExitType, FeeItem, PayMethod},
    failure::{Failure, FieldErrors},
    insight::{
        money::age_limits,
        report::{By, Report, ReportRow, ReportSheet, carried_on},
        report_query::ReportQuery,
        report_sheet::EXIT,
    },
    list::{ListQuery, group_thousands},
    platform::permission::Permission,
    sheet::Cell,
};
use source::{Branch, branches};
use sqlx::{Postgres, QueryBuilder};

/// A report as it was asked for: its name and wishes stand in the filters of `query`.
///
/// # Errors
/// Without [`Permission::ReportRead`], and of households by name without [`Permission::BillRead`]; complaints by field;
/// [`Failure::NotFound`] for a report that there is not, and for a place out of scope; a refusal of more than `most` rows, because a total of some of them is none.
pub async fn report_get(ctx: &Ctx, query: &ListQuery, most: u32) -> Result<Report> {
    ctx.require(Permission::ReportRead)?;
    let key = query.filter("report").ok_or(Failure::refused("请选择报表"))?;
    let sheet = ReportSheet::of(key).ok_or(Failure::NotFound)?;
    let asked = ReportQuery::of(sheet, query, ctx.today()).map_err(Failure::Invalid)?;
    let mut tx = ctx.begin().await?;
    let of = whose(&mut tx, ctx, &asked).await?;
    let by = asked.by.unwrap_or_else(|| suggested(ctx, sheet, &asked));
    if by == By::Account {
        ctx.require(Permission::BillRead)?;
    }
    let rows = carried_on(sheet, &asked, rows(&mut tx, ctx, sheet, by, &asked, most).await?);
    tx.commit().await?;
    if u32::try_from(rows.len()).is_ok_and(|rows| rows > most) {
        let most = group_thousands(most.into());
        return Err(Failure::refused(format!("报表超过{most}行，请选择区县、缩短期间或改用上一级分组")).into());
    }
    Ok(Report { key: sheet.key.to_owned(), query: asked, by, of, at: ctx.now(), rows })
}

/// The place that a report is about, as its head names it.
async fn whose(tx: &mut Tx, ctx: &Ctx, asked: &ReportQuery) -> Result<String> {
    if let Some(unit) = asked.unit {
        let name = sqlx::query_scalar!(
            r#"select e.name || u.address as "name!" from unit u join estate e on e.id = u.estate_id where u.id = $1"#,
            unit
        );
        return Ok(name.fetch_optional(connection(tx)).await?.ok_or(Failure::NotFound)?);
    }
    if let Some(project) = asked.project {
        let name = sqlx::query_scalar!("select name from project where id = $1", project);
        return Ok(name.fetch_optional(connection(tx)).await?.ok_or(Failure::NotFound)?);
    }
    if let Some(estate) = asked.estate {
        let found = sqlx::query!("select name, district_id from estate where id = $1 and deleted_at is null", estate)
            .fetch_optional(connection(tx))
            .await?
            .ok_or(Failure::NotFound)?;
        if asked.district.is_some_and(|district| district != found.district_id) {
            return Err(Failure::from(FieldErrors::from(("district", "限定的小区不在所选区县"))).into());
        }
        return Ok(found.name);
    }
    if let Some(district) = asked.district {
        // Who sees single estates sees of a district what lies in them.
        if !ctx.sees_district(district) && !matches!(ctx.scope(), Scope::Estates(_)) {
            return Err(Failure::NotFound.into());
        }
        let name = sqlx::query_scalar!("select name from organization where id = $1 and type = 'DISTRICT'", district);
        return Ok(name.fetch_optional(connection(tx)).await?.ok_or(Failure::NotFound)?);
    }
    Ok(ctx.actor().organization.clone())
}

/// The level just below what is looked at, of a report that is about places; otherwise its first.
fn suggested(ctx: &Ctx, sheet: &ReportSheet, asked: &ReportQuery) -> By {
    match sheet.groups.first() {
        Some(By::Project) => {
            return match (asked.unit, asked.project.or(asked.estate)) {
                (Some(_), _) => By::Account,
                (None, Some(_)) => By::Unit,
                (None, None) => By::Project,
            };
        }
        Some(By::Item) => return By::Item,
        _ => {}
    }
    let one_district = asked.district.is_some()
        || match ctx.scope() {
            Scope::City { .. } | Scope::Nothing => false,
            Scope::Districts(districts) => districts.len() == 1,
            Scope::Estates(_) => true,
        };
    let wished: &[By] = match (asked.estate.is_some(), one_district) {
        (true, _) => &[By::Building, By::Month, By::Estate],
        (false, true) => &[By::Estate],
        (false, false) => &[By::District],
    };
    let known = wished.iter().copied().find(|by| sheet.groups.contains(by));
    known.or_else(|| sheet.groups.first().copied()).unwrap_or(By::District)
}

#[derive(sqlx::FromRow)]
struct Record {
    id: Option<i64>,
    name: String,
    second: String,
    sums: Vec<i64>,
}

/// Rows up to one more than `most`, by which it is known that there are more.
async fn rows(
    tx: &mut Tx,
    ctx: &Ctx,
    sheet: &ReportSheet,
    by: By,
    asked: &ReportQuery,
    most: u32,
) -> Result<Vec<ReportRow>> {
    let width = sheet.width();
    let sums: Vec<String> = (0..width).map(|place| format!("sum(s{place})::bigint")).collect();
    let (id, name, join, order) = named(by);
    let mut sql = QueryBuilder::new(format!(
        "select {id} as id, {name} as name, x.second, x.sums
         from (select key, second, array[{}] as sums from (",
        sums.join(", ")
    ));
    let of_estates = asked.estate.is_some() || matches!(ctx.scope(), Scope::Estates(_));
    for (place, branch) in branches(sheet.key, by, of_estates).iter().enumerate() {
        if place > 0 {
            sql.push(" union all ");
        }
        push_branch(&mut sql, ctx, branch, (by, width), asked);
    }
    sql.push(format!(") u group by key, second) x {join} where 0 <> any (x.sums) order by {order}, x.second limit "));
    sql.push_bind(i64::from(most) + 1);
    let records: Vec<Record> = sql.build_query_as().fetch_all(connection(tx)).await?;
    records.into_iter().map(|record| row(sheet, by, record)).collect()
}

/// One table, added up by group and part.
fn push_branch(
    sql: &mut QueryBuilder<Postgres>,
    ctx: &Ctx,
    branch: &Branch,
    (by, width): (By, usize),
    asked: &ReportQuery,
) {
    let sum = |place: usize| match branch.sums.iter().find(|(own, _)| *own == place) {
        Some((_, aggregate)) => format!("coalesce({aggregate}, 0)::bigint as s{place}"),
        None => format!("0::bigint as s{place}"),
    };
    let sums: Vec<String> = (0..width).map(sum).collect();
    let second = if branch.second.is_empty() { "''" } else { branch.second };
    let text =
        format!("select {} as key, {second} as second, {} from {}", grouped(by, branch), sums.join(", "), branch.from);
    sql.push(filled(&text, ctx.today(), asked));
    if branch.has_estate {
        push_scope(sql, ctx, "t.district_id", "t.estate_id");
    } else {
        push_district_scope(sql, ctx, "t.district_id");
    }
    if let Some(district) = asked.district {
        sql.push(" and t.district_id = ").push_bind(district);
    }
    match asked.estate {
        Some(estate) if branch.has_estate => {
            sql.push(" and t.estate_id = ").push_bind(estate);
        }
        // What belongs to a district as a whole is not the estate's.
        Some(_) => {
            sql.push(" and false");
        }
        None => {}
    }
    for (column, id) in [("t.project_id", asked.project), ("t.unit_id", asked.unit)] {
        if let Some(id) = id {
            sql.push(format!(" and {column} = ")).push_bind(id);
        }
    }
    if let Some(item) = asked.item.filter(|_| !branch.from.contains(ITEMS)) {
        sql.push(" and t.fee_item = ").push_bind(item.code());
    }
    sql.push(" group by 1, 2");
}

/// Where a report of what comes with every period has its fee items: the one that is asked for, or all of them.
const ITEMS: &str = "{items}";

/// Days and codes go into the text as they are written, of which nothing can be quoted away.
fn filled(text: &str, today: NaiveDate, asked: &ReportQuery) -> String {
    let [first, second, third, fourth] = age_limits(today);
    let days = [
        ("{from}", asked.from),
        ("{to}", asked.to),
        ("{today}", today),
        ("{age1}", first),
        ("{age2}", second),
        ("{age3}", third),
        ("{age4}", fourth),
    ];
    let wanted = |item: &FeeItem| asked.item.map_or(item.is_periodic(), |asked| asked == *item);
    let items: Vec<&str> = FeeItem::ALL.iter().filter(|item| wanted(item)).map(|item| item.code()).collect();
    let text = text.replace(ITEMS, &format!("'{{{}}}'::text[]", items.join(",")));
    days.into_iter().fold(text, |text, (mark, day)| text.replace(mark, &format!("date '{day}'")))
}

/// What the rows of a branch are grouped by, as text.
fn grouped(by: By, branch: &Branch) -> String {
    match by {
        By::District => "t.district_id::text".to_owned(),
        By::Estate => "t.estate_id::text".to_owned(),
        By::Building => "t.building_id::text".to_owned(),
        By::Project => "t.project_id::text".to_owned(),
        By::Unit => "t.unit_id::text".to_owned(),
        By::Account => "t.account_id::text".to_owned(),
        By::Item => "t.fee_item".to_owned(),
        By::Method => "t.method".to_owned(),
        By::Cashier => "coalesce(t.cashier_id::text, '')".to_owned(),
        By::Month => format!("to_char({}, 'YYYY-MM')", branch.day),
        By::Year => format!("to_char({}, 'YYYY')", branch.day),
        By::Day => format!("{}::text", branch.day),
    }
}

/// Id and name of a group, the table that knows it, and its order.
const fn named(by: By) -> (&'static str, &'static str, &'static str, &'static str) {
    match by {
        By::District => {
            ("o.id", "o.name", "join organization o on o.id = x.key::bigint", "o.name collate natural_order, o.id")
        }
        By::Estate => ("e.id", "e.name", "join estate e on e.id = x.key::bigint", "e.name collate natural_order, e.id"),
        By::Building => (
            "b.id",
            "e.name || ' ' || b.no",
            "join building b on b.id = x.key::bigint join estate e on e.id = b.estate_id",
            "e.name collate natural_order, b.no_key, b.id",
        ),
        By::Project => {
            ("p.id", "p.name", "join project p on p.id = x.key::bigint", "p.name collate natural_order, p.id")
        }
        By::Unit => (
            "w.id",
            "e.name || w.address",
            "join unit w on w.id = x.key::bigint join estate e on e.id = w.estate_id",
            "e.name collate natural_order, w.position_key, w.id",
        ),
        By::Account => (
            "a.id",
            "a.account_no || coalesce(' ' || c.lessee_name, '')",
            "join account a on a.id = x.key::bigint
             left join lateral (select lessee_name from contract where account_id = a.id order by id desc limit 1) c on true",
            "a.account_no",
        ),
        By::Cashier => (
            "nullif(x.key, '')::bigint",
            "coalesce(c.name || case when count(*) over (partition by c.name) > 1 then '（' || c.login || '）' else '' end, '系统')",
            "cross join lateral (select user_name(nullif(x.key, '')::bigint) as name, user_login(nullif(x.key, '')::bigint) as login) c",
            "c.name collate natural_order nulls last, c.login",
        ),
        By::Item | By::Method | By::Month | By::Year | By::Day => ("null::bigint", "x.key", "", "x.key"),
    }
}

fn row(sheet: &ReportSheet, by: By, record: Record) -> Result<ReportRow> {
    let name = match by {
        By::Item => Cell::coded(stored(&record.name, FeeItem::from_code)?),
        By::Method => Cell::coded(stored(&record.name, PayMethod::from_code)?),
        _ => Cell::Text(record.name),
    };
    let second = match sheet.second {
        None => None,
        Some(_) if sheet.key == EXIT.key => Some(Cell::coded(stored(&record.second, ExitType::from_code)?)),
        Some(_) => Some(Cell::Text(record.second)),
    };
    Ok(ReportRow { id: record.id, name, second, sums: record.sums })
}
