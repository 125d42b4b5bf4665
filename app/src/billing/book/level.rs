//! 三级账户 (S2: project → door → household): the sums of the two upper levels; the third are the accounts themselves.

use super::api::account_levels;
use crate::{
    billing::figure,
    ui::{
        PageHead,
        changing::changing,
        error_view,
        list::{ListRow, use_list_query},
        loading_view, print_button,
        resource::resource,
        rows::rows_view,
    },
};
use domain::{
    billing::ledger::{LEVEL_LIST, LevelPage, LevelSum},
    list::{ListQuery, group_thousands},
};
use leptos::prelude::*;

pub(super) fn level_view() -> AnyView {
    let query = use_list_query();
    let doors = Memo::new(move |_| query.with(|query| query.filter("project").is_some()));
    let levels = resource(move || query.get(), account_levels);
    view! {
        <main class="page">
            {changing(move || if doors.get() {
                view! { <PageHead title="门牌账户" back=(LEVEL_LIST.path.to_owned(), LEVEL_LIST.noun.to_owned())>{print_button()}</PageHead> }.into_any()
            } else {
                view! { <PageHead title="三级账户" back=("/billing/ledger".to_owned(), "总账".to_owned())>{print_button()}</PageHead> }.into_any()
            })}
            <p class="page-note">"一级为项目、二级为门牌（房源）、三级为分户。只有分户账户记账，上两级为其合计。"</p>
            <Transition fallback=loading_view>
                {changing(move || {
                    let asked = query.get();
                    Suspend::new(async move {
                        match levels.await {
                            Ok(levels) => level_page(&asked, levels),
                            Err(error) => error_view(&error),
                        }
                    })
                })}
            </Transition>
        </main>
    }
    .into_any()
}

fn level_page(query: &ListQuery, LevelPage { page, sum }: LevelPage) -> AnyView {
    let rows = page.map(|row| ListRow { key: String::new(), cells: LEVEL_LIST.cells(&row) });
    view! {
        {sums(sum)}
        <section class="card-table" aria-label="列表">
            {rows_view(&LEVEL_LIST.spec(), query, &[], rows, Some("暂无账户，合同生效时自动开户"), None)}
        </section>
    }
    .into_any()
}

/// Of everything, and not only of the page.
fn sums(sum: LevelSum) -> impl IntoView {
    view! {
        <section class="panel" aria-label="合计">
            <div class="figure-row">
                {figure("分户数合计", group_thousands(sum.accounts))}
                {figure("账户余额合计(元)", sum.balance.to_string())}
                {figure("保证金合计(元)", sum.deposit.to_string())}
                {figure("未缴合计(元)", sum.outstanding.to_string())}
            </div>
        </section>
    }
}
