//! Jobs (S1-9.11): one's own, or for whoever watches over them everybody's; progress, cancelling, trying again, results.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        detail::field_group,
        error_view, icon,
        list::{ListActions, ListFrame, framed_list_page},
        loading_view,
        resource::{Loaded, resource},
    },
};
use domain::{
    export::RESULT_DAYS,
    failure::Failure,
    list::{ListQuery, Page},
    platform::{
        job::{JOB_LIST, JobKind, JobRow, JobStatus, RETRY_DAYS},
        permission::Permission,
    },
};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How often a running job is looked at.
const LOOK: Duration = Duration::from_millis(700);
/// How soon it is looked at again after an answer that did not come.
const RETRY: Duration = Duration::from_secs(2);

/// A page of jobs.
#[server(endpoint = "job_list", protocol = Api)]
pub async fn job_list(query: ListQuery) -> Result<Page<JobRow>, ApiError> {
    Ok(store::platform::job::job_list(&crate::context::ctx()?, &query).await?)
}

/// One job.
#[server(endpoint = "job_get", protocol = Api)]
pub async fn job_get(id: String) -> Result<JobRow, ApiError> {
    Ok(store::platform::job::job_get(&crate::context::ctx()?, &id).await?)
}

/// Stops a job.
#[server(endpoint = "job_cancel", protocol = Api)]
pub async fn job_cancel(id: String) -> Result<(), ApiError> {
    Ok(store::platform::job::job_cancel(&crate::context::ctx()?, &id).await?)
}

/// Lets a job go on from where it ended.
#[server(endpoint = "job_retry", protocol = Api)]
pub async fn job_retry(id: String) -> Result<(), ApiError> {
    Ok(store::platform::job::job_retry(&crate::context::ctx()?, &id).await?)
}

pub(super) fn list_view() -> AnyView {
    let watches = may(Permission::JobRead);
    let frame = ListFrame {
        title: Some(if watches { "任务监控" } else { "我的任务" }),
        empty: Some("暂无任务，导入和大量导出会在这里显示进度和结果"),
        tools: watches.then_some(plans_link),
        ..ListFrame::default()
    };
    framed_list_page(&JOB_LIST, frame, Signal::stored(ListActions::default()), job_list)
}

fn plans_link() -> AnyView {
    view! { <a class="btn btn-outline btn-sm" href="/platform/plans">"计划任务"</a> }.into_any()
}

pub(super) fn detail_view(id: Signal<String>) -> AnyView {
    let job = resource(move || id.get(), job_get);
    // What was seen last stays in sight when the next look fails.
    let last = StoredValue::new(None::<JobRow>);
    watch(job, last, |job| job.status.is_running());
    let changed = Callback::new(move |()| job.refetch());
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match job.await {
                        Ok(found) => {
                            last.set_value(Some(found.clone()));
                            page(found, false, changed).into_any()
                        }
                        Err(error) => match last.get_value().filter(|_| passes(&error)) {
                            Some(found) => page(found, true, changed).into_any(),
                            None => error_view(&error),
                        },
                    }
                }))}
            </Transition>
            {stop_button(job, "取消任务", |job| (job.status.is_running() && (job.mine || may(Permission::JobRun))).then(|| job.id.clone()), changed)}
        </main>
    }
    .into_any()
}

/// Looks again while a worker has something to do, also when a look fails; stops by itself.
pub(crate) fn watch<T>(job: Loaded<T>, last: StoredValue<Option<T>>, is_running: fn(&T) -> bool)
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    let next = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |_| {
        let pause = match job.get() {
            Some(Ok(found)) => is_running(&found).then_some(LOOK),
            Some(Err(error)) => last.with_value(Option::is_some).then_some(RETRY).filter(|_| passes(&error)),
            None => None,
        };
        if let Some(pause) = pause {
            next.set_value(set_timeout_with_handle(move || job.refetch(), pause).ok());
        }
    });
    on_cleanup(move || {
        if let Some(handle) = next.try_get_value().flatten() {
            handle.clear();
        }
    });
}

/// Whether a failure may be gone at the next look: the network, or a server that is just being started again.
pub(crate) fn passes(error: &ApiError) -> bool {
    matches!(error.0, Failure::Refused(_) | Failure::Internal(_))
}

fn page(job: JobRow, stale: bool, changed: Callback<()>) -> impl IntoView {
    let file = job.file.then(|| format!("/files/job/{}", job.id));
    let expires = (job.kind == JobKind::Export && job.status == JobStatus::Finished && job.mine).then(|| {
        if job.file {
            format!("结果文件保留{RESULT_DAYS}天，仅本人可以下载")
        } else {
            "结果文件已过期删除，请重新导出".to_owned()
        }
    });
    let import = (job.mine && job.kind == JobKind::Import).then(|| format!("/imports/{}", job.id));
    view! {
        <PageHead title=job.title.clone() back=(JOB_LIST.path.to_owned(), "任务".to_owned()) />
        <section class="panel flex flex-col gap-3" data-job=job.status.code()>
            {stale.then(|| view! { <div class="alert alert-warning alert-soft" role="status">"连接中断，正在重试"</div> })}
            {stage(&job)}
            {expires.map(|text| view! { <p class="opacity-80">{text}</p> })}
            <div class="flex flex-wrap gap-2">
                {file.map(|href| view! { <a class="btn btn-primary btn-sm" href=href rel="external">{icon("export")}"下载结果文件"</a> })}
                {import.map(|href| view! { <a class="btn btn-outline btn-sm" href=href>"查看导入结果"</a> })}
                {job.retriable.then(|| retry_button(job.id.clone(), changed))}
            </div>
        </section>
        {field_group("任务信息", JOB_LIST.fields(&job))}
    }
}

fn stage(job: &JobRow) -> AnyView {
    let result = job.result.clone().unwrap_or_default();
    match job.status {
        JobStatus::Uploaded => {
            view! { <p role="status"><span class="loading loading-spinner loading-sm"></span>" 正在排队…"</p> }
                .into_any()
        }
        JobStatus::Parsing | JobStatus::Executing => progress_bar(job.status.label(), job.done, job.total, job.kind),
        JobStatus::Validated => view! { <p role="status">"校验完成，等待发起人确认"</p> }.into_any(),
        JobStatus::Finished => view! { <p class="text-lg font-semibold" role="status">{result}</p> }.into_any(),
        JobStatus::Failed => view! { <div class="alert alert-error alert-soft" role="alert">{result}</div> }.into_any(),
        JobStatus::Cancelled => view! { <p role="status">{result}</p> }.into_any(),
    }
}

/// How far a job is.
pub(crate) fn progress_bar(label: &'static str, done: i32, total: Option<i32>, kind: JobKind) -> AnyView {
    let (total, unit) = (total.unwrap_or(0).max(1), kind.unit());
    view! {
        <label class="flex flex-col gap-1"><span>{format!("{label}：{done} / {total} {unit}")}</span>
            <progress class="progress progress-primary w-full" max=total.to_string() value=done.to_string()></progress>
        </label>
    }
    .into_any()
}

/// The button that stops a job. It stands outside of what every look draws anew, or a click could meet a button that is
/// just being replaced; there is nobody to click before the page is alive.
pub(crate) fn stop_button<T>(
    job: Loaded<T>,
    label: &'static str,
    stoppable: fn(&T) -> Option<String>,
    changed: Callback<()>,
) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    let id = RwSignal::new(None::<String>);
    Effect::new(move |_| {
        if let Some(Ok(found)) = job.get() {
            let found = stoppable(&found);
            if id.with_untracked(|id| *id != found) {
                id.set(found);
            }
        }
    });
    (move || {
        id.get().map(|id| view! { <div>{act_button(id, label, "btn btn-outline btn-sm", job_cancel, changed)}</div> })
    })
    .into_any()
}

/// Lets a job go on, and says how long that is possible.
pub(crate) fn retry_button(id: String, changed: Callback<()>) -> AnyView {
    view! {
        {act_button(id, "重试", "btn btn-primary btn-sm", job_retry, changed)}
        <span class="self-center text-sm opacity-80">{format!("{RETRY_DAYS}天内可以重试，已保存的内容不会重复")}</span>
    }
    .into_any()
}

/// A button that does something with a job and has it looked at again.
pub(crate) fn act_button<F>(
    id: String,
    label: &'static str,
    class: &'static str,
    act: fn(String) -> F,
    changed: Callback<()>,
) -> AnyView
where
    F: Future<Output = Result<(), ApiError>> + Send + 'static,
{
    let action = Action::new(move |(): &()| act(id.clone()));
    Effect::new(move |_| {
        if action.value().get().is_some_and(|answer| answer.is_ok()) {
            changed.run(());
        }
    });
    view! {
        <button type="button" class=class disabled=action.pending() on:click=move |_| drop(action.dispatch(()))>{label}</button>
        {changing(move || action.value().get().and_then(Result::err).map(|error| error_view(&error)))}
    }
    .into_any()
}
