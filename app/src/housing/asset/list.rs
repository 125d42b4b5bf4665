//! The lists of master cards, sub cards, requests and count sheets.

use super::api::{asset_change_list, asset_count_list, asset_master_list, asset_sub_list};
use crate::{
    housing::list_actions,
    shell::may,
    ui::list::{ListActions, ListFrame, framed_list_page, list_page},
};
use domain::{
    housing::{
        asset_change::ASSET_CHANGE_LIST,
        asset_count::ASSET_COUNT_LIST,
        asset_sheet::{ASSET_MASTER_LIST, ASSET_SUB_LIST},
    },
    platform::permission::Permission,
};
use leptos::prelude::*;

/// What everybody may do on a list of cards, and what adds a row.
fn actions(add: Option<(&'static str, &'static str)>) -> Signal<ListActions> {
    list_actions(move || ListActions {
        add: add.filter(|_| may(Permission::AssetWrite)),
        import: None,
        export: may(Permission::AssetExport),
    })
}

pub(super) fn masters_view() -> AnyView {
    let frame = ListFrame { empty: Some("暂无资产主卡片，请先新增主卡片"), ..ListFrame::default() };
    framed_list_page(&ASSET_MASTER_LIST, frame, actions(Some(("/assets/masters/new", "新增主卡片"))), asset_master_list)
}

pub(super) fn subs_view() -> AnyView {
    let empty = Some("暂无资产子卡片，请在主卡片页面新增子卡片");
    let frame = ListFrame { empty, ..ListFrame::default() };
    framed_list_page(&ASSET_SUB_LIST, frame, actions(None), asset_sub_list)
}

pub(super) fn changes_view() -> AnyView {
    let frame = ListFrame { title: Some("资产审批"), empty: Some("暂无审批事项"), ..ListFrame::default() };
    framed_list_page(&ASSET_CHANGE_LIST, frame, actions(None), asset_change_list)
}

pub(super) fn counts_view() -> AnyView {
    list_page(&ASSET_COUNT_LIST, actions(Some(("/assets/counts/new", "新增盘点单"))), asset_count_list)
}
