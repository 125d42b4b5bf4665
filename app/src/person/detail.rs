//! The record of a person: hidden fields masked, and the dialog that shows one of them for a reason.

use super::{
    api::{person_get, person_reveal},
    delete::delete_tool,
};
use crate::{
    platform::attachment::attachments_panel,
    shell::may,
    tenancy::resident::panel::{Of, residents_panel},
    ui::{
        PageHead,
        changing::{awaited, changing},
        detail::{field_group, text_cell, use_id},
        icon, print_button,
        resource::resource,
        reveal::reveal_dialog,
        table::time_text,
    },
};
use domain::{
    dictionary::{AttachmentOwner, PersonType},
    id::PersonId,
    person::{Person, Secret, merge::PersonEvent, sheet::PERSON_LIST},
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

pub fn detail_view() -> AnyView {
    let id = use_id();
    let person = resource(move || id.get(), |id| person_get(PersonId(id)));
    view! {
        <main class="page">
            {awaited(person, move |person| record(&person).into_any())}
            {residents_panel(Of::Person, id.into())}
            {attachments_panel(AttachmentOwner::Person, id.into())}
        </main>
    }
    .into_any()
}

fn record(person: &Person) -> impl IntoView + use<> {
    let id = person.id;
    let open = person.merged_into.is_none();
    let lettable = open && person.person_type == PersonType::Tenant;
    let deletes = (open && may(Permission::PersonDelete)).then(|| delete_tool(person));
    let asked = RwSignal::new(None::<Secret>);
    view! {
        <PageHead title=person.name.clone() back=(PERSON_LIST.path.to_owned(), PERSON_LIST.noun.to_owned())>
            {print_button()}
            {changing(move || (lettable && may(Permission::AssignmentWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/tenancy/assignments/new?person={id}")>"直接分配"</a>
            }))}
            {changing(move || may(Permission::ContractRead).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/tenancy/contracts?person={id}")>"合同"</a>
            }))}
            {changing(move || (open && may(Permission::PersonWrite)).then(|| view! {
                <a class="btn btn-primary btn-sm" href=format!("/persons/{id}/edit")>{icon("edit")}"编辑"</a>
            }))}
            {changing(move || may(Permission::HouseholdRead).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/persons/households?person={id}")>"家庭"</a>
            }))}
            {deletes}
        </PageHead>
        {person.merged_into.map(|survivor| view! {
            <div class="alert alert-warning alert-soft" role="status">
                <span>"该记录已合并，不再办理业务。"</span>
                <a class="btn btn-sm" href=format!("/persons/{survivor}")>"查看合并后的人员"</a>
            </div>
        })}
        {field_group("基本信息", vec![
            ("姓名", Cell::text(&person.name)),
            ("人员类型", Cell::coded(person.person_type)),
            ("性别", cell_or_empty(person.gender, Cell::coded)),
            ("出生日期", cell_or_empty(person.birth, Cell::Date)),
            ("出生年份", cell_or_empty(person.birth_year, |year| Cell::Text(year.to_string()))),
            ("民族", cell_or_empty(person.nation, Cell::coded)),
            ("学历", cell_or_empty(person.education, Cell::coded)),
            ("婚姻状况", cell_or_empty(person.marital, Cell::coded)),
            ("户籍类型", cell_or_empty(person.hukou_type, Cell::coded)),
            ("工作单位", text_cell(person.employer.as_ref())),
            ("职业", text_cell(person.job.as_ref())),
            ("紧急联系人", text_cell(person.emergency_contact.as_ref())),
            ("开户行", text_cell(person.bank_name.as_ref())),
            ("开户名", text_cell(person.bank_holder.as_ref())),
            ("证件类型", Cell::coded(person.id_type)),
            ("证件核验", Cell::coded(person.id_verified)),
            ("所属机构", Cell::text(&person.organization)),
            ("所属区县", Cell::text(person.district.as_deref().unwrap_or("全市"))),
            ("更新时间", Cell::Time(person.updated_at)),
            ("更新人", text_cell(person.updated_by.as_ref())),
        ])}
        <section class="panel">
            <h2>"敏感信息"</h2>
            <p class="mb-4 text-sm opacity-80">"默认脱敏显示。查看明文须填写原因，并记入操作日志。"</p>
            <dl class="detail-grid">{Secret::ALL.into_iter().map(|secret| secret_field(person, secret, asked)).collect_view()}</dl>
        </section>
        {(!person.history.is_empty()).then(|| history_view(&person.history))}
        {reveal_dialog(asked, Secret::label, move |secret, reason| Box::pin(person_reveal(id, secret, reason)))}
    }
}

/// What was done to the record as a whole, the newest first.
fn history_view(history: &[PersonEvent]) -> impl IntoView + use<> {
    let lines = history
        .iter()
        .rev()
        .map(|event| {
            let who = event.actor.clone().unwrap_or_default();
            view! { <li>{format!("{} · {who} · {}（{}）", time_text(event.at), event.text, event.reason)}</li> }
        })
        .collect_view();
    view! { <section class="panel"><h2>"合并记录"</h2><ul class="flex flex-col gap-1">{lines}</ul></section> }
}

/// A hidden field: its mask and, for who may, the way to see it.
fn secret_field(person: &Person, secret: Secret, asked: RwSignal<Option<Secret>>) -> impl IntoView + use<> {
    let mask = match secret {
        Secret::IdNumber => Some(&person.id_number),
        Secret::Phone => Some(&person.phone),
        Secret::Phone2 => person.phone2.as_ref(),
        Secret::HukouAddress => person.hukou_address.as_ref(),
        Secret::LiveAddress => person.live_address.as_ref(),
        Secret::BankNo => person.bank_no.as_ref(),
        Secret::EmergencyPhone => person.emergency_phone.as_ref(),
    };
    let there = mask.is_some();
    let mask = mask.cloned().unwrap_or_else(|| "—".to_owned());
    view! {
        <div class="detail-field">
            <dt>{secret.label()}</dt>
            <dd class="flex items-center gap-2">
                <span class="tabular-nums">{mask}</span>
                {changing(move || (there && may(secret.permission())).then(|| view! {
                    <button type="button" class="btn btn-ghost btn-xs" aria-label=format!("查看{}明文", secret.label()) on:click=move |_| asked.set(Some(secret))>"查看明文"</button>
                }))}
            </dd>
        </div>
    }
}
