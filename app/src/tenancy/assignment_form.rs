//! Proposing a home for a person (U4); either may be given by the page one came from.

use super::api::assignment_create;
use crate::{
    ApiError,
    housing::unit_get,
    person::api::person_get,
    ui::{
        PageHead,
        changing::changing,
        form::{Deeds, use_edit},
        label::told,
        loading_view,
        person_picker::person_picker,
        resource::resource,
        unit_picker::unit_picker_among,
    },
};
use domain::{
    dictionary::UnitStatus,
    housing::unit::{Unit, UnitRow},
    id::{PersonId, UnitId},
    tenancy::assignment::{ASSIGNMENT_LIST, AssignmentForm},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::{collections::HashMap, sync::Arc};

/// What the address names, with what people call it.
type Given = (Option<(PersonId, String)>, Option<Unit>);

pub(super) fn new_view() -> AnyView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        let id = |name: &str| query.get(name).and_then(|id| id.parse::<i64>().ok());
        (id("person").map(PersonId), id("unit").map(UnitId))
    });
    // What is not there, or not in sight, is not given.
    let given = resource(
        move || asked.get(),
        |(person, unit)| async move {
            let person = match person {
                Some(id) => person_get(id).await.ok().map(|person| (id, person.name)),
                None => None,
            };
            let unit = match unit {
                Some(id) => unit_get(id).await.ok(),
                None => None,
            };
            Ok::<Given, ApiError>((person, unit))
        },
    );
    view! {
        <main class="page">
            <PageHead title="办理直接分配" back=(ASSIGNMENT_LIST.path.to_owned(), ASSIGNMENT_LIST.noun.to_owned()) />
            <p class="page-note">"将空置房源分配给指定人员，经另一人复核后房源转为“已分配”，逾期未签约自动退回。"</p>
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move { form_view(given.await.unwrap_or_default()) }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view((person, unit): Given) -> AnyView {
    let start = AssignmentForm {
        person: person.as_ref().map(|(id, _)| id.to_string()).unwrap_or_default(),
        unit: unit.as_ref().map(|unit| unit.id.to_string()).unwrap_or_default(),
        ..AssignmentForm::default()
    };
    let deeds = Deeds {
        check: Box::new(|form: &AssignmentForm| form.check().map(drop)),
        save: Arc::new(|form, _| {
            Box::pin(async move { Ok(format!("{}/{}", ASSIGNMENT_LIST.path, assignment_create(form).await?)) })
        }),
        reload: None,
    };
    let edit = use_edit(start, None, deeds);
    // What people call the units that the form has had, by id; and what is said of the one it has.
    let names = StoredValue::new(HashMap::new());
    let facts = RwSignal::new(None::<String>);
    if let Some(unit) = unit {
        names
            .update_value(|names| drop(names.insert(unit.id.to_string(), format!("{} {}", unit.estate, unit.address))));
        let area = (unit.building_area.to_string(), unit.usable_area.to_string());
        facts.set(Some(facts_text(&told(unit.layout), area, &told(unit.status))));
    }
    let named = move |id: &str| names.with_value(|names| names.get(id).cloned()).unwrap_or_default();
    let picked = Callback::new(move |unit: UnitRow| {
        names
            .update_value(|names| drop(names.insert(unit.id.to_string(), format!("{} {}", unit.estate, unit.address))));
        let area = (unit.building_area.to_string(), unit.usable_area.to_string());
        facts.set(Some(facts_text(&told(unit.layout), area, &told(unit.status))));
    });
    let unit_field = edit.field("unit", "房源", true, |form| &mut form.unit, named);
    let person_field = edit.field("person", "人员", true, |form| &mut form.person, ToOwned::to_owned);
    let shown = move || edit.form.with(|form| !form.unit.is_empty()).then(|| facts.get()).flatten();
    let fields = view! {
        {person_picker(person_field, person.map(|(_, name)| name))}
        {unit_picker_among(unit_field, Some(UnitStatus::Vacant), named, picked)}
        {edit.text("reason", "分配原因", true, |form| &mut form.reason, ("text", "如 特殊困难家庭，经集体研究"))}
        {edit.text("document_no", "批准文号", false, |form| &mut form.document_no, ("text", ""))}
        <p class="form-note" role="status">{changing(move || shown().unwrap_or_else(|| "房源只在空置房源中查找".to_owned()))}</p>
    };
    edit.view_of(fields, "提交复核", ASSIGNMENT_LIST.path.to_owned())
}

/// `一居室，建筑面积57.00㎡，使用面积43.00㎡，闲置房`
fn facts_text(layout: &str, (building, usable): (String, String), status: &str) -> String {
    format!("所选房源：{layout}，建筑面积{building}㎡，使用面积{usable}㎡，{status}")
}
