//! The operation log (S1-9.7): list, one line with what it changed, and the verification of its seals.

use crate::{
    ApiError, Terse,
    ui::{
        PageHead,
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
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of the log.
#[server(endpoint = "audit_list", input = Json, output = Terse)]
pub async fn audit_list(query: ListQuery) -> Result<Page<AuditRow>, ApiError> {
    Ok(store::platform::audit::audit_list(&crate::context::ctx()?, &query).await?)
}

/// One line of the log.
#[server(endpoint = "audit_get", input = Json, output = Terse)]
pub async fn audit_get(id: i64) -> Result<AuditEntry, ApiError> {
    Ok(store::platform::audit::audit_get(&crate::context::ctx()?, id).await?)
}

/// Whether the log is as it was sealed.
#[server(endpoint = "audit_verify", input = Json, output = Terse)]
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
        <button type="button" class="btn btn-outline btn-sm" disabled=move || verify.pending().get() on:click=move |_| drop(verify.dispatch(()))>
            {move || if verify.pending().get() { "正在校验…" } else { "校验日志" }}
        </button>
        <div class="w-full" role="status">{outcome}</div>
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
    let id = use_id();
    let entry = resource(move || id.get(), audit_get);
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match entry.await {
                        Ok(entry) => entry_view(entry),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
        </main>
    }
    .into_any()
}

fn entry_view(entry: AuditEntry) -> AnyView {
    let AuditEntry { row, changes, block } = entry;
    let mut fields = AUDIT_LIST.fields(&row);
    fields.push(("存证块", block.map_or(Cell::text("待存证"), Cell::Number)));
    let title = format!("{}{}", row.action.label(), audited_label(&row.object_type));
    let history = row.object_id.map(|id| {
        view! { <a class="btn btn-outline btn-sm" href=format!("{}?object={}&object_id={id}", AUDIT_LIST.path, row.object_type)>"该对象的全部日志"</a> }
    });
    view! {
        <PageHead title=title back=(AUDIT_LIST.path.to_owned(), "操作日志".to_owned())>{history}</PageHead>
        {field_group("日志", fields)}
        {if changes.is_empty() { empty_view("批量操作只记录行数和编号范围，不逐行记录内容") } else { changes_view(changes).into_any() }}
    }
    .into_any()
}

fn changes_view(changes: Vec<AuditChange>) -> impl IntoView {
    let value = |text: Option<String>| text.unwrap_or_else(|| "—".to_owned());
    let rows = changes
        .into_iter()
        .map(|change| {
            view! { <tr><th scope="row">{audited_field(&change.field).to_owned()}</th><td>{value(change.before)}</td><td>{value(change.after)}</td></tr> }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"内容变化"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="内容变化">
                <table class="table table-sm">
                    <thead><tr><th scope="col">"字段"</th><th scope="col">"修改前"</th><th scope="col">"修改后"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}
