//! The form of a master card: new and change of a draft.

use super::api::{asset_choices_get, asset_master_create, asset_master_get, asset_master_update};
use crate::{
    ApiError,
    ui::{
        PageHead,
        detail::use_id,
        empty_view, error_view,
        field::{bind, coded},
        loading_view,
        resource::resource,
    },
};
use domain::{
    dictionary::{
        AcquireMode, AssetClass, AssetUse, DepreciationMethod, HousingCategory, LedgerSubject, Structure, TitleForm,
        ValueType,
    },
    failure::FieldErrors,
    housing::{
        asset_depreciation::DepreciationLife,
        asset_master::{AssetChoices, AssetMaster, AssetMasterForm},
    },
    id::AssetMasterId,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

const BACK: (&str, &str) = ("/assets/masters", "资产主卡片");

pub(super) fn new_view() -> AnyView {
    let choices = resource(|| (), |()| asset_choices_get());
    view! {
        <main class="page">
            <PageHead title="新增资产主卡片" back=(BACK.0.to_owned(), BACK.1.to_owned()) />
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match choices.await {
                        Ok(choices) if choices.projects.is_empty() => empty_view("管辖范围内没有项目，请先录入项目"),
                        Ok(choices) => form_view(None, choices).into_any(),
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
    let loaded = resource(
        move || id.get(),
        |id| async move { Ok::<_, ApiError>((asset_master_get(AssetMasterId(id)).await?, asset_choices_get().await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
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
                })}
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
    let known = card.as_ref().map(|card| (card.id, card.version));
    let form = RwSignal::new(card.as_ref().map_or_else(usual, AssetMasterForm::from));
    let errors = RwSignal::new(FieldErrors::default());
    let save = Action::new(move |form: &AssetMasterForm| {
        let form = form.clone();
        async move {
            match known {
                Some((id, version)) => asset_master_update(id, version, form).await.map(|()| id),
                None => asset_master_create(form).await,
            }
        }
    });
    let navigate = use_navigate();
    Effect::new(move |_| match save.value().get() {
        Some(Ok(id)) => navigate(&format!("{}/{id}", BACK.0), Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    // A stored parameter that cannot be read is the store's to complain about.
    let life = DepreciationLife::parse(&choices.life).unwrap_or_default();
    let today = choices.today;
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match form.get().check(today, life) {
            Ok(_) => {
                errors.set(FieldErrors::default());
                save.dispatch(form.get());
            }
            Err(found) => errors.set(found),
        }
    };
    take_over(form, &choices);
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let cancel = known.map_or_else(|| BACK.0.to_owned(), |(id, _)| format!("{}/{id}", BACK.0));
    view! {
        <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
            {move || refused().map(|error| error_view(&error))}
            {identity(form, errors, &choices)}
            {value(form, errors)}
            {thing(form, errors)}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || save.pending().get()>"保存草稿"</button>
                <a class="btn btn-ghost" href=cancel>"取消"</a>
            </div>
        </form>
    }
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

type Form = RwSignal<AssetMasterForm>;
type Errors = RwSignal<FieldErrors>;

fn identity(form: Form, errors: Errors, choices: &AssetChoices) -> impl IntoView + use<> {
    let projects = choices.projects.iter().map(|project| (project.id.to_string(), project.name.clone())).collect();
    let classes = AssetClass::ALL
        .iter()
        .map(|class| (class.code().to_owned(), format!("{} {}", class.code(), class.label())))
        .collect();
    view! {
        <h2 class="form-section">"基本信息"</h2>
        {bind(form, errors, "card_no", "卡片编号", true, |form| &mut form.card_no).text("text", "")}
        {bind(form, errors, "asset_code", "资产编码", true, |form| &mut form.asset_code).text("text", "")}
        {bind(form, errors, "asset_name", "资产名称", true, |form| &mut form.asset_name).text("text", "")}
        {bind(form, errors, "class", "资产分类代码", true, |form| &mut form.class).select(classes)}
        {bind(form, errors, "project", "项目", true, |form| &mut form.project).select(projects)}
        {bind(form, errors, "category", "住房类别", true, |form| &mut form.category).select(coded(HousingCategory::choices()))}
        {bind(form, errors, "owner", "产权单位", true, |form| &mut form.owner).text("text", "")}
        {bind(form, errors, "manager", "管理单位", true, |form| &mut form.manager).text("text", "")}
        {bind(form, errors, "using_unit", "使用单位", false, |form| &mut form.using_unit).text("text", "")}
        {bind(form, errors, "location", "坐落", true, |form| &mut form.location).text("text", "")}
        {bind(form, errors, "use_status", "使用状况", true, |form| &mut form.use_status).select(coded(AssetUse::choices()))}
    }
}

fn value(form: Form, errors: Errors) -> impl IntoView {
    let subjects = LedgerSubject::ALL
        .iter()
        .map(|subject| (subject.code().to_owned(), format!("{} {}", subject.code(), subject.label())))
        .collect();
    view! {
        <h2 class="form-section">"取得、入账与折旧"</h2>
        {bind(form, errors, "acquire_mode", "取得方式", true, |form| &mut form.acquire_mode).select(coded(AcquireMode::choices()))}
        {bind(form, errors, "acquired_on", "取得日期", true, |form| &mut form.acquired_on).text("date", "")}
        {bind(form, errors, "booked_on", "入账日期", false, |form| &mut form.booked_on).text("date", "")}
        {bind(form, errors, "value_type", "价值类型", true, |form| &mut form.value_type).select(coded(ValueType::choices()))}
        {bind(form, errors, "original", "账面原值(元)", true, |form| &mut form.original).text("money", "最多2位小数")}
        {bind(form, errors, "fiscal_part", "其中财政性资金(元)", false, |form| &mut form.fiscal_part).text("money", "不大于账面原值")}
        {bind(form, errors, "subject", "会计科目", true, |form| &mut form.subject).select(subjects)}
        {bind(form, errors, "method", "折旧方法", true, |form| &mut form.method).select(coded(DepreciationMethod::choices()))}
        {bind(form, errors, "structure", "建筑结构", false, |form| &mut form.structure).select(coded(Structure::choices()))}
        {bind(form, errors, "life_years", "折旧年限(年)", false, |form| &mut form.life_years).text("text", "留空按建筑结构的规定年限")}
        {bind(form, errors, "months_done", "已提折旧月数", false, |form| &mut form.months_done).text("text", "此前已入账的资产填写")}
        {bind(form, errors, "accumulated", "累计折旧(元)", false, |form| &mut form.accumulated).text("money", "此前已入账的资产填写")}
        {bind(form, errors, "rent_income_year", "年租金收入(元)", false, |form| &mut form.rent_income_year).text("money", "")}
    }
}

fn thing(form: Form, errors: Errors) -> impl IntoView {
    view! {
        <h2 class="form-section">"实物与权属"</h2>
        {bind(form, errors, "total_area", "建筑面积(㎡)", true, |form| &mut form.total_area).text("text", "最多2位小数")}
        {bind(form, errors, "units_count", "套数", true, |form| &mut form.units_count).text("text", "整数")}
        {bind(form, errors, "land_area", "土地面积(㎡)", false, |form| &mut form.land_area).text("text", "")}
        {bind(form, errors, "land_right_type", "土地使用权类型", false, |form| &mut form.land_right_type).text("text", "如 划拨、出让")}
        {bind(form, errors, "title_form", "产权形式", false, |form| &mut form.title_form).select(coded(TitleForm::choices()))}
        {bind(form, errors, "cert_no", "权属证号", false, |form| &mut form.cert_no).text("text", "")}
        {bind(form, errors, "cert_on", "发证时间", false, |form| &mut form.cert_on).text("date", "")}
        {bind(form, errors, "remark", "备注", false, |form| &mut form.remark).text("text", "")}
    }
}
