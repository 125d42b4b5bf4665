//! What forms and filters offer to choose from, within the actor's scope.

use crate::{Ctx, Result, Scope, ctx::connection, housing::rent_standard::rent_standards_in_force};
use domain::{
    housing::choice::{Choice, StockChoices},
    import::OWNER_UNITS,
    platform::permission::Permission,
};

/// Districts, management units, operators, property companies and rent standards.
///
/// # Errors
/// Without [`Permission::EstateRead`].
pub async fn stock_choices_get(ctx: &Ctx) -> Result<StockChoices> {
    ctx.require(Permission::EstateRead)?;
    let mut tx = ctx.begin().await?;
    let organizations = sqlx::query!(
        "select id, name, type as kind from organization
         where deleted_at is null and status = 'ON' and type in ('CITY', 'DISTRICT', 'MGMT_UNIT', 'OPERATOR', 'PROPERTY_CO', 'STREET', 'EMPLOYER', 'FINANCE')
         order by name collate natural_order"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let operators =
        sqlx::query!("select id, name from operator where status = 'ON' order by name collate natural_order")
            .fetch_all(connection(&mut tx))
            .await?;
    let rent_standards = rent_standards_in_force(&mut tx, ctx.today()).await?;
    tx.commit().await?;
    let of_kind = |kinds: &[&str]| -> Vec<Choice> {
        organizations
            .iter()
            .filter(|row| kinds.contains(&row.kind.as_str()))
            .map(|row| Choice { id: row.id, label: row.name.clone() })
            .collect()
    };
    Ok(StockChoices {
        districts: district_choices(ctx, of_kind(&["DISTRICT"])),
        management_units: of_kind(&["MGMT_UNIT", "DISTRICT", "OPERATOR", "CITY"]),
        owner_units: of_kind(&OWNER_UNITS.iter().map(|kind| kind.code()).collect::<Vec<_>>()),
        property_companies: of_kind(&["PROPERTY_CO"]),
        operators: operators.into_iter().map(|row| Choice { id: row.id, label: row.name }).collect(),
        rent_standards,
    })
}

/// The districts a filter may name: those of the scope. Estates alone give no choice of district.
fn district_choices(ctx: &Ctx, all: Vec<Choice>) -> Vec<Choice> {
    match ctx.scope() {
        Scope::City { .. } => all,
        Scope::Districts(districts) => all.into_iter().filter(|choice| districts.contains(&choice.id)).collect(),
        Scope::Estates(_) | Scope::Nothing => Vec::new(),
    }
}
