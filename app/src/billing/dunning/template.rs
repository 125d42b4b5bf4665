//! 短信模板 (S0-19, S1-9.8): how text messages are worded and signed.

use super::api::{sms_template_list, sms_template_update};
use crate::ui::{
    PageHead, error_view,
    field::coded,
    form::{Deeds, Newer, use_edit},
    label::told,
    loading_view,
    resource::resource,
};
use domain::billing::sms::{SmsTemplate, SmsTemplateForm};
use leptos::prelude::*;
use std::sync::Arc;

const TEMPLATES: &str = "/platform/sms-templates";

pub(super) fn list_view() -> AnyView {
    let templates = resource(|| (), |()| sms_template_list());
    view! {
        <main class="page">
            <PageHead title="短信模板" />
            <section class="card-table" aria-label="列表">
                <Suspense fallback=loading_view>
                    {move || Suspend::new(async move {
                        match templates.await {
                            Ok(templates) => table(templates).into_any(),
                            Err(error) => error_view(&error),
                        }
                    })}
                </Suspense>
            </section>
        </main>
    }
    .into_any()
}

fn table(templates: Vec<SmsTemplate>) -> impl IntoView {
    let rows = templates
        .into_iter()
        .map(|template| {
            let code = template.kind.code();
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("{TEMPLATES}/{code}")>{told(template.kind)}</a></td>
                    <td class="desk-only">{code}</td>
                    <td class="desk-only whitespace-nowrap">{template.sign}</td>
                    <td>{template.content}</td>
                    <td class="whitespace-nowrap">{if template.enabled { "启用" } else { "停用" }}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="短信模板列表">
            <table class="table table-sm data-table">
                <thead><tr>
                    <th scope="col">"名称"</th><th scope="col" class="desk-only">"编码"</th><th scope="col" class="desk-only">"签名"</th>
                    <th scope="col">"内容"</th><th scope="col">"启用"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

pub(super) fn form_view(code: Signal<String>) -> AnyView {
    let templates = resource(|| (), |()| sms_template_list());
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match templates.await {
                        Ok(templates) => match templates.into_iter().find(|template| template.kind.code() == code.get()) {
                            Some(template) => template_form(&template).into_any(),
                            None => error_view(&domain::failure::Failure::NotFound.into()),
                        },
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

fn template_form(template: &SmsTemplate) -> impl IntoView + use<> {
    let kind = template.kind;
    let deeds = Deeds {
        check: Box::new(move |form: &SmsTemplateForm| form.check(kind).map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                sms_template_update(kind, version.unwrap_or_default(), form).await?;
                Ok(TEMPLATES.to_owned())
            })
        }),
        reload: Some(Arc::new(move || {
            Box::pin(async move {
                let found = sms_template_list().await?.into_iter().find(|template| template.kind == kind);
                let found = found.ok_or(domain::failure::Failure::NotFound)?;
                Ok(Newer {
                    form: SmsTemplateForm::from(&found),
                    version: found.version,
                    at: found.updated_at,
                    by: found.updated_by,
                })
            })
        })),
    };
    let edit = use_edit(SmsTemplateForm::from(template), Some(template.version), deeds);
    let known: Vec<String> = kind.placeholders().iter().map(|(name, _)| format!("{{{name}}}")).collect();
    let preview = move || edit.form.with(|form| kind.preview(form.sign.trim(), form.content.trim()));
    let fields = view! {
        <p class="form-note">{format!("编码{}，渠道：短信。可用占位符：{}", kind.code(), known.join("、"))}</p>
        {edit.text("content", "内容", true, |form| &mut form.content, ("text", "200字以内"))}
        {edit.text("sign", "短信签名", true, |form| &mut form.sign, ("text", "12字以内"))}
        {edit.select("enabled", "启用", true, |form| &mut form.enabled, coded(vec![("true", "启用"), ("false", "停用，不再发送")]))}
        <p class="form-note" aria-live="polite">"预览："<output for="content">{preview}</output></p>
    };
    view! {
        <PageHead title=told(kind) back=(TEMPLATES.to_owned(), "短信模板".to_owned()) />
        {edit.view(fields, TEMPLATES.to_owned())}
    }
}
