//! The estate form: new and change.

use super::api::{estate_create, estate_get, estate_update};
use crate::{
    ApiError,
    housing::{choice::stock_choices_get, use_id},
    shell::may,
    ui::{
        PageHead, empty_view, error_view,
        field::{bind, chosen, chosen_or_present, coded, fixed},
        loading_view,
        resource::resource,
    },
};
use domain::{
    failure::FieldErrors,
    housing::{
        choice::StockChoices,
        estate::{Estate, EstateForm},
    },
    id::EstateId,
    platform::permission::Permission,
    value::CoordinateSystem,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

pub fn new_view() -> AnyView {
    let choices = resource(|| (), |()| stock_choices_get());
    view! {
        <main class="page">
            <PageHead title="新增小区" back=("/housing/estates".to_owned(), "小区".to_owned()) />
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match choices.await {
                        Ok(choices) if choices.districts.is_empty() => {
                            empty_view("您的账号没有管辖的区县，不能新增小区，请联系区县住房保障部门")
                        }
                        Ok(choices) => form_view(None, choices).into_any(),
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
        |id| async move { Ok::<_, ApiError>((estate_get(EstateId(id)).await?, stock_choices_get().await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match loaded.await {
                        Ok((estate, choices)) => {
                            let back = (format!("/housing/estates/{}", estate.id), estate.name.clone());
                            view! {
                                <PageHead title="编辑小区" back=back />
                                {form_view(Some(estate), choices)}
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

/// Saves and goes to the estate's page; on complaints stays with them beside the fields.
fn form_view(estate: Option<Estate>, choices: StockChoices) -> impl IntoView {
    let known = estate.as_ref().map(|estate| (estate.id, estate.version));
    let form = RwSignal::new(estate.as_ref().map(EstateForm::from).unwrap_or_default());
    let errors = RwSignal::new(FieldErrors::default());
    let save = Action::new(move |form: &EstateForm| {
        let form = form.clone();
        async move {
            match known {
                Some((id, version)) => estate_update(id, version, form).await.map(|()| id),
                None => estate_create(form).await,
            }
        }
    });
    let navigate = use_navigate();
    Effect::new(move |_| match save.value().get() {
        Some(Ok(id)) => navigate(&format!("/housing/estates/{id}"), Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match form.get().check() {
            Ok(_) => {
                errors.set(FieldErrors::default());
                save.dispatch(form.get());
            }
            Err(found) => errors.set(found),
        }
    };
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    view! {
        <form class="panel form-grid" on:submit=submit novalidate>
            {move || refused().map(|error| error_view(&error))}
            {bind(form, errors, "name", "小区名称", true, |form| &mut form.name).text("text", "")}
            {match &estate {
                // Moving an estate is the city's business and no field of a form.
                Some(estate) => fixed("district", "所属区县", &estate.district).into_any(),
                None => bind(form, errors, "district", "所属区县", true, |form| &mut form.district).select(chosen(choices.districts.clone())).into_any(),
            }}
            {bind(form, errors, "address", "小区地址", true, |form| &mut form.address).text("text", "")}
            {bind(form, errors, "street", "街道", false, |form| &mut form.street).text("text", "")}
            {bind(form, errors, "community", "社区", false, |form| &mut form.community).text("text", "")}
            {assignment_fields(form, errors, estate.as_ref(), choices)}
            {bind(form, errors, "households_planned", "规划户数", false, |form| &mut form.households_planned).text("text", "整数")}
            {bind(form, errors, "parking_total", "车位数", false, |form| &mut form.parking_total).text("text", "整数")}
            {bind(form, errors, "green_rate", "绿化率(%)", false, |form| &mut form.green_rate).text("text", "0至100")}
            {bind(form, errors, "far", "容积率", false, |form| &mut form.far).text("text", "最多2位小数")}
            {bind(form, errors, "gates", "出入口数", false, |form| &mut form.gates).text("text", "整数")}
            {bind(form, errors, "facilities", "配套设施", false, |form| &mut form.facilities).text("text", "以顿号分隔，如 健身房、快递柜")}
            {bind(form, errors, "contact", "联系人", false, |form| &mut form.contact).text("text", "")}
            {bind(form, errors, "phone", "联系电话", false, |form| &mut form.phone).text("tel", "")}
            {bind(form, errors, "lng", "经度", false, |form| &mut form.lng).text("text", "如 113.6253680")}
            {bind(form, errors, "lat", "纬度", false, |form| &mut form.lat).text("text", "如 34.7465990")}
            {bind(form, errors, "system", "坐标系", false, |form| &mut form.system).select(coded(CoordinateSystem::choices()))}
            {bind(form, errors, "remark", "备注", false, |form| &mut form.remark).text("text", "")}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || save.pending().get()>"保存"</button>
                <a class="btn btn-ghost" href=known.map_or_else(|| "/housing/estates".to_owned(), |(id, _)| format!("/housing/estates/{id}"))>"取消"</a>
            </div>
        </form>
    }
}

/// Whom an estate is entrusted to decides who sees it; only who may say so gets to choose.
fn assignment_fields(
    form: RwSignal<EstateForm>,
    errors: RwSignal<FieldErrors>,
    estate: Option<&Estate>,
    choices: StockChoices,
) -> impl IntoView + use<> {
    let company = estate.and_then(|estate| Some((estate.property_company_id?.0, estate.property_company.clone()?)));
    let operator = estate.and_then(|estate| Some((estate.operator_id?.0, estate.operator.clone()?)));
    if !may(Permission::EstateAssign) {
        let name = |present: Option<(i64, String)>| present.map(|(_, name)| name).unwrap_or_default();
        return view! {
            {fixed("property_company", "物业公司", name(company))}
            {fixed("operator", "运营主体", name(operator))}
        }
        .into_any();
    }
    view! {
        {bind(form, errors, "property_company", "物业公司", false, |form| &mut form.property_company)
            .select(chosen_or_present(choices.property_companies, company))}
        {bind(form, errors, "operator", "运营主体", false, |form| &mut form.operator)
            .select(chosen_or_present(choices.operators, operator))}
    }
    .into_any()
}
