//! The form of a household: new and change.

use super::{
    api::{household_create, household_get, household_update},
    fields::{Names, fields},
};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::use_id,
    empty_view, error_view,
    form::{Deeds, Newer, Reload, use_edit},
    loading_view,
    resource::resource,
};
use domain::{
    failure::FieldErrors,
    id::HouseholdId,
    person::household::{HOUSEHOLD_LIST, Household, HouseholdForm},
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    view! {
        <main class="page">
            <PageHead title="登记家庭" back=(HOUSEHOLD_LIST.path.to_owned(), HOUSEHOLD_LIST.noun.to_owned()) />
            {form_view(None)}
        </main>
    }
    .into_any()
}

pub(super) fn edit_view() -> AnyView {
    let id = use_id();
    let household = resource(move || id.get(), |id| household_get(HouseholdId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match household.await {
                        Ok(household) => {
                            let back = (format!("{}/{}", HOUSEHOLD_LIST.path, household.row.id), household.row.household_no.clone());
                            view! { <PageHead title="变更家庭" back=back />{form_view(Some(household))} }.into_any()
                        }
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn names_of(household: &Household) -> Vec<(String, String)> {
    household.members.iter().map(|member| (member.person_id.to_string(), member.name.clone())).collect()
}

fn form_view(household: Option<Household>) -> AnyView {
    if household.as_ref().is_some_and(|household| household.row.closed_on.is_some()) {
        return empty_view("家庭已销户，不能修改");
    }
    let known = household.as_ref().map(|household| household.row.id);
    let names: Names = StoredValue::new(household.as_ref().map(names_of).unwrap_or_default());
    let pending = RwSignal::new(false);
    let deeds = Deeds {
        check: Box::new(move |form: &HouseholdForm| added(pending, form.check().map(drop))),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                let id = match known.zip(version) {
                    Some((id, version)) => household_update(id, version, form).await.map(|()| id)?,
                    None => household_create(form).await?,
                };
                Ok(format!("{}/{id}", HOUSEHOLD_LIST.path))
            })
        }),
        reload: known.map(|id| -> Reload<HouseholdForm> {
            Arc::new(move || {
                Box::pin(async move {
                    let household = household_get(id).await?;
                    names.try_update_value(|names| names.extend(names_of(&household)));
                    let form = HouseholdForm::from(&household);
                    Ok(Newer {
                        form,
                        version: household.version,
                        at: household.row.updated_at,
                        by: household.updated_by,
                    })
                })
            })
        }),
    };
    let start = household.as_ref().map_or_else(HouseholdForm::default, HouseholdForm::from);
    let edit = use_edit(start, household.as_ref().map(|household| household.version), deeds);
    let head = household.map(|household| household.row.head);
    let back = known.map_or_else(|| HOUSEHOLD_LIST.path.to_owned(), |id| format!("{}/{id}", HOUSEHOLD_LIST.path));
    edit.view(fields(edit, head, (names, pending)), back)
}

/// Who was looked up as a member and not taken over would be left out without a word.
fn added(pending: RwSignal<bool>, checked: Result<(), FieldErrors>) -> Result<(), FieldErrors> {
    if !pending.get_untracked() {
        return checked;
    }
    let mut errors = checked.err().unwrap_or_default();
    errors.add("members", "请点击“添加成员”，或清空已选的人员");
    Err(errors)
}
