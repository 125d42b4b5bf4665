//! One import: check, preview, confirm, progress, result.

use super::api::{import_confirm, import_get, import_rows};
use crate::{
    platform::job::{job_cancel, passes, progress_bar, retry_button, stop_button, watch},
    shell::may,
    ui::{PageHead, changing::changing, error_view, icon, loading_view, resource::resource, table::time_text},
};
use domain::{
    import::{FAILED_DAYS, FailedRows, ImportJob, ImportStatus, SheetKey},
    platform::job::JobKind,
};
use leptos::prelude::*;

pub fn job_view(id: String) -> AnyView {
    let id = StoredValue::new(id);
    let job = resource(move || id.get_value(), import_get);
    let rows = resource(
        move || job.get().and_then(Result::ok).map(|job| (job.status, job.failed, is_shown(&job))),
        move |known| async move {
            match known {
                Some((status, failed, true)) if failed > 0 && !status.is_running() => import_rows(id.get_value()).await,
                _ => Ok(FailedRows::default()),
            }
        },
    );
    // What was seen last stays in sight when the next look fails.
    let last = StoredValue::new(None::<ImportJob>);
    watch(job, last, |job| job.status.is_running());
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match job.await {
                        Ok(found) => {
                            last.set_value(Some(found.clone()));
                            job_page(found, false, Callback::new(move |()| job.refetch())).into_any()
                        }
                        Err(error) => match last.get_value().filter(|_| passes(&error)) {
                            Some(found) => job_page(found, true, Callback::new(move |()| job.refetch())).into_any(),
                            None => error_view(&error),
                        },
                    }
                }))}
            </Transition>
            {stop_button(job, "取消导入", |job| (job.mine && job.status.is_running()).then(|| job.id.clone()), Callback::new(move |()| job.refetch()))}
            <Transition>
                {changing(move || Suspend::new(async move {
                    match rows.await {
                        Ok(failed) if failed.rows.is_empty() => ().into_any(),
                        Ok(failed) => rows_view(&failed),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

/// Whether this person sees what failed: numbers of persons are shown to whoever brought them and to nobody else.
fn is_shown(job: &ImportJob) -> bool {
    job.mine || !job.sheet.is_personal()
}

fn job_page(job: ImportJob, stale: bool, changed: Callback<()>) -> impl IntoView {
    let repeated = job.repeats.filter(|_| job.status != ImportStatus::Finished);
    let facts = format!("{} · {} · {}", job.file_name, job.actor, time_text(job.created_at));
    view! {
        <PageHead title=format!("导入{}", job.sheet.title()) back=("/imports".to_owned(), "导入日志".to_owned()) />
        <section class="panel flex flex-col gap-3" data-job=job.status.code()>
            <p class="opacity-80">{facts}</p>
            {stale.then(|| view! { <div class="alert alert-warning alert-soft" role="status">"连接中断，正在重试"</div> })}
            {repeated.map(|at| view! { <div class="alert alert-warning alert-soft">{format!("该文件已于{}导入过，请确认是否重复", time_text(at))}</div> })}
            {stage(&job)}
            {(job.status == ImportStatus::Validated && job.mine).then(|| confirm_buttons(job.id.clone(), job.succeeded, changed))}
            {job.retriable.then(|| view! { <div class="flex flex-wrap gap-2">{retry_button(job.id.clone(), changed)}</div> })}
            {(job.failed > 0 && !job.status.is_running() && !is_shown(&job)).then(|| view! { <p>"失败数据含个人信息，仅上传人可以查看"</p> })}
            {(job.failed > 0 && !job.status.is_running() && is_shown(&job)).then(|| view! {
                <p class="opacity-80">{format!("失败数据保留{FAILED_DAYS}天")}</p>
                <p class="flex flex-wrap gap-2">
                    <a class="btn btn-outline btn-sm" href=format!("/files/import/{}/failed.xlsx", job.id) rel="external">{icon("export")}"下载失败数据"</a>
                    {may(job.sheet.permission()).then(|| view! {
                        <a class="btn btn-outline btn-sm" href=format!("/imports?new={}", job.sheet.code())>{icon("import")}"重新导入"</a>
                    })}
                </p>
            })}
        </section>
    }
}

fn stage(job: &ImportJob) -> AnyView {
    let done = job.succeeded + job.failed;
    match job.status {
        ImportStatus::Uploaded => view! { <p role="status"><span class="loading loading-spinner loading-sm"></span>" 已上传，正在排队校验…"</p> }.into_any(),
        ImportStatus::Parsing => progress_bar("正在校验", done, job.total, JobKind::Import),
        ImportStatus::Executing => progress_bar("正在导入", done, job.total, JobKind::Import),
        ImportStatus::Validated => {
            let text = format!("校验完成，尚未写入：{}条可以导入，{}条有误", job.succeeded, job.failed);
            let waits = (!job.mine).then(|| format!("等待{}确认", job.actor));
            view! { <p class="text-lg font-medium" role="status">{text}</p>{waits.map(|text| view! { <p>{text}</p> })} }.into_any()
        }
        ImportStatus::Finished => {
            let next = (job.sheet == SheetKey::User && job.succeeded > 0).then(|| view! {
                <p>"账号由安全管理员复核后启用；复核通过后，请在"<a class="link" href="/platform/approvals">"复核事项"</a>"中打开该申请领取初始密码。"</p>
            });
            view! { <p class="text-lg font-semibold" role="status">{job.result_text()}</p>{next} }.into_any()
        }
        ImportStatus::Failed => {
            // Broken off in the middle: what went in is there.
            let kept = (job.succeeded + job.failed > 0).then(|| job.result_text());
            view! {
                <div class="alert alert-error alert-soft" role="alert">{job.message.clone().unwrap_or_default()}</div>
                {kept.map(|text| view! { <p>{text}</p> })}
            }
            .into_any()
        }
        ImportStatus::Cancelled => {
            let kept = (done > 0).then(|| format!("：{}", job.result_text()));
            let told = job.message.clone().unwrap_or_else(|| "已取消，未写入任何数据".to_owned());
            view! { <p role="status">{told}{kept}</p> }.into_any()
        }
    }
}

fn confirm_buttons(id: String, good: i32, changed: Callback<()>) -> impl IntoView {
    let id = StoredValue::new(id);
    let answer = Action::new(move |go_ahead: &bool| {
        let go_ahead = *go_ahead;
        async move { if go_ahead { import_confirm(id.get_value()).await } else { job_cancel(id.get_value()).await } }
    });
    Effect::new(move |_| {
        if answer.value().get().is_some() {
            changed.run(());
        }
    });
    let refused = move || answer.value().get().and_then(Result::err);
    view! {
        <div class="flex gap-2">
            <button type="button" class="btn btn-primary" disabled=move || good == 0 || answer.pending().get() on:click=move |_| { answer.dispatch(true); }>
                {format!("确认导入{good}条")}
            </button>
            <button type="button" class="btn btn-ghost" disabled=answer.pending() on:click=move |_| { answer.dispatch(false); }>"取消"</button>
        </div>
        {changing(move || refused().map(|error| error_view(&error)))}
    }
}

fn rows_view(failed: &FailedRows) -> AnyView {
    let shown = failed.rows.len();
    let lines = failed
        .rows
        .iter()
        .map(|row| {
            let cells = failed
                .cells(row)
                .map(|(label, value)| view! { <li><span class="opacity-80">{format!("{label}：")}</span>{value.to_owned()}</li> })
                .collect_view();
            view! { <tr><td class="figures">{row.row_no}</td><td>{row.reason()}</td><td class="raw-cells"><ul>{cells}</ul></td></tr> }
        })
        .collect_view();
    view! {
        <section class="card-table">
            <h2 class="px-4 pt-3 font-semibold">{if shown == 100 { "失败数据（前100条，全部请下载）" } else { "失败数据" }}</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="失败数据">
                <table class="table table-sm data-table">
                    <thead><tr><th scope="col" class="figures">"行号"</th><th scope="col">"失败原因"</th><th scope="col">"原始数据"</th></tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
