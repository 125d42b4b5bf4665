//! 欠费台账 (domain.md §3.8): who is behind with the rent, for how many months and since when.

use crate::{
    ApiError, Terse,
    shell::may,
    ui::{
        list::{ListActions, ListFrame, framed_list_page},
        tabs::{ListTab, list_tabs},
    },
};
use domain::{
    billing::arrears_sheet::{ARREARS_LIST, ArrearsRow},
    list::{ListQuery, Page},
    platform::permission::Permission,
};
use leptos::{prelude::*, server_fn::codec::Json};
use leptos_router::{LazyRoute, lazy_route};

/// A page of households that are behind.
#[server(endpoint = "arrears_list", input = Json, output = Terse)]
pub async fn arrears_list(query: ListQuery) -> Result<Page<ArrearsRow>, ApiError> {
    Ok(store::billing::arrears::arrears_list(&crate::context::ctx()?, &query).await?)
}

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
            ..ListFrame::default()
        };
        let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
        framed_list_page(&ARREARS_LIST, frame, actions, arrears_list)
    }
}
