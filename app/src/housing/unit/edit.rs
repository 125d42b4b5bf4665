//! The unit form: new in a building, and change.

use super::api::{unit_create, unit_get, unit_update};
use crate::ui::label::told;
use crate::{
    ApiError,
    housing::{building::api::building_board_get, choice::stock_choices_get, use_id},
    ui::{
        PageHead,
        changing::changing,
        combo::flat,
        error_view,
        field::{chosen_or_present, coded},
        form::{Deeds, Edit, Newer, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::{
    dictionary::{Decoration, HousingCategory, LayoutType, Orientation, UnitStatus},
    housing::{
        choice::StockChoices,
        unit::{Unit, UnitForm},
    },
    id::{BuildingId, OrganizationId, UnitId},
};
use leptos::prelude::*;
use std::sync::Arc;

/// Where a form's unit lives: it exists, or it will in this building.
#[derive(Clone, Copy)]
enum Target {
    New(BuildingId),
    Known(UnitId, i32, UnitStatus),
}

pub fn new_view() -> AnyView {
    let id = use_id();
    let loaded = resource(
        move || id.get(),
        |id| async move {
            Ok::<_, ApiError>((building_board_get(BuildingId(id)).await?.building, stock_choices_get().await?))
        },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok((building, choices)) => {
                            let back = (format!("/housing/buildings/{}", building.id), format!("{} {}", building.estate, building.no));
                            view! { <PageHead title="新增房源" back=back />{form_view(Target::New(building.id), building.district_id, None, choices)} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

pub fn edit_view() -> AnyView {
    let id = use_id();
    let loaded = resource(
        move || id.get(),
        |id| async move { Ok::<_, ApiError>((unit_get(UnitId(id)).await?, stock_choices_get().await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok((unit, choices)) => {
                            let back = (format!("/housing/units/{}", unit.id), unit.address.clone());
                            let target = Target::Known(unit.id, unit.version, unit.status);
                            view! { <PageHead title="编辑房源" back=back />{form_view(target, unit.district_id, Some(unit), choices)} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(target: Target, district: OrganizationId, unit: Option<Unit>, choices: StockChoices) -> impl IntoView {
    let status = RwSignal::new(UnitStatus::Vacant);
    let known_status = move || match target {
        Target::New(_) => status.get_untracked(),
        Target::Known(_, _, status) => status,
    };
    let deeds = Deeds {
        check: Box::new(move |form: &UnitForm| form.check(known_status()).map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                let id = match (target, version) {
                    (Target::Known(id, ..), Some(version)) => unit_update(id, version, form).await.map(|()| id)?,
                    (Target::Known(id, version, _), None) => unit_update(id, version, form).await.map(|()| id)?,
                    (Target::New(building), _) => unit_create(building, status.get_untracked(), form).await?,
                };
                Ok(format!("/housing/units/{id}"))
            })
        }),
        reload: match target {
            Target::New(_) => None,
            Target::Known(id, ..) => Some(Arc::new(move || {
                Box::pin(async move {
                    let unit = unit_get(id).await?;
                    let form = UnitForm::from(&unit);
                    Ok(Newer { form, version: unit.version, at: unit.updated_at, by: unit.updated_by })
                })
            })),
        },
    };
    let (version, cancel) = match target {
        Target::New(building) => (None, format!("/housing/buildings/{building}")),
        Target::Known(id, version, _) => (Some(version), format!("/housing/units/{id}")),
    };
    let edit = use_edit(unit.as_ref().map(UnitForm::from).unwrap_or_default(), version, deeds);
    let fields = view! {
        {matches!(target, Target::New(_)).then(|| status_field(status))}
        {place_fields(edit)}
        {rent_fields(edit, district, unit.as_ref(), choices)}
        {other_fields(edit)}
    };
    edit.view(fields, cancel)
}

/// A new unit is in preparation or vacant (U1).
fn status_field(status: RwSignal<UnitStatus>) -> impl IntoView {
    let options = [UnitStatus::Vacant, UnitStatus::Prep]
        .into_iter()
        .map(|value| view! { <option value=value.code() selected=move || status.get() == value>{told(value)}</option> })
        .collect_view();
    view! {
        <div class="form-field">
            <label for="status">"状态"</label>
            <select id="status" class="select" on:change=move |event| status.set(UnitStatus::from_code(&event_target_value(&event)).unwrap_or(UnitStatus::Vacant))>{options}</select>
        </div>
    }
}

fn place_fields(edit: Edit<UnitForm>) -> impl IntoView {
    view! {
        {edit.text("entrance", "单元号", true, |form| &mut form.entrance, ("text", "如 03"))}
        {edit.text("floor", "楼层", true, |form| &mut form.floor, ("text", "-3至60"))}
        {edit.text("room_no", "房号", true, |form| &mut form.room_no, ("text", "如 0401"))}
        {edit.select("layout", "户型", true, |form| &mut form.layout, coded(LayoutType::choices()))}
        {edit.text("building_area", "建筑面积(㎡)", true, |form| &mut form.building_area, ("text", "最多2位小数"))}
        {edit.text("usable_area", "使用面积(㎡)", true, |form| &mut form.usable_area, ("text", "不大于建筑面积"))}
        {edit.text("inner_area", "套内面积(㎡)", false, |form| &mut form.inner_area, ("text", ""))}
        {edit.text("shared_area", "公摊面积(㎡)", false, |form| &mut form.shared_area, ("text", ""))}
        {edit.select("category", "住房类别", true, |form| &mut form.category, coded(HousingCategory::choices()))}
    }
}

/// Standard and management unit that are no longer offered stay choosable for the unit that has them.
fn rent_fields(
    edit: Edit<UnitForm>,
    district: OrganizationId,
    unit: Option<&Unit>,
    choices: StockChoices,
) -> impl IntoView + use<> {
    let standard = unit.and_then(|unit| unit.rent.as_ref());
    let standard = standard.map(|rent| (rent.standard_id.0, format!("{} {}", rent.code, rent.name)));
    let manager = unit.map(|unit| (unit.mgmt_unit_id.0, unit.mgmt_unit.clone()));
    let standards = choices.rent_standards_of(district.0);
    view! {
        {edit.select("rent_standard", "租金标准", false, |form| &mut form.rent_standard, chosen_or_present(standards, standard))}
        {edit.text("market_rent", "市场租金(元/月)", false, |form| &mut form.market_rent, ("money", "最多2位小数"))}
        {edit.pick("mgmt_unit", "住房管理单位", true, |form| &mut form.mgmt_unit, flat(chosen_or_present(choices.management_units, manager)))}
        {edit.text("title_holder", "产权单位", false, |form| &mut form.title_holder, ("text", ""))}
    }
}

fn other_fields(edit: Edit<UnitForm>) -> impl IntoView {
    view! {
        {edit.select("orientation", "朝向", false, |form| &mut form.orientation, coded(Orientation::choices()))}
        {edit.select("decoration", "装修", false, |form| &mut form.decoration, coded(Decoration::choices()))}
        {edit.text("facilities", "室内设施", false, |form| &mut form.facilities, ("text", "以顿号分隔，如 床、衣柜"))}
        {edit.text("cert_no", "产权证号", false, |form| &mut form.cert_no, ("text", ""))}
        {edit.text("real_estate_no", "不动产单元号", false, |form| &mut form.real_estate_no, ("text", "28位"))}
        {edit.text("house_code", "房屋代码", false, |form| &mut form.house_code, ("text", "26位"))}
        {edit.text("deliver_on", "交付日期", false, |form| &mut form.deliver_on, ("date", ""))}
        {edit.text("supply_pool", "供应池", false, |form| &mut form.supply_pool, ("text", ""))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", ""))}
    }
}
