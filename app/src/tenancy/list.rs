//! The lists of assignments (已选房待签约, S0-3) and of contracts (S1-5.5), the latter also as what waits for approval
//! (S1-5.6), of which many can be chosen.

use super::api::{assignment_list, contract_list};
use crate::{
    shell::may,
    ui::{
        list::{Choosing, ListActions, ListFrame, choosing_list_page, framed_list_page, use_list_query},
        select::Selection,
        tabs::{ListTab, list_tabs},
    },
};
use domain::{
    import::SheetKey,
    platform::permission::Permission,
    tenancy::{
        assignment::ASSIGNMENT_LIST,
        contract::{CONTRACT_LIST, ContractRow},
        contract_batch::contract_key,
    },
};
use leptos::prelude::*;

/// What is done with chosen contracts.
const APPROVE: Selection = Selection { action: "/tenancy/contracts/approve", name: "contract", label: "批量审批" };

pub(super) fn assignments_view() -> AnyView {
    let frame = ListFrame {
        title: Some("直接分配"),
        empty: Some("暂无直接分配，可通过“直接分配”办理"),
        tabs: Some(|| {
            let checks = may(Permission::AssignmentCheck).then_some(ListTab {
                filter: Some(("turn", "MINE")),
                sort: None,
                says: "待我复核",
            });
            let unsigned =
                ListTab { filter: Some(("signing", "OPEN")), sort: Some("checked_at"), says: "已选房待签约" };
            list_tabs(ASSIGNMENT_LIST.path, [ListTab::ALL].into_iter().chain(checks).chain([unsigned]).collect())
        }),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::AssignmentWrite).then_some(("/tenancy/assignments/new", "直接分配")),
        import: None,
        export: may(Permission::AssignmentRead),
    });
    framed_list_page(&ASSIGNMENT_LIST, frame, actions, assignment_list)
}

pub(super) fn contracts_view() -> AnyView {
    let frame = ListFrame {
        empty: Some("暂无合同，请在“直接分配”的已选房待签约中签订，或导入“合同信息”"),
        tabs: Some(|| {
            let turn = may(Permission::ContractCheck).then_some(ListTab {
                filter: Some(("turn", "MINE")),
                sort: Some("submitted_at"),
                says: "待我审批",
            });
            let ending = ListTab { filter: Some(("ending", "SOON")), sort: Some("end_on"), says: "即将到期" };
            list_tabs(CONTRACT_LIST.path, [ListTab::ALL].into_iter().chain(turn).chain([ending]).collect())
        }),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions {
        add: None,
        import: may(Permission::ContractWrite).then(|| SheetKey::Contract.code()),
        export: may(Permission::ContractExport),
    });
    let query = use_list_query();
    let choosing = Choosing {
        side: None,
        // Only what waits for him is there to be chosen.
        selection: Signal::derive(move || {
            let turn = query.with(|query| query.filter("turn").is_some());
            (turn && may(Permission::ContractCheck)).then_some(APPROVE)
        }),
        key: |row: &ContractRow| contract_key(row.id, row.version),
    };
    choosing_list_page(&CONTRACT_LIST, frame, choosing, actions, contract_list)
}
