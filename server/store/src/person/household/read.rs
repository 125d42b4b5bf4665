//! Households as lists and pages show them.

use crate::{
    Ctx, Error, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    change::Change,
    dictionary::{ApplicantCategory, Relation, SpecialTag},
    failure::Failure,
    id::{HouseholdId, PersonId},
    list::{ListQuery, Page},
    person::household::{HOUSEHOLD_LIST, Household, HouseholdLine, HouseholdRow, Member},
    platform::permission::Permission,
    value::{Area, Money},
};
use sqlx::{Postgres, QueryBuilder, types::Json};

const COLUMNS: &str =
    "h.id, h.household_no, h.head_id, p.name as head, p.id_number_mask, h.size, h.category, h.annual_income_fen, h.area_per_head,
     o.name as organization, h.closed_on, h.updated_at";
const FROM: &str =
    "from household h join person p on p.id = h.head_id join organization o on o.id = h.organization_id where true";

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    household_no: String,
    head_id: i64,
    head: String,
    id_number_mask: String,
    size: i16,
    category: String,
    annual_income_fen: i64,
    area_per_head: Option<i32>,
    organization: String,
    closed_on: Option<NaiveDate>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Record> for HouseholdRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: HouseholdId(record.id),
            household_no: record.household_no,
            head_id: PersonId(record.head_id),
            head: record.head,
            id_number: record.id_number_mask,
            size: record.size.into(),
            category: stored(&record.category, ApplicantCategory::from_code)?,
            annual_income: Money::from_fen(record.annual_income_fen),
            area_per_head: record.area_per_head.map(|area| Area::from_hundredths(area.into())),
            organization: record.organization,
            closed_on: record.closed_on,
            updated_at: record.updated_at,
        })
    }
}

/// The first wall of data scope: a household is kept by who keeps its head.
fn push_household_scope(sql: &mut QueryBuilder<Postgres>, ctx: &Ctx) {
    match ctx.scope() {
        Scope::City { .. } => {}
        Scope::Districts(districts) => {
            sql.push(" and h.district_id = any(").push_bind(districts.clone()).push(")");
        }
        Scope::Estates(_) => {
            sql.push(" and h.organization_id = ").push_bind(ctx.actor().organization_id.0);
        }
        Scope::Nothing => {
            sql.push(" and false");
        }
    }
}

/// A page of households in scope.
///
/// # Errors
/// Without [`Permission::HouseholdRead`].
pub async fn household_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<HouseholdRow>> {
    ctx.require(Permission::HouseholdRead)?;
    let (sort, descending) = HOUSEHOLD_LIST.sort(query);
    let order = match sort {
        "household_no" => "h.household_no",
        "size" => "h.size",
        "annual_income" => "h.annual_income_fen",
        _ => "h.updated_at",
    };
    let page = SmallList {
        columns: COLUMNS,
        from: FROM,
        searched: &["p.name", "h.household_no"],
        filter: &|sql| {
            push_household_scope(sql, ctx);
            push_id(sql, query, "district", "h.district_id");
            push_code(sql, query, "category", "h.category");
            if let Some(tag) = query.filter("tag") {
                sql.push(" and ").push_bind(tag.to_owned()).push(" = any(h.special_tags)");
            }
            match query.filter("state") {
                Some("OPEN") => drop(sql.push(" and h.closed_on is null")),
                Some("CLOSED") => drop(sql.push(" and h.closed_on is not null")),
                _ => {}
            }
            if let Some(person) = query.filter("person") {
                sql.push(" and exists (select from household_member m where m.household_id = h.id and m.person_id = ");
                sql.push_bind(person.parse::<i64>().unwrap_or(-1)).push(")");
            }
        },
        order,
        descending,
        tie: "h.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(HouseholdRow::try_from)
}

/// One household.
///
/// # Errors
/// Without [`Permission::HouseholdRead`]; [`Failure::NotFound`] outside the scope.
pub async fn household_get(ctx: &Ctx, id: HouseholdId) -> Result<Household> {
    ctx.require(Permission::HouseholdRead)?;
    let mut tx = ctx.begin().await?;
    let household = load(&mut tx, id).await?;
    tx.commit().await?;
    Ok(household)
}

pub(super) async fn load(tx: &mut Tx, id: HouseholdId) -> Result<Household> {
    let statement = format!("select {COLUMNS} {FROM} and h.id = $1");
    let record: Record = sqlx::query_as(sqlx::AssertSqlSafe(statement))
        .bind(id.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    let more = sqlx::query!(
        "select special_tags, assets_fen, remark, closed_reason, version, created_at, user_name(updated_by) as updated_by
         from household where id = $1",
        id.0
    )
    .fetch_one(connection(tx))
    .await?;
    let tags = more.special_tags.iter().map(|tag| stored(tag, SpecialTag::from_code)).collect::<Result<Vec<_>>>()?;
    Ok(Household {
        row: record.try_into()?,
        members: members(tx, id).await?,
        special_tags: tags,
        assets: more.assets_fen.map(Money::from_fen),
        remark: more.remark,
        closed_reason: more.closed_reason,
        created_at: more.created_at,
        history: history(tx, id).await?,
        version: more.version,
        updated_by: more.updated_by,
    })
}

async fn members(tx: &mut Tx, id: HouseholdId) -> Result<Vec<Member>> {
    sqlx::query!(
        r#"select m.person_id, coalesce(p.name, m.person_name) as "name!", p.id_number_mask as "id_number?", m.relation, m.joined_on,
                  m.left_on
           from household_member m left join person p on p.id = m.person_id where m.household_id = $1
           order by m.left_on is not null, m.relation <> 'SELF', m.id"#,
        id.0
    )
    .fetch_all(connection(tx))
    .await?
    .into_iter()
    .map(|row| {
        Ok(Member {
            person_id: PersonId(row.person_id),
            name: row.name,
            id_number: row.id_number,
            relation: stored(&row.relation, Relation::from_code)?,
            joined_on: row.joined_on,
            left_on: row.left_on,
        })
    })
    .collect()
}

type Line = (DateTime<Utc>, Option<String>, String, Option<String>, Json<Vec<Change>>);

async fn history(tx: &mut Tx, id: HouseholdId) -> Result<Vec<HouseholdLine>> {
    let rows: Vec<Line> = sqlx::query_as(
        "select at, user_name(actor_id), event, reason, changes from household_history
         where household_id = $1 order by id desc limit 200",
    )
    .bind(id.0)
    .fetch_all(connection(tx))
    .await?;
    let line =
        |(at, actor, event, reason, changes): Line| HouseholdLine { at, actor, event, reason, changes: changes.0 };
    Ok(rows.into_iter().map(line).collect())
}
