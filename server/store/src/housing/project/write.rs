//! Projects entered, changed and deleted by hand (S1-4.1).

use super::project_load;
use crate::{
    Ctx, Error, Result, Scope,
    ctx::{Tx, connection},
    platform::{attachment::attachments_delete, division::place_on_map},
};
use domain::{
    dictionary::{AttachmentOwner, OrganizationType},
    failure::{Failure, FieldErrors},
    housing::{
        choice::Choice,
        project::Project,
        project_form::{ProjectFields, ProjectForm},
        removal::{PROJECT_HAS_BUILDINGS, PROJECT_HAS_CARD},
    },
    id::{OrganizationId, ProjectId},
    import::OWNER_UNITS,
    platform::permission::Permission,
    value::Point,
};

/// The projects of a district that a building may be bound to.
///
/// # Errors
/// Without [`Permission::ProjectRead`].
pub async fn project_choices_get(ctx: &Ctx, district: OrganizationId) -> Result<Vec<Choice>> {
    ctx.require(Permission::ProjectRead)?;
    let mut tx = ctx.begin().await?;
    let rows = sqlx::query!(
        "select id, name from project where district_id = $1 and deleted_at is null and status <> 'CLOSED'
         order by name collate natural_order",
        district.0
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(|row| Choice { id: row.id, label: row.name }).collect())
}

/// Enters a new project.
///
/// # Errors
/// Complaints by field, also for a district outside the scope.
pub async fn project_create(ctx: &Ctx, form: &ProjectForm) -> Result<ProjectId> {
    ctx.require(Permission::ProjectWrite)?;
    let fields = form.check()?;
    if !ctx.sees_district(fields.district_id.0) {
        return Err(FieldErrors::from(("district", "无权在该区县新增项目")).into());
    }
    // The whole city is in sight, but not every organisation of it is a district.
    if matches!(ctx.scope(), Scope::City { districts } if !districts.contains(&fields.district_id.0)) {
        return Err(FieldErrors::from(("district", "所属区县不存在")).into());
    }
    let mut tx = ctx.begin().await?;
    parties_check(&mut tx, &fields, None).await?;
    let map = place_on_map(&mut tx, fields.district_id.0, fields.place).await?;
    let id = sqlx::query_scalar!(
        "insert into project (district_id, created_by, created_at, updated_by, updated_at, name, street, community, address, lng, lat,
                coordinate_system, map_lng, map_lat, category, source, investment, owner_unit_id, builder, operator_id, approval_no,
                land_no, planning_no, construction_no, land_area, total_area, units_planned, total_invest_fen, fund_central_fen,
                fund_province_fen, fund_city_fen, fund_loan_fen, fund_own_fen, start_on, complete_on, accept_on, deliver_on, status,
                remark)
         select $1, $2, $3, $2, $3, t.*
         from jsonb_to_record($4) as t (name text, street text, community text, address text, lng float8, lat float8,
                coordinate_system text, map_lng float8, map_lat float8, category text, source text, investment text,
                owner_unit_id bigint, builder text, operator_id bigint, approval_no text, land_no text, planning_no text,
                construction_no text, land_area bigint, total_area bigint, units_planned int, total_invest_fen bigint,
                fund_central_fen bigint, fund_province_fen bigint, fund_city_fen bigint, fund_loan_fen bigint, fund_own_fen bigint,
                start_on date, complete_on date, accept_on date, deliver_on date, status text, remark text)
         returning id",
        fields.district_id.0,
        ctx.actor().id.0,
        ctx.now(),
        record(&fields, map),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(constraints)?;
    tx.commit().await?;
    Ok(ProjectId(id))
}

/// Changes a project that nobody else changed since version `version` was read.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`] when somebody was faster.
pub async fn project_update(ctx: &Ctx, id: ProjectId, version: i32, form: &ProjectForm) -> Result<()> {
    ctx.require(Permission::ProjectWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    let before = project_load(&mut tx, id).await?;
    if before.district_id != fields.district_id {
        // Estates and buildings below lie in it.
        return Err(FieldErrors::from(("district", "项目的所属区县不能修改")).into());
    }
    if !ctx.sees_district(before.district_id.0) {
        return Err(Failure::Forbidden.into());
    }
    parties_check(&mut tx, &fields, Some(&before)).await?;
    let map = place_on_map(&mut tx, fields.district_id.0, fields.place).await?;
    let updated = sqlx::query!(
        "update project p set updated_by = $3, updated_at = $4, version = p.version + 1,
                (name, street, community, address, lng, lat, coordinate_system, map_lng, map_lat, category, source, investment,
                 owner_unit_id, builder, operator_id, approval_no, land_no, planning_no, construction_no, land_area, total_area,
                 units_planned, total_invest_fen, fund_central_fen, fund_province_fen, fund_city_fen, fund_loan_fen, fund_own_fen,
                 start_on, complete_on, accept_on, deliver_on, status, remark)
              = (select t.*
                 from jsonb_to_record($5) as t (name text, street text, community text, address text, lng float8, lat float8,
                      coordinate_system text, map_lng float8, map_lat float8, category text, source text, investment text,
                      owner_unit_id bigint, builder text, operator_id bigint, approval_no text, land_no text, planning_no text,
                      construction_no text, land_area bigint, total_area bigint, units_planned int, total_invest_fen bigint,
                      fund_central_fen bigint, fund_province_fen bigint, fund_city_fen bigint, fund_loan_fen bigint,
                      fund_own_fen bigint, start_on date, complete_on date, accept_on date, deliver_on date, status text,
                      remark text))
         where p.id = $1 and p.version = $2",
        id.0,
        version,
        ctx.actor().id.0,
        ctx.now(),
        record(&fields, map),
    )
    .execute(connection(&mut tx))
    .await
    .map_err(constraints)?;
    if updated.rows_affected() == 0 {
        return Err(Failure::Conflict.into());
    }
    tx.commit().await?;
    Ok(())
}

/// Deletes a project without buildings.
///
/// # Errors
/// [`Failure::Refused`] with [`PROJECT_HAS_BUILDINGS`] or [`PROJECT_HAS_CARD`]; [`Failure::Conflict`] when somebody changed it meanwhile.
pub async fn project_delete(ctx: &Ctx, id: ProjectId, version: i32) -> Result<()> {
    ctx.require(Permission::ProjectWrite)?;
    let mut tx = ctx.begin().await?;
    // Held against a building that is being bound to it.
    let project = sqlx::query!(
        r#"select district_id, version, exists (select from building b where b.project_id = p.id and b.deleted_at is null) as "buildings!",
                  exists (select from asset_master m where m.project_id = p.id and m.deleted_at is null) as "card!"
           from project p where id = $1 and deleted_at is null for update"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    if !ctx.sees_district(project.district_id) {
        return Err(Failure::Forbidden.into());
    }
    if project.version != version {
        return Err(Failure::Conflict.into());
    }
    if project.buildings {
        return Err(Failure::refused(PROJECT_HAS_BUILDINGS).into());
    }
    if project.card {
        return Err(Failure::refused(PROJECT_HAS_CARD).into());
    }
    sqlx::query!(
        "update project set deleted_at = $2, updated_at = $2, updated_by = $3, version = version + 1 where id = $1",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    attachments_delete(&mut tx, ctx, AttachmentOwner::Project, id.0).await?;
    tx.commit().await?;
    Ok(())
}

/// Owner and operator must be there and do that work; whoever is there already may stay.
async fn parties_check(tx: &mut Tx, fields: &ProjectFields, before: Option<&Project>) -> Result<()> {
    let mut errors = FieldErrors::default();
    if before.is_none_or(|before| before.owner_unit_id != fields.owner_unit_id) {
        let kind = sqlx::query_scalar!(
            "select type from organization where id = $1 and status = 'ON' and deleted_at is null",
            fields.owner_unit_id.0
        )
        .fetch_optional(connection(tx))
        .await?;
        let fits =
            kind.and_then(|kind| OrganizationType::from_code(&kind)).is_some_and(|kind| OWNER_UNITS.contains(&kind));
        if !fits {
            errors.add("owner_unit", "产权单位不存在或已停用，请重新选择");
        }
    }
    let operator = fields.texts.operator_id;
    if let Some(id) = operator.filter(|_| before.is_none_or(|before| before.operator_id != operator)) {
        let known = sqlx::query_scalar!("select 1 from operator where id = $1 and status = 'ON'", id.0)
            .fetch_optional(connection(tx))
            .await?;
        if known.is_none() {
            errors.add("operator", "运营主体不存在或已停用，请重新选择");
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

/// The columns that a form writes; one value instead of thirty-four, for insert and update alike.
fn record(fields: &ProjectFields, map: Option<Point>) -> serde_json::Value {
    let (texts, scale, dates) = (&fields.texts, &fields.scale, &fields.dates);
    let point = fields.place.map(|place| place.point);
    let fen = |money: Option<domain::value::Money>| money.map(|money| money.fen());
    serde_json::json!({
        "name": fields.name, "street": texts.street, "community": texts.community, "address": fields.address,
        "lng": point.map(|point| point.lng), "lat": point.map(|point| point.lat),
        "coordinate_system": fields.place.map(|place| place.system.code()),
        "map_lng": map.map(|point| point.lng), "map_lat": map.map(|point| point.lat),
        "category": fields.category.code(), "source": fields.source.code(), "investment": fields.investment.code(),
        "owner_unit_id": fields.owner_unit_id.0, "builder": texts.builder, "operator_id": texts.operator_id.map(|id| id.0),
        "approval_no": texts.approval_no, "land_no": texts.land_no, "planning_no": texts.planning_no,
        "construction_no": texts.construction_no,
        "land_area": scale.land_area.map(|area| area.hundredths()),
        "total_area": scale.total_area.map(|area| area.hundredths()), "units_planned": fields.units_planned,
        "total_invest_fen": fen(scale.total_invest), "fund_central_fen": fen(scale.funds.central),
        "fund_province_fen": fen(scale.funds.province), "fund_city_fen": fen(scale.funds.city),
        "fund_loan_fen": fen(scale.funds.loan), "fund_own_fen": fen(scale.funds.own),
        "start_on": dates.start, "complete_on": dates.complete, "accept_on": dates.accept, "deliver_on": dates.deliver,
        "status": fields.status.code(), "remark": texts.remark,
    })
}

fn constraints(error: sqlx::Error) -> Error {
    Error::from(error).or_field(&[
        ("project_name_key", "name", "项目名称已存在"),
        ("project_owner_unit_id_fkey", "owner_unit", "产权单位不存在"),
        ("project_operator_id_fkey", "operator", "运营主体不存在"),
        ("project_district_id_fkey", "district", "所属区县不存在"),
    ])
}
