//! The form of a version: its wording with the names of values that may stand in it.

use super::api::{template_create, template_get, template_update};
use crate::{
    shell::today,
    ui::{
        PageHead,
        changing::changing,
        detail::use_id,
        error_view,
        field::coded,
        form::{Deeds, Edit, Newer, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::tenancy::template::{CLAUSES, TEMPLATE_LIST, Template, TemplateForm, TemplateKind};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let today = today();
    let deeds = Deeds {
        check: Box::new(move |form: &TemplateForm| form.check(today).map(drop)),
        save: Arc::new(|form, _| {
            Box::pin(async move { template_create(form).await.map(|id| format!("{}/{id}", TEMPLATE_LIST.path)) })
        }),
        reload: None,
    };
    let edit = use_edit(TemplateForm::default(), None, deeds);
    view! {
        <main class="page">
            <PageHead title="新增模板版本" back=(TEMPLATE_LIST.path.to_owned(), TEMPLATE_LIST.noun.to_owned()) />
            {fields(edit, TEMPLATE_LIST.path.to_owned())}
        </main>
    }
    .into_any()
}

pub(super) fn edit_view() -> AnyView {
    let id = use_id();
    let template = resource(move || id.get(), template_get);
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match template.await {
                        Ok(template) => draft_view(&template).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_of(template: &Template) -> TemplateForm {
    TemplateForm {
        kind: template.row.kind.code().to_owned(),
        name: template.row.name.clone(),
        effective_on: template.row.effective_on.to_string(),
        body: template.body.clone(),
    }
}

fn draft_view(template: &Template) -> impl IntoView + use<> {
    let id = template.row.id;
    let back = format!("{}/{id}", TEMPLATE_LIST.path);
    let to = back.clone();
    let today = today();
    let deeds = Deeds {
        check: Box::new(move |form: &TemplateForm| form.check(today).map(drop)),
        save: Arc::new(move |form, revision| {
            let to = to.clone();
            Box::pin(async move { template_update(id, revision.unwrap_or_default(), form).await.map(|()| to) })
        }),
        reload: Some(Arc::new(move || {
            Box::pin(async move {
                template_get(id).await.map(|newer| Newer {
                    form: form_of(&newer),
                    version: newer.revision,
                    at: newer.row.updated_at,
                    by: newer.row.maker,
                })
            })
        })),
    };
    let edit = use_edit(form_of(template), Some(template.revision), deeds);
    view! {
        <PageHead title=format!("修改 {} V{}", template.row.name, template.row.version) back=(back.clone(), template.row.name.clone()) />
        {fields(edit, back)}
    }
}

fn fields(edit: Edit<TemplateForm>, back: String) -> AnyView {
    let kind = Memo::new(move |_| edit.form.with(|form| TemplateKind::from_code(&form.kind)));
    let names = move || {
        let fields = kind.get().map(TemplateKind::fields).unwrap_or_default();
        fields.iter().map(|field| format!("{{{}}}", field.name)).collect::<Vec<_>>().join(" ")
    };
    let clauses =
        move || (kind.get() == Some(TemplateKind::Contract)).then(|| format!("必备条款：{}。", CLAUSES.join("、")));
    let shown = view! {
        {edit.select("kind", "文书类别", true, |form| &mut form.kind, coded(TemplateKind::choices()))}
        {edit.text("name", "模板名称", true, |form| &mut form.name, ("text", "打印在文书顶部"))}
        {edit.text("effective_on", "生效日期", true, |form| &mut form.effective_on, ("date", ""))}
        {edit.field("body", "正文", true, |form| &mut form.body, |text| text.to_owned()).area(24)}
        <div class="col-span-full page-note">
            <p>"每行一段；以“## ”开头的行为条款标题。"{changing(clauses)}</p>
            <p>"可用占位符："{changing(names)}</p>
        </div>
    };
    edit.view(shown, back)
}
