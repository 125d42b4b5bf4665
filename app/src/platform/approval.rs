//! 待复核: what waits for a second person (domain.md §6.4), and what became of it.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        detail::{field_group, text_cell, use_id},
        error_view, icon,
        list::{ListActions, ListFrame, framed_list_page},
        resource::resource,
        table::{cell_view, time_text},
        toast,
    },
};
use domain::{
    dictionary::ApprovalStatus,
    id::{ApprovalId, WorkflowId},
    list::{ListQuery, Page},
    platform::{
        approval::{APPROVAL_LIST, Approval, ApprovalRow, ApprovalSeen, ChangeLine, REASON_MAX, Verdict},
        permission::Permission,
        task::{Act, Due, Step, StepState},
    },
    sheet::Cell,
};
use leptos::prelude::*;
use std::time::Duration;

/// A page of requests.
#[server(endpoint = "approval_list", protocol = Api)]
pub async fn approval_list(query: ListQuery) -> Result<Page<ApprovalRow>, ApiError> {
    Ok(store::platform::approval::approval_list(&crate::context::ctx()?, &query).await?)
}

/// One request.
#[server(endpoint = "approval_get", protocol = Api)]
pub async fn approval_get(id: ApprovalId) -> Result<Approval, ApiError> {
    Ok(store::platform::approval::approval_get(&crate::context::ctx()?, id).await?)
}

/// Approves, rejects or withdraws a request; what is decided counts for the node that was seen.
#[server(endpoint = "approval_end", protocol = Api)]
pub async fn approval_end(seen: ApprovalSeen, verdict: Verdict, opinion: String) -> Result<(), ApiError> {
    Ok(store::platform::approval::approval_end(&crate::context::ctx()?, seen, verdict, &opinion).await?)
}

pub fn list_view() -> AnyView {
    let frame = ListFrame { title: Some("复核事项"), empty: Some("没有复核事项"), ..ListFrame::default() };
    let actions = ListActions { export: true, ..ListActions::default() };
    framed_list_page(&APPROVAL_LIST, frame, Signal::stored(actions), approval_list)
}

pub fn detail_view() -> AnyView {
    let id = use_id();
    let approval = resource(move || id.get(), |id| approval_get(ApprovalId(id)));
    let again = Callback::new(move |()| approval.refetch());
    view! {
        <main class="page">
            {awaited(approval, move |approval| request(approval, again).into_any())}
        </main>
    }
    .into_any()
}

fn request(approval: Approval, again: Callback<()>) -> impl IntoView {
    let Approval { row, reason, opinion, lines, own, checkable, passwords_due, workflow, node, steps } = approval;
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
        {(passwords_due > 0).then(|| passwords_view(row.id, passwords_due))}
        {lines_view(lines)}
        {steps_view(&row, workflow, steps)}
        {(!offered.is_empty()).then(|| verdict_form(ApprovalSeen { id: row.id, node: Some(node) }, offered, again))}
    }
}

/// First passwords come as a file, once.
fn passwords_view(id: ApprovalId, due: i64) -> impl IntoView {
    let taken = RwSignal::new(false);
    // Not at once: a form that is gone is not sent.
    let later = move |_| {
        let take = move || {
            let _ = taken.try_set(true);
        };
        set_timeout(take, Duration::from_secs(2));
    };
    view! {
        <section class="panel">
            <h2>"初始密码"</h2>
            {changing(move || if taken.get() {
                view! { <p class="py-2" role="status">"正在生成，账号多时需要几分钟，请等待浏览器下载完成。告知本人后请删除文件；遗失的密码请在用户页面逐个重置。"</p> }.into_any()
            } else {
                view! {
                    <p class="py-2">{format!("{due}个账号已启用，尚无密码。领取后得到一个文件，每个账号一个随机密码，首次登录须修改；只能领取一次，请妥善保管。")}</p>
                    <form class="form-buttons" method="post" action=format!("/files/passwords/{id}") on:submit=later>
                        <button type="submit" class="btn btn-primary">{icon("export")}"领取初始密码"</button>
                    </form>
                }
                .into_any()
            })}
        </section>
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

/// The course of a request: who decided what at which node, and what comes next.
fn steps_view(row: &ApprovalRow, (workflow, version): (WorkflowId, i32), steps: Vec<Step>) -> impl IntoView + use<> {
    let due = row.due.clone();
    let steps = steps.into_iter().map(|step| step_view(step, &due)).collect_view();
    let withdrawn = (row.status == ApprovalStatus::Withdrawn).then(|| {
        row.checked_at
            .map(|at| view! { <li><p class="font-semibold">"提交人撤回"</p><p><time>{time_text(at)}</time></p></li> })
    });
    let kept = format!("按流程第{version}版办理");
    let kept = move || {
        if may(Permission::WorkflowRead) {
            view! { <a class="link link-primary link-hover" href=format!("/platform/workflows/{workflow}")>{kept.clone()}</a> }.into_any()
        } else {
            kept.clone().into_any()
        }
    };
    view! {
        <section class="panel">
            <h2>"流转"</h2>
            <p class="pb-2">{changing(kept)}</p>
            <ol class="timeline-list detail-list">
                <li><p class="font-semibold">"提交"</p><p>{row.maker.clone()}" "<time>{time_text(row.made_at)}</time></p></li>
                {steps}
                {withdrawn}
            </ol>
        </section>
    }
}

fn step_view(step: Step, due: &Due) -> impl IntoView + use<> {
    let missing = step.missing();
    let Step { name, persons, days, role, state, acts, .. } = step;
    let mut rule = format!("须{persons}人同意");
    if let Some(role) = role {
        rule = format!("{rule}，限{role}");
    }
    if let Some(days) = days {
        rule = format!("{rule}，{days}个工作日内");
    }
    let act = |Act { checker, verdict, opinion, at }: Act| {
        let opinion = opinion.map(|opinion| format!("：{opinion}"));
        view! { <p>{checker}" "{verdict.label()}{opinion}" "<time>{time_text(at)}</time></p> }
    };
    let acts = acts.into_iter().map(act).collect_view();
    let waiting = (state == StepState::Present).then(|| {
        let due = (*due != Due::Never).then(|| view! { "，期限 "{cell_view(due.cell())} });
        view! { <p>{format!("还需{missing}人办理")}{due}</p> }
    });
    view! {
        <li aria-current={(state == StepState::Present).then_some("step")}>
            <p class="font-semibold">{name}" "{cell_view(Cell::badge(state.tone(), state.label()))}</p>
            <p class="opacity-80">{rule}</p>
            {acts}
            {waiting}
        </li>
    }
}

fn verdict_form(seen: ApprovalSeen, offered: &'static [Verdict], again: Callback<()>) -> impl IntoView {
    let withdrawing = offered == [Verdict::Withdraw];
    let opinion = RwSignal::new(String::new());
    let end = Action::new(move |verdict: &Verdict| approval_end(seen, *verdict, opinion.get_untracked()));
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
            view! { <button type="button" class=class disabled=end.pending() on:click=move |_| drop(end.dispatch(*verdict))>{verdict.label()}</button> }
        })
        .collect_view();
    view! {
        <section class="panel">
            <h2>{if withdrawing { "撤回申请" } else { "复核" }}</h2>
            {changing(move || failed().filter(|error| error.fields().is_none()).map(|error| error_view(&error)))}
            <div class="form-field max-w-2xl" class:has-error=move || complaint().is_some()>
                <label for="opinion">{if withdrawing { "撤回说明" } else { "复核意见" }}</label>
                <input id="opinion" class="input" maxlength=REASON_MAX autocomplete="off" placeholder=if withdrawing { "" } else { "驳回时必填" }
                    aria-describedby="opinion-error" prop:value=opinion on:input=move |event| opinion.set(event_target_value(&event)) />
                <p class="field-error" id="opinion-error" role="alert">{changing(complaint)}</p>
            </div>
            <div class="form-buttons">{buttons}</div>
        </section>
    }
}
