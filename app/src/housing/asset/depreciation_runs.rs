//! The monthly runs of the districts: to run one, to take the newest back, to close it.

use super::api::{depreciation_close, depreciation_list, depreciation_reverse, depreciation_run};
use crate::{
    housing::list_actions,
    shell::may,
    ui::{
        changing::changing,
        deed::{Deed, deed},
        list::{ListActions, ListAgain, ListFrame, framed_list_page},
        resource::{Loaded, resource},
    },
};
use domain::{
    housing::asset_depreciation::{DEPRECIATION_LIST, DepreciationRunRow, RunOutcome, RunState},
    list::{ListQuery, Page, group_thousands},
    platform::permission::Permission,
};
use leptos::prelude::*;

/// The list of runs, with what can be done: to run a month, to take the newest back, to close it.
pub(super) fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions { add: None, import: None, export: may(Permission::AssetExport) });
    let frame = ListFrame {
        title: Some("折旧计提"),
        empty: Some("管辖范围内暂无计提记录，登记主卡片后按月计提"),
        tools: Some(tools),
        ..ListFrame::default()
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
        {changing(move || may(Permission::AssetDepreciate).then(run))}
        {changing(move || outcome.get().map(|done| view! { <p class="w-full" role="status">{sentence(done)}</p> }))}
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
    // Drawn when it is asked for: most people come to look at the list.
    let shown = RwSignal::new(false);
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
                return view! { <p role="status">"没有可以冲回或结账的月份"</p> }.into_any();
            }
            view! { <ul class="deed-list">{items}</ul> }.into_any()
        })
    };
    view! {
        <Show when=move || may(Permission::AssetDepreciate) || may(Permission::AssetCheck)>
            <button type="button" class="btn btn-outline btn-sm" aria-expanded=move || shown.get().to_string() on:click=move |_| shown.update(|shown| *shown = !*shown)>"冲回或结账最近一期"</button>
            <Show when=move || shown.get()>
                <div class="w-full"><Transition>{changing(rows)}</Transition></div>
            </Show>
        </Show>
    }
    .into_any()
}
