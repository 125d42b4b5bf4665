//! Labels of units (S1-4.2).

use crate::{Ctx, Result, ctx::connection, error::stored};
use domain::{
    dictionary::LayoutType,
    failure::Failure,
    housing::label::UnitLabel,
    id::{BuildingId, UnitId},
    platform::permission::Permission,
    value::Area,
};

/// The labels of a building's units, in natural order.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn building_labels_get(ctx: &Ctx, building: BuildingId) -> Result<Vec<UnitLabel>> {
    ctx.require(Permission::UnitRead)?;
    let mut tx = ctx.begin().await?;
    let known = sqlx::query_scalar!("select 1 from building where id = $1 and deleted_at is null", building.0)
        .fetch_optional(connection(&mut tx))
        .await?;
    known.ok_or(Failure::NotFound)?;
    let rows = sqlx::query_as!(
        Record,
        "select u.id, u.code, e.name as estate, u.address, u.layout, u.building_area, u.usable_area
         from unit u join estate e on e.id = u.estate_id
         where u.building_id = $1 and u.deleted_at is null order by u.position_key",
        building.0
    )
    .fetch_all(connection(&mut tx))
    .await?;
    tx.commit().await?;
    rows.into_iter().map(Record::label).collect()
}

/// The label of one unit.
///
/// # Errors
/// [`Failure::NotFound`] outside the scope.
pub async fn unit_label_get(ctx: &Ctx, unit: UnitId) -> Result<UnitLabel> {
    ctx.require(Permission::UnitRead)?;
    let mut tx = ctx.begin().await?;
    let row = sqlx::query_as!(
        Record,
        "select u.id, u.code, e.name as estate, u.address, u.layout, u.building_area, u.usable_area
         from unit u join estate e on e.id = u.estate_id where u.id = $1 and u.deleted_at is null",
        unit.0
    )
    .fetch_optional(connection(&mut tx))
    .await?
    .ok_or(Failure::NotFound)?;
    tx.commit().await?;
    row.label()
}

struct Record {
    id: i64,
    code: String,
    estate: String,
    address: String,
    layout: String,
    building_area: i32,
    usable_area: i32,
}

impl Record {
    fn label(self) -> Result<UnitLabel> {
        Ok(UnitLabel {
            id: UnitId(self.id),
            code: self.code,
            estate: self.estate,
            address: self.address,
            layout: stored(&self.layout, LayoutType::from_code)?,
            building_area: Area::from_hundredths(self.building_area.into()),
            usable_area: Area::from_hundredths(self.usable_area.into()),
        })
    }
}
