//! What the server does by itself (S1-9.11): plan, last and next run, result; on, off, and now.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        error_view,
        resource::resource,
        table::time_text,
    },
};
use chrono::{DateTime, Utc};
use domain::platform::{
    job::{JOB_LIST, Plan, PlanRow},
    permission::Permission,
};
use leptos::prelude::*;

/// Every plan.
#[server(endpoint = "plan_list", protocol = Api)]
pub async fn plan_list() -> Result<Vec<PlanRow>, ApiError> {
    Ok(store::platform::plan::plan_list(&crate::context::ctx()?).await?)
}

/// Switches a plan on or off.
#[server(endpoint = "plan_switch", protocol = Api)]
pub async fn plan_switch(plan: Plan, enabled: bool) -> Result<(), ApiError> {
    Ok(store::platform::plan::plan_switch(&crate::context::ctx()?, plan, enabled).await?)
}

/// Asks for a run now.
#[server(endpoint = "plan_ask", protocol = Api)]
pub async fn plan_ask(plan: Plan) -> Result<(), ApiError> {
    Ok(store::platform::plan::plan_ask(&crate::context::ctx()?, plan).await?)
}

/// What somebody wants of a plan.
#[derive(Clone, Copy)]
enum Wish {
    Switch(bool),
    Now,
}

pub(super) fn list_view() -> AnyView {
    let plans = resource(|| (), |()| plan_list());
    let wish = Action::new(|(plan, wish): &(Plan, Wish)| {
        let (plan, wish) = (*plan, *wish);
        async move {
            match wish {
                Wish::Switch(enabled) => plan_switch(plan, enabled).await,
                Wish::Now => plan_ask(plan).await,
            }
        }
    });
    Effect::new(move |_| {
        if wish.value().get().is_some() {
            plans.refetch();
        }
    });
    let refused = move || wish.value().get().and_then(Result::err).map(|error| error_view(&error));
    view! {
        <main class="page">
            <PageHead title="计划任务" back=(JOB_LIST.path.to_owned(), "任务监控".to_owned())>
                <button type="button" class="btn btn-outline btn-sm" on:click=move |_| plans.refetch()>"刷新"</button>
            </PageHead>
            {changing(refused)}
            <section class="card-table" aria-label="列表">
                {awaited(plans, move |plans| table(plans, wish).into_any())}
            </section>
        </main>
    }
    .into_any()
}

type Wishes = Action<(Plan, Wish), Result<(), ApiError>>;

fn table(plans: Vec<PlanRow>, wish: Wishes) -> impl IntoView {
    let runs = may(Permission::JobRun);
    let rows = plans.into_iter().map(|row| line(row, runs, wish)).collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label="计划任务列表">
            <table class="table table-sm data-table">
                <thead><tr>
                    <th scope="col">"任务"</th><th scope="col">"计划"</th><th scope="col">"状态"</th>
                    <th scope="col">"上次运行"</th><th scope="col" class="desk-only">"下次运行"</th><th scope="col">"结果"</th>
                    <th scope="col">"操作"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn line(row: PlanRow, runs: bool, wish: Wishes) -> impl IntoView {
    let plan = row.plan;
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(|| "—".to_owned(), time_text);
    let state = match (&row, row.started_at.is_some() && row.ended_at.is_none()) {
        (row, _) if !row.enabled => "已停用",
        (row, _) if row.asked => "等待运行",
        (_, true) => "运行中",
        _ => "已启用",
    };
    let result = match row.ok {
        Some(false) => format!("失败：{}", row.result.clone().unwrap_or_default()),
        _ => row.result.clone().unwrap_or_else(|| "—".to_owned()),
    };
    let next = if plan.is_constant() { plan.schedule() } else { time(row.next_at) };
    let next = if row.enabled { next } else { "—".to_owned() };
    let button = move |label: &'static str, asked: Wish| {
        view! { <button type="button" class="btn btn-outline btn-xs" disabled=wish.pending() aria-label=format!("{label}{}", plan.label())
        on:click=move |_| drop(wish.dispatch((plan, asked)))>{label}</button> }
    };
    view! {
        <tr>
            <th scope="row">{plan.label()}</th>
            <td class="whitespace-nowrap">{plan.schedule()}</td>
            <td class="whitespace-nowrap">{state}</td>
            <td class="whitespace-nowrap tabular-nums">{time(row.started_at)}</td>
            <td class="desk-only whitespace-nowrap tabular-nums">{next}</td>
            <td class:text-error=row.ok == Some(false)>{result}</td>
            <td><div class="flex flex-wrap gap-1">
                {(runs && row.enabled).then(|| button("立即运行", Wish::Now))}
                {(runs && row.enabled && plan.can_stop()).then(|| button("停用", Wish::Switch(false)))}
                {(runs && !row.enabled).then(|| button("启用", Wish::Switch(true)))}
            </div></td>
        </tr>
    }
}
