//! The operation log (S1-9.7): list, one line with what it changed, and the verification of its seals.

use crate::{
    Api, ApiError,
    ui::{
        PageHead,
        changing::changing,
        detail::{field_group, use_id},
        empty_view, error_view,
        list::{ListActions, ListFrame, framed_list_page},
        loading_view,
        resource::resource,
    },
};
use domain::{
    list::{ListQuery, Page},
    platform::{
        audit::{AUDIT_LIST, AuditChange, AuditEntry, AuditReport, AuditRow, audited_label},
        audit_field::audited_field,
    },
    sheet::Cell,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// A page of the log.
#[server(endpoint = "audit_list", protocol = Api)]
pub async fn audit_list(query: ListQuery) -> Result<Page<AuditRow>, ApiError> {
    Ok(store::platform::audit::audit_list(&crate::context::ctx()?, &query).await?)
}

/// One line of the log; of one about many rows a page of them, or the one that is named.
#[server(endpoint = "audit_get", protocol = Api)]
pub async fn audit_get(id: i64, object: Option<i64>, page: u32) -> Result<AuditEntry, ApiError> {
    Ok(store::platform::audit::audit_get(&crate::context::ctx()?, id, object, page).await?)
}

/// Whether the log is as it was sealed.
#[server(endpoint = "audit_verify", protocol = Api)]
pub async fn audit_verify() -> Result<AuditReport, ApiError> {
    let anchors = (crate::context::process().audit_anchors)();
    Ok(store::platform::audit::audit_verify(&crate::context::ctx()?, &anchors).await?)
}

pub fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("操作日志"),
        empty: Some("没有符合条件的日志"),
        tools: Some(verify_button),
        ..ListFrame::default()
    };
    let actions = ListActions { export: true, ..ListActions::default() };
    framed_list_page(&AUDIT_LIST, frame, Signal::stored(actions), audit_list)
}

/// Checks the chain and says what came of it.
fn verify_button() -> AnyView {
    let verify = Action::new(|(): &()| audit_verify());
    let outcome = move || {
        verify.value().get().map(|outcome| match outcome {
            Ok(report) => report_view(report),
            Err(error) => error_view(&error),
        })
    };
    view! {
        <button type="button" class="btn btn-outline btn-sm" disabled=verify.pending() on:click=move |_| drop(verify.dispatch(()))>
            {changing(move || if verify.pending().get() { "正在校验…" } else { "校验日志" })}
        </button>
        <div class="w-full" role="status">{changing(outcome)}</div>
    }
    .into_any()
}

fn report_view(report: AuditReport) -> AnyView {
    let class =
        if report.findings.is_empty() { "alert alert-success alert-soft" } else { "alert alert-error alert-soft" };
    let findings =
        report.findings.iter().take(50).map(|finding| view! { <li>{finding.sentence()}</li> }).collect_view();
    view! { <div class=class><p>{report.sentence()}</p><ul>{findings}</ul></div> }.into_any()
}

pub fn detail_view() -> AnyView {
    let (id, query) = (use_id(), use_query_map());
    // Which row of many, and which page of them.
    let place = Memo::new(move |_| {
        let query = query.read();
        let number = |name: &str| query.get(name).filter(|text| !text.trim().is_empty());
        // What is no number is the id of nothing, and says so.
        let object = number("object").map(|text| text.trim().parse().unwrap_or(-1_i64));
        (object, number("page").and_then(|text| text.parse().ok()).unwrap_or(1_u32))
    });
    let entry = resource(move || (id.get(), place.get()), |(id, (object, page))| audit_get(id, object, page));
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match entry.await {
                        Ok(entry) => entry_view(entry, place.get_untracked().0),
                        Err(error) => view! {
                            {error_view(&error)}
                            {changing(move || place.get().0.map(|_| view! { <p><a class="link" href=move || address(id.get())>"返回该条日志"</a></p> }))}
                        }
                        .into_any(),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

fn address(id: i64) -> String {
    format!("{}/{id}", AUDIT_LIST.path)
}

fn entry_view(entry: AuditEntry, object: Option<i64>) -> AnyView {
    let mut fields = AUDIT_LIST.fields(&entry.row);
    fields.push(("存证块", entry.block.map_or(Cell::text("待存证"), Cell::Number)));
    let title = format!("{}{}", entry.row.action.label(), audited_label(&entry.row.object_type));
    let history = entry.row.object_id.map(|id| history_link(&entry.row.object_type, id, "该对象的全部日志"));
    let body = match &entry {
        AuditEntry { objects, .. } if !objects.is_empty() => many_view(&entry, object).into_any(),
        AuditEntry { changes, .. } if changes.is_empty() => empty_view("没有内容变化"),
        AuditEntry { changes, .. } => changes_view("内容变化".to_owned(), None, changes.clone()).into_any(),
    };
    view! {
        <PageHead title=title back=(AUDIT_LIST.path.to_owned(), "操作日志".to_owned())>{history}</PageHead>
        {field_group("日志", fields)}
        {body}
    }
    .into_any()
}

fn history_link(object_type: &str, id: i64, label: &'static str) -> impl IntoView + use<> {
    view! { <a class="btn btn-outline btn-sm" href=format!("{}?object={object_type}&object_id={id}", AUDIT_LIST.path)>{label}</a> }
}

/// A line about many rows: how to find one of them, and a page of what became of each.
fn many_view(entry: &AuditEntry, object: Option<i64>) -> impl IntoView + use<> {
    let (id, page, pages) = (entry.row.id, entry.page, entry.pages);
    let tables = entry
        .objects
        .iter()
        .map(|changed| {
            let history = history_link(&entry.row.object_type, changed.id, "全部日志").into_any();
            changes_view(format!("对象编号 {}", changed.id), Some(history), changed.changes.clone())
        })
        .collect_view();
    let step = |to: u32, label: &'static str| {
        (1..=pages)
            .contains(&to)
            .then(|| view! { <a class="btn btn-outline btn-sm" href=format!("{}?page={to}", address(id))>{label}</a> })
    };
    let (previous, next) = (step(page.saturating_sub(1), "上一页"), step(page + 1, "下一页"));
    let told = format!("本条记录了{}行，第{page}/{pages}页", entry.row.rows);
    let all = object.map(|_| view! { <a class="btn btn-ghost btn-sm" href=address(id)>"显示全部"</a> });
    view! {
        <form class="filter-bar no-print" method="get" action=address(id) aria-label="按对象编号查找">
            <label class="filter-field"><span>"对象编号"</span>
                <input class="input input-sm" name="object" inputmode="numeric" autocomplete="off" required value=object.map(|id| id.to_string()) />
            </label>
            <button type="submit" class="btn btn-primary btn-sm">"查找"</button>
            {all}
        </form>
        {tables}
        {object.is_none().then(|| view! { <nav class="flex items-center gap-2" aria-label="分页"><span>{told}</span>{previous}{next}</nav> })}
    }
}

fn changes_view(title: String, tools: Option<AnyView>, changes: Vec<AuditChange>) -> impl IntoView {
    let value = |text: Option<String>| text.unwrap_or_else(|| "—".to_owned());
    let rows = changes
        .into_iter()
        .map(|change| {
            view! { <tr><th scope="row">{audited_field(&change.field).to_owned()}</th><td>{value(change.before)}</td><td>{value(change.after)}</td></tr> }
        })
        .collect_view();
    let label = title.clone();
    view! {
        <section class="panel">
            <h2>{title}</h2>
            {tools.map(|tools| view! { <p class="mb-2 no-print">{tools}</p> })}
            <div class="table-scroll" tabindex="0" role="region" aria-label=label>
                <table class="table table-sm">
                    <thead><tr><th scope="col">"字段"</th><th scope="col">"修改前"</th><th scope="col">"修改后"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}
