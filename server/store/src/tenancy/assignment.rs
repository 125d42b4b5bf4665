//! Directed assignments (domain.md §3.27 U4): a home for a named person, confirmed by a second one.
//!
//! Whoever writes takes the home's row first; so two about one home come one after the other.

mod list;

pub use list::{assignment_get, assignment_list};
pub(crate) use list::{push_turn, push_unsigned};

use crate::{
    Ctx, Database, Error, Result,
    billing::rule::billing_rule,
    ctx::{Tx, connection},
    error::stored,
    housing::unit::{Moved, unit_move},
    person::household::household_of,
    platform::calendar::calendar_load,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    dictionary::{AssignmentStatus, LayoutType, PersonType},
    failure::{Failure, FieldErrors},
    housing::unit_status::UnitEvent,
    id::{AssignmentId, PersonId, UnitId},
    platform::permission::Permission,
    tenancy::assignment::{AssignmentEvent, AssignmentForm},
};

/// Proposes a home that is free for a person who has none.
///
/// # Errors
/// Complaints by field: who has a home or is about to get one, and a home that is not free.
pub async fn assignment_create(ctx: &Ctx, form: &AssignmentForm) -> Result<AssignmentId> {
    ctx.require(Permission::AssignmentWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    let unit = sqlx::query!(
        "select u.district_id, u.estate_id, u.status, u.address, r.status as \"standard?\" from unit u
         left join rent_standard r on r.id = u.rent_standard_id where u.id = $1 and u.deleted_at is null for update of u",
        fields.unit_id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or_else(|| FieldErrors::from(("unit", "房源不存在，或不在您的管辖范围内")))?;
    let status = stored(&unit.status, domain::dictionary::UnitStatus::from_code)?;
    if !status.is_lettable() {
        return Err(FieldErrors::from(("unit", "该房间已被占用")).into());
    }
    if unit.standard.as_deref() != Some("ON") {
        return Err(FieldErrors::from(("unit", "该房源没有执行中的租金标准，请先维护房源")).into());
    }
    let person = sqlx::query!(
        "select name, id_number_mask, person_type from person
         where id = $1 and deleted_at is null and merged_into is null for share",
        fields.person_id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or_else(|| FieldErrors::from(("person", "人员不存在，或不在您的管辖范围内")))?;
    if stored(&person.person_type, PersonType::from_code)? != PersonType::Tenant {
        return Err(FieldErrors::from(("person", "人员类型不是租户，请先在人员管理中变更")).into());
    }
    if person_is_housed(&mut tx, fields.person_id).await? {
        return Err(FieldErrors::from(("person", "承租人已有履行中的合同")).into());
    }
    if household_is_housed(&mut tx, fields.person_id).await? {
        return Err(FieldErrors::from(("person", HOUSEHOLD_IS_HOUSED)).into());
    }
    if !layout_fits(&mut tx, ctx, fields.unit_id.0, fields.person_id.0).await? {
        return Err(FieldErrors::from(("unit", LAYOUT_DIFFERS)).into());
    }
    let id = sqlx::query_scalar!(
        "insert into assignment (district_id, estate_id, unit_id, person_id, person_name, id_number_mask, reason, document_no,
                                 maker_id, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
        unit.district_id,
        unit.estate_id,
        fields.unit_id.0,
        fields.person_id.0,
        person.name,
        person.id_number_mask,
        fields.reason,
        fields.document_no,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(|error| {
        Error::from(error).or_field(&[
            ("assignment_unit_key", "unit", "该房间已分配给他人，待复核或待签约"),
            ("assignment_person_key", "person", "该人员已有待复核或待签约的房源"),
        ])
    })?;
    tx.commit().await?;
    Ok(AssignmentId(id))
}

/// What is told where a home has too much or too little room for a household (S1-5.2).
const LAYOUT_DIFFERS: &str = "户型与家庭人口不匹配";

/// Whether a home's layout is one that the household of a person may have where it lies (PRM-21). Of somebody without a
/// household nothing is known.
pub(super) async fn layout_fits(tx: &mut Tx, ctx: &Ctx, unit: i64, person: i64) -> Result<bool> {
    let Some((_, people)) = household_of(tx, person).await? else { return Ok(true) };
    let unit =
        sqlx::query!("select district_id, layout from unit where id = $1", unit).fetch_one(connection(tx)).await?;
    let rule = billing_rule(tx, unit.district_id, ctx.today()).await?;
    Ok(rule.layouts.allows(people, stored(&unit.layout, LayoutType::from_code)?))
}

/// Whether a person has a contract that runs, in the whole city: homes of other districts are asked about, too, and answer
/// yes or no only.
pub(super) async fn person_is_housed(tx: &mut Tx, person: PersonId) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select person_is_housed($1) as "housed!""#, person.0).fetch_one(connection(tx)).await?)
}

/// What is told where another member of the household has a contract (C1).
pub(super) const HOUSEHOLD_IS_HOUSED: &str = "家庭成员已有履行中的合同";

/// The same of the household that a person belongs to.
pub(super) async fn household_is_housed(tx: &mut Tx, person: PersonId) -> Result<bool> {
    Ok(sqlx::query_scalar!(r#"select household_is_housed($1) as "housed!""#, person.0)
        .fetch_one(connection(tx))
        .await?)
}

/// An assignment whose row, behind that of its home, is locked.
pub(super) struct Held {
    pub id: i64,
    pub district_id: i64,
    pub unit_id: i64,
    pub person_id: i64,
    pub status: AssignmentStatus,
    pub maker_id: i64,
    pub version: i32,
}

pub(super) async fn hold(tx: &mut Tx, id: AssignmentId) -> Result<Held> {
    let unit = sqlx::query_scalar!("select unit_id from assignment where id = $1", id.0)
        .fetch_optional(connection(tx))
        .await?
        .ok_or(Failure::NotFound)?;
    sqlx::query!("select id from unit where id = $1 for update", unit).fetch_one(connection(tx)).await?;
    let row = sqlx::query!(
        "select district_id, unit_id, person_id, status, maker_id, version from assignment where id = $1 for update",
        id.0
    )
    .fetch_one(connection(tx))
    .await?;
    Ok(Held {
        id: id.0,
        district_id: row.district_id,
        unit_id: row.unit_id,
        person_id: row.person_id,
        status: stored(&row.status, AssignmentStatus::from_code)?,
        maker_id: row.maker_id,
        version: row.version,
    })
}

/// Confirms or refuses what another proposed. Confirmed, the home is ASSIGNED until the last day for signing (PRM-23).
///
/// # Errors
/// [`Failure::Conflict`]; a refusal for one's own; a missing opinion when it is refused.
pub async fn assignment_decide(
    ctx: &Ctx,
    id: AssignmentId,
    version: i32,
    approve: bool,
    opinion: &str,
) -> Result<AssignmentStatus> {
    ctx.require(Permission::AssignmentCheck)?;
    let opinion = opinion_check(opinion, !approve)?;
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    if held.maker_id == ctx.actor().id.0 {
        return Err(Failure::refused("不能复核本人经办的直接分配").into());
    }
    let event = if approve { AssignmentEvent::Confirm } else { AssignmentEvent::Refuse };
    let next = held.status.next(event)?;
    let mut expires_on = None;
    if approve {
        // The household may have changed since.
        if !layout_fits(&mut tx, ctx, held.unit_id, held.person_id).await? {
            return Err(Failure::refused(LAYOUT_DIFFERS).into());
        }
        expires_on = Some(sign_until(&mut tx, ctx, held.district_id).await?);
        unit_move(&mut tx, ctx, UnitId(held.unit_id), Moved { event: UnitEvent::Assign, reason: Some("直接分配") })
            .await?;
    }
    sqlx::query!(
        "update assignment set status = $2, checker_id = $3, checked_at = $4, opinion = $5, expires_on = $6, version = version + 1
         where id = $1",
        held.id,
        next.code(),
        ctx.actor().id.0,
        ctx.now(),
        opinion,
        expires_on,
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(next)
}

/// Gives a home back that is not signed for: by whoever may propose, with a reason.
///
/// # Errors
/// [`Failure::Conflict`]; a refusal when a contract about it is under way.
pub async fn assignment_release(ctx: &Ctx, id: AssignmentId, version: i32, reason: &str) -> Result<()> {
    ctx.require(Permission::AssignmentWrite)?;
    let reason = opinion_check(reason, true)?.unwrap_or_default();
    let mut tx = ctx.begin().await?;
    let held = hold(&mut tx, id).await?;
    if held.version != version {
        return Err(Failure::Conflict.into());
    }
    end(&mut tx, ctx, &held, AssignmentEvent::Release, &reason).await?;
    tx.commit().await?;
    ctx.database().announce();
    Ok(())
}

/// Ends an assignment without a contract; a home that was assigned is free again.
async fn end(tx: &mut Tx, ctx: &Ctx, held: &Held, event: AssignmentEvent, reason: &str) -> Result<()> {
    let next = held.status.next(event)?;
    let contract = sqlx::query_scalar!(
        r#"select exists (select from contract where assignment_id = $1 and deleted_at is null
                          and status not in ('REJECTED', 'VOID')) as "contract!""#,
        held.id
    )
    .fetch_one(connection(tx))
    .await?;
    if contract {
        return Err(Failure::refused("已录入合同，请先删除或作废合同").into());
    }
    sqlx::query!(
        "update assignment set status = $2, ended_reason = $3, ended_at = $4, ended_by = $5, version = version + 1 where id = $1",
        held.id,
        next.code(),
        reason,
        ctx.now(),
        ctx.actor_id(),
    )
    .execute(connection(tx))
    .await?;
    if held.status == AssignmentStatus::Confirmed {
        unit_move(tx, ctx, UnitId(held.unit_id), Moved { event: UnitEvent::Release, reason: Some(reason) }).await?;
    }
    Ok(())
}

/// The contract for the home is void (C11): the home is the household's to sign for once more, or to be given back, until the
/// last day for signing (PRM-23). The caller moves the home.
///
/// # Errors
/// The state machine's refusal; a refusal where the calendar of that year is not known.
pub(super) async fn reopen(tx: &mut Tx, ctx: &Ctx, id: AssignmentId) -> Result<()> {
    let held = hold(tx, id).await?;
    let next = held.status.next(AssignmentEvent::Reopen)?;
    let expires_on = sign_until(tx, ctx, held.district_id).await?;
    sqlx::query!(
        "update assignment set status = $2, expires_on = $3, version = version + 1 where id = $1",
        held.id,
        next.code(),
        expires_on,
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// The last day for signing, of a home that is assigned today (PRM-23).
async fn sign_until(tx: &mut Tx, ctx: &Ctx, district: i64) -> Result<NaiveDate> {
    let rule = billing_rule(tx, district, ctx.today()).await?;
    let calendar = calendar_load(tx).await?;
    Ok(calendar
        .add_working_days(ctx.today(), rule.sign_days)
        .map_err(|missing| Failure::refused(missing.to_string()))?)
}

/// A reason of at most 200 letters, which must be there where it is `wanted`.
pub(crate) fn opinion_check(text: &str, wanted: bool) -> Result<Option<String>> {
    let mut errors = FieldErrors::default();
    let opinion = errors.take("opinion", domain::form::optional_text(text, 200)).flatten();
    if wanted && opinion.is_none() {
        errors.add("opinion", "请填写原因");
    }
    if errors.is_empty() { Ok(opinion) } else { Err(errors.into()) }
}

/// Releases the homes whose last day for signing has passed and of which no contract is under way; answers how many. For
/// the server's daily work.
///
/// # Errors
/// When the database fails.
pub async fn assignments_lapse(database: &Database, now: DateTime<Utc>) -> Result<usize> {
    let ctx = Ctx::server(database, now);
    let mut tx = ctx.begin().await?;
    let due = sqlx::query_scalar!(
        "select a.id from assignment a where a.status = 'CONFIRMED' and a.expires_on < $1 and not exists (
             select from contract c where c.assignment_id = a.id and c.deleted_at is null and c.status not in ('REJECTED', 'VOID'))
         order by a.id",
        ctx.today()
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let mut lapsed = 0;
    for id in due {
        let mut tx = ctx.begin().await?;
        let held = hold(&mut tx, AssignmentId(id)).await?;
        // Between the question and the lock somebody may have begun a contract.
        match end(&mut tx, &ctx, &held, AssignmentEvent::Lapse, "逾期未签约").await {
            Ok(()) => {
                tx.commit().await?;
                lapsed += 1;
            }
            Err(Error::Failure(_)) => tx.rollback().await?,
            Err(error) => return Err(error),
        }
    }
    database.announce();
    Ok(lapsed)
}
