//! Choosing a unit by searching for it: for every form that is about one unit. Nobody scrolls through a million.

use super::{error_view, field::Field, icon};
use crate::ui::label::told;
use crate::{ApiError, housing::unit_list};
use domain::{
    housing::unit::UnitRow,
    list::{ListQuery, Page, Position},
};
use leptos::prelude::*;

/// How many hits are shown; who sees none of his writes more of the address.
const HITS: u16 = 10;

/// A field that holds the id of a unit. `present` is what people call the one that is chosen already; `picked` hears
/// of a new one, so that a form can take over its address and areas.
pub fn unit_picker(field: Field, present: Option<String>, picked: Callback<UnitRow>) -> impl IntoView {
    let word = RwSignal::new(String::new());
    let chosen = RwSignal::new(present);
    let find = Action::new(|word: &String| {
        let mut query = ListQuery { size: HITS, at: Position::Page(1), ..ListQuery::default() };
        query.q.clone_from(word);
        unit_list(query)
    });
    let search = move || {
        find.dispatch(word.get_untracked().trim().to_owned());
    };
    let open = RwSignal::new(false);
    let pick = move |row: UnitRow| {
        field.set.run(row.id.to_string());
        chosen.set(Some(format!("{} {} {}", row.code, row.estate, row.address)));
        open.set(false);
        picked.run(row);
    };
    let error = move || field.errors.with(|errors| errors.get(field.name).map(ToOwned::to_owned));
    let hits = move || find.value().get().filter(|_| open.get()).map(|found| hits_view(found, pick));
    view! {
        <div class="form-field" class:has-error=move || error().is_some()>
            <label for=field.name>{field.label}{field.required.then(|| view! { <span class="required" aria-hidden="true">"*"</span> })}</label>
            <p class="picker-chosen">{move || chosen.get().unwrap_or_else(|| "尚未选择".to_owned())}</p>
            <div class="join w-full">
                <input
                    id=field.name
                    type="search"
                    class="input join-item"
                    placeholder="小区、楼栋、房号或房源编码"
                    maxlength="100"
                    autocomplete="off"
                    aria-invalid=move || error().map(|_| "true")
                    aria-describedby=format!("{}-error", field.name)
                    prop:value=word
                    on:input=move |event| word.set(event_target_value(&event))
                    on:keydown=move |event| {
                        if event.key() == "Enter" {
                            // The form around it is not meant.
                            event.prevent_default();
                            open.set(true);
                            search();
                        }
                    }
                />
                <button type="button" class="btn join-item" disabled=move || find.pending().get() on:click=move |_| { open.set(true); search(); }>{icon("search")}"查找"</button>
            </div>
            {hits}
            <p class="field-error" id=format!("{}-error", field.name) role="alert">{error}</p>
        </div>
    }
}

fn hits_view(found: Result<Page<UnitRow>, ApiError>, pick: impl Fn(UnitRow) + Copy + Send + 'static) -> AnyView {
    let page = match found {
        Ok(page) if !page.rows.is_empty() => page,
        Ok(_) => {
            let sentence = "没有符合条件的房源，请换小区、楼栋、房号或房源编码查找";
            return view! { <p role="status" class="picker-note">{sentence}</p> }.into_any();
        }
        Err(error) => return error_view(&error),
    };
    let more = page.total > i64::from(HITS);
    let rows = page
        .rows
        .into_iter()
        .map(|row| {
            let label = format!("{} {}", row.estate, row.address);
            let note = format!("{} · {}㎡ · {}", row.code, row.building_area, told(row.status));
            view! { <li><button type="button" on:click=move |_| pick(row.clone())><b>{label}</b><span>{note}</span></button></li> }
        })
        .collect_view();
    view! {
        <ul class="picker-hits" aria-label="查找结果">{rows}</ul>
        {more.then(|| view! { <p class="picker-note">{format!("只显示前{HITS}条，请输入更多内容缩小范围")}</p> })}
    }
    .into_any()
}
