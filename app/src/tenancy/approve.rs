//! Approval of the contracts chosen in a list (S1-5.6: at most fifty); the outcome names those that stayed as they were.

use super::api::{contracts_approve, contracts_chosen};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        deed::{Deed, deed},
        empty_view, error_view, loading_view,
        resource::resource,
        table::{cell_view, kind_class},
    },
};
use domain::{
    id::ContractId,
    platform::permission::Permission,
    sheet::Cell,
    tenancy::{
        contract::{CONTRACT_LIST, ContractRow},
        contract_batch::{ApproveOutcome, contract_of_key},
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The list of what waits.
const WAITING: &str = "/tenancy/contracts?turn=MINE&sort=submitted_at";

pub(super) fn approve_view() -> AnyView {
    let query = use_query_map();
    let chosen = Memo::new(move |_| {
        let keys = query.read().get_all("contract").unwrap_or_default();
        keys.iter().filter_map(|key| contract_of_key(key)).collect::<Vec<_>>()
    });
    let loaded = resource(
        move || chosen.get(),
        |chosen| async move {
            if chosen.is_empty() {
                return Ok(Vec::new());
            }
            contracts_chosen(chosen.into_iter().map(|(id, _)| id).collect()).await
        },
    );
    view! {
        <main class="page">
            <PageHead title="批量审批合同" back=(WAITING.to_owned(), "待我审批".to_owned()) />
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok(rows) if rows.is_empty() => empty_view("请先在待我审批的合同中勾选要审批的合同"),
                        Ok(rows) => page(chosen.get_untracked(), rows),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

fn page(chosen: Vec<(ContractId, i32)>, rows: Vec<ContractRow>) -> AnyView {
    let outcome = RwSignal::new(None::<ApproveOutcome>);
    let chosen = StoredValue::new(chosen);
    let count = rows.len();
    let ask = move || {
        outcome.with(Option::is_none).then(|| {
            if !may(Permission::ContractCheck) {
                return empty_view("您没有审批合同的权限，如需办理请联系系统管理员");
            }
            view! {
                <section class="panel" aria-label="审批">
                    <p>{format!("已选{count}份合同。通过后不能修改或删除，并同步至银行；须驳回的合同请打开后逐份办理。")}</p>
                    <div class="deed-row">
                        {deed(
                            Deed { label: "审批通过", class: "btn btn-primary btn-sm", question: "确定审批通过所选合同吗？", word: None },
                            move |_| contracts_approve(chosen.get_value()),
                            move |done| outcome.set(Some(done)),
                        )}
                    </div>
                </section>
            }
            .into_any()
        })
    };
    let table = move || outcome.with(Option::is_none).then(|| chosen_table(&rows));
    view! {
        {changing(move || outcome.get().map(outcome_view))}
        {changing(ask)}
        {changing(table)}
    }
    .into_any()
}

/// What was done; those that stayed as they were, by name and with the reason.
fn outcome_view(outcome: ApproveOutcome) -> AnyView {
    let rows = outcome
        .stayed
        .iter()
        .map(|stayed| {
            let name = if stayed.name.is_empty() { "（已不存在）".to_owned() } else { stayed.name.clone() };
            let link = Cell::link(name, format!("{}/{}", CONTRACT_LIST.path, stayed.id));
            view! { <tr><td>{cell_view(link)}</td><td>{stayed.reason.clone()}</td></tr> }
        })
        .collect_view();
    let whole = outcome.stayed.is_empty();
    let tone = if whole { "alert alert-success alert-soft" } else { "alert alert-warning alert-soft" };
    view! {
        <p class=tone role="status">{outcome.summary()}</p>
        {(!whole).then(|| view! {
            <section class="panel" aria-labelledby="stayed-title">
                <h2 id="stayed-title">"未处理的合同"</h2>
                <div class="table-scroll" tabindex="0" role="region" aria-label="未处理的合同">
                    <table class="table table-sm">
                        <thead><tr><th scope="col">"承租人和房间"</th><th scope="col">"原因"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        })}
        <p><a class="btn btn-primary btn-sm" href=WAITING>"返回待我审批"</a></p>
    }
    .into_any()
}

/// The columns that matter for the decision.
const SHOWN: [&str; 9] =
    ["contract_no", "lessee", "address", "rent_area", "unit_rate", "monthly_rent", "start_on", "end_on", "maker"];

fn chosen_table(rows: &[ContractRow]) -> AnyView {
    let columns: Vec<_> = CONTRACT_LIST.columns.iter().filter(|column| SHOWN.contains(&column.key)).collect();
    let head = columns
        .iter()
        .map(|column| view! { <th scope="col" class=kind_class(column.kind)>{column.header}</th> })
        .collect_view();
    let lines = rows
        .iter()
        .map(|row| {
            let cells = columns
                .iter()
                .map(|column| view! { <td class=kind_class(column.kind)>{cell_view((column.cell)(row))}</td> })
                .collect_view();
            view! { <tr>{cells}</tr> }
        })
        .collect_view();
    view! {
        <section class="panel" aria-label="已选合同">
            <div class="table-scroll" tabindex="0" role="region" aria-label="已选合同列表">
                <table class="table table-sm data-table"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>
            </div>
        </section>
    }
    .into_any()
}
