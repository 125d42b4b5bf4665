//! Estates (E-11, S1-4.2).

use crate::{
    Ctx, Error, Result, Scope,
    ctx::{Tx, connection},
    error::stored,
    housing::project::point,
    list::{SmallList, push_id, push_scope},
    platform::{attachment::attachments_delete, division::place_on_map},
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{AttachmentOwner, OrganizationType},
    failure::{Failure, FieldErrors},
    housing::{
        estate::{Estate, EstateFields, EstateForm, EstateRow},
        estate_sheet::ESTATE_LIST,
        place::Place,
        removal::ESTATE_HAS_BUILDINGS,
    },
    id::{EstateId, OperatorId, OrganizationId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::CoordinateSystem,
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    code: String,
    name: String,
    district: String,
    address: String,
    operator: Option<String>,
    buildings: i64,
    units: i64,
    lettable: i64,
    rented: i64,
    located: bool,
    updated_at: DateTime<Utc>,
}

impl From<Record> for EstateRow {
    fn from(record: Record) -> Self {
        Self {
            id: EstateId(record.id),
            code: record.code,
            name: record.name,
            district: record.district,
            address: record.address,
            operator: record.operator,
            buildings: record.buildings,
            units: record.units,
            lettable: record.lettable,
            rented: record.rented,
            located: record.located,
            updated_at: record.updated_at,
        }
    }
}

/// Per-estate sums of the kept counters; lettable and rented as in domain.md §4.9.
const TALLY: &str = "left join lateral (
    select count(distinct building_id) as buildings, coalesce(sum(units), 0)::bigint as units,
           coalesce(sum(units) filter (where status not in ('PREP', 'SOLD', 'OFFSHELF')), 0)::bigint as lettable,
           coalesce(sum(units) filter (where status in ('SIGNED', 'OCCUPIED')), 0)::bigint as rented
    from building_tally where estate_id = e.id and units > 0) t on true";

/// A page of estates in scope.
///
/// # Errors
/// Without [`Permission::EstateRead`].
pub async fn estate_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<EstateRow>> {
    ctx.require(Permission::EstateRead)?;
    let (sort, descending) = ESTATE_LIST.sort(query);
    let order = match sort {
        "code" => "e.code",
        "buildings" => "buildings",
        "units" => "units",
        "rented" => "rented",
        "rate" => "t.rented::numeric / nullif(t.lettable, 0)",
        "updated_at" => "e.updated_at",
        _ => "e.name collate natural_order",
    };
    let page = SmallList {
        columns:
            "e.id, e.code, e.name, d.name as district, e.address, o.name as operator, t.buildings, t.units, t.lettable,
                  t.rented, e.map_lng is not null as located, e.updated_at",
        from: list_from(),
        searched: &["e.name", "e.code", "e.address"],
        filter: &|sql| {
            push_scope(sql, ctx, "e.district_id", "e.id");
            push_id(sql, query, "district", "e.district_id");
            if let Some(project) = query.filter("project") {
                sql.push(" and e.id in (select estate_id from building where deleted_at is null and project_id = ");
                sql.push_bind(project.parse::<i64>().unwrap_or(-1)).push(")");
            }
            match query.filter("located") {
                Some("yes") => drop(sql.push(" and e.map_lng is not null")),
                Some("no") => drop(sql.push(" and e.map_lng is null")),
                _ => {}
            }
        },
        order,
        descending,
        tie: "e.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    Ok(page.map(EstateRow::from))
}

fn list_from() -> &'static str {
    static FROM: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    FROM.get_or_init(|| {
        format!(
            "from estate e join organization d on d.id = e.district_id left join operator o on o.id = e.operator_id
             {TALLY} where e.deleted_at is null"
        )
    })
}

/// One estate.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn estate_get(ctx: &Ctx, id: EstateId) -> Result<Estate> {
    ctx.require(Permission::EstateRead)?;
    let mut tx = ctx.begin().await?;
    let estate = estate_load(&mut tx, id).await?;
    tx.commit().await?;
    Ok(estate)
}

async fn estate_load(tx: &mut Tx, id: EstateId) -> Result<Estate> {
    let row = sqlx::query!(
        r#"select e.*, d.name as district, c.name as "property_company?", o.name as "operator?", user_name(e.updated_by) as updated_by_name
           from estate e join organization d on d.id = e.district_id
           left join organization c on c.id = e.property_company_id
           left join operator o on o.id = e.operator_id
           where e.id = $1 and e.deleted_at is null"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let system = row.coordinate_system.as_deref().map(|code| stored(code, CoordinateSystem::from_code)).transpose()?;
    Ok(Estate {
        id,
        code: row.code,
        name: row.name,
        district_id: OrganizationId(row.district_id),
        district: row.district,
        street: row.street,
        community: row.community,
        address: row.address,
        place: point(row.lng, row.lat).zip(system).map(|(point, system)| Place { point, system }),
        position: point(row.map_lng, row.map_lat),
        property_company_id: row.property_company_id.map(OrganizationId),
        property_company: row.property_company,
        operator_id: row.operator_id.map(OperatorId),
        operator: row.operator,
        green_rate: row.green_rate,
        far: row.far,
        gates: row.gates,
        facilities: row.facilities,
        households_planned: row.households_planned,
        parking_total: row.parking_total,
        contact: row.contact,
        phone: row.phone,
        remark: row.remark,
        version: row.version,
        updated_at: row.updated_at,
        updated_by: row.updated_by_name,
    })
}

/// Enters a new estate.
///
/// # Errors
/// Complaints by field; [`Failure::Forbidden`] for a district outside the scope.
pub async fn estate_create(ctx: &Ctx, form: &EstateForm) -> Result<EstateId> {
    ctx.require(Permission::EstateWrite)?;
    let fields = form.check()?;
    if !ctx.sees_district(fields.district_id.0) {
        return Err(FieldErrors::from(("district", "无权在该区县新增小区")).into());
    }
    // The whole city is in sight, but not every organisation of it is a district.
    if matches!(ctx.scope(), Scope::City { districts } if !districts.contains(&fields.district_id.0)) {
        return Err(FieldErrors::from(("district", "所属区县不存在")).into());
    }
    let mut tx = ctx.begin().await?;
    assignment_check(&mut tx, ctx, &fields, Assignment::default()).await?;
    let map = place_on_map(&mut tx, fields.district_id.0, fields.place).await?;
    let id = sqlx::query_scalar!(
        "insert into estate (district_id, name, street, community, address, lng, lat, coordinate_system, map_lng, map_lat,
                             property_company_id, operator_id, green_rate, far, gates, facilities, households_planned, parking_total,
                             contact, phone, remark, created_by, updated_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $22, $23, $23)
         returning id",
        fields.district_id.0,
        fields.name,
        fields.street,
        fields.community,
        fields.address,
        fields.place.map(|place| place.point.lng),
        fields.place.map(|place| place.point.lat),
        fields.place.map(|place| place.system.code()),
        map.map(|point| point.lng),
        map.map(|point| point.lat),
        fields.property_company_id.map(|id| id.0),
        fields.operator_id.map(|id| id.0),
        fields.green_rate,
        fields.far,
        fields.gates,
        &fields.facilities,
        fields.households_planned,
        fields.parking_total,
        fields.contact,
        fields.phone,
        fields.remark,
        ctx.actor().id.0,
        ctx.now(),
    )
    .fetch_one(connection(&mut tx))
    .await
    .map_err(constraints)?;
    tx.commit().await?;
    Ok(EstateId(id))
}

/// Changes an estate that nobody else changed since version `version` was read.
///
/// # Errors
/// Complaints by field; [`Failure::Conflict`] when somebody was faster.
pub async fn estate_update(ctx: &Ctx, id: EstateId, version: i32, form: &EstateForm) -> Result<()> {
    ctx.require(Permission::EstateWrite)?;
    let fields = form.check()?;
    let mut tx = ctx.begin().await?;
    let before = estate_load(&mut tx, id).await?;
    if before.district_id != fields.district_id {
        // Units, bills and scopes hang on it; moving an estate is the city's business (domain.md §6.2).
        return Err(FieldErrors::from(("district", "小区的所属区县不能修改")).into());
    }
    let present = Assignment { property_company: before.property_company_id, operator: before.operator_id };
    assignment_check(&mut tx, ctx, &fields, present).await?;
    let map = place_on_map(&mut tx, fields.district_id.0, fields.place).await?;
    let updated = sqlx::query!(
        "update estate set name = $3, street = $4, community = $5, address = $6, lng = $7, lat = $8, coordinate_system = $9,
                map_lng = $10, map_lat = $11, property_company_id = $12, operator_id = $13, green_rate = $14,
                far = $15, gates = $16, facilities = $17, households_planned = $18, parking_total = $19, contact = $20, phone = $21,
                remark = $22, updated_by = $23, updated_at = $24, version = version + 1
         where id = $1 and version = $2",
        id.0,
        version,
        fields.name,
        fields.street,
        fields.community,
        fields.address,
        fields.place.map(|place| place.point.lng),
        fields.place.map(|place| place.point.lat),
        fields.place.map(|place| place.system.code()),
        map.map(|point| point.lng),
        map.map(|point| point.lat),
        fields.property_company_id.map(|id| id.0),
        fields.operator_id.map(|id| id.0),
        fields.green_rate,
        fields.far,
        fields.gates,
        &fields.facilities,
        fields.households_planned,
        fields.parking_total,
        fields.contact,
        fields.phone,
        fields.remark,
        ctx.actor().id.0,
        ctx.now(),
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

/// Deletes an estate that has no buildings.
///
/// # Errors
/// [`Failure::Refused`] with its sentence; [`Failure::Conflict`] when somebody changed it meanwhile.
pub async fn estate_delete(ctx: &Ctx, id: EstateId, version: i32) -> Result<()> {
    ctx.require(Permission::EstateWrite)?;
    let mut tx = ctx.begin().await?;
    // Held against a building that is being entered.
    let estate = sqlx::query!(
        r#"select district_id, version, exists (select from building b where b.estate_id = e.id and b.deleted_at is null) as "buildings!"
           from estate e where id = $1 and deleted_at is null for update"#,
        id.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    // As with a new one: whoever looks after some estates does not decide which there are.
    if !ctx.sees_district(estate.district_id) {
        return Err(Failure::refused("小区由市、区县住房保障部门删除，您不能删除").into());
    }
    if estate.version != version {
        return Err(Failure::Conflict.into());
    }
    if estate.buildings {
        return Err(Failure::refused(ESTATE_HAS_BUILDINGS).into());
    }
    sqlx::query!(
        "update estate set deleted_at = $2, updated_at = $2, updated_by = $3, version = version + 1 where id = $1",
        id.0,
        ctx.now(),
        ctx.actor().id.0,
    )
    .execute(connection(&mut tx))
    .await?;
    attachments_delete(&mut tx, ctx, AttachmentOwner::Estate, id.0).await?;
    tx.commit().await?;
    Ok(())
}

/// Who looks after an estate: their people see it (domain.md §6.2).
#[derive(Clone, Copy, Default, PartialEq)]
struct Assignment {
    property_company: Option<OrganizationId>,
    operator: Option<OperatorId>,
}

/// To entrust an estate to somebody is to give sight of it away, so it takes [`Permission::EstateAssign`]
/// and an estate of one's own district; and it must be somebody who does that work. What stays as it was is
/// nobody's act, also when the company has closed since.
async fn assignment_check(tx: &mut Tx, ctx: &Ctx, fields: &EstateFields, present: Assignment) -> Result<()> {
    let allowed = ctx.actor().may(Permission::EstateAssign) && ctx.sees_district(fields.district_id.0);
    let company = fields.property_company_id != present.property_company;
    let operator = fields.operator_id != present.operator;
    let mut errors = FieldErrors::default();
    if company && !allowed {
        errors.add("property_company", "物业公司由市、区县住房保障部门指定，您不能修改");
    } else if let Some(id) = fields.property_company_id.filter(|_| company) {
        let kind = sqlx::query_scalar!(
            "select type from organization where id = $1 and status = 'ON' and deleted_at is null",
            id.0
        )
        .fetch_optional(connection(tx))
        .await?;
        if kind.as_deref() != Some(OrganizationType::PropertyCompany.code()) {
            errors.add("property_company", "物业公司不存在或已停用，请重新选择");
        }
    }
    if operator && !allowed {
        errors.add("operator", "运营主体由市、区县住房保障部门指定，您不能修改");
    } else if let Some(id) = fields.operator_id.filter(|_| operator) {
        let known = sqlx::query_scalar!("select 1 from operator where id = $1 and status = 'ON'", id.0)
            .fetch_optional(connection(tx))
            .await?;
        if known.is_none() {
            errors.add("operator", "运营主体不存在或已停用，请重新选择");
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

fn constraints(error: sqlx::Error) -> Error {
    Error::from(error).or_field(&[
        ("estate_name_key", "name", "小区已存在"),
        ("estate_property_company_id_fkey", "property_company", "物业公司不存在"),
        ("estate_operator_id_fkey", "operator", "运营主体不存在"),
        ("estate_district_id_fkey", "district", "所属区县不存在"),
    ])
}
