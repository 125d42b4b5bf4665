//! Projects (E-10, S1-4.1).

mod write;

pub use write::{project_choices_get, project_create, project_delete, project_update};

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    dictionary::{HousingCategory, InvestmentType, ProjectStatus, SourceType},
    failure::Failure,
    housing::{
        place::Place,
        project::{FundSources, Project, ProjectRow},
        project_sheet::PROJECT_LIST,
    },
    id::{OperatorId, OrganizationId, ProjectId},
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::{Area, CoordinateSystem, Money, Point},
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    code: String,
    name: String,
    district: String,
    category: String,
    source: String,
    owner_unit: String,
    units_planned: i32,
    units_built: i64,
    status: String,
    start_on: Option<NaiveDate>,
    complete_on: Option<NaiveDate>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Record> for ProjectRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: ProjectId(record.id),
            code: record.code,
            name: record.name,
            district: record.district,
            category: stored(&record.category, HousingCategory::from_code)?,
            source: stored(&record.source, SourceType::from_code)?,
            owner_unit: record.owner_unit,
            units_planned: record.units_planned,
            units_built: record.units_built,
            status: stored(&record.status, ProjectStatus::from_code)?,
            start_on: record.start_on,
            complete_on: record.complete_on,
            updated_at: record.updated_at,
        })
    }
}

/// A page of projects in scope.
///
/// # Errors
/// Without [`Permission::ProjectRead`].
pub async fn project_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<ProjectRow>> {
    ctx.require(Permission::ProjectRead)?;
    let (sort, descending) = PROJECT_LIST.sort(query);
    let order = match sort {
        "code" => "p.code",
        "units_planned" => "p.units_planned",
        "units_built" => "units_built",
        "start_on" => "p.start_on",
        "complete_on" => "p.complete_on",
        "updated_at" => "p.updated_at",
        _ => "p.name collate natural_order",
    };
    let page = SmallList {
        columns:
            "p.id, p.code, p.name, d.name as district, p.category, p.source, w.name as owner_unit, p.units_planned,
                  coalesce((select sum(t.units) from building b join building_tally t on t.building_id = b.id
                            where b.project_id = p.id), 0)::bigint as units_built,
                  p.status, p.start_on, p.complete_on, p.updated_at",
        from: "from project p join organization d on d.id = p.district_id join organization w on w.id = p.owner_unit_id
               where p.deleted_at is null",
        searched: &["p.name", "p.code", "w.name"],
        filter: &|sql| {
            push_scope(
                sql,
                ctx,
                "p.district_id",
                "(select max(b.estate_id) from building b where b.project_id = p.id)",
            );
            push_id(sql, query, "district", "p.district_id");
            push_code(sql, query, "category", "p.category");
            push_code(sql, query, "status", "p.status");
        },
        order,
        descending,
        tie: "p.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(ProjectRow::try_from)
}

/// One project.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn project_get(ctx: &Ctx, id: ProjectId) -> Result<Project> {
    ctx.require(Permission::ProjectRead)?;
    let mut tx = ctx.begin().await?;
    let project = project_load(&mut tx, id).await?;
    tx.commit().await?;
    Ok(project)
}

async fn project_load(tx: &mut Tx, id: ProjectId) -> Result<Project> {
    let row = sqlx::query!(
        r#"select p.*, d.name as district, w.name as owner_unit, o.name as "operator?", user_name(p.updated_by) as updated_by_name,
                  coalesce((select sum(t.units) from building b join building_tally t on t.building_id = b.id
                            where b.project_id = p.id), 0)::bigint as "units_built!",
                  (select count(*) from building b where b.project_id = p.id and b.deleted_at is null) as "buildings!"
           from project p join organization d on d.id = p.district_id join organization w on w.id = p.owner_unit_id
           left join operator o on o.id = p.operator_id
           where p.id = $1 and p.deleted_at is null"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let system = row.coordinate_system.as_deref().map(|code| stored(code, CoordinateSystem::from_code)).transpose()?;
    Ok(Project {
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
        category: stored(&row.category, HousingCategory::from_code)?,
        source: stored(&row.source, SourceType::from_code)?,
        investment: stored(&row.investment, InvestmentType::from_code)?,
        owner_unit_id: OrganizationId(row.owner_unit_id),
        owner_unit: row.owner_unit,
        builder: row.builder,
        operator: row.operator,
        operator_id: row.operator_id.map(OperatorId),
        approval_no: row.approval_no,
        land_no: row.land_no,
        planning_no: row.planning_no,
        construction_no: row.construction_no,
        land_area: row.land_area.map(Area::from_hundredths),
        total_area: row.total_area.map(Area::from_hundredths),
        units_planned: row.units_planned,
        units_built: row.units_built,
        buildings: row.buildings,
        total_invest: row.total_invest_fen.map(Money::from_fen),
        funds: FundSources {
            central: row.fund_central_fen.map(Money::from_fen),
            province: row.fund_province_fen.map(Money::from_fen),
            city: row.fund_city_fen.map(Money::from_fen),
            loan: row.fund_loan_fen.map(Money::from_fen),
            own: row.fund_own_fen.map(Money::from_fen),
        },
        start_on: row.start_on,
        complete_on: row.complete_on,
        accept_on: row.accept_on,
        deliver_on: row.deliver_on,
        status: stored(&row.status, ProjectStatus::from_code)?,
        remark: row.remark,
        version: row.version,
        updated_at: row.updated_at,
        updated_by: row.updated_by_name,
    })
}

/// A pair of nullable columns as a point.
pub(crate) fn point(lng: Option<f64>, lat: Option<f64>) -> Option<Point> {
    Some(Point { lng: lng?, lat: lat? })
}
