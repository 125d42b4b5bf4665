//! The list of units, with the tree of the stock at its side.

use super::api::unit_list;
use crate::{
    housing::{list_actions, tree::tree_view},
    shell::may,
    ui::{
        list::{Choosing, ListActions, ListFrame, choosing_list_page},
        select::Selection,
    },
};
use domain::{
    housing::{unit::UnitRow, unit_change::ChosenUnit, unit_sheet::UNIT_LIST},
    platform::permission::Permission,
};
use leptos::prelude::*;

/// What is done with chosen units.
const BATCH: Selection = Selection { action: "/housing/units/batch", name: "unit", label: "批量处理" };

pub fn list_view() -> AnyView {
    let actions = list_actions(|| ListActions {
        add: None,
        import: may(Permission::UnitWrite).then_some("building"),
        export: may(Permission::StockExport),
    });
    let choosing = Choosing {
        side: Some(tree_view),
        selection: Signal::derive(|| (may(Permission::UnitWrite) || may(Permission::UnitTransition)).then_some(BATCH)),
        key: |row: &UnitRow| ChosenUnit::key(row.id, row.version),
    };
    choosing_list_page(&UNIT_LIST, ListFrame::default(), choosing, actions, unit_list)
}
