//! 欠费台账 (domain.md §3.8): who is behind with the rent, for how many months and since when.

use crate::{
    Api, ApiError,
    shell::may,
    ui::{
        icon,
        list::{Choosing, ListActions, ListFrame, choosing_list_page, use_list_query},
        select::Selection,
        tabs::{ListTab, list_tabs},
    },
};
use domain::{
    billing::arrears_sheet::{ARREARS_LIST, ArrearsRow},
    list::{ListQuery, Page, Position},
    platform::permission::Permission,
};
use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

/// A page of households that are behind.
#[server(endpoint = "arrears_list", protocol = Api)]
pub async fn arrears_list(query: ListQuery) -> Result<Page<ArrearsRow>, ApiError> {
    Ok(store::billing::arrears::arrears_list(&crate::context::ctx()?, &query).await?)
}

/// What is done with chosen households.
const NOTICES: Selection =
    Selection { action: "/billing/dunning/notices", name: "account", label: "打印催缴通知书" };

/// The list.
pub struct Arrears;

#[lazy_route]
impl LazyRoute for Arrears {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let frame = ListFrame {
            title: Some("欠费台账"),
            empty: Some("没有欠费的租户"),
            tabs: Some(|| {
                let level = |code, says| ListTab { filter: Some(("level", code)), sort: None, says };
                let tabs = vec![ListTab::ALL, level("L1", "欠费一个月"), level("L2", "欠费两个月及以上")];
                list_tabs(ARREARS_LIST.path, tabs)
            }),
            tools: Some(notices_tool),
        };
        let choosing = Choosing {
            side: None,
            selection: Signal::derive(|| may(Permission::DunningWrite).then_some(NOTICES)),
            key: |row: &ArrearsRow| row.account_id.to_string(),
        };
        let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
        choosing_list_page(&ARREARS_LIST, frame, choosing, actions, arrears_list)
    }
}

/// Notices of all households of the list that owe two months or more, as it is filtered.
fn notices_tool() -> AnyView {
    let query = use_list_query();
    let link = move || {
        let href = query.with(|query| format!("{}{}", NOTICES.action, query.at(Position::Page(1)).to_search()));
        view! { <a class="btn btn-outline btn-sm" href=href>{icon("print")}"按筛选打印通知书"</a> }
    };
    (move || may(Permission::DunningWrite).then(link)).into_any()
}
