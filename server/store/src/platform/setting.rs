//! Settings of the city (domain.md §2.9), read by everybody and the server itself.

use crate::{
    Database, Result,
    ctx::{Tx, begin_city, begin_platform, connection},
};
use domain::{
    failure::Failure,
    housing::place::Place,
    platform::setting::{CitySettings, code, setting_check},
    value::{CoordinateSystem, Point},
};
use sqlx::AssertSqlSafe;

/// The settings in force today.
///
/// # Errors
/// When the database fails.
pub async fn settings_get(database: &Database) -> Result<CitySettings> {
    let mut tx = begin_platform(database).await?;
    settings_load(&mut tx).await
}

pub(crate) async fn settings_load(tx: &mut Tx) -> Result<CitySettings> {
    let rows = sqlx::query!(
        "select distinct on (code) code, value from parameter
         where district_id is null and valid_from <= (now() at time zone 'Asia/Shanghai')::date
         order by code, valid_from desc"
    )
    .fetch_all(connection(tx))
    .await?;
    let mut settings = CitySettings::default();
    for row in rows {
        match row.code.as_str() {
            code::CITY_NAME => settings.city_name = row.value,
            code::MAP_TILES => settings.map_tiles = row.value,
            code::ADDRESS_TEMPLATE => settings.address_template = row.value,
            code::PASSWORD_DAYS => settings.password_days = row.value.parse().unwrap_or(settings.password_days),
            code::EXPORT_ROWS => settings.export_rows = row.value.parse().unwrap_or(settings.export_rows),
            code::SESSION_LIMIT => settings.session_limit = row.value.parse().unwrap_or(settings.session_limit),
            code::TOLERATE_IDS => settings.tolerate_ids = row.value == "true",
            code::MAP_SYSTEM => {
                settings.map_system = CoordinateSystem::parse(&row.value).unwrap_or(settings.map_system);
            }
            _ => {}
        }
    }
    Ok(settings)
}

/// Sets a parameter for the whole city from today on: for the command line, whose user owns the machine anyway;
/// people set them under maker and checker (`store::platform::parameter`). Answers how many places were computed anew, which PRM-07 alone makes necessary.
///
/// # Errors
/// A refusal of a code that is none, or of a value that it cannot have.
pub async fn setting_put(database: &Database, code: &str, value: &str) -> Result<usize> {
    let value = setting_check(code, value).map_err(|complaint| Failure::refused(complaint.text()))?;
    let mut tx = begin_city(database).await?;
    parameter_put(&mut tx, code, &value).await?;
    let relocated = match CoordinateSystem::from_code(&value) {
        Some(system) if code == code::MAP_SYSTEM => places_recompute(&mut tx, system).await?,
        _ => 0,
    };
    tx.commit().await?;
    Ok(relocated)
}

async fn parameter_put(tx: &mut Tx, code: &str, value: &str) -> Result<()> {
    sqlx::query!(
        "insert into parameter (code, value, valid_from) values ($1, $2, (now() at time zone 'Asia/Shanghai')::date)
         on conflict (code, district_id, valid_from) do update
         set value = excluded.value, version = parameter.version + 1, updated_at = now()",
        code,
        value
    )
    .execute(connection(tx))
    .await?;
    Ok(())
}

/// Computes every place on the map anew from the pair as it was entered (domain.md §2.5); thousands of
/// buildings, so they go back with one statement per table.
pub(crate) async fn places_recompute(tx: &mut Tx, map: CoordinateSystem) -> Result<usize> {
    let mut count = 0;
    for table in ["project", "estate", "building"] {
        let entered = format!("select id, lng, lat, coordinate_system from {table} where lng is not null order by id");
        let rows: Vec<(i64, f64, f64, String)> =
            sqlx::query_as(AssertSqlSafe(entered)).fetch_all(connection(tx)).await?;
        let (mut ids, mut lngs, mut lats) = (Vec::new(), Vec::new(), Vec::new());
        for (id, lng, lat, system) in rows {
            let system = crate::error::stored(&system, CoordinateSystem::from_code)?;
            let point = Place { point: Point { lng, lat }, system }.on_map(map);
            ids.push(id);
            lngs.push(point.lng);
            lats.push(point.lat);
        }
        // What is where it was is not touched, and so not audited.
        let moved = format!(
            "update {table} t set map_lng = p.lng, map_lat = p.lat
             from unnest($1::bigint[], $2::float8[], $3::float8[]) as p (id, lng, lat)
             where t.id = p.id and (t.map_lng, t.map_lat) is distinct from (p.lng, p.lat)"
        );
        sqlx::query(AssertSqlSafe(moved)).bind(&ids).bind(&lngs).bind(&lats).execute(connection(tx)).await?;
        count += ids.len();
    }
    Ok(count)
}

/// The parameter that says the demo city is complete. Written last: without it a start that was cut off is
/// taken up again.
const DEMO_COMPLETE: &str = "DEMO_COMPLETE";

/// Whether the demo city was filled to the end.
///
/// # Errors
/// When the database fails.
pub async fn demo_is_complete(database: &Database) -> Result<bool> {
    let mut tx = begin_platform(database).await?;
    Ok(sqlx::query_scalar!(r#"select exists (select from parameter where code = $1) as "complete!""#, DEMO_COMPLETE)
        .fetch_one(connection(&mut tx))
        .await?)
}

/// Notes that it was.
///
/// # Errors
/// When the database fails.
pub async fn demo_complete(database: &Database) -> Result<()> {
    let mut tx = begin_platform(database).await?;
    parameter_put(&mut tx, DEMO_COMPLETE, "1").await?;
    tx.commit().await?;
    Ok(())
}
