//! Messages to the person who is signed in (E-126), and how they are worded (S1-9.8).

use crate::{
    Api, ApiError,
    presence::Unread,
    ui::{
        PageHead,
        changing::changing,
        detail::use_id,
        error_view,
        form::{Deeds, Newer, use_edit},
        list::{ListActions, ListAgain, ListFrame, framed_list_page},
        loading_view,
        resource::resource,
        table::time_text,
        wording::{Wording, wording_fields, wordings_page},
    },
};
use domain::{
    list::{ListQuery, Page},
    platform::message::{MESSAGE_LIST, MessageRow, Notice, Template, TemplateForm},
};
use leptos::prelude::*;
use std::sync::Arc;

const TEMPLATES: &str = "/platform/message-templates";

/// A page of messages.
#[server(endpoint = "message_list", protocol = Api)]
pub async fn message_list(query: ListQuery) -> Result<Page<MessageRow>, ApiError> {
    Ok(store::platform::message::message_list(&crate::context::ctx()?, &query).await?)
}

/// One message, which is read by that; and how many are left unread.
#[server(endpoint = "message_open", protocol = Api)]
pub async fn message_open(id: i64) -> Result<(MessageRow, i64), ApiError> {
    Ok(store::platform::message::message_open(&crate::context::ctx()?, id).await?)
}

/// Marks all messages as read.
#[server(endpoint = "message_read_all", protocol = Api)]
pub async fn message_read_all() -> Result<(), ApiError> {
    Ok(store::platform::message::message_read_all(&crate::context::ctx()?).await?)
}

/// Every template.
#[server(endpoint = "message_template_list", protocol = Api)]
pub async fn message_template_list() -> Result<Vec<Template>, ApiError> {
    Ok(store::platform::message::message_template_list(&crate::context::ctx()?).await?)
}

/// Words a template anew.
#[server(endpoint = "message_template_update", protocol = Api)]
pub async fn message_template_update(notice: Notice, version: i32, form: TemplateForm) -> Result<(), ApiError> {
    Ok(store::platform::message::message_template_update(&crate::context::ctx()?, notice, version, &form).await?)
}

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("消息"),
        empty: Some("暂无消息，任务结果和复核结果会在这里通知"),
        tools: Some(read_all),
        ..ListFrame::default()
    };
    framed_list_page(&MESSAGE_LIST, frame, Signal::stored(ListActions::default()), message_list)
}

fn read_all() -> AnyView {
    let Unread(unread) = expect_context();
    let again = expect_context::<ListAgain>();
    let read = Action::new(|(): &()| message_read_all());
    Effect::new(move |_| {
        if let Some(Ok(())) = read.value().get() {
            unread.set(0);
            again.run();
        }
    });
    view! {
        <button type="button" class="btn btn-outline btn-sm" disabled=move || read.pending().get() || unread.get() == 0 on:click=move |_| drop(read.dispatch(()))>"全部标为已读"</button>
        {changing(move || read.value().get().and_then(Result::err).map(|error| error_view(&error)))}
    }
    .into_any()
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let Unread(unread) = expect_context();
    let message = resource(move || id.get(), message_open);
    Effect::new(move |_| {
        if let Some(Ok((_, left))) = message.get() {
            unread.set(left);
        }
    });
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match message.await {
                        Ok((row, _)) => message_view(row).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

fn message_view(row: MessageRow) -> impl IntoView {
    view! {
        <PageHead title=row.notice.label() back=(MESSAGE_LIST.path.to_owned(), "消息".to_owned()) />
        <section class="panel flex flex-col gap-3">
            <p class="text-lg">{row.content}</p>
            <p class="opacity-80">{time_text(row.sent_at)}</p>
            <p><a class="btn btn-primary btn-sm" href=row.link>"查看详情"</a></p>
        </section>
    }
}

pub(super) fn templates_view() -> AnyView {
    let templates = resource(|| (), |()| message_template_list());
    wordings_page(("消息模板", TEMPLATES, "渠道"), templates, |template: Template| Wording {
        code: template.notice.code(),
        name: template.notice.label().to_owned(),
        aside: "站内消息".to_owned(),
        content: template.content,
        enabled: template.enabled,
    })
}

pub(super) fn template_view(code: Signal<String>) -> AnyView {
    let template = resource(
        move || code.get(),
        |code| async move {
            let templates = message_template_list().await?;
            Ok::<_, ApiError>(templates.into_iter().find(|template| template.notice.code() == code))
        },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match template.await {
                        Ok(Some(template)) => template_form(&template).into_any(),
                        Ok(None) => error_view(&domain::failure::Failure::NotFound.into()),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn template_form(template: &Template) -> impl IntoView + use<> {
    let notice = template.notice;
    let deeds = Deeds {
        check: Box::new(move |form: &TemplateForm| form.check(notice).map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                message_template_update(notice, version.unwrap_or_default(), form).await?;
                Ok(TEMPLATES.to_owned())
            })
        }),
        reload: Some(Arc::new(move || {
            Box::pin(async move {
                let found = message_template_list().await?.into_iter().find(|template| template.notice == notice);
                let found = found.ok_or(domain::failure::Failure::NotFound)?;
                Ok(Newer {
                    form: TemplateForm::from(&found),
                    version: found.version,
                    at: found.updated_at,
                    by: found.updated_by,
                })
            })
        })),
    };
    let edit = use_edit(TemplateForm::from(template), Some(template.version), deeds);
    let fields = wording_fields(
        edit,
        (notice.code(), "站内消息"),
        notice.placeholders(),
        (|form| &mut form.content, |form| &mut form.enabled),
        None,
        move |form| notice.preview(form.content.trim()),
    );
    view! {
        <PageHead title=notice.label() back=(TEMPLATES.to_owned(), "消息模板".to_owned()) />
        {edit.view(fields, TEMPLATES.to_owned())}
    }
}
