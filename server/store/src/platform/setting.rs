//! Settings of the city (domain.md §2.9), read by everybody and the server itself.

use crate::{
    Database, Result,
    ctx::{Tx, begin_platform, connection},
};
use domain::{
    platform::setting::{CitySettings, code},
    value::CoordinateSystem,
};

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
         where district_id is null and valid_from <= current_date order by code, valid_from desc"
    )
    .fetch_all(connection(tx))
    .await?;
    let mut settings = CitySettings::default();
    for row in rows {
        match row.code.as_str() {
            code::CITY_NAME => settings.city_name = row.value,
            code::MAP_TILES => settings.map_tiles = row.value,
            code::ADDRESS_TEMPLATE => settings.address_template = row.value,
            code::MAP_SYSTEM => {
                settings.map_system = CoordinateSystem::from_code(&row.value).unwrap_or(settings.map_system);
            }
            _ => {}
        }
    }
    Ok(settings)
}

/// Sets a parameter for the whole city from today on; used by the command line until S1-9.6 brings
/// maker and checker.
///
/// # Errors
/// When the database fails.
pub async fn setting_put(database: &Database, code: &str, value: &str) -> Result<()> {
    let mut tx = begin_platform(database).await?;
    sqlx::query!(
        "insert into parameter (code, value, valid_from) values ($1, $2, current_date)
         on conflict (code, district_id, valid_from) do update set value = excluded.value",
        code,
        value
    )
    .execute(connection(&mut tx))
    .await?;
    tx.commit().await?;
    Ok(())
}
