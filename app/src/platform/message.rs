//! Messages to the person who is signed in (E-126), and how they are worded (S1-9.8).

use crate::{
    ApiError, Terse,
    presence::Unread,
    ui::{
        PageHead,
        detail::use_id,
        error_view,
        field::coded,
        form::{Deeds, Newer, use_edit},
        list::{ListActions, ListAgain, ListFrame, framed_list_page},
        loading_view,
        resource::resource,
        table::time_text,
    },
};
use domain::{
    list::{ListQuery, Page},
    platform::message::{MESSAGE_LIST, MessageRow, Notice, Template, TemplateForm},
};
use leptos::{prelude::*, server_fn::codec::Json};
use std::sync::Arc;

const TEMPLATES: &str = "/platform/message-templates";

/// A page of messages.
#[server(endpoint = "message_list", input = Json, output = Terse)]
pub async fn message_list(query: ListQuery) -> Result<Page<MessageRow>, ApiError> {
    Ok(store::platform::message::message_list(&crate::context::ctx()?, &query).await?)
}

/// One message, which is read by that; and how many are left unread.
#[server(endpoint = "message_open", input = Json, output = Terse)]
pub async fn message_open(id: i64) -> Result<(MessageRow, i64), ApiError> {
    Ok(store::platform::message::message_open(&crate::context::ctx()?, id).await?)
}

/// Marks all messages as read.
#[server(endpoint = "message_read_all", input = Json, output = Terse)]
pub async fn message_read_all() -> Result<(), ApiError> {
    Ok(store::platform::message::message_read_all(&crate::context::ctx()?).await?)
}

/// Every template.
#[server(endpoint = "message_template_list", input = Json, output = Terse)]
pub async fn message_template_list() -> Result<Vec<Template>, ApiError> {
    Ok(store::platform::message::message_template_list(&crate::context::ctx()?).await?)
}

/// Words a template anew.
#[server(endpoint = "message_template_update", input = Json, output = Terse)]
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
        {move || read.value().get().and_then(Result::err).map(|error| error_view(&error))}
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
                {move || Suspend::new(async move {
                    match message.await {
                        Ok((row, _)) => message_view(row).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
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
    view! {
        <main class="page">
            <PageHead title="消息模板" />
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

fn table(templates: Vec<Template>) -> impl IntoView {
    let rows = templates
        .into_iter()
        .map(|template| {
            let code = template.notice.code();
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("{TEMPLATES}/{code}")>{template.notice.label()}</a></td>
                    <td class="desk-only">{code}</td>
                    <td class="desk-only whitespace-nowrap">"站内消息"</td>
                    <td>{template.content}</td>
                    <td class="whitespace-nowrap">{if template.enabled { "启用" } else { "停用" }}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="消息模板列表">
            <table class="table table-sm data-table">
                <thead><tr>
                    <th scope="col">"名称"</th><th scope="col" class="desk-only">"编码"</th><th scope="col" class="desk-only">"渠道"</th>
                    <th scope="col">"内容"</th><th scope="col">"启用"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
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
                {move || Suspend::new(async move {
                    match template.await {
                        Ok(Some(template)) => template_form(&template).into_any(),
                        Ok(None) => error_view(&domain::failure::Failure::NotFound.into()),
                        Err(error) => error_view(&error),
                    }
                })}
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
    let known: Vec<String> = notice.placeholders().iter().map(|(name, _)| format!("{{{name}}}")).collect();
    let preview = move || edit.form.with(|form| notice.preview(form.content.trim()));
    let fields = view! {
        <p class="form-note">{format!("编码{}，渠道：站内消息。可用占位符：{}", notice.code(), known.join("、"))}</p>
        {edit.text("content", "内容", true, |form| &mut form.content, ("text", "200字以内"))}
        {edit.select("enabled", "启用", true, |form| &mut form.enabled, coded(vec![("true", "启用"), ("false", "停用，不再发送")]))}
        <p class="form-note" aria-live="polite">"预览："<output for="content">{preview}</output></p>
    };
    view! {
        <PageHead title=notice.label() back=(TEMPLATES.to_owned(), "消息模板".to_owned()) />
        {edit.view(fields, TEMPLATES.to_owned())}
    }
}
