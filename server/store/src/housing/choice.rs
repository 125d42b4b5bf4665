//! What forms and filters offer to choose from, within the actor's scope.

use crate::{Ctx, Result, Scope, ctx::connection};
use domain::{
    housing::choice::{Choice, StockChoices},
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
         where deleted_at is null and status = 'ON' and type in ('CITY', 'DISTRICT', 'MGMT_UNIT', 'OPERATOR', 'PROPERTY_CO', 'STREET')
         order by name collate natural_order"
    )
    .fetch_all(connection(&mut tx))
    .await?;
    let operators =
        sqlx::query!("select id, name from operator where status = 'ON' order by name collate natural_order")
            .fetch_all(connection(&mut tx))
            .await?;
    let standards = sqlx::query!(
        "select id, code, name from rent_standard
         where valid_from <= $1 and (valid_to is null or valid_to >= $1) order by code collate natural_order",
        ctx.today()
    )
    .fetch_all(connection(&mut tx))
    .await?;
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
        property_companies: of_kind(&["PROPERTY_CO"]),
        operators: operators.into_iter().map(|row| Choice { id: row.id, label: row.name }).collect(),
        rent_standards: standards
            .into_iter()
            .map(|row| Choice { id: row.id, label: format!("{} {}", row.code, row.name) })
            .collect(),
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
