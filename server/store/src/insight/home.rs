//! The home page (S1-2.1): its figures, read from the kept counters, and what waits for the person.

use super::{figure::money_load, reminder::reminder_list};
use crate::{Ctx, Result, Scope, ctx::connection, error::stored};
use domain::{
    dictionary::{HousingCategory, LayoutType, UnitStatus},
    id::OrganizationId,
    insight::{DistrictFigures, Home, HomeFigures, Occupancy},
    platform::{actor::SessionKind, permission::Permission},
};
use std::collections::BTreeMap;

/// What the home page says to the actor.
///
/// # Errors
/// [`domain::failure::Failure::Forbidden`] for a newcomer, whose first work is his password.
pub async fn home_get(ctx: &Ctx) -> Result<Home> {
    let reminders = if ctx.actor().session == SessionKind::Kiosk { Vec::new() } else { reminder_list(ctx).await? };
    let figures = if ctx.actor().may(Permission::HomeRead) { Some(home_figures_get(ctx).await?) } else { None };
    Ok(Home { figures, reminders })
}

/// The figures of the actor's scope.
///
/// # Errors
/// Without [`Permission::HomeRead`].
pub async fn home_figures_get(ctx: &Ctx) -> Result<HomeFigures> {
    ctx.require(Permission::HomeRead)?;
    let mut tx = ctx.begin().await?;
    let places = places(ctx, &mut tx).await?;
    let sum = |noun| places.iter().filter(|place| place.noun == noun).map(|place| place.places).sum();
    let mut figures = HomeFigures { projects: sum("project"), buildings: sum("building"), ..HomeFigures::default() };
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
    figures.money = money_load(&mut tx, ctx).await?;
    tx.commit().await?;
    figures.districts = places
        .into_iter()
        .filter(|place| place.noun == "estate")
        .map(|place| DistrictFigures {
            district_id: OrganizationId(place.district_id),
            district: place.district,
            estates: place.places,
            occupancy: by_district.get(&place.district_id).copied().unwrap_or_default(),
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

/// How many projects, estates or buildings of the scope lie in a district.
struct Place {
    district_id: i64,
    district: String,
    noun: String,
    places: i64,
}

/// City and districts have sums of their own; the few places of an operator are counted. Row-level security narrows both to
/// the scope.
async fn places(ctx: &Ctx, tx: &mut crate::ctx::Tx) -> Result<Vec<Place>> {
    let rows =
        match ctx.scope() {
            Scope::City { .. } | Scope::Districts(_) => {
                sqlx::query_as!(
                    Place,
                    r#"select t.district_id, d.name as district, t.noun, t.places::bigint as "places!"
                   from place_tally t join organization d on d.id = t.district_id
                   where t.places > 0 order by d.name collate natural_order"#
                )
                .fetch_all(connection(tx))
                .await?
            }
            Scope::Estates(estates) => sqlx::query_as!(
                Place,
                r#"select t.district_id as "district_id!", d.name as district, t.noun as "noun!", count(*) as "places!"
                   from (select district_id, 'estate' as noun from estate where id = any($1) and deleted_at is null
                         union all
                         select district_id, 'building' from building where estate_id = any($1) and deleted_at is null
                         union all
                         select district_id, 'project' from project where deleted_at is null) t
                   join organization d on d.id = t.district_id
                   group by 1, 2, 3 order by d.name collate natural_order"#,
                estates
            )
            .fetch_all(connection(tx))
            .await?,
            Scope::Nothing => Vec::new(),
        };
    Ok(rows)
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
