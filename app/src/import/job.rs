//! One import: check, preview, confirm, progress, result.

use super::api::{import_cancel, import_confirm, import_get, import_rows};
use crate::ui::{PageHead, error_view, icon, loading_view, table::time_text};
use domain::import::{ImportJob, ImportRow, ImportStatus};
use leptos::prelude::*;
use std::time::Duration;

/// How often a running job is looked at.
const LOOK: Duration = Duration::from_millis(700);

pub fn job_view(id: String) -> AnyView {
    let id = StoredValue::new(id);
    let job = Resource::new(move || id.get_value(), import_get);
    let rows = Resource::new(
        move || job.get().and_then(Result::ok).map(|job| (job.status, job.failed)),
        move |known| async move {
            match known {
                Some((status, failed)) if failed > 0 && !status.is_running() => import_rows(id.get_value()).await,
                _ => Ok(Vec::new()),
            }
        },
    );
    // Looks again while a worker has something to do, and stops by itself.
    Effect::new(move |_| {
        if job.get().and_then(Result::ok).is_some_and(|job| job.status.is_running()) {
            set_timeout(move || job.refetch(), LOOK);
        }
    });
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match job.await {
                        Ok(found) => job_page(found, Callback::new(move |()| job.refetch())).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
            <Transition>
                {move || Suspend::new(async move {
                    match rows.await {
                        Ok(rows) if rows.is_empty() => ().into_any(),
                        Ok(rows) => rows_view(rows),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
        </main>
    }
    .into_any()
}

fn job_page(job: ImportJob, changed: Callback<()>) -> impl IntoView {
    let repeated = job.repeats.filter(|_| job.status != ImportStatus::Finished);
    let facts = format!("{} · {} · {}", job.file_name, job.actor, time_text(job.created_at));
    view! {
        <PageHead title=format!("导入{}", job.sheet.title()) back=("/imports".to_owned(), "导入日志".to_owned()) />
        <section class="panel flex flex-col gap-3" data-job=job.status.code()>
            <p class="opacity-80">{facts}</p>
            {repeated.map(|at| view! { <div class="alert alert-warning alert-soft">{format!("该文件已于{}导入过，请确认是否重复", time_text(at))}</div> })}
            {stage(&job)}
            {(job.status == ImportStatus::Validated).then(|| confirm_buttons(job.id.clone(), job.succeeded, changed))}
            {(job.failed > 0 && !job.status.is_running()).then(|| view! {
                <p><a class="btn btn-outline btn-sm" href=format!("/files/import/{}/failed.xlsx", job.id) rel="external">{icon("export")}"下载失败数据"</a></p>
            })}
        </section>
    }
}

fn stage(job: &ImportJob) -> AnyView {
    let done = job.succeeded + job.failed;
    let total = job.total.unwrap_or(0).max(1);
    let bar = |label: &'static str| {
        view! {
            <label class="flex flex-col gap-1"><span>{format!("{label}：{done} / {total} 行")}</span>
                <progress class="progress progress-primary w-full" max=total.to_string() value=done.to_string()></progress>
            </label>
        }
        .into_any()
    };
    match job.status {
        ImportStatus::Uploaded => view! { <p role="status"><span class="loading loading-spinner loading-sm"></span>" 已上传，正在排队校验…"</p> }.into_any(),
        ImportStatus::Parsing => bar("正在校验"),
        ImportStatus::Executing => bar("正在导入"),
        ImportStatus::Validated => {
            let text = format!("校验完成，尚未写入：{}条可以导入，{}条有误", job.succeeded, job.failed);
            view! { <p class="text-lg font-medium" role="status">{text}</p> }.into_any()
        }
        ImportStatus::Finished => view! { <p class="text-lg font-semibold" role="status">{job.result_text()}</p> }.into_any(),
        ImportStatus::Failed => view! { <div class="alert alert-error alert-soft" role="alert">{job.message.clone().unwrap_or_default()}</div> }.into_any(),
        ImportStatus::Cancelled => view! { <p role="status">"已取消，未写入任何数据"</p> }.into_any(),
    }
}

fn confirm_buttons(id: String, good: i32, changed: Callback<()>) -> impl IntoView {
    let id = StoredValue::new(id);
    let answer = Action::new(move |go_ahead: &bool| {
        let go_ahead = *go_ahead;
        async move { if go_ahead { import_confirm(id.get_value()).await } else { import_cancel(id.get_value()).await } }
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
            <button type="button" class="btn btn-ghost" disabled=move || answer.pending().get() on:click=move |_| { answer.dispatch(false); }>"取消"</button>
        </div>
        {move || refused().map(|error| error_view(&error))}
    }
}

fn rows_view(rows: Vec<ImportRow>) -> AnyView {
    let shown = rows.len();
    let lines = rows
        .into_iter()
        .map(|row| {
            let raw = row.raw.iter().filter(|cell| !cell.is_empty()).cloned().collect::<Vec<_>>().join(" | ");
            let reason = row.reason();
            view! { <tr><td class="figures">{row.row_no}</td><td>{reason}</td><td class="opacity-80 raw-cells">{raw}</td></tr> }
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
