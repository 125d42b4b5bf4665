//! Depreciation: the ledger of one card, and the monthly runs of the districts.

use super::{
    act::{Deed, deed},
    api::{depreciation_close, depreciation_lines, depreciation_list, depreciation_reverse, depreciation_run},
};
use crate::{
    housing::list_actions,
    shell::may,
    ui::{
        empty_view, error_view,
        list::{ListActions, ListAgain, ListFrame, framed_list_page},
        loading_view,
        resource::{Loaded, resource},
        table::time_text,
    },
};
use domain::{
    housing::asset_depreciation::{DEPRECIATION_LIST, DepreciationLine, DepreciationRunRow, RunOutcome, RunState},
    id::{AssetMasterId, AssetSubId},
    list::{ListQuery, Page, group_thousands},
    platform::permission::Permission,
};
use leptos::prelude::*;

/// The months of a card with their running sum.
pub(super) fn lines_view(master: AssetMasterId, sub: Option<AssetSubId>, note: String) -> AnyView {
    let lines = resource(|| (), move |()| depreciation_lines(master, sub));
    view! {
        <section class="panel">
            <h2>"折旧明细"</h2>
            <p>{note}</p>
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match lines.await {
                        Ok(lines) if lines.is_empty() => empty_view("尚未计提折旧"),
                        Ok(lines) => table(lines).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </section>
    }
    .into_any()
}

fn table(lines: Vec<DepreciationLine>) -> impl IntoView {
    let rows = lines
        .into_iter()
        .map(|line| {
            view! {
                <tr>
                    <td class="tabular-nums">{line.period.to_string()}</td>
                    <td>{if line.counter { "冲回" } else { "计提" }}</td>
                    <td class="figures">{line.amount.to_string()}</td>
                    <td class="whitespace-nowrap tabular-nums desk-only">{time_text(line.at)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="折旧明细">
            <table class="table table-sm data-table">
                <thead><tr><th scope="col">"会计期间"</th><th scope="col">"类型"</th><th scope="col" class="figures">"折旧额(元)"</th><th scope="col" class="desk-only">"办理时间"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// The list of runs, with what can be done: to run a month, to take the newest back, to close it.
pub(super) fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions { add: None, import: None, export: may(Permission::AssetExport) });
    let frame =
        ListFrame {
            title: Some("折旧计提"), empty: Some("管辖范围内暂无计提记录，登记主卡片后按月计提"), tools: Some(tools)
        };
    framed_list_page(&DEPRECIATION_LIST, frame, actions, depreciation_list)
}

fn tools() -> AnyView {
    let outcome = RwSignal::new(None::<RunOutcome>);
    let again = expect_context::<ListAgain>();
    let runs = resource(
        || (),
        |()| {
            depreciation_list(ListQuery { size: 100, sort: "period".into(), descending: true, ..ListQuery::default() })
        },
    );
    let again = Callback::new(move |()| {
        runs.refetch();
        again.run();
    });
    let run = move || {
        deed(
            Deed {
                label: "计提折旧",
                class: "btn btn-primary btn-sm",
                question: "按月计提管辖范围内全部已登记卡片的折旧，每月只计提一次。",
                word: Some(("period", "会计期间（YYYY-MM）")),
            },
            depreciation_run,
            move |done: RunOutcome| {
                outcome.set(Some(done));
                again.run(());
            },
        )
    };
    view! {
        {move || may(Permission::AssetDepreciate).then(run)}
        {move || outcome.get().map(|done| view! { <p class="w-full" role="status">{sentence(done)}</p> })}
        {newest_view(runs, again)}
    }
    .into_any()
}

fn sentence(done: RunOutcome) -> String {
    if done.districts == 0 && done.skipped > 0 {
        return "该月已计提，无需重复计提".to_owned();
    }
    if done.districts == 0 {
        return "没有需要计提的卡片".to_owned();
    }
    format!(
        "已计提{}个区县，主卡片{}张，子卡片{}张，折旧额{}元",
        done.districts,
        group_thousands(done.masters),
        group_thousands(done.subs),
        done.amount
    )
}

/// The newest month of each district can be taken back or closed.
fn newest_view(runs: Loaded<Page<DepreciationRunRow>>, again: Callback<()>) -> AnyView {
    let rows = move || {
        Suspend::new(async move {
            let Ok(page) = runs.await else { return ().into_any() };
            let open = page.rows.into_iter().filter(|run| run.newest && run.state == RunState::Posted);
            let items = open
                .map(|run| {
                    let id = run.id;
                    view! {
                        <li>
                            <b>{format!("{} {}", run.district, run.period)}</b>
                            {may(Permission::AssetDepreciate).then(|| deed(
                                Deed { label: "冲回", class: "btn btn-outline btn-sm", question: "将以红字冲回该月折旧。", word: Some(("reason", "冲回原因")) },
                                move |reason| depreciation_reverse(id, reason),
                                move |_| again.run(()),
                            ))}
                            {may(Permission::AssetCheck).then(|| deed(
                                Deed { label: "结账", class: "btn btn-outline btn-sm", question: "结账后该月折旧不能再冲回。确定结账吗？", word: None },
                                move |_| depreciation_close(id),
                                move |()| again.run(()),
                            ))}
                        </li>
                    }
                })
                .collect::<Vec<_>>();
            if items.is_empty() {
                return ().into_any();
            }
            view! { <details class="w-full"><summary class="link">"冲回或结账最近一期"</summary><ul class="deed-list">{items}</ul></details> }.into_any()
        })
    };
    view! {
        <Show when=move || may(Permission::AssetDepreciate) || may(Permission::AssetCheck)>
            <Transition>{rows}</Transition>
        </Show>
    }
    .into_any()
}
