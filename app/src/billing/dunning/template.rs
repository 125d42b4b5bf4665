//! 短信模板 (S0-19, S1-9.8): how text messages are worded and signed.

use super::api::{sms_template_list, sms_template_update};
use crate::ui::{
    PageHead,
    changing::changing,
    error_view,
    form::{Deeds, Newer, use_edit},
    label::told,
    loading_view,
    resource::resource,
    wording::{Wording, wording_fields, wordings_page},
};
use domain::billing::sms::{SmsTemplate, SmsTemplateForm};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) const TEMPLATES: &str = "/platform/sms-templates";

pub(super) fn list_view() -> AnyView {
    let templates = resource(|| (), |()| sms_template_list());
    wordings_page(("短信模板", TEMPLATES, "签名"), templates, |template: SmsTemplate| Wording {
        code: template.kind.code(),
        name: told(template.kind),
        aside: template.sign,
        content: template.content,
        enabled: template.enabled,
    })
}

pub(super) fn form_view(code: String) -> AnyView {
    let code = StoredValue::new(code);
    let templates = resource(|| (), |()| sms_template_list());
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match templates.await {
                        Ok(templates) => match templates.into_iter().find(|template| code.with_value(|code| template.kind.code() == code)) {
                            Some(template) => template_form(&template).into_any(),
                            None => error_view(&domain::failure::Failure::NotFound.into()),
                        },
                        Err(error) => error_view(&error),
                    }
                }))}
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
    let sign = edit.text("sign", "短信签名", true, |form| &mut form.sign, ("text", "12字以内"));
    let fields = wording_fields(
        edit,
        (kind.code(), "短信和语音"),
        kind.placeholders(),
        (|form| &mut form.content, |form| &mut form.enabled),
        Some(sign),
        move |form| kind.preview(form.sign.trim(), form.content.trim()),
    );
    view! {
        <PageHead title=told(kind) back=(TEMPLATES.to_owned(), "短信模板".to_owned()) />
        {edit.view(fields, TEMPLATES.to_owned())}
    }
}
