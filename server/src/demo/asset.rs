//! Asset cards of the demo: a registered master card with sub cards and two months of depreciation, one that waits
//! for its checker, a draft, and an open count sheet. Made by the same functions as everybody's.

use chrono::{Months, NaiveDate};
use domain::{
    failure::Failure,
    housing::{
        asset_change::AssetDecisionForm,
        asset_count::AssetCountForm,
        asset_depreciation::Month,
        asset_master::{AssetMasterForm, ProjectChoice},
        asset_sub::AssetSubForm,
        unit::UnitRow,
    },
    id::AssetMasterId,
    list::ListQuery,
};
use store::{
    Ctx, Database, Error, Result,
    housing::{
        asset_change::{asset_change_decide, asset_submit},
        asset_count::asset_count_create,
        asset_depreciation::depreciation_run,
        asset_master::{asset_choices_get, asset_master_create, asset_master_get},
        asset_sub::asset_sub_create,
        building::building_list,
        unit_list::unit_list,
    },
    platform::user::{UserRef, user_ctx},
};

/// Sub cards of each master card, and what each of them was worth.
const SUBS: usize = 8;
const SUB_YUAN: i64 = 180_000;

/// Fills in the cards; a start that was cut off behind the first card leaves the rest to people.
///
/// # Errors
/// What the store refuses.
pub(super) async fn assets(database: &Database, begun: bool) -> Result<()> {
    let now = chrono::Utc::now();
    let district = user_ctx(database, UserRef::Login("district"), now).await?;
    let city = user_ctx(database, UserRef::Login("city"), now).await?;
    let day = district.today().checked_sub_months(Months::new(2)).unwrap_or(district.today());
    for (place, project) in asset_choices_get(&district).await?.projects.into_iter().take(3).enumerate() {
        let master = match master_create(&district, &project, place + 1, Month::of(day).first_day()).await {
            Err(Error::Failure(Failure::Invalid(_))) if begun => return Ok(()),
            made => made?,
        };
        for (number, unit) in units(&district, &project).await?.iter().take(SUBS).enumerate() {
            let number = format!("ZC-990104-{:03}-{:03}", place + 1, number + 1);
            asset_sub_create(&district, master, &sub_form(number, unit)).await?;
        }
        // The first is registered, the second waits, the third is a draft.
        if place > 1 {
            break;
        }
        let version = asset_master_get(&district, master).await?.version;
        let change = asset_submit(&district, master, version).await?;
        if place == 0 {
            let decision = AssetDecisionForm {
                approve: true,
                voucher_no: "记-演示-0001".to_owned(),
                opinion: "同意入账".to_owned(),
            };
            asset_change_decide(&city, change, &decision).await?;
            for back in [2, 1] {
                let month = city.today().checked_sub_months(Months::new(back)).unwrap_or(city.today());
                depreciation_run(&city, &Month::of(month).to_string()).await?;
            }
            let count = AssetCountForm {
                title: "演示年度盘点".to_owned(),
                planned_on: city.today().to_string(),
                subject: format!("master:{master}"),
            };
            asset_count_create(&district, &count).await?;
        }
    }
    Ok(())
}

async fn master_create(
    ctx: &Ctx,
    project: &ProjectChoice,
    number: usize,
    booked_on: NaiveDate,
) -> Result<AssetMasterId> {
    let form = AssetMasterForm {
        card_no: format!("ZC-990104-{number:03}"),
        asset_code: format!("FW2026{number:04}"),
        asset_name: format!("{}住宅", project.name),
        class: "A01010500".to_owned(),
        category: project.category.code().to_owned(),
        project: project.id.to_string(),
        owner: project.owner.clone(),
        manager: project.owner.clone(),
        acquire_mode: "BUILT".to_owned(),
        acquired_on: "2020-01-15".to_owned(),
        booked_on: booked_on.to_string(),
        value_type: "ORIGINAL".to_owned(),
        original: (SUB_YUAN * (SUBS as i64 + 2)).to_string(),
        fiscal_part: "1000000".to_owned(),
        method: "STRAIGHT".to_owned(),
        structure: "RC".to_owned(),
        total_area: "580".to_owned(),
        units_count: (SUBS + 2).to_string(),
        land_right_type: "划拨".to_owned(),
        location: project.address.clone(),
        use_status: "LET".to_owned(),
        subject: "1811".to_owned(),
        ..AssetMasterForm::default()
    };
    asset_master_create(ctx, &form).await
}

/// The units of the first building of a project.
async fn units(ctx: &Ctx, project: &ProjectChoice) -> Result<Vec<UnitRow>> {
    let of = |key: &str, id: String| ListQuery::from_params([(key, id.as_str())]);
    let buildings = building_list(ctx, &of("project", project.id.to_string())).await?;
    let Some(building) = buildings.rows.first() else { return Ok(Vec::new()) };
    Ok(unit_list(ctx, &of("building", building.id.to_string())).await?.rows)
}

fn sub_form(card_no: String, unit: &UnitRow) -> AssetSubForm {
    AssetSubForm {
        card_no,
        unit: unit.id.to_string(),
        asset_name: format!("{} {}", unit.estate, unit.address),
        location: format!("{} {}", unit.estate, unit.address),
        building_area: unit.building_area.to_string(),
        usable_area: unit.usable_area.to_string(),
        layout: unit.layout.code().to_owned(),
        original: SUB_YUAN.to_string(),
        acquired_on: "2020-01-15".to_owned(),
        use_status: "LET".to_owned(),
        ..AssetSubForm::default()
    }
}
