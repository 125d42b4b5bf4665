//! The form of a version: its nodes in their order. From a draft it changes the draft, from a published version it makes
//! one.

use super::api::{workflow_draft, workflow_get, workflow_update};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::use_id,
    empty_view, error_view,
    form::{Deeds, Edit, Newer, Reload, use_edit},
    icon, loading_view,
    resource::resource,
};
use domain::{
    dictionary::WorkflowStatus,
    failure::FieldErrors,
    id::WorkflowId,
    platform::workflow::{NODES_MAX, NodeForm, PERSONS_MAX, WORKFLOW_LIST, Workflow, WorkflowForm},
};
use leptos::prelude::*;
use std::sync::Arc;

/// One field of the node at a place: the name of its input, its label, its text.
type NodeField = (&'static str, &'static str, fn(&mut WorkflowForm) -> &mut String);

/// The fields of the node at a place. Forms bind fields by plain functions, so there is one for every place.
struct Place {
    name: NodeField,
    persons: NodeField,
    days: NodeField,
    role: NodeField,
}

macro_rules! places {
    ($($place:literal $number:literal),+) => {
        [$(Place {
            name: (concat!("name-", $number), concat!("节点", $number, "名称"), |form| &mut form.node($place).name),
            persons: (concat!("persons-", $number), concat!("节点", $number, "会签人数"), |form| &mut form.node($place).persons),
            days: (concat!("days-", $number), concat!("节点", $number, "时限（工作日）"), |form| &mut form.node($place).days),
            role: (concat!("role-", $number), concat!("节点", $number, "办理角色"), |form| &mut form.node($place).role),
        }),+]
    };
}

static PLACES: [Place; NODES_MAX] = places![0 "1", 1 "2", 2 "3", 3 "4", 4 "5"];

pub(super) fn edit_view() -> AnyView {
    let id = use_id();
    let workflow = resource(move || id.get(), |id| workflow_get(WorkflowId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match workflow.await {
                        Ok(workflow) => page(&workflow),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn page(workflow: &Workflow) -> AnyView {
    let id = workflow.row.id;
    let drafted = workflow.row.status == WorkflowStatus::Draft;
    let title = if drafted { "编辑流程草稿" } else { "制定新版本" };
    let back = (format!("{}/{id}", WORKFLOW_LIST.path), workflow.row.title());
    let body = if drafted && workflow.pending.is_some() {
        empty_view("该版本正在等待复核，不能修改；如需修改请先撤回发布申请")
    } else if !drafted && workflow.draft().is_some() {
        empty_view("该流程已有草稿，请在草稿上修改，或先删除草稿")
    } else {
        form_view(workflow, drafted)
    };
    view! { <PageHead title=title back=back />{body} }.into_any()
}

fn form_view(workflow: &Workflow, drafted: bool) -> AnyView {
    let id = workflow.row.id;
    let deeds = Deeds {
        check: Box::new(|form: &WorkflowForm| form.check().map(drop)),
        save: Arc::new(move |form, revision| {
            Box::pin(async move {
                let draft = match revision {
                    Some(revision) => workflow_update(id, revision, form).await.map(|()| id)?,
                    None => workflow_draft(id, form).await?,
                };
                Ok(format!("{}/{draft}", WORKFLOW_LIST.path))
            })
        }),
        reload: drafted.then(|| -> Reload<WorkflowForm> {
            Arc::new(move || {
                Box::pin(async move {
                    let workflow = workflow_get(id).await?;
                    let form = WorkflowForm::from(&workflow);
                    Ok(Newer { form, version: workflow.revision, at: workflow.row.updated_at, by: workflow.updated_by })
                })
            })
        }),
    };
    let edit = use_edit(WorkflowForm::from(workflow), drafted.then_some(workflow.revision), deeds);
    edit.view(nodes_view(edit, workflow.roles.clone()), format!("{}/{id}", WORKFLOW_LIST.path))
}

fn nodes_view(edit: Edit<WorkflowForm>, roles: Vec<(String, String)>) -> impl IntoView {
    let count = Memo::new(move |_| edit.form.with(|form| form.nodes.len()));
    let nodes = move || {
        let count = count.get();
        let shown = PLACES.iter().enumerate().take(count);
        shown.map(|(place, fields)| node_view(edit, place, fields, count, roles.clone())).collect_view()
    };
    let add = move |_| {
        arrange(edit, |form| form.nodes.push(NodeForm::default()));
        focus(&format!("name-{}", count.get_untracked()));
    };
    let full = move || count.get() >= NODES_MAX;
    let complaint = move || edit.errors.with(|errors| errors.get("nodes").map(ToOwned::to_owned));
    view! {
        <p class="form-note">"申请按顺序经过各节点。会签人数为该节点须同意的人数；同一人只能办理一个节点，提交人不能办理；任一节点驳回即终止。"</p>
        {changing(nodes)}
        <div class="form-note">
            <button type="button" class="btn btn-outline btn-sm" disabled=full on:click=add>{icon("add")}"增加节点"</button>
            <p class="field-error" role="alert">{changing(complaint)}</p>
        </div>
    }
}

fn node_view(
    edit: Edit<WorkflowForm>,
    place: usize,
    fields: &'static Place,
    count: usize,
    roles: Vec<(String, String)>,
) -> impl IntoView {
    let persons: Vec<_> = (1..=PERSONS_MAX).map(|persons| (persons.to_string(), format!("{persons}人"))).collect();
    let number = place + 1;
    // The node keeps the hand: it is where it has been moved to.
    let up = move |_| {
        arrange(edit, |form| form.swap(place - 1));
        focus(fields_name(place - 1));
    };
    let down = move |_| {
        arrange(edit, |form| form.swap(place));
        focus(fields_name(place + 1));
    };
    let remove = move |_| {
        arrange(edit, |form| drop(form.nodes.remove(place)));
        focus(fields_name(place.min(count.saturating_sub(2))));
    };
    let (name, days) = (fields.name, fields.days);
    view! {
        <fieldset class="node-form">
            <legend>{format!("节点{number}")}</legend>
            <div class="form-grid">
                {edit.text(name.0, name.1, true, name.2, ("text", "如：初审"))}
                {edit.select(fields.persons.0, fields.persons.1, true, fields.persons.2, persons)}
                {edit.text(days.0, days.1, false, days.2, ("number", "不填为不限时"))}
                {edit.select(fields.role.0, fields.role.1, false, fields.role.2, roles)}
            </div>
            <div class="form-buttons">
                <button type="button" class="btn btn-ghost btn-sm" disabled={place == 0} on:click=up>{format!("上移节点{number}")}</button>
                <button type="button" class="btn btn-ghost btn-sm" disabled={number == count} on:click=down>{format!("下移节点{number}")}</button>
                <button type="button" class="btn btn-ghost btn-sm" disabled={count == 1} on:click=remove>{icon("delete")}{format!("移除节点{number}")}</button>
            </div>
        </fieldset>
    }
}

fn fields_name(place: usize) -> &'static str {
    PLACES[place].name.0
}

/// Changes the nodes; complaints were about the places as they stood.
fn arrange(edit: Edit<WorkflowForm>, change: impl FnOnce(&mut WorkflowForm)) {
    edit.errors.set(FieldErrors::default());
    edit.form.update(change);
}

/// Puts the cursor into a field, once it is there.
fn focus(id: &str) {
    use leptos::wasm_bindgen::JsCast as _;
    let id = id.to_owned();
    request_animation_frame(move || {
        let field = document().get_element_by_id(&id).and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok());
        if let Some(field) = field {
            let _ = field.focus();
        }
    });
}
