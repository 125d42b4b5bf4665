//! The estate form: new and change.

use super::api::{estate_create, estate_get, estate_update};
use crate::{
    ApiError,
    housing::{choice::stock_choices_get, use_id},
    ui::{
        PageHead, error_view,
        field::{bind, chosen, coded},
        loading_view,
    },
};
use domain::{
    failure::FieldErrors,
    housing::{choice::StockChoices, estate::EstateForm},
    id::EstateId,
    value::CoordinateSystem,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

pub fn new_view() -> AnyView {
    let choices = Resource::new(|| (), |()| stock_choices_get());
    view! {
        <main class="page">
            <PageHead title="新增小区" back=("/housing/estates".to_owned(), "小区".to_owned()) />
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match choices.await {
                        Ok(choices) => form_view(None, EstateForm::default(), choices).into_any(),
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
    let loaded = Resource::new(
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
                                {form_view(Some((estate.id, estate.version)), EstateForm::from(&estate), choices)}
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
fn form_view(known: Option<(EstateId, i32)>, initial: EstateForm, choices: StockChoices) -> impl IntoView {
    let form = RwSignal::new(initial);
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
            {bind(form, errors, "district", "所属区县", true, |form| &mut form.district).select(chosen(choices.districts))}
            {bind(form, errors, "address", "小区地址", true, |form| &mut form.address).text("text", "")}
            {bind(form, errors, "street", "街道", false, |form| &mut form.street).text("text", "")}
            {bind(form, errors, "community", "社区", false, |form| &mut form.community).text("text", "")}
            {bind(form, errors, "property_company", "物业公司", false, |form| &mut form.property_company).select(chosen(choices.property_companies))}
            {bind(form, errors, "operator", "运营主体", false, |form| &mut form.operator).select(chosen(choices.operators))}
            {bind(form, errors, "households_planned", "规划户数", false, |form| &mut form.households_planned).text("text", "整数")}
            {bind(form, errors, "parking_total", "车位数", false, |form| &mut form.parking_total).text("text", "整数")}
            {bind(form, errors, "green_rate", "绿化率(%)", false, |form| &mut form.green_rate).text("text", "0至100")}
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
