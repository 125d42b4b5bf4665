//! The form of a sub card: new in a master card, and change of a draft.

use super::api::{asset_master_get, asset_sub_create, asset_sub_get, asset_sub_update};
use crate::ui::{
    PageHead,
    detail::use_id,
    error_view,
    field::{bind, coded},
    loading_view,
    resource::resource,
    unit_picker::unit_picker,
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::{
    dictionary::{AssetUse, LayoutType, UnitCondition},
    failure::FieldErrors,
    housing::{asset_sub::AssetSubForm, unit::UnitRow},
    id::{AssetMasterId, AssetSubId},
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// What is saved: a new card of a master card, or a known one in its version.
#[derive(Clone, Copy)]
enum Target {
    New(AssetMasterId),
    Known(AssetSubId, i32),
}

pub(super) fn new_view() -> AnyView {
    let id = use_id();
    let master = resource(move || id.get(), |id| asset_master_get(AssetMasterId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match master.await {
                        Ok(card) => {
                            let back = format!("/assets/masters/{}?tab=subs", card.id);
                            // What a part shares with the whole, as a proposal.
                            let start = AssetSubForm {
                                acquired_on: card.acquired_on.to_string(),
                                use_status: card.use_status.code().to_owned(),
                                ..AssetSubForm::default()
                            };
                            view! {
                                <PageHead title="新增资产子卡片" back=(back.clone(), card.card_no.clone()) />
                                <p class="page-note">{format!("主卡片未分配原值 {} 元", card.unallocated())}</p>
                                {form_view(Target::New(card.id), start, None, back)}
                            }
                            .into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

pub(super) fn edit_view() -> AnyView {
    let id = use_id();
    let card = resource(move || id.get(), |id| asset_sub_get(AssetSubId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match card.await {
                        Ok(card) => {
                            let back = format!("/assets/subs/{}", card.id);
                            let present = Some(format!("{} {}", card.unit_code, card.unit));
                            view! {
                                <PageHead title="编辑资产子卡片" back=(back.clone(), card.card_no.clone()) />
                                {form_view(Target::Known(card.id, card.version), AssetSubForm::from(&card), present, back)}
                            }
                            .into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

/// The day of the person in front of the screen; the store asks its own clock again.
fn browser_day() -> NaiveDate {
    let now = DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default();
    FixedOffset::east_opt(8 * 3600).map_or(now.date_naive(), |china| now.with_timezone(&china).date_naive())
}

/// A unit brings its address, areas and layout along.
fn take_over(form: &mut AssetSubForm, unit: &UnitRow) {
    form.location = format!("{} {}", unit.estate, unit.address);
    form.building_area = unit.building_area.to_string();
    form.usable_area = unit.usable_area.to_string();
    unit.layout.code().clone_into(&mut form.layout);
    if form.asset_name.is_empty() {
        form.asset_name.clone_from(&form.location);
    }
}

fn form_view(target: Target, start: AssetSubForm, present: Option<String>, cancel: String) -> impl IntoView {
    let form = RwSignal::new(start);
    let errors = RwSignal::new(FieldErrors::default());
    let save = Action::new(move |form: &AssetSubForm| {
        let form = form.clone();
        async move {
            match target {
                Target::New(master) => asset_sub_create(master, form).await,
                Target::Known(id, version) => asset_sub_update(id, version, form).await.map(|()| id),
            }
        }
    });
    let navigate = use_navigate();
    Effect::new(move |_| match save.value().get() {
        Some(Ok(id)) => navigate(&format!("/assets/subs/{id}"), Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match form.get().check(browser_day()) {
            Ok(_) => {
                errors.set(FieldErrors::default());
                save.dispatch(form.get());
            }
            Err(found) => errors.set(found),
        }
    };
    let picked = Callback::new(move |unit: UnitRow| form.update(|form| take_over(form, &unit)));
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    view! {
        <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
            {move || refused().map(|error| error_view(&error))}
            {unit_picker(bind(form, errors, "unit", "房源", true, |form| &mut form.unit), present, picked)}
            {bind(form, errors, "card_no", "卡片编号", true, |form| &mut form.card_no).text("text", "")}
            {bind(form, errors, "asset_name", "资产名称", true, |form| &mut form.asset_name).text("text", "")}
            {bind(form, errors, "location", "坐落", true, |form| &mut form.location).text("text", "")}
            {bind(form, errors, "building_area", "建筑面积(㎡)", true, |form| &mut form.building_area).text("text", "最多2位小数")}
            {bind(form, errors, "usable_area", "使用面积(㎡)", false, |form| &mut form.usable_area).text("text", "不大于建筑面积")}
            {bind(form, errors, "layout", "户型", false, |form| &mut form.layout).select(coded(LayoutType::choices()))}
            {bind(form, errors, "original", "账面原值(元)", true, |form| &mut form.original).text("money", "最多2位小数")}
            {bind(form, errors, "acquired_on", "取得日期", true, |form| &mut form.acquired_on).text("date", "")}
            {bind(form, errors, "used_from", "启用日期", false, |form| &mut form.used_from).text("date", "")}
            {bind(form, errors, "use_status", "使用状况", true, |form| &mut form.use_status).select(coded(AssetUse::choices()))}
            {bind(form, errors, "condition", "完好等级", false, |form| &mut form.condition).select(coded(UnitCondition::choices()))}
            {bind(form, errors, "cert_no", "权属证号", false, |form| &mut form.cert_no).text("text", "")}
            {bind(form, errors, "remark", "备注", false, |form| &mut form.remark).text("text", "")}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || save.pending().get()>"保存草稿"</button>
                <a class="btn btn-ghost" href=cancel>"取消"</a>
            </div>
        </form>
    }
}
