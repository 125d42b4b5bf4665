//! A new count sheet: of a master card or an estate.

use super::api::{asset_count_create, asset_master_list};
use crate::{
    ApiError,
    housing::estate::api::estate_list,
    ui::{
        PageHead,
        changing::changing,
        error_view,
        field::{Field, bind},
        icon,
    },
};
use domain::{
    failure::FieldErrors,
    housing::asset_count::AssetCountForm,
    list::{ListQuery, Position},
};
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};

pub(super) fn new_view() -> AnyView {
    // From a card's page: `?subject=master:1&name=ZC-1`.
    let asked = use_query_map();
    let param = move |name: &str| asked.with_untracked(|query| query.get(name).unwrap_or_default());
    let name = param("name");
    let form = RwSignal::new(AssetCountForm { subject: param("subject"), ..AssetCountForm::default() });
    let errors = RwSignal::new(FieldErrors::default());
    let save = Action::new(|form: &AssetCountForm| asset_count_create(form.clone()));
    let navigate = use_navigate();
    Effect::new(move |_| match save.value().get() {
        Some(Ok(id)) => navigate(&format!("/assets/counts/{id}/sheet"), Default::default()),
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
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let refused = move || save.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    view! {
        <main class="page">
            <PageHead title="新增盘点单" back=("/assets/counts".to_owned(), "资产盘点".to_owned()) />
            <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
                {changing(move || refused().map(|error| error_view(&error)))}
                {bind(form, errors, "title", "盘点单名称", true, |form| &mut form.title).text("text", "如 2026年度盘点")}
                {bind(form, errors, "planned_on", "盘点日期", true, |form| &mut form.planned_on).text("date", "")}
                {subject_picker(bind(form, errors, "subject", "盘点范围", true, |form| &mut form.subject), name)}
                <div class="form-buttons">
                    <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || save.pending().get()>"生成盘点单"</button>
                    <a class="btn btn-ghost" href="/assets/counts">"取消"</a>
                </div>
            </form>
        </main>
    }
    .into_any()
}

/// Master cards and estates that match, as `master:1` and `estate:1` with their names.
async fn subjects_find(word: String) -> Result<Vec<(String, String)>, ApiError> {
    let query = ListQuery { q: word, size: 10, at: Position::Page(1), ..ListQuery::default() };
    let cards = asset_master_list(query.clone()).await?.rows.into_iter();
    let estates = estate_list(query).await?.rows.into_iter();
    Ok(cards
        .map(|card| (format!("master:{}", card.id), format!("主卡片 {} {}", card.card_no, card.asset_name)))
        .chain(estates.map(|estate| (format!("estate:{}", estate.id), format!("小区 {}", estate.name))))
        .collect())
}

fn subject_picker(field: Field, name: String) -> impl IntoView {
    let word = RwSignal::new(String::new());
    let chosen = RwSignal::new(name);
    let open = RwSignal::new(false);
    let find = Action::new(|word: &String| subjects_find(word.clone()));
    let search = move || {
        open.set(true);
        find.dispatch(word.get_untracked().trim().to_owned());
    };
    let error = move || field.errors.with(|errors| errors.get(field.name).map(ToOwned::to_owned));
    let hits = move || match find.value().get().filter(|_| open.get()) {
        None => ().into_any(),
        Some(Err(error)) => error_view(&error),
        Some(Ok(found)) if found.is_empty() => {
            view! { <p role="status" class="picker-note">"没有符合条件的主卡片或小区"</p> }.into_any()
        }
        Some(Ok(found)) => {
            let rows = found
                .into_iter()
                .map(|(code, name)| {
                    let label = name.clone();
                    let pick = move |_| {
                        field.set.run(code.clone());
                        chosen.set(name.clone());
                        open.set(false);
                    };
                    view! { <li><button type="button" on:click=pick><b>{label}</b></button></li> }
                })
                .collect_view();
            view! { <ul class="picker-hits" aria-label="查找结果">{rows}</ul> }.into_any()
        }
    };
    view! {
        <div class="form-field" class:has-error=move || error().is_some()>
            <label for="subject">{field.label}<span class="required" aria-hidden="true">"*"</span></label>
            <p class="picker-chosen">{changing(move || Some(chosen.get()).filter(|name| !name.is_empty()).unwrap_or_else(|| "尚未选择".to_owned()))}</p>
            <div class="join w-full">
                <input id="subject" type="search" class="input join-item" placeholder="主卡片编号、名称或小区名称" maxlength="100" aria-describedby="subject-error"
                    prop:value=word on:input=move |event| word.set(event_target_value(&event))
                    on:keydown=move |event| if event.key() == "Enter" { event.prevent_default(); search(); } />
                <button type="button" class="btn join-item" disabled=find.pending() on:click=move |_| search()>{icon("search")}"查找"</button>
            </div>
            {changing(hits)}
            <p class="field-error" id="subject-error" role="alert">{changing(error)}</p>
        </div>
    }
}
