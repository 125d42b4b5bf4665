//! Figures of the home page (S1-2.1), read from the kept counters.

use crate::{Ctx, Result, Scope, ctx::connection, error::stored};
use domain::{
    dictionary::{HousingCategory, LayoutType, UnitStatus},
    id::OrganizationId,
    insight::{DistrictFigures, HomeFigures, Occupancy},
    platform::permission::Permission,
};
use std::collections::BTreeMap;

/// The figures of the actor's scope.
///
/// # Errors
/// Without [`Permission::HomeRead`].
pub async fn home_figures_get(ctx: &Ctx) -> Result<HomeFigures> {
    ctx.require(Permission::HomeRead)?;
    let mut tx = ctx.begin().await?;
    // Row-level security narrows every one of these to the scope.
    let counts = sqlx::query!(
        r#"select (select count(*) from project where deleted_at is null) as "projects!",
                  (select count(*) from building where deleted_at is null) as "buildings!""#
    )
    .fetch_one(connection(&mut tx))
    .await?;
    let estates = sqlx::query!(
        r#"select e.district_id, d.name, count(*) as "estates!" from estate e join organization d on d.id = e.district_id
           where e.deleted_at is null group by 1, 2 order by d.name collate natural_order"#
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let mut figures = HomeFigures { projects: counts.projects, buildings: counts.buildings, ..HomeFigures::default() };
    let mut by_status: BTreeMap<UnitStatus, i64> = BTreeMap::new();
    let mut by_layout: BTreeMap<LayoutType, i64> = BTreeMap::new();
    let mut by_category: BTreeMap<HousingCategory, i64> = BTreeMap::new();
    let mut by_district: BTreeMap<i64, Occupancy> = BTreeMap::new();
    for row in tally(ctx, &mut tx).await? {
        let status = stored(&row.status, UnitStatus::from_code)?;
        figures.occupancy.add(status, row.units);
        by_district.entry(row.district_id).or_default().add(status, row.units);
        *by_status.entry(status).or_default() += row.units;
        *by_layout.entry(stored(&row.layout, LayoutType::from_code)?).or_default() += row.units;
        *by_category.entry(stored(&row.category, HousingCategory::from_code)?).or_default() += row.units;
    }
    tx.commit().await?;
    figures.districts = estates
        .into_iter()
        .map(|row| DistrictFigures {
            district_id: OrganizationId(row.district_id),
            district: row.name,
            estates: row.estates,
            occupancy: by_district.get(&row.district_id).copied().unwrap_or_default(),
        })
        .collect();
    figures.estates = figures.districts.iter().map(|district| district.estates).sum();
    figures.by_status = present(by_status);
    figures.by_layout = present(by_layout);
    figures.by_category = present(by_category);
    Ok(figures)
}

fn present<K>(counts: BTreeMap<K, i64>) -> Vec<(K, i64)> {
    counts.into_iter().filter(|(_, units)| *units > 0).collect()
}

struct Tally {
    district_id: i64,
    category: String,
    layout: String,
    status: String,
    units: i64,
}

/// City and districts have sums of their own; the estates of an operator are added up.
async fn tally(ctx: &Ctx, tx: &mut crate::ctx::Tx) -> Result<Vec<Tally>> {
    let rows = match ctx.scope() {
        Scope::City { .. } | Scope::Districts(_) => {
            sqlx::query_as!(
                Tally,
                r#"select district_id, category, layout, status, units::bigint as "units!" from district_tally where units > 0"#
            )
            .fetch_all(connection(tx))
            .await?
        }
        Scope::Estates(estates) => {
            sqlx::query_as!(
                Tally,
                r#"select district_id, category, layout, status, sum(units)::bigint as "units!" from building_tally
                   where estate_id = any($1) and units > 0 group by 1, 2, 3, 4"#,
                estates
            )
            .fetch_all(connection(tx))
            .await?
        }
        Scope::Nothing => Vec::new(),
    };
    Ok(rows)
}
