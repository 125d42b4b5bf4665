//! The form of a sub card: new in a master card, and change of a draft.

use super::api::{asset_master_get, asset_sub_create, asset_sub_get, asset_sub_update};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::use_id,
    error_view,
    field::coded,
    form::{Deeds, Newer, Reload, use_edit},
    loading_view,
    resource::resource,
    unit_picker::unit_picker,
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::{
    dictionary::{AssetUse, LayoutType, UnitCondition},
    housing::{asset_sub::AssetSubForm, unit::UnitRow},
    id::{AssetMasterId, AssetSubId},
};
use leptos::prelude::*;
use std::{collections::HashMap, sync::Arc};

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
                {changing(move || Suspend::new(async move {
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
                }))}
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
                {changing(move || Suspend::new(async move {
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
                }))}
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
    // What people call the units that the form has had, by id.
    let names = StoredValue::new(HashMap::from([(start.unit.clone(), present.unwrap_or_default())]));
    let (known, version) = match target {
        Target::New(_) => (None, None),
        Target::Known(id, version) => (Some(id), Some(version)),
    };
    let deeds = Deeds {
        check: Box::new(|form: &AssetSubForm| form.check(browser_day()).map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                let id = match target {
                    Target::New(master) => asset_sub_create(master, form).await?,
                    Target::Known(id, read) => {
                        asset_sub_update(id, version.unwrap_or(read), form).await.map(|()| id)?
                    }
                };
                Ok(format!("/assets/subs/{id}"))
            })
        }),
        reload: known.map(|id| -> Reload<AssetSubForm> {
            Arc::new(move || {
                Box::pin(async move {
                    let card = asset_sub_get(id).await?;
                    let form = AssetSubForm::from(&card);
                    let name = format!("{} {}", card.unit_code, card.unit);
                    names.try_update_value(|names| names.insert(form.unit.clone(), name));
                    Ok(Newer { form, version: card.version, at: card.updated_at, by: card.updated_by })
                })
            })
        }),
    };
    let edit = use_edit(start, version, deeds);
    let picked = Callback::new(move |unit: UnitRow| {
        names.update_value(|names| {
            drop(names.insert(unit.id.to_string(), format!("{} {} {}", unit.code, unit.estate, unit.address)))
        });
        edit.form.update(|form| take_over(form, &unit));
    });
    let named = move |id: &str| names.with_value(|names| names.get(id).cloned()).unwrap_or_else(|| id.to_owned());
    let unit = edit.field("unit", "房源", true, |form| &mut form.unit, named);
    let fields = view! {
        {unit_picker(unit, named, picked)}
        {edit.text("card_no", "卡片编号", false, |form| &mut form.card_no, ("text", "留空则自动编号"))}
        {edit.text("asset_name", "资产名称", true, |form| &mut form.asset_name, ("text", ""))}
        {edit.text("location", "坐落", true, |form| &mut form.location, ("text", ""))}
        {edit.text("building_area", "建筑面积(㎡)", true, |form| &mut form.building_area, ("text", "最多2位小数"))}
        {edit.text("usable_area", "使用面积(㎡)", false, |form| &mut form.usable_area, ("text", "不大于建筑面积"))}
        {edit.select("layout", "户型", false, |form| &mut form.layout, coded(LayoutType::choices()))}
        {edit.text("original", "账面原值(元)", true, |form| &mut form.original, ("money", "最多2位小数"))}
        {edit.text("acquired_on", "取得日期", true, |form| &mut form.acquired_on, ("date", ""))}
        {edit.text("used_from", "启用日期", false, |form| &mut form.used_from, ("date", ""))}
        {edit.select("use_status", "使用状况", true, |form| &mut form.use_status, coded(AssetUse::choices()))}
        {edit.select("condition", "完好等级", false, |form| &mut form.condition, coded(UnitCondition::choices()))}
        {edit.text("cert_no", "权属证号", false, |form| &mut form.cert_no, ("text", ""))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", ""))}
    };
    edit.view_of(fields, "保存草稿", cancel)
}
