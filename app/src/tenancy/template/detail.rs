//! A version of a template: its wording, a specimen of it, and what may be done with it now.

use super::api::{template_decide, template_delete, template_get, template_submit};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        icon,
        resource::resource,
    },
};
use domain::{
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
    tenancy::template::{TEMPLATE_LIST, Template, TemplateStatus},
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let template = resource(move || id.get(), template_get);
    let again = Callback::new(move |()| template.refetch());
    view! {
        <main class="page">
            {awaited(template, move |template| page(&template, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(template: &Template, again: Callback<()>) -> impl IntoView + use<> {
    let row = &template.row;
    let id = row.id;
    let draft = row.status == TemplateStatus::Draft;
    let mut fields = TEMPLATE_LIST.fields(row);
    fields.extend([
        ("发布时间", cell_or_empty(template.checked_at, Cell::Time)),
        ("意见", text_cell(template.opinion.as_ref())),
        ("正文摘要(SHA-256)", Cell::text(&template.digest)),
    ]);
    let lines = template
        .body
        .lines()
        .map(|line| match line.strip_prefix("## ") {
            Some(title) => view! { <h3>{title.to_owned()}</h3> }.into_any(),
            None => view! { <p>{line.to_owned()}</p> }.into_any(),
        })
        .collect_view();
    view! {
        <PageHead title=format!("{} V{}", row.name, row.version) back=(TEMPLATE_LIST.path.to_owned(), TEMPLATE_LIST.noun.to_owned())>
            <a class="btn btn-outline btn-sm" href=format!("/files/print/template/{id}") rel="external" target="_blank">{icon("print")}"预览样张"</a>
            {changing(move || (draft && may(Permission::TemplateWrite)).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("{}/{id}/edit", TEMPLATE_LIST.path)>{icon("edit")}"修改"</a>
            }))}
        </PageHead>
        {deeds(template, again)}
        {field_group("模板信息", fields)}
        <section class="panel">
            <h2>"正文"</h2>
            <div class="flex flex-col gap-2">{lines}</div>
        </section>
    }
}

fn deeds(template: &Template, again: Callback<()>) -> AnyView {
    let (id, revision, status) = (template.row.id, template.revision, template.row.status);
    let waits = status == TemplateStatus::Pending && !template.decidable;
    let navigate = StoredValue::new(use_navigate());
    let gone = move |()| navigate.with_value(|navigate| navigate(TEMPLATE_LIST.path, Default::default()));
    let decide = move |publish: bool, label, class, question, word| {
        deed(
            Deed { label, class, question, word: Some(("opinion", word)) },
            move |opinion| template_decide(id, revision, publish, opinion),
            move |_| again.run(()),
        )
    };
    let plain = |label, class, question| Deed { label, class, question, word: None };
    let write = move || {
        (status == TemplateStatus::Draft).then(|| {
            view! {
                {deed(
                    plain("提交复核", "btn btn-primary btn-sm", "提交后由另一人发布，发布前不能再修改。确定提交吗？"),
                    move |_| template_submit(id, revision),
                    move |()| again.run(()),
                )}
                {deed(
                    plain("删除", "btn btn-outline btn-error btn-sm", "删除该草稿，操作日志中保留记录。确定吗？"),
                    move |_| template_delete(id, revision),
                    gone,
                )}
            }
        })
    };
    view! {
        {(waits && may(Permission::TemplateCheck)).then(|| view! { <p class="page-note">"等待其他人发布（不能发布本人编制的模板）"</p> })}
        <div class="deed-row">
            {template.decidable.then(|| view! {
                {decide(true, "发布", "btn btn-primary btn-sm", "发布后不能再修改，自生效日期起用于打印。", "意见（选填）")}
                {decide(false, "退回", "btn btn-outline btn-sm", "退回编制人修改。请填写原因。", "退回原因")}
            })}
            {changing(move || may(Permission::TemplateWrite).then(write))}
        </div>
    }
    .into_any()
}
