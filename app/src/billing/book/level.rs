//! 三级账户 (S2: project → door → household): the sums of the two upper levels; the third are the accounts themselves.

use super::api::account_levels;
use crate::{
    billing::table_panel,
    ui::{PageHead, error_view, loading_view, print_button, resource::resource},
};
use domain::billing::{ledger::LevelRow, payment::ACCOUNT_LIST};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

pub(super) fn level_view() -> AnyView {
    let query = use_query_map();
    let project = Memo::new(move |_| query.with(|query| query.get("project")?.parse::<i64>().ok()));
    let levels = resource(move || project.get(), account_levels);
    view! {
        <main class="page">
            {move || if project.get().is_some() {
                view! { <PageHead title="门牌账户" back=("/billing/levels".to_owned(), "三级账户".to_owned())>{print_button()}</PageHead> }.into_any()
            } else {
                view! { <PageHead title="三级账户" back=("/billing/ledger".to_owned(), "总账".to_owned())>{print_button()}</PageHead> }.into_any()
            }}
            <p class="page-note">"一级为项目、二级为门牌（房源）、三级为分户。只有分户账户记账，上两级为其合计。"</p>
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match levels.await {
                        Ok(levels) => table(&levels, project.get_untracked().is_some()),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
        </main>
    }
    .into_any()
}

fn table(levels: &[LevelRow], doors: bool) -> AnyView {
    let rows = levels
        .iter()
        .map(|level| {
            let href = if doors {
                format!("{}?unit={}", ACCOUNT_LIST.path, level.id)
            } else {
                format!("/billing/levels?project={}", level.id)
            };
            view! {
                <tr>
                    <th scope="row"><a class="link link-primary link-hover" href=href>{level.name.clone()}</a></th>
                    <td class="figures">{level.accounts.to_string()}</td>
                    <td class="figures">{level.balance.to_string()}</td>
                    <td class="figures">{level.deposit.to_string()}</td>
                    <td class="figures">{level.outstanding.to_string()}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let head = view! {
        <th scope="col">{if doors { "门牌" } else { "项目" }}</th><th scope="col" class="figures">"分户数"</th>
        <th scope="col" class="figures">"账户余额(元)"</th><th scope="col" class="figures">"保证金(元)"</th>
        <th scope="col" class="figures">"未缴(元)"</th>
    };
    table_panel(if doors { "门牌" } else { "项目" }, head.into_any(), rows, "暂无账户，合同生效时自动开户")
}
