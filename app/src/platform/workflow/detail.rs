//! One version of a workflow: its nodes, the other versions, and what can be done with it.

use super::api::{workflow_delete, workflow_get, workflow_request};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        detail::{field_group, text_cell, use_id},
        error_view,
        field::bind,
        icon,
        remove::delete_button,
        resource::resource,
        table::cell_view,
    },
};
use domain::{
    dictionary::WorkflowStatus,
    failure::FieldErrors,
    id::WorkflowId,
    platform::{
        permission::Permission,
        workflow::{NodeRow, WORKFLOW_LIST, Workflow, WorkflowRow},
    },
    sheet::Cell,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let workflow = resource(move || id.get(), |id| workflow_get(WorkflowId(id)));
    view! {
        <main class="page">
            {awaited(workflow, move |workflow| record(&workflow).into_any())}
        </main>
    }
    .into_any()
}

fn record(workflow: &Workflow) -> impl IntoView + use<> {
    let row = &workflow.row;
    let mut fields = WORKFLOW_LIST.fields(row);
    fields.push(("更新人", text_cell(workflow.updated_by.as_ref())));
    fields.push(("在办申请", Cell::Number(workflow.running)));
    fields.push((
        "发布申请",
        workflow.approval.map_or(Cell::Empty, |id| Cell::link("查看", format!("/platform/approvals/{id}"))),
    ));
    let draft = row.status == WorkflowStatus::Draft;
    let publishing = (draft && workflow.pending.is_none()).then(|| {
        let (id, revision) = (row.id, workflow.revision);
        move || may(Permission::WorkflowWrite).then(|| publish_form(id, revision))
    });
    let short = workflow.nodes.iter().any(|node| node.able < node.node.persons.into());
    let tools = tools(workflow);
    view! {
        <PageHead title=row.title() back=(WORKFLOW_LIST.path.to_owned(), WORKFLOW_LIST.noun.to_owned())>{tools}</PageHead>
        {workflow.pending.map(|request| view! {
            <div class="alert alert-warning alert-soft" role="status">"该流程的新版本正在等待复核。"<a class="link" href=format!("/platform/approvals/{request}")>"查看"</a></div>
        })}
        {(short && row.status != WorkflowStatus::Off).then(|| view! {
            <p class="alert alert-warning alert-soft" role="status">"有节点的可办理账号少于会签人数，申请到该节点后无法继续，请为更多账号授权或制定新版本。"</p>
        })}
        {field_group("流程", fields)}
        {nodes_view(&workflow.nodes)}
        {publishing}
        {versions_view(row.id, &workflow.versions)}
    }
}

/// A draft is edited or deleted; from a published version one makes a draft, of which there is one at most.
fn tools(workflow: &Workflow) -> impl Fn() -> Option<AnyView> + use<> {
    let (id, revision) = (workflow.row.id, workflow.revision);
    let name = workflow.row.title();
    let draft = workflow.draft();
    let pending = workflow.pending.is_some();
    move || {
        let writes = may(Permission::WorkflowWrite);
        match draft {
            Some(draft) if draft == id => (writes && !pending).then(|| {
                let delete = move || -> crate::ui::form::Call<()> { Box::pin(workflow_delete(id, revision)) };
                view! {
                    {delete_button("流程草稿", name.clone(), WORKFLOW_LIST.path.to_owned(), delete)}
                    <a class="btn btn-primary btn-sm" href=format!("{}/{id}/edit", WORKFLOW_LIST.path)>{icon("edit")}"编辑草稿"</a>
                }
                .into_any()
            }),
            Some(draft) => Some(
                view! { <a class="btn btn-outline btn-sm" href=format!("{}/{draft}", WORKFLOW_LIST.path)>"查看草稿"</a> }
                    .into_any(),
            ),
            None => writes.then(|| {
                view! { <a class="btn btn-primary btn-sm" href=format!("{}/{id}/edit", WORKFLOW_LIST.path)>{icon("add")}"制定新版本"</a> }
                    .into_any()
            }),
        }
    }
}

fn nodes_view(nodes: &[NodeRow]) -> impl IntoView + use<> {
    let rows = nodes
        .iter()
        .enumerate()
        .map(|(place, row)| {
            let days = row.node.days.map_or_else(|| "不限".to_owned(), |days| format!("{days}个工作日"));
            view! {
                <tr>
                    <td class="figures">{place + 1}</td>
                    <th scope="row">{row.node.name.clone()}</th>
                    <td class="figures">{row.node.persons}</td>
                    <td>{days}</td>
                    <td>{row.role.clone().unwrap_or_else(|| "有复核权限即可".to_owned())}</td>
                    <td class="figures">{row.able}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"节点"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="节点">
                <table class="table table-sm">
                    <thead><tr>
                        <th scope="col" class="figures">"序号"</th><th scope="col">"节点名称"</th><th scope="col" class="figures">"会签人数"</th>
                        <th scope="col">"时限"</th><th scope="col">"办理角色"</th><th scope="col" class="figures">"可办理账号"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn versions_view(here: WorkflowId, versions: &[WorkflowRow]) -> impl IntoView + use<> {
    let rows = versions
        .iter()
        .map(|row| {
            let name = format!("第{}版", row.version);
            let name = if row.id == here {
                view! { <span aria-current="true" class="font-semibold">{name}</span> }.into_any()
            } else {
                view! { <a class="link link-primary link-hover" href=format!("{}/{}", WORKFLOW_LIST.path, row.id)>{name}</a> }
                    .into_any()
            };
            view! {
                <tr>
                    <th scope="row">{name}</th>
                    <td>{cell_view(Cell::status(row.status))}</td>
                    <td class="figures">{row.nodes}</td>
                    <td class="whitespace-nowrap tabular-nums">{cell_view(row.published_at.map_or(Cell::Empty, Cell::Time))}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"历次版本"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="历次版本">
                <table class="table table-sm">
                    <thead><tr><th scope="col">"版本"</th><th scope="col">"状态"</th><th scope="col" class="figures">"节点数"</th><th scope="col">"启用时间"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn publish_form(id: WorkflowId, revision: i32) -> impl IntoView {
    let reason = RwSignal::new(String::new());
    let errors = RwSignal::new(FieldErrors::default());
    let publish = Action::new(move |(): &()| workflow_request(id, revision, reason.get_untracked()));
    let navigate = use_navigate();
    Effect::new(move |_| match publish.value().get() {
        Some(Ok(request)) => navigate(&format!("/platform/approvals/{request}"), Default::default()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        publish.dispatch(());
    };
    let alive = RwSignal::new(false);
    Effect::new(move |_| alive.set(true));
    let refused = move || publish.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    view! {
        <form class="panel form-grid" method="post" on:submit=submit novalidate autocomplete="off">
            <h2 class="form-section">"发布草稿"</h2>
            {changing(move || refused().map(|error| error_view(&error)))}
            {bind(reason, errors, "reason", "变更原因", true, |reason| reason).text("text", "供复核人判断")}
            <p class="form-note">"复核通过后启用，原版本停用；在办的申请仍按原版本办理。"</p>
            <div class="form-buttons">
                <button type="submit" class="btn btn-primary" disabled=move || !alive.get() || publish.pending().get()>"提交发布"</button>
            </div>
        </form>
    }
}
