//! The unit form: new in a building, and change.

use super::api::{unit_create, unit_get, unit_update};
use crate::{
    ApiError,
    housing::{building::api::building_board_get, choice::stock_choices_get, use_id},
    ui::{
        PageHead, error_view,
        field::{bind, chosen_or_present, coded},
        loading_view,
        resource::resource,
    },
};
use domain::{
    dictionary::{Decoration, HousingCategory, LayoutType, Orientation, UnitStatus},
    failure::FieldErrors,
    housing::{
        choice::StockChoices,
        unit::{Unit, UnitForm},
    },
    id::{BuildingId, OrganizationId, UnitId},
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

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
                {move || Suspend::new(async move {
                    match loaded.await {
                        Ok((building, choices)) => {
                            let back = (format!("/housing/buildings/{}", building.id), format!("{} {}", building.estate, building.no));
                            view! { <PageHead title="新增房源" back=back />{form_view(Target::New(building.id), building.district_id, None, choices)} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                })}
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
                {move || Suspend::new(async move {
                    match loaded.await {
                        Ok((unit, choices)) => {
                            let back = (format!("/housing/units/{}", unit.id), unit.address.clone());
                            let target = Target::Known(unit.id, unit.version, unit.status);
                            view! { <PageHead title="编辑房源" back=back />{form_view(target, unit.district_id, Some(unit), choices)} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(target: Target, district: OrganizationId, unit: Option<Unit>, choices: StockChoices) -> impl IntoView {
    let form = RwSignal::new(unit.as_ref().map(UnitForm::from).unwrap_or_default());
    let errors = RwSignal::new(FieldErrors::default());
    let status = RwSignal::new(UnitStatus::Vacant);
    let save = Action::new(move |form: &UnitForm| {
        let form = form.clone();
        async move {
            match target {
                Target::New(building) => unit_create(building, status.get_untracked(), form).await,
                Target::Known(id, version, _) => unit_update(id, version, form).await.map(|()| id),
            }
        }
    });
    let navigate = use_navigate();
    Effect::new(move |_| match save.value().get() {
        Some(Ok(id)) => navigate(&format!("/housing/units/{id}"), Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let known_status = move || match target {
        Target::New(_) => status.get_untracked(),
        Target::Known(_, _, status) => status,
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match form.get().check(known_status()) {
            Ok(_) => {
                errors.set(FieldErrors::default());
                save.dispatch(form.get());
            }
            Err(found) => errors.set(found),
        }
    };
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let cancel = match target {
        Target::New(building) => format!("/housing/buildings/{building}"),
        Target::Known(id, ..) => format!("/housing/units/{id}"),
    };
    view! {
        <form class="panel form-grid" on:submit=submit novalidate>
            {move || refused().map(|error| error_view(&error))}
            {matches!(target, Target::New(_)).then(|| status_field(status))}
            {place_fields(form, errors)}
            {rent_fields(form, errors, district, unit.as_ref(), choices)}
            {other_fields(form, errors)}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || save.pending().get()>"保存"</button>
                <a class="btn btn-ghost" href=cancel>"取消"</a>
            </div>
        </form>
    }
}

/// A new unit is in preparation or vacant (U1).
fn status_field(status: RwSignal<UnitStatus>) -> impl IntoView {
    let options = [UnitStatus::Vacant, UnitStatus::Prep]
        .into_iter()
        .map(|value| view! { <option value=value.code() selected=move || status.get() == value>{value.label()}</option> })
        .collect_view();
    view! {
        <div class="form-field">
            <label for="status">"状态"</label>
            <select id="status" class="select" on:change=move |event| status.set(UnitStatus::from_code(&event_target_value(&event)).unwrap_or(UnitStatus::Vacant))>{options}</select>
        </div>
    }
}

fn place_fields(form: RwSignal<UnitForm>, errors: RwSignal<FieldErrors>) -> impl IntoView {
    view! {
        {bind(form, errors, "entrance", "单元号", true, |form| &mut form.entrance).text("text", "如 03")}
        {bind(form, errors, "floor", "楼层", true, |form| &mut form.floor).text("text", "-3至60")}
        {bind(form, errors, "room_no", "房号", true, |form| &mut form.room_no).text("text", "如 0401")}
        {bind(form, errors, "layout", "户型", true, |form| &mut form.layout).select(coded(LayoutType::choices()))}
        {bind(form, errors, "building_area", "建筑面积(㎡)", true, |form| &mut form.building_area).text("text", "最多2位小数")}
        {bind(form, errors, "usable_area", "使用面积(㎡)", true, |form| &mut form.usable_area).text("text", "不大于建筑面积")}
        {bind(form, errors, "inner_area", "套内面积(㎡)", false, |form| &mut form.inner_area).text("text", "")}
        {bind(form, errors, "shared_area", "公摊面积(㎡)", false, |form| &mut form.shared_area).text("text", "")}
        {bind(form, errors, "category", "住房类别", true, |form| &mut form.category).select(coded(HousingCategory::choices()))}
    }
}

/// Standard and management unit that are no longer offered stay choosable for the unit that has them.
fn rent_fields(
    form: RwSignal<UnitForm>,
    errors: RwSignal<FieldErrors>,
    district: OrganizationId,
    unit: Option<&Unit>,
    choices: StockChoices,
) -> impl IntoView + use<> {
    let standard = unit.and_then(|unit| unit.rent.as_ref());
    let standard = standard.map(|rent| (rent.standard_id.0, format!("{} {}", rent.code, rent.name)));
    let manager = unit.map(|unit| (unit.mgmt_unit_id.0, unit.mgmt_unit.clone()));
    let standards = choices.rent_standards_of(district.0);
    view! {
        {bind(form, errors, "rent_standard", "租金标准", false, |form| &mut form.rent_standard)
            .select(chosen_or_present(standards, standard))}
        {bind(form, errors, "market_rent", "市场租金(元/月)", false, |form| &mut form.market_rent).text("text", "最多2位小数")}
        {bind(form, errors, "mgmt_unit", "住房管理单位", true, |form| &mut form.mgmt_unit)
            .select(chosen_or_present(choices.management_units, manager))}
        {bind(form, errors, "title_holder", "产权单位", false, |form| &mut form.title_holder).text("text", "")}
    }
}

fn other_fields(form: RwSignal<UnitForm>, errors: RwSignal<FieldErrors>) -> impl IntoView {
    view! {
        {bind(form, errors, "orientation", "朝向", false, |form| &mut form.orientation).select(coded(Orientation::choices()))}
        {bind(form, errors, "decoration", "装修", false, |form| &mut form.decoration).select(coded(Decoration::choices()))}
        {bind(form, errors, "facilities", "室内设施", false, |form| &mut form.facilities).text("text", "以顿号分隔，如 床、衣柜")}
        {bind(form, errors, "cert_no", "产权证号", false, |form| &mut form.cert_no).text("text", "")}
        {bind(form, errors, "real_estate_no", "不动产单元号", false, |form| &mut form.real_estate_no).text("text", "28位")}
        {bind(form, errors, "house_code", "房屋代码", false, |form| &mut form.house_code).text("text", "26位")}
        {bind(form, errors, "deliver_on", "交付日期", false, |form| &mut form.deliver_on).text("date", "")}
        {bind(form, errors, "supply_pool", "供应池", false, |form| &mut form.supply_pool).text("text", "")}
        {bind(form, errors, "remark", "备注", false, |form| &mut form.remark).text("text", "")}
    }
}
