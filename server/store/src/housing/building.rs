//! Buildings (E-12) and their boards (S0-6 level 3).

mod write;

pub use write::{building_create, building_delete, building_update};

use crate::{
    Ctx, Error, Result,
    ctx::{Tx, connection},
    error::stored,
    housing::project::point,
    list::{SmallList, push_code, push_id, push_scope},
};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::{HousingCategory, LayoutType, Structure, UnitStatus, UseStatus},
    failure::Failure,
    housing::{
        building::{BoardUnit, Building, BuildingBoard, BuildingRow},
        building_sheet::BUILDING_LIST,
        place::Place,
    },
    id::{BuildingId, EstateId, OrganizationId, ProjectId, UnitId},
    insight::stock::StockFigures,
    list::{ListQuery, Page},
    platform::permission::Permission,
    value::{Area, CoordinateSystem},
};

#[derive(sqlx::FromRow)]
struct Record {
    id: i64,
    estate_id: i64,
    estate: String,
    district: String,
    no: String,
    project: String,
    structure: Option<String>,
    floors_up: i32,
    entrances: i32,
    build_year: Option<i32>,
    units: i64,
    lettable: i64,
    rented: i64,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Record> for BuildingRow {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self> {
        Ok(Self {
            id: BuildingId(record.id),
            estate_id: EstateId(record.estate_id),
            estate: record.estate,
            district: record.district,
            no: record.no,
            project: record.project,
            structure: record.structure.as_deref().map(|code| stored(code, Structure::from_code)).transpose()?,
            floors_up: record.floors_up,
            entrances: record.entrances,
            build_year: record.build_year,
            units: record.units,
            lettable: record.lettable,
            rented: record.rented,
            updated_at: record.updated_at,
        })
    }
}

/// A page of buildings in scope.
///
/// # Errors
/// Without [`Permission::BuildingRead`].
pub async fn building_list(ctx: &Ctx, query: &ListQuery) -> Result<Page<BuildingRow>> {
    ctx.require(Permission::BuildingRead)?;
    let (sort, descending) = BUILDING_LIST.sort(query);
    let order = match (sort, descending) {
        ("no", _) => "b.no_key",
        ("floors_up", _) => "b.floors_up",
        ("updated_at", _) => "b.updated_at",
        (_, false) => "e.name collate natural_order asc, b.no_key",
        (_, true) => "e.name collate natural_order desc, b.no_key",
    };
    let page = SmallList {
        columns:
            "b.id, b.estate_id, e.name as estate, d.name as district, b.no, p.name as project, b.structure, b.floors_up,
                  b.entrances, b.build_year, b.updated_at,
                  (select coalesce(sum(t.units), 0) from building_tally t where t.building_id = b.id)::bigint as units,
                  (select coalesce(sum(t.units), 0) from building_tally t where t.building_id = b.id
                     and t.status not in ('PREP', 'SOLD', 'OFFSHELF'))::bigint as lettable,
                  (select coalesce(sum(t.units), 0) from building_tally t where t.building_id = b.id
                     and t.status in ('SIGNED', 'OCCUPIED'))::bigint as rented",
        from: "from building b join estate e on e.id = b.estate_id join organization d on d.id = b.district_id
               join project p on p.id = b.project_id where b.deleted_at is null",
        searched: &["e.name", "b.no"],
        filter: &|sql| {
            push_scope(sql, ctx, "b.district_id", "b.estate_id");
            push_id(sql, query, "district", "b.district_id");
            push_id(sql, query, "estate", "b.estate_id");
            push_id(sql, query, "project", "b.project_id");
            push_code(sql, query, "structure", "b.structure");
        },
        order,
        descending,
        tie: "b.id",
    }
    .page::<Record>(ctx, query)
    .await?;
    page.try_map(BuildingRow::try_from)
}

/// The board of a building: every unit with its status, in natural order.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn building_board_get(ctx: &Ctx, id: BuildingId) -> Result<BuildingBoard> {
    ctx.require(Permission::BuildingRead)?;
    let mut tx = ctx.begin().await?;
    let building = building_load(&mut tx, id).await?;
    let units = sqlx::query!(
        "select id, entrance, floor, room_no, status, category, layout, building_area, usable_area
         from unit where building_id = $1 and deleted_at is null order by position_key",
        id.0
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let units = units
        .into_iter()
        .map(|unit| {
            Ok(BoardUnit {
                id: UnitId(unit.id),
                entrance: unit.entrance,
                floor: unit.floor.into(),
                room_no: unit.room_no,
                status: stored(&unit.status, UnitStatus::from_code)?,
                category: stored(&unit.category, HousingCategory::from_code)?,
                layout: stored(&unit.layout, LayoutType::from_code)?,
                building_area: Area::from_hundredths(unit.building_area.into()),
                usable_area: Area::from_hundredths(unit.usable_area.into()),
            })
        })
        .collect::<Result<_>>()?;
    Ok(BuildingBoard { building, units })
}

/// One building, for its form.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn building_get(ctx: &Ctx, id: BuildingId) -> Result<Building> {
    ctx.require(Permission::BuildingRead)?;
    let mut tx = ctx.begin().await?;
    let building = building_load(&mut tx, id).await?;
    tx.commit().await?;
    Ok(building)
}

async fn building_load(tx: &mut Tx, id: BuildingId) -> Result<Building> {
    let row = sqlx::query!(
        r#"select b.*, e.name as estate, d.name as district, p.name as project, user_name(b.updated_by) as updated_by_name
           from building b join estate e on e.id = b.estate_id join organization d on d.id = b.district_id
           join project p on p.id = b.project_id where b.id = $1 and b.deleted_at is null"#,
        id.0
    )
    .fetch_optional(connection(tx))
    .await?
    .ok_or(Failure::NotFound)?;
    let system = row.coordinate_system.as_deref().map(|code| stored(code, CoordinateSystem::from_code)).transpose()?;
    Ok(Building {
        id,
        no: row.no,
        estate_id: EstateId(row.estate_id),
        estate: row.estate,
        district_id: OrganizationId(row.district_id),
        district: row.district,
        project_id: ProjectId(row.project_id),
        project: row.project,
        name: row.name,
        structure: row.structure.as_deref().map(|code| stored(code, Structure::from_code)).transpose()?,
        floors_up: row.floors_up,
        floors_down: row.floors_down,
        entrances: row.entrances,
        units_per_floor: row.units_per_floor,
        height: row.height,
        has_elevator: row.has_elevator,
        elevators: row.elevators,
        build_year: row.build_year,
        area: row.area.map(Area::from_hundredths),
        house_code: row.house_code,
        completed_on: row.completed_on,
        warranty: row.warranty,
        status: stored(&row.status, UseStatus::from_code)?,
        place: point(row.lng, row.lat).zip(system).map(|(point, system)| Place { point, system }),
        position: point(row.map_lng, row.map_lat),
        version: row.version,
        updated_at: row.updated_at,
        updated_by: row.updated_by_name,
    })
}

/// The buildings of an estate with their occupancy, in natural order (S0-6 level 2).
///
/// # Errors
/// Without [`Permission::BuildingRead`].
pub async fn estate_buildings(ctx: &Ctx, estate: EstateId) -> Result<Vec<(BuildingRow, StockFigures)>> {
    ctx.require(Permission::BuildingRead)?;
    let query = ListQuery {
        filter: [("estate".to_owned(), estate.to_string())].into(),
        size: u16::MAX,
        ..ListQuery::default()
    };
    let rows = building_list(ctx, &query).await?.rows;
    let mut tx = ctx.begin().await?;
    let tally = sqlx::query!(
        r#"select building_id, status, sum(units) as "units!", sum(building_area)::bigint as "area!"
           from building_tally where estate_id = $1 group by 1, 2"#,
        estate.0
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    let mut counts: std::collections::HashMap<i64, StockFigures> = std::collections::HashMap::new();
    for row in tally {
        let status = stored(&row.status, UnitStatus::from_code)?;
        counts.entry(row.building_id).or_default().add(status, row.units, Area::from_hundredths(row.area));
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let counted = counts.get(&row.id.0).copied().unwrap_or_default();
            (row, counted)
        })
        .collect())
}
