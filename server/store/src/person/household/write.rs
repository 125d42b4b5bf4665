//! Entering, changing and closing households. That somebody belongs to one is a unique index over the whole city: the other
//! may be another district's.

use super::read::load;
use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    platform::numbering::{CITY, number_take},
};
use domain::{
    change::Change,
    dictionary::{NumberKind, Relation},
    failure::{Failure, FieldErrors},
    id::{HouseholdId, PersonId},
    person::{
        household::{HouseholdFields, HouseholdForm, Member},
        merge::reason_check,
    },
    platform::permission::Permission,
};
use std::collections::HashMap;

/// What a record is told that is changed no more.
const IS_CLOSED: &str = "家庭已销户，不能修改";

/// Enters a household.
///
/// # Errors
/// Complaints by field: somebody who is not there, or belongs to another one.
pub async fn household_create(ctx: &Ctx, form: &HouseholdForm) -> Result<HouseholdId> {
    ctx.require(Permission::HouseholdWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    let people = people_hold(&mut tx, &fields).await?;
    let head = head_of(&fields)?;
    let number = number_take(&mut tx, NumberKind::Household, CITY, ctx.today()).await?;
    let tags: Vec<String> = fields.special_tags.iter().map(|tag| tag.code().to_owned()).collect();
    let id = sqlx::query_scalar!(
        "insert into household (household_no, organization_id, district_id, head_id, size, category, special_tags,
                                annual_income_fen, assets_fen, area_per_head, remark, created_at, created_by, updated_at, updated_by)
         select $1, p.organization_id, p.district_id, p.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $11
         from person p where p.id = $2 returning id",
        number,
        head.0,
        size_column(&fields),
        fields.category.code(),
        &tags,
        fields.annual_income.fen(),
        fields.assets.map(|assets| assets.fen()),
        area_column(&fields),
        fields.remark,
        ctx.now(),
        ctx.actor().id.0,
    )
    .fetch_one(connection(&mut tx))
    .await?;
    members_join(&mut tx, ctx, id, &fields.members, &people).await?;
    history_add(&mut tx, ctx, id, "登记", None, &[]).await?;
    tx.commit().await?;
    Ok(HouseholdId(id))
}

/// Changes a household that nobody else changed since version `version` was read. Who is no longer named left it today.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`]; a refusal of one that is closed.
pub async fn household_update(ctx: &Ctx, id: HouseholdId, version: i32, form: &HouseholdForm) -> Result<()> {
    ctx.require(Permission::HouseholdWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    hold(&mut tx, id).await?;
    let known = load(&mut tx, id).await?;
    if known.row.closed_on.is_some() {
        return Err(Failure::refused(IS_CLOSED).into());
    }
    if known.version != version {
        return Err(Failure::Conflict.into());
    }
    let people = people_hold(&mut tx, &fields).await?;
    let head = head_of(&fields)?;
    let tags: Vec<String> = fields.special_tags.iter().map(|tag| tag.code().to_owned()).collect();
    sqlx::query!(
        "update household h set organization_id = p.organization_id, district_id = p.district_id, head_id = p.id, size = $3,
                category = $4, special_tags = $5, annual_income_fen = $6, assets_fen = $7, area_per_head = $8, remark = $9,
                updated_at = $10, updated_by = $11, version = h.version + 1
         from person p where h.id = $1 and p.id = $2",
        id.0,
        head.0,
        size_column(&fields),
        fields.category.code(),
        &tags,
        fields.annual_income.fen(),
        fields.assets.map(|assets| assets.fen()),
        area_column(&fields),
        fields.remark,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    members_change(&mut tx, ctx, id, &known.members, &fields, &people).await?;
    let before = HouseholdForm::from(&known).check()?;
    let told = |members: &[(PersonId, Relation)], names: &dyn Fn(PersonId) -> String| {
        let texts = members.iter().map(|(person, relation)| format!("{}（{relation}）", names(*person)));
        texts.collect::<Vec<_>>().join("、")
    };
    let old = |person| {
        let found = known.members.iter().find(|member| member.person_id == person);
        found.map(|member| member.name.clone()).unwrap_or_default()
    };
    let new = |person: PersonId| people.get(&person.0).cloned().unwrap_or_default();
    let changes = fields.changes(&before, (&told(&before.members, &old), &told(&fields.members, &new)));
    history_add(&mut tx, ctx, id.0, "变更", None, &changes).await?;
    tx.commit().await?;
    Ok(())
}

/// Closes a household: everybody leaves it today.
///
/// # Errors
/// A complaint about the reason; [`Failure::Conflict`]; a refusal of one that is closed already.
pub async fn household_close(ctx: &Ctx, id: HouseholdId, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::HouseholdWrite)?;
    let reason = reason_check(reason)?;
    let mut tx = ctx.begin().await?;
    hold(&mut tx, id).await?;
    let known = load(&mut tx, id).await?;
    if known.row.closed_on.is_some() {
        return Err(Failure::refused(IS_CLOSED).into());
    }
    if known.version != version {
        return Err(Failure::Conflict.into());
    }
    sqlx::query!(
        "update household set closed_on = $2, closed_reason = $3, updated_at = $4, updated_by = $5, version = version + 1
         where id = $1",
        id.0,
        ctx.today(),
        reason,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    let all: Vec<i64> = known.members.iter().map(|member| member.person_id.0).collect();
    members_leave(&mut tx, ctx, id.0, &all).await?;
    history_add(&mut tx, ctx, id.0, "销户", Some(&reason), &[]).await?;
    tx.commit().await?;
    Ok(())
}

async fn hold(tx: &mut Tx, id: HouseholdId) -> Result<()> {
    let held = sqlx::query_scalar!("select id from household where id = $1 for update", id.0)
        .fetch_optional(connection(tx))
        .await?;
    held.map(drop).ok_or_else(|| Failure::NotFound.into())
}

fn head_of(fields: &HouseholdFields) -> Result<PersonId> {
    let head = fields.members.iter().find(|(_, relation)| *relation == Relation::Oneself);
    head.map(|(person, _)| *person).ok_or_else(|| FieldErrors::from(("head", "请选择户主")).into())
}

/// The checked numbers fit their columns.
fn size_column(fields: &HouseholdFields) -> i16 {
    i16::try_from(fields.size()).unwrap_or(i16::MAX)
}

fn area_column(fields: &HouseholdFields) -> Option<i32> {
    fields.area_per_head.and_then(|area| i32::try_from(area.hundredths()).ok())
}

/// The names of everybody named, who must be in sight; held against somebody who makes one of two records.
async fn people_hold(tx: &mut Tx, fields: &HouseholdFields) -> Result<HashMap<i64, String>> {
    let ids: Vec<i64> = fields.members.iter().map(|(person, _)| person.0).collect();
    let rows = sqlx::query!(
        "select id, name from person where id = any($1) and deleted_at is null and merged_into is null order by id for share",
        &ids
    )
    .fetch_all(connection(tx))
    .await?;
    let people: HashMap<i64, String> = rows.into_iter().map(|row| (row.id, row.name)).collect();
    match fields.members.iter().find(|(person, _)| !people.contains_key(&person.0)) {
        None => Ok(people),
        Some((_, relation)) => {
            let field = if *relation == Relation::Oneself { "head" } else { "members" };
            Err(FieldErrors::from((field, "人员不存在，或不在您的管辖范围内")).into())
        }
    }
}

/// Who left, who came, and what those who stayed are now.
async fn members_change(
    tx: &mut Tx,
    ctx: &Ctx,
    id: HouseholdId,
    known: &[Member],
    fields: &HouseholdFields,
    people: &HashMap<i64, String>,
) -> Result<()> {
    let belongs = |person: PersonId| known.iter().any(|member| member.person_id == person && member.left_on.is_none());
    let named = |person: PersonId| fields.members.iter().any(|(other, _)| *other == person);
    let left: Vec<i64> =
        known.iter().map(|member| member.person_id).filter(|person| !named(*person)).map(|id| id.0).collect();
    members_leave(tx, ctx, id.0, &left).await?;
    let stayed: Vec<_> = fields.members.iter().filter(|(person, _)| belongs(*person)).copied().collect();
    let persons: Vec<i64> = stayed.iter().map(|(person, _)| person.0).collect();
    let relations: Vec<&str> = stayed.iter().map(|(_, relation)| relation.code()).collect();
    // Two who change places must not meet on the way: head and spouse are one each.
    sqlx::query!(
        "update household_member set relation = 'OTHER' where household_id = $1 and left_on is null and person_id = any($2)",
        id.0,
        &persons
    )
    .execute(connection(tx))
    .await?;
    sqlx::query!(
        "update household_member m set relation = n.relation from unnest($2::bigint[], $3::text[]) as n (person, relation)
         where m.household_id = $1 and m.left_on is null and m.person_id = n.person",
        id.0,
        &persons,
        &relations as &[&str],
    )
    .execute(connection(tx))
    .await?;
    let came: Vec<_> = fields.members.iter().filter(|(person, _)| !belongs(*person)).copied().collect();
    members_join(tx, ctx, id.0, &came, people).await
}

async fn members_leave(tx: &mut Tx, ctx: &Ctx, household: i64, persons: &[i64]) -> Result<()> {
    sqlx::query!(
        "update household_member set left_on = greatest($3, joined_on)
         where household_id = $1 and person_id = any($2) and left_on is null",
        household,
        persons,
        ctx.today(),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Somebody who belongs to another household already is named; whose that is nobody needs to know.
async fn members_join(
    tx: &mut Tx,
    ctx: &Ctx,
    household: i64,
    members: &[(PersonId, Relation)],
    people: &HashMap<i64, String>,
) -> Result<()> {
    for (person, relation) in members {
        let field = if *relation == Relation::Oneself { "head" } else { "members" };
        if let Some((other, _)) = super::household_of(tx, person.0).await?
            && other != household
        {
            let name = people.get(&person.0).cloned().unwrap_or_default();
            return Err(FieldErrors::from((field, format!("{name}已属于其他家庭").as_str())).into());
        }
    }
    let persons: Vec<i64> = members.iter().map(|(person, _)| person.0).collect();
    let relations: Vec<&str> = members.iter().map(|(_, relation)| relation.code()).collect();
    let names: Vec<String> = persons.iter().map(|person| people.get(person).cloned().unwrap_or_default()).collect();
    sqlx::query!(
        "insert into household_member (household_id, person_id, person_name, relation, joined_on)
         select $1, n.person, n.name, n.relation, $5
         from unnest($2::bigint[], $3::text[], $4::text[]) as n (person, name, relation)",
        household,
        &persons,
        &names,
        &relations as &[&str],
        ctx.today(),
    )
    .execute(connection(tx))
    .await
    .map_err(|error| {
        Error::from(error).or_field(&[(
            "household_member_person_key",
            "members",
            "有成员刚刚登记到其他家庭，请刷新后再办理",
        )])
    })?;
    Ok(())
}

async fn history_add(
    tx: &mut Tx,
    ctx: &Ctx,
    household: i64,
    event: &str,
    reason: Option<&str>,
    changes: &[Change],
) -> Result<()> {
    sqlx::query!(
        "insert into household_history (household_id, at, actor_id, event, reason, changes) values ($1, $2, $3, $4, $5, $6)",
        household,
        ctx.now(),
        ctx.actor_id(),
        event,
        reason,
        serde_json::json!(changes),
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}
