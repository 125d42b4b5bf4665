//! The form of a master card: new and change of a draft.

use super::api::{asset_choices_get, asset_master_create, asset_master_get, asset_master_update};
use crate::ui::label::told;
use crate::{
    ApiError,
    ui::{
        PageHead,
        changing::changing,
        detail::use_id,
        empty_view, error_view,
        field::coded,
        form::{Deeds, Edit, Newer, Reload, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::{
    dictionary::{
        AcquireMode, AssetClass, AssetUse, DepreciationMethod, HousingCategory, LedgerSubject, Structure, TitleForm,
        ValueType,
    },
    housing::{
        asset_depreciation::DepreciationLife,
        asset_master::{AssetChoices, AssetMaster, AssetMasterForm},
    },
    id::AssetMasterId,
};
use leptos::prelude::*;
use std::sync::Arc;

const BACK: (&str, &str) = ("/assets/masters", "资产主卡片");

pub(super) fn new_view() -> AnyView {
    let choices = resource(|| (), |()| asset_choices_get());
    view! {
        <main class="page">
            <PageHead title="新增资产主卡片" back=(BACK.0.to_owned(), BACK.1.to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match choices.await {
                        Ok(choices) if choices.projects.is_empty() => empty_view("管辖范围内没有项目，请先录入项目"),
                        Ok(choices) => form_view(None, choices).into_any(),
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
    let loaded = resource(
        move || id.get(),
        |id| async move { Ok::<_, ApiError>((asset_master_get(AssetMasterId(id)).await?, asset_choices_get().await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok((card, choices)) => {
                            let back = (format!("{}/{}", BACK.0, card.id), card.card_no.clone());
                            view! {
                                <PageHead title="编辑资产主卡片" back=back />
                                {form_view(Some(card), choices)}
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

/// What most cards are.
fn usual() -> AssetMasterForm {
    AssetMasterForm {
        class: AssetClass::Dwelling.code().to_owned(),
        value_type: ValueType::Original.code().to_owned(),
        method: DepreciationMethod::StraightLine.code().to_owned(),
        subject: LedgerSubject::Housing.code().to_owned(),
        ..AssetMasterForm::default()
    }
}

/// Saves and goes to the card's page; on complaints stays with them beside the fields.
fn form_view(card: Option<AssetMaster>, choices: AssetChoices) -> impl IntoView {
    let today = choices.today;
    let id = card.as_ref().map(|card| card.id);
    let deeds = Deeds {
        // By the shortest lives there may be; those of the project's district (PRM-70) are the store's to know.
        check: Box::new(move |form: &AssetMasterForm| form.check(today, DepreciationLife::default()).map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                let id = match id.zip(version) {
                    Some((id, version)) => asset_master_update(id, version, form).await.map(|()| id)?,
                    None => asset_master_create(form).await?,
                };
                Ok(format!("{}/{id}", BACK.0))
            })
        }),
        reload: id.map(|id| -> Reload<AssetMasterForm> {
            Arc::new(move || {
                Box::pin(async move {
                    let card = asset_master_get(id).await?;
                    let form = AssetMasterForm::from(&card);
                    Ok(Newer { form, version: card.version, at: card.updated_at, by: card.updated_by })
                })
            })
        }),
    };
    let start = card.as_ref().map_or_else(usual, AssetMasterForm::from);
    let edit = use_edit(start, card.as_ref().map(|card| card.version), deeds);
    take_over(edit.form, &choices);
    let fields = view! {
        {identity(edit, &choices)}
        {value(edit)}
        {thing(edit)}
    };
    edit.view_of(fields, "保存草稿", id.map_or_else(|| BACK.0.to_owned(), |id| format!("{}/{id}", BACK.0)))
}

/// A project brings its owner, address and category into fields that are still empty.
fn take_over(form: RwSignal<AssetMasterForm>, choices: &AssetChoices) {
    let projects = StoredValue::new(choices.projects.clone());
    let project = Memo::new(move |_| form.with(|form| form.project.clone()));
    Effect::new(move |_| {
        let chosen = project.get();
        projects.with_value(|projects| {
            let Some(project) = projects.iter().find(|project| project.id.to_string() == chosen) else { return };
            form.update(|form| {
                for (field, proposal) in [
                    (&mut form.owner, &project.owner),
                    (&mut form.location, &project.address),
                    (&mut form.category, &project.category.code().to_owned()),
                ] {
                    if field.is_empty() {
                        field.clone_from(proposal);
                    }
                }
            });
        });
    });
}

type Form = Edit<AssetMasterForm>;

fn identity(edit: Form, choices: &AssetChoices) -> impl IntoView + use<> {
    let projects: Vec<_> =
        choices.projects.iter().map(|project| (project.id.to_string(), project.name.clone())).collect();
    let classes: Vec<_> = AssetClass::ALL
        .iter()
        .map(|class| (class.code().to_owned(), format!("{} {}", class.code(), told(*class))))
        .collect();
    view! {
        <h2 class="form-section">"基本信息"</h2>
        {edit.text("card_no", "卡片编号", false, |form| &mut form.card_no, ("text", "留空则自动编号"))}
        {edit.text("asset_code", "资产编码", true, |form| &mut form.asset_code, ("text", ""))}
        {edit.text("asset_name", "资产名称", true, |form| &mut form.asset_name, ("text", ""))}
        {edit.select("class", "资产分类代码", true, |form| &mut form.class, classes)}
        {edit.select("project", "项目", true, |form| &mut form.project, projects)}
        {edit.select("category", "住房类别", true, |form| &mut form.category, coded(HousingCategory::choices()))}
        {edit.text("owner", "产权单位", true, |form| &mut form.owner, ("text", ""))}
        {edit.text("manager", "管理单位", true, |form| &mut form.manager, ("text", ""))}
        {edit.text("using_unit", "使用单位", false, |form| &mut form.using_unit, ("text", ""))}
        {edit.text("location", "坐落", true, |form| &mut form.location, ("text", ""))}
        {edit.select("use_status", "使用状况", true, |form| &mut form.use_status, coded(AssetUse::choices()))}
    }
}

fn value(edit: Form) -> impl IntoView {
    let subjects: Vec<_> = LedgerSubject::ALL
        .iter()
        .map(|subject| (subject.code().to_owned(), format!("{} {}", subject.code(), told(*subject))))
        .collect();
    view! {
        <h2 class="form-section">"取得、入账与折旧"</h2>
        {edit.select("acquire_mode", "取得方式", true, |form| &mut form.acquire_mode, coded(AcquireMode::choices()))}
        {edit.text("acquired_on", "取得日期", true, |form| &mut form.acquired_on, ("date", ""))}
        {edit.text("booked_on", "入账日期", false, |form| &mut form.booked_on, ("date", ""))}
        {edit.select("value_type", "价值类型", true, |form| &mut form.value_type, coded(ValueType::choices()))}
        {edit.text("original", "账面原值(元)", true, |form| &mut form.original, ("money", "最多2位小数"))}
        {edit.text("fiscal_part", "其中财政性资金(元)", false, |form| &mut form.fiscal_part, ("money", "不大于账面原值"))}
        {edit.select("subject", "会计科目", true, |form| &mut form.subject, subjects)}
        {edit.select("method", "折旧方法", true, |form| &mut form.method, coded(DepreciationMethod::choices()))}
        {edit.select("structure", "建筑结构", false, |form| &mut form.structure, coded(Structure::choices()))}
        {edit.text("life_years", "折旧年限(年)", false, |form| &mut form.life_years, ("text", "留空按建筑结构的规定年限"))}
        {edit.text("months_done", "已提折旧月数", false, |form| &mut form.months_done, ("text", "此前已入账的资产填写"))}
        {edit.text("accumulated", "累计折旧(元)", false, |form| &mut form.accumulated, ("money", "此前已入账的资产填写"))}
        {edit.text("rent_income_year", "年租金收入(元)", false, |form| &mut form.rent_income_year, ("money", ""))}
    }
}

fn thing(edit: Form) -> impl IntoView {
    view! {
        <h2 class="form-section">"实物与权属"</h2>
        {edit.text("total_area", "建筑面积(㎡)", true, |form| &mut form.total_area, ("text", "最多2位小数"))}
        {edit.text("units_count", "套数", true, |form| &mut form.units_count, ("text", "整数"))}
        {edit.text("land_area", "土地面积(㎡)", false, |form| &mut form.land_area, ("text", ""))}
        {edit.text("land_right_type", "土地使用权类型", false, |form| &mut form.land_right_type, ("text", "如 划拨、出让"))}
        {edit.select("title_form", "产权形式", false, |form| &mut form.title_form, coded(TitleForm::choices()))}
        {edit.text("cert_no", "权属证号", false, |form| &mut form.cert_no, ("text", ""))}
        {edit.text("cert_on", "发证时间", false, |form| &mut form.cert_on, ("date", ""))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", ""))}
    }
}
