//! 待复核: what waits for a second person (domain.md §6.4), and what became of it.

use crate::{
    ApiError,
    ui::{
        PageHead,
        detail::{field_group, text_cell, use_id},
        error_view,
        list::{ListActions, ListFrame, framed_list_page},
        loading_view,
        resource::resource,
        toast,
    },
};
use domain::{
    id::ApprovalId,
    list::{ListQuery, Page},
    platform::approval::{APPROVAL_LIST, Approval, ApprovalRow, ChangeLine, REASON_MAX, Verdict},
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A page of requests.
#[server(endpoint = "approval_list", input = Json)]
pub async fn approval_list(query: ListQuery) -> Result<Page<ApprovalRow>, ApiError> {
    Ok(store::platform::approval::approval_list(&crate::context::ctx()?, &query).await?)
}

/// One request.
#[server(endpoint = "approval_get", input = Json)]
pub async fn approval_get(id: ApprovalId) -> Result<Approval, ApiError> {
    Ok(store::platform::approval::approval_get(&crate::context::ctx()?, id).await?)
}

/// Approves, rejects or withdraws a request.
#[server(endpoint = "approval_end", input = Json)]
pub async fn approval_end(id: ApprovalId, verdict: Verdict, opinion: String) -> Result<(), ApiError> {
    Ok(store::platform::approval::approval_end(&crate::context::ctx()?, id, verdict, &opinion).await?)
}

pub fn list_view() -> AnyView {
    let frame = ListFrame { title: Some("复核事项"), empty: Some("没有复核事项"), tools: None };
    framed_list_page(&APPROVAL_LIST, frame, Signal::derive(ListActions::default), approval_list)
}

pub fn detail_view() -> AnyView {
    let id = use_id();
    let approval = resource(move || id.get(), |id| approval_get(ApprovalId(id)));
    let again = Callback::new(move |()| approval.refetch());
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match approval.await {
                        Ok(approval) => request(approval, again).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
        </main>
    }
    .into_any()
}

fn request(approval: Approval, again: Callback<()>) -> impl IntoView {
    let Approval { row, reason, opinion, lines, own, checkable } = approval;
    let mut fields = APPROVAL_LIST.fields(&row);
    fields.push(("变更原因", text_cell(Some(&reason))));
    fields.push(("复核意见", text_cell(opinion.as_ref())));
    let offered: &[Verdict] = match (own, checkable) {
        (true, _) => &[Verdict::Withdraw],
        (_, true) => &[Verdict::Approve, Verdict::Reject],
        _ => &[],
    };
    view! {
        <PageHead title=row.subject.clone() back=(APPROVAL_LIST.path.to_owned(), "复核事项".to_owned()) />
        {field_group("申请", fields)}
        {lines_view(lines)}
        {(!offered.is_empty()).then(|| verdict_form(row.id, offered, again))}
    }
}

fn lines_view(lines: Vec<ChangeLine>) -> impl IntoView {
    let value = |text: Option<String>| text.unwrap_or_else(|| "—".to_owned());
    let rows = lines
        .into_iter()
        .map(|line| view! { <tr><th scope="row">{line.label}</th><td>{value(line.before)}</td><td>{value(line.after)}</td></tr> })
        .collect_view();
    view! {
        <section class="panel">
            <h2>"变更内容"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="变更内容">
                <table class="table table-sm change-table">
                    <thead><tr><th scope="col">"项目"</th><th scope="col">"变更前"</th><th scope="col">"变更后"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn verdict_form(id: ApprovalId, offered: &'static [Verdict], again: Callback<()>) -> impl IntoView {
    let withdrawing = offered == [Verdict::Withdraw];
    let opinion = RwSignal::new(String::new());
    let end = Action::new(move |verdict: &Verdict| approval_end(id, *verdict, opinion.get_untracked()));
    Effect::new(move |_| {
        if let Some(Ok(())) = end.value().get() {
            toast::tell(if withdrawing { "已撤回申请" } else { "已复核" });
            again.run(());
        }
    });
    let failed = move || end.value().get().and_then(Result::err);
    let complaint = move || failed().and_then(|error| error.fields()?.get("opinion").map(ToOwned::to_owned));
    let buttons = offered
        .iter()
        .map(|verdict| {
            let class = match verdict {
                Verdict::Approve => "btn btn-primary",
                Verdict::Reject | Verdict::Withdraw => "btn btn-outline",
            };
            view! { <button type="button" class=class disabled=move || end.pending().get() on:click=move |_| drop(end.dispatch(*verdict))>{verdict.label()}</button> }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>{if withdrawing { "撤回申请" } else { "复核" }}</h2>
            {move || failed().filter(|error| error.fields().is_none()).map(|error| error_view(&error))}
            <div class="form-field max-w-2xl" class:has-error=move || complaint().is_some()>
                <label for="opinion">{if withdrawing { "撤回说明" } else { "复核意见" }}</label>
                <input id="opinion" class="input" maxlength=REASON_MAX autocomplete="off" placeholder=if withdrawing { "" } else { "驳回时必填" }
                    aria-describedby="opinion-error" prop:value=opinion on:input=move |event| opinion.set(event_target_value(&event)) />
                <p class="field-error" id="opinion-error" role="alert">{complaint}</p>
            </div>
            <div class="form-buttons">{buttons}</div>
        </section>
    }
}
