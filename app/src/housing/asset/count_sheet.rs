//! A count sheet: what was planned, what was seen, its end and its confirmation.

use super::api::{asset_count_confirm, asset_count_enter, asset_count_finish, asset_count_get};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        label::coded,
        resource::resource,
    },
};
use domain::{
    dictionary::{CountResult, CountStatus, Item, UnitCondition},
    failure::FieldErrors,
    housing::asset_count::{AssetCount, AssetCountLine, CountEntry},
    id::AssetCountId,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

pub(super) fn sheet_view() -> AnyView {
    let id = use_id();
    let sheet = resource(move || id.get(), |id| asset_count_get(AssetCountId(id)));
    let again = Callback::new(move |()| sheet.refetch());
    view! {
        <main class="page">
            {awaited(sheet, move |sheet| page(&sheet, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(sheet: &AssetCount, again: Callback<()>) -> impl IntoView + use<> {
    let row = &sheet.row;
    let counting = row.status == CountStatus::Task && may(Permission::AssetWrite);
    let print = |_| {
        if let Some(window) = web_sys::window() {
            // It fails only where nothing can be printed at all.
            let _ = window.print();
        }
    };
    view! {
        <PageHead title=row.title.clone() back=("/assets/counts".to_owned(), "资产盘点".to_owned())>
            <button type="button" class="btn btn-outline btn-sm" on:click=print>"打印"</button>
        </PageHead>
        {deeds(sheet, again)}
        {field_group("盘点单", vec![
            ("盘点单号", text_cell(row.count_no.as_ref())),
            ("盘点范围", Cell::text(&row.subject)),
            ("所属区县", Cell::text(&row.district)),
            ("盘点日期", Cell::Date(row.planned_on)),
            ("状态", Cell::coded(row.status)),
            ("应盘", Cell::Number(row.planned)),
            ("未盘", Cell::Number(sheet.open() as i64)),
            ("盘亏", Cell::Number(row.missing)),
            ("盘盈", Cell::Number(row.surplus)),
            ("经办人", text_cell(row.made_by.as_ref())),
            ("处理意见", text_cell(sheet.handling.as_ref())),
            ("确认人", text_cell(sheet.confirmed_by.as_ref())),
            ("确认时间", cell_or_empty(sheet.confirmed_at, Cell::Time)),
        ])}
        {differences(sheet)}
        {lines(sheet, counting, again)}
        {counting.then(|| surplus_form(sheet.row.id, again))}
    }
}

fn deeds(sheet: &AssetCount, again: Callback<()>) -> impl IntoView + use<> {
    let id = sheet.row.id;
    let counting = sheet.row.status == CountStatus::Task;
    let finished = matches!(sheet.row.status, CountStatus::Counted | CountStatus::Difference);
    let finish = move || {
        deed(
            Deed {
                label: "结束盘点",
                class: "btn btn-primary btn-sm",
                question: "结束后不能再登记盘点结果。确定结束吗？",
                word: None,
            },
            move |_| asset_count_finish(id),
            move |_| again.run(()),
        )
    };
    let confirm = move || {
        deed(
            Deed {
                label: "确认盘点结果",
                class: "btn btn-primary btn-sm",
                question: "确认后盘点结果写入资产子卡片。",
                word: Some(("handling", "处理意见（有差异时必填）")),
            },
            move |word| asset_count_confirm(id, word),
            move |()| again.run(()),
        )
    };
    let confirmable = sheet.confirmable;
    view! {
        <div class="deed-row">
            {(counting && may(Permission::AssetWrite)).then(finish)}
            {confirmable.then(confirm)}
            {(finished && !confirmable).then(|| view! { <p class="page-note">"等待其他审核人确认（编制人和盘点人不能确认）"</p> })}
        </div>
    }
}

/// What does not agree, in one place.
fn differences(sheet: &AssetCount) -> impl IntoView + use<> {
    let found: Vec<_> = sheet
        .lines
        .iter()
        .filter(|line| line.result.is_some_and(|result| result != CountResult::Found))
        .map(|line| {
            let card = line.sub.as_ref().map_or_else(|| "无卡片".to_owned(), |(_, number)| number.clone());
            let result = line.result.map(CountResult::label).unwrap_or_default();
            view! { <li><b>{result}</b>" "{card}" "{line.place.clone()}"："{line.note.clone().unwrap_or_default()}</li> }
        })
        .collect();
    (!found.is_empty())
        .then(|| view! { <section class="panel"><h2>"差异清单"</h2><ul class="detail-list">{found}</ul></section> })
}

fn lines(sheet: &AssetCount, counting: bool, again: Callback<()>) -> impl IntoView + use<> {
    let id = sheet.row.id;
    let rows = sheet.lines.iter().map(|line| line_view(id, line, counting, again)).collect_view();
    view! {
        <section class="panel">
            <h2>"盘点明细"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="盘点明细">
                <table class="table table-sm data-table">
                    <thead><tr><th scope="col">"卡片编号"</th><th scope="col">"坐落"</th><th scope="col">"结果"</th><th scope="col">"完好等级"</th><th scope="col">"说明"</th><th scope="col">{if counting { "登记" } else { "盘点日期" }}</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn line_view(id: AssetCountId, line: &AssetCountLine, counting: bool, again: Callback<()>) -> impl IntoView + use<> {
    let card = match &line.sub {
        Some((sub, number)) => {
            view! { <a class="link link-primary link-hover" href=format!("/assets/subs/{sub}")>{number.clone()}</a> }
                .into_any()
        }
        None => "—".into_any(),
    };
    let place = line.place.clone();
    if !counting || line.sub.is_none() {
        let result = line.result.map_or("—", CountResult::label);
        let condition = line.condition.map_or("—", UnitCondition::label);
        let day = line.counted_on.map(|day| day.to_string()).unwrap_or_default();
        return view! { <tr><td class="min-w-28">{card}</td><td class="min-w-40">{place}</td><td>{result}</td><td>{condition}</td><td>{line.note.clone()}</td><td class="tabular-nums">{day}</td></tr> }.into_any();
    }
    let number = line.sub.as_ref().map(|(_, number)| number.clone()).unwrap_or_default();
    let entry = RwSignal::new((
        line.result.map(|value| value.code().to_owned()).unwrap_or_default(),
        line.condition.map(|value| value.code().to_owned()).unwrap_or_default(),
        line.note.clone().unwrap_or_default(),
    ));
    let (line_id, complaint) = (line.id, RwSignal::new(String::new()));
    let save = use_entry(id, complaint, again);
    let run = move |_| {
        let (result, condition, note) = entry.get_untracked();
        let Some(result) = CountResult::from_code(&result) else {
            return complaint.set("请选择盘点结果".to_owned());
        };
        let condition = UnitCondition::from_code(&condition);
        send(save, complaint, CountEntry { line: Some(line_id), result, condition, place: String::new(), note });
    };
    let results = [CountResult::Found, CountResult::Missing];
    view! {
        <tr>
            <td class="min-w-28">{card}</td>
            <td class="min-w-40">{place}</td>
            <td>{small_select("结果", &number, results.to_vec(), entry.get_untracked().0, move |code| entry.update(|entry| entry.0 = code))}</td>
            <td>{small_select("完好等级", &number, UnitCondition::choices(), entry.get_untracked().1, move |code| entry.update(|entry| entry.1 = code))}</td>
            <td><input class="input input-sm w-40" aria-label=format!("{number}说明") maxlength="200" prop:value=move || entry.get().2 on:input=move |event| entry.update(|entry| entry.2 = event_target_value(&event)) /></td>
            <td>
                <button type="button" class="btn btn-sm" disabled=save.pending() on:click=run>"登记"</button>
                {changing(move || Some(complaint.get()).filter(|text| !text.is_empty()).map(|text| view! { <p class="field-error" role="alert">{text}</p> }))}
            </td>
        </tr>
    }
    .into_any()
}

fn small_select(
    label: &'static str,
    of: &str,
    choices: Vec<impl Into<Item>>,
    present: String,
    set: impl Fn(String) + Send + Sync + 'static,
) -> AnyView {
    let options = coded(choices).view(move |code| present == code);
    view! {
        <select class="select select-sm w-28" aria-label=format!("{of}{label}") on:change=move |event| set(event_target_value(&event))>
            <option value="">"请选择"</option>
            {options}
        </select>
    }
    .into_any()
}

type Save = Action<CountEntry, Result<(), crate::ApiError>>;

/// Saves one entry; the sheet is read again after it.
fn use_entry(id: AssetCountId, complaint: RwSignal<String>, again: Callback<()>) -> Save {
    let save = Action::new(move |entry: &CountEntry| asset_count_enter(id, entry.clone()));
    Effect::new(move |_| match save.value().get() {
        Some(Ok(())) => again.run(()),
        Some(Err(error)) => complaint.set(error.fields().map_or_else(|| error.to_string(), first)),
        None => {}
    });
    save
}

fn first(errors: &FieldErrors) -> String {
    errors.0.values().next().cloned().unwrap_or_default()
}

fn send(save: Save, complaint: RwSignal<String>, entry: CountEntry) {
    match entry.check() {
        Ok(_) => {
            complaint.set(String::new());
            save.dispatch(entry);
        }
        Err(errors) => complaint.set(first(&errors)),
    }
}

/// What is there and has no card.
fn surplus_form(id: AssetCountId, again: Callback<()>) -> impl IntoView {
    let (place, note, complaint) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let save = use_entry(id, complaint, again);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        send(
            save,
            complaint,
            CountEntry {
                line: None,
                result: CountResult::Surplus,
                condition: None,
                place: place.get_untracked(),
                note: note.get_untracked(),
            },
        );
    };
    let input = |label: &'static str, name: &'static str, value: RwSignal<String>| {
        view! { <label class="grow"><span class="text-sm">{label}</span><input class="input input-sm w-full" name=name maxlength="200" prop:value=value on:input=move |event| value.set(event_target_value(&event)) /></label> }
    };
    view! {
        <section class="panel no-print">
            <h2>"登记盘盈"</h2>
            <form class="deed" on:submit=submit novalidate>
                {input("所在位置", "place", place)}
                {input("说明", "note", note)}
                <button type="submit" class="btn btn-sm btn-primary" disabled=save.pending()>"登记盘盈"</button>
                {changing(move || Some(complaint.get()).filter(|text| !text.is_empty()).map(|text| view! { <p class="field-error w-full" role="alert">{text}</p> }))}
            </form>
        </section>
    }
}
