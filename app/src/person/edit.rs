//! The form of a person. What is hidden is not sent to the browser: such a field stays as it is when left empty.

use super::api::{person_create, person_get, person_keepers, person_update};
use crate::{
    ApiError,
    shell::may,
    ui::{
        PageHead,
        combo::flat,
        detail::use_id,
        empty_view, error_view,
        field::{Field, bind, coded, fixed},
        loading_view,
        resource::resource,
    },
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::{
    dictionary::{Education, Gender, HukouType, IdType, Marital, Nation, PersonType},
    failure::FieldErrors,
    id::PersonId,
    person::{KEEP_HINT, Person, PersonForm, Secret, sheet::PERSON_LIST},
    platform::permission::Permission,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

pub fn new_view() -> AnyView {
    let keepers = resource(|| (), |()| person_keepers());
    view! {
        <main class="page">
            <PageHead title="新增人员" back=(PERSON_LIST.path.to_owned(), PERSON_LIST.noun.to_owned()) />
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match keepers.await {
                        Ok(keepers) if keepers.is_empty() => empty_view("您的账号没有可登记人员的机构，请联系系统管理员"),
                        Ok(keepers) => form_view(None, keepers).into_any(),
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
        |id| async move { Ok::<_, ApiError>((person_get(PersonId(id)).await?, person_keepers().await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match loaded.await {
                        Ok((person, keepers)) => {
                            let back = (format!("/persons/{}", person.id), person.name.clone());
                            view! {
                                <PageHead title="编辑人员" back=back />
                                {form_view(Some(person), keepers)}
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

/// Saves and goes to the person's page; on complaints stays with them beside the fields.
fn form_view(person: Option<Person>, mut keepers: Vec<(String, String)>) -> impl IntoView {
    let known = person.as_ref().map(|person| (person.id, person.version));
    let mut start = person.as_ref().map(PersonForm::from).unwrap_or_default();
    match &person {
        // An organisation that is closed since, or another's: a select without it would drop it silently.
        Some(person) if keepers.iter().all(|(id, _)| *id != start.organization) => {
            keepers.push((start.organization.clone(), person.organization.clone()));
        }
        None if keepers.len() == 1 => start.organization = keepers[0].0.clone(),
        _ => {}
    }
    if person.is_none() {
        start.id_type = IdType::IdCard.code().to_owned();
        start.person_type = PersonType::Tenant.code().to_owned();
    }
    let form = RwSignal::new(start);
    let errors = RwSignal::new(FieldErrors::default());
    let save = Action::new(move |form: &PersonForm| {
        let form = form.clone();
        async move {
            match known {
                Some((id, version)) => person_update(id, version, form).await.map(|()| id),
                None => person_create(form).await,
            }
        }
    });
    let navigate = use_navigate();
    Effect::new(move |_| match save.value().get() {
        Some(Ok(id)) => navigate(&format!("/persons/{id}"), Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let present = StoredValue::new(person.clone());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match present.with_value(|present| form.get().check(browser_day(), present.as_ref())) {
            Ok(_) => {
                errors.set(FieldErrors::default());
                save.dispatch(form.get());
            }
            Err(found) => errors.set(found),
        }
    };
    // Until the page is alive there is nobody to take the form: without a button it cannot be sent.
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    let field =
        move |name: &'static str, label: &'static str, required: bool, text: fn(&mut PersonForm) -> &mut String| {
            bind(form, errors, name, label, required, text)
        };
    // What is known is shown masked, as the hint of the field that replaces it.
    let hidden = move |secret: Secret, kind: &'static str, required: bool, text: fn(&mut PersonForm) -> &mut String| {
        let field: Field = bind(form, errors, secret.column(), secret.label(), required && known.is_none(), text);
        field.text(
            kind,
            if known.is_some() && required {
                "留空不修改"
            } else if known.is_some() {
                KEEP_HINT
            } else {
                ""
            },
        )
    };
    view! {
        // By POST besides: nothing of it may ever stand in an address.
        <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
            {move || refused().map(|error| error_view(&error))}
            {field("name", "姓名", true, |form| &mut form.name).text("text", "")}
            {field("person_type", "人员类型", true, |form| &mut form.person_type).select(coded(PersonType::choices()))}
            {match &person {
                // It decides who sees the record; to move one is the city's business.
                Some(person) if !may(Permission::PersonAssign) => fixed("organization", "所属机构", &person.organization).into_any(),
                _ => field("organization", "所属机构", true, |form| &mut form.organization).pick(flat(keepers)),
            }}
            {field("id_type", "证件类型", true, |form| &mut form.id_type).select(coded(IdType::choices()))}
            {hidden(Secret::IdNumber, "text", true, |form| &mut form.id_number)}
            {hidden(Secret::Phone, "tel", true, |form| &mut form.phone)}
            {hidden(Secret::Phone2, "tel", false, |form| &mut form.phone2)}
            {field("gender", "性别", false, |form| &mut form.gender).select(coded(Gender::choices()))}
            {field("birth", "出生日期", false, |form| &mut form.birth).text("date", "")}
            {field("nation", "民族", false, |form| &mut form.nation).select(coded(Nation::choices()))}
            {field("education", "学历", false, |form| &mut form.education).select(coded(Education::choices()))}
            {field("marital", "婚姻状况", false, |form| &mut form.marital).select(coded(Marital::choices()))}
            {field("hukou_type", "户籍类型", false, |form| &mut form.hukou_type).select(coded(HukouType::choices()))}
            {hidden(Secret::HukouAddress, "text", false, |form| &mut form.hukou_address)}
            {hidden(Secret::LiveAddress, "text", false, |form| &mut form.live_address)}
            {field("employer", "工作单位", false, |form| &mut form.employer).text("text", "")}
            {field("job", "职业", false, |form| &mut form.job).text("text", "")}
            {field("bank_name", "开户行", false, |form| &mut form.bank_name).text("text", "")}
            {field("bank_holder", "开户名", false, |form| &mut form.bank_holder).text("text", "")}
            {hidden(Secret::BankNo, "text", false, |form| &mut form.bank_no)}
            {field("emergency_contact", "紧急联系人", false, |form| &mut form.emergency_contact).text("text", "")}
            {hidden(Secret::EmergencyPhone, "tel", false, |form| &mut form.emergency_phone)}
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || save.pending().get()>"保存"</button>
                <a class="btn btn-ghost" href=known.map_or_else(|| PERSON_LIST.path.to_owned(), |(id, _)| format!("/persons/{id}"))>"取消"</a>
            </div>
        </form>
    }
}
