//! The form of a person. What is hidden is not sent to the browser: such a field stays as it is when left empty.

use super::api::{person_create, person_get, person_keepers, person_update};
use crate::{
    ApiError,
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        combo::flat,
        detail::use_id,
        empty_view, error_view,
        field::{coded, fixed},
        form::{Deeds, Edit, Newer, Reload, use_edit},
        loading_view,
        resource::resource,
    },
};
use chrono::{DateTime, FixedOffset, NaiveDate};
use domain::{
    dictionary::{Education, Gender, HukouType, IdType, Marital, Nation, PersonType},
    id::PersonId,
    person::{KEEP_HINT, Person, PersonForm, Secret, sheet::PERSON_LIST},
    platform::permission::Permission,
};
use leptos::prelude::*;
use std::sync::Arc;

pub fn new_view() -> AnyView {
    let keepers = resource(|| (), |()| person_keepers());
    view! {
        <main class="page">
            <PageHead title="新增人员" back=(PERSON_LIST.path.to_owned(), PERSON_LIST.noun.to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match keepers.await {
                        Ok(keepers) if keepers.is_empty() => empty_view("您的账号没有可登记人员的机构，请联系系统管理员"),
                        Ok(keepers) => form_view(None, keepers).into_any(),
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
        |id| async move { Ok::<_, ApiError>((person_get(PersonId(id)).await?, person_keepers().await?)) },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
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

/// Saves and goes to the person's page; on complaints stays with them beside the fields.
fn form_view(person: Option<Person>, mut keepers: Vec<(String, String)>) -> impl IntoView {
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
    let present = StoredValue::new(person.clone());
    let id = person.as_ref().map(|person| person.id);
    let deeds = Deeds {
        check: Box::new(move |form: &PersonForm| {
            present.with_value(|present| form.check(browser_day(), present.as_ref()).map(drop))
        }),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                let id = match id.zip(version) {
                    Some((id, version)) => person_update(id, version, form).await.map(|()| id)?,
                    None => person_create(form).await?,
                };
                Ok(format!("/persons/{id}"))
            })
        }),
        reload: id.map(|id| -> Reload<PersonForm> {
            Arc::new(move || {
                Box::pin(async move {
                    let person = person_get(id).await?;
                    let (form, version, at) = (PersonForm::from(&person), person.version, person.updated_at);
                    let by = person.updated_by.clone();
                    // What may stay empty depends on what is there.
                    present.try_set_value(Some(person));
                    Ok(Newer { form, version, at, by })
                })
            })
        }),
    };
    let edit = use_edit(start, person.as_ref().map(|person| person.version), deeds);
    let fields = fields(edit, person.as_ref(), keepers);
    edit.view(fields, id.map_or_else(|| PERSON_LIST.path.to_owned(), |id| format!("/persons/{id}")))
}

fn fields(edit: Edit<PersonForm>, person: Option<&Person>, keepers: Vec<(String, String)>) -> impl IntoView + use<> {
    let known = person.is_some();
    let plain = ("text", "");
    // What is known is shown masked, as the hint of the field that replaces it.
    let hidden = move |secret: Secret, kind: &'static str, required: bool, text: fn(&mut PersonForm) -> &mut String| {
        let (name, label) = (secret.column(), secret.label());
        match (known, required) {
            (false, _) => edit.text(name, label, required, text, (kind, "")),
            (true, true) => edit.secret(name, label, false, text, (kind, "留空不修改")),
            (true, false) => edit.secret(name, label, false, text, (kind, KEEP_HINT)),
        }
    };
    view! {
        {edit.text("name", "姓名", true, |form| &mut form.name, plain)}
        {edit.select("person_type", "人员类型", true, |form| &mut form.person_type, coded(PersonType::choices()))}
        {match person {
            // It decides who sees the record; to move one is the city's business.
            Some(person) if !may(Permission::PersonAssign) => fixed("organization", "所属机构", &person.organization).into_any(),
            _ => edit.pick("organization", "所属机构", true, |form| &mut form.organization, flat(keepers)),
        }}
        {edit.select("id_type", "证件类型", true, |form| &mut form.id_type, coded(IdType::choices()))}
        {hidden(Secret::IdNumber, "text", true, |form| &mut form.id_number)}
        {hidden(Secret::Phone, "tel", true, |form| &mut form.phone)}
        {hidden(Secret::Phone2, "tel", false, |form| &mut form.phone2)}
        {edit.select("gender", "性别", false, |form| &mut form.gender, coded(Gender::choices()))}
        {edit.text("birth", "出生日期", false, |form| &mut form.birth, ("date", ""))}
        {edit.select("nation", "民族", false, |form| &mut form.nation, coded(Nation::choices()))}
        {edit.select("education", "学历", false, |form| &mut form.education, coded(Education::choices()))}
        {edit.select("marital", "婚姻状况", false, |form| &mut form.marital, coded(Marital::choices()))}
        {edit.select("hukou_type", "户籍类型", false, |form| &mut form.hukou_type, coded(HukouType::choices()))}
        {hidden(Secret::HukouAddress, "text", false, |form| &mut form.hukou_address)}
        {hidden(Secret::LiveAddress, "text", false, |form| &mut form.live_address)}
        {edit.text("employer", "工作单位", false, |form| &mut form.employer, plain)}
        {edit.text("job", "职业", false, |form| &mut form.job, plain)}
        {edit.text("bank_name", "开户行", false, |form| &mut form.bank_name, plain)}
        {edit.text("bank_holder", "开户名", false, |form| &mut form.bank_holder, plain)}
        {hidden(Secret::BankNo, "text", false, |form| &mut form.bank_no)}
        {edit.text("emergency_contact", "紧急联系人", false, |form| &mut form.emergency_contact, plain)}
        {hidden(Secret::EmergencyPhone, "tel", false, |form| &mut form.emergency_phone)}
    }
}
