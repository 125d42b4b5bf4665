//! The estate form: new and change.

use super::api::{estate_create, estate_get, estate_update};
use crate::{
    ApiError,
    housing::{choice::stock_choices_get, use_id},
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        combo::flat,
        empty_view, error_view,
        field::{chosen, chosen_or_present, fixed},
        form::{Deeds, Edit, Newer, Reload, use_edit},
        loading_view,
        place::place_fields,
        resource::resource,
    },
};
use domain::{
    housing::{
        choice::StockChoices,
        estate::{Estate, EstateForm},
    },
    id::EstateId,
    platform::permission::Permission,
};
use leptos::prelude::*;
use std::sync::Arc;

pub fn new_view() -> AnyView {
    let choices = resource(|| (), |()| stock_choices_get());
    view! {
        <main class="page">
            <PageHead title="新增小区" back=("/housing/estates".to_owned(), "小区".to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match choices.await {
                        Ok(choices) if choices.districts.is_empty() => {
                            empty_view("您的账号没有管辖的区县，不能新增小区，请联系区县住房保障部门")
                        }
                        Ok(choices) => form_view(None, choices).into_any(),
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
        |id| async move { Ok::<_, ApiError>((estate_get(EstateId(id)).await?, stock_choices_get().await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
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
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

/// Saves and goes to the estate's page; on complaints stays with them beside the fields.
fn form_view(estate: Option<Estate>, choices: StockChoices) -> impl IntoView {
    let known = estate.as_ref().map(|estate| estate.id);
    let start = estate.as_ref().map(EstateForm::from).unwrap_or_default();
    let deeds = Deeds {
        check: Box::new(|form: &EstateForm| form.check().map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                let id = match known.zip(version) {
                    Some((id, version)) => estate_update(id, version, form).await.map(|()| id)?,
                    None => estate_create(form).await?,
                };
                Ok(format!("/housing/estates/{id}"))
            })
        }),
        reload: known.map(|id| -> Reload<EstateForm> {
            Arc::new(move || {
                Box::pin(async move {
                    let estate = estate_get(id).await?;
                    let form = EstateForm::from(&estate);
                    Ok(Newer { form, version: estate.version, at: estate.updated_at, by: estate.updated_by })
                })
            })
        }),
    };
    let edit = use_edit(start, estate.as_ref().map(|estate| estate.version), deeds);
    let fields = view! {
        {edit.text("name", "小区名称", true, |form| &mut form.name, ("text", ""))}
        {match &estate {
            // Moving an estate is the city's business and no field of a form.
            Some(estate) => fixed("district", "所属区县", &estate.district).into_any(),
            None => edit.pick("district", "所属区县", true, |form| &mut form.district, flat(chosen(choices.districts.clone()))),
        }}
        {edit.text("address", "小区地址", true, |form| &mut form.address, ("text", ""))}
        {edit.text("street", "街道", false, |form| &mut form.street, ("text", ""))}
        {edit.text("community", "社区", false, |form| &mut form.community, ("text", ""))}
        {assignment_fields(edit, estate.as_ref(), choices)}
        {edit.text("households_planned", "规划户数", false, |form| &mut form.households_planned, ("text", "整数"))}
        {edit.text("parking_total", "车位数", false, |form| &mut form.parking_total, ("text", "整数"))}
        {edit.text("green_rate", "绿化率(%)", false, |form| &mut form.green_rate, ("text", "0至100"))}
        {edit.text("far", "容积率", false, |form| &mut form.far, ("text", "最多2位小数"))}
        {edit.text("gates", "出入口数", false, |form| &mut form.gates, ("text", "整数"))}
        {edit.text("facilities", "配套设施", false, |form| &mut form.facilities, ("text", "以顿号分隔，如 健身房、快递柜"))}
        {edit.text("contact", "联系人", false, |form| &mut form.contact, ("text", ""))}
        {edit.text("phone", "联系电话", false, |form| &mut form.phone, ("tel", ""))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", ""))}
        {place_fields(edit, |form| &mut form.lng, |form| &mut form.lat, |form| &mut form.system)}
    };
    edit.view(fields, known.map_or_else(|| "/housing/estates".to_owned(), |id| format!("/housing/estates/{id}")))
}

/// Whom an estate is entrusted to decides who sees it; only who may say so gets to choose.
fn assignment_fields(edit: Edit<EstateForm>, estate: Option<&Estate>, choices: StockChoices) -> impl IntoView + use<> {
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
    let companies = flat(chosen_or_present(choices.property_companies, company));
    let operators = flat(chosen_or_present(choices.operators, operator));
    view! {
        {edit.pick("property_company", "物业公司", false, |form| &mut form.property_company, companies)}
        {edit.pick("operator", "运营主体", false, |form| &mut form.operator, operators)}
    }
    .into_any()
}
