//! The three lists: meters, periods, readings.

use super::api::{meter_list, meter_period_list, meter_reading_list};
use crate::{
    shell::may,
    ui::list::{ListActions, ListFrame, framed_list_page},
};
use domain::{
    billing::meter_sheet::{METER_LIST, PERIOD_LIST, READING_LIST},
    import::SheetKey,
    platform::permission::Permission,
};
use leptos::prelude::*;

pub(super) fn meters_view() -> AnyView {
    let frame = ListFrame {
        title: Some("表具"),
        empty: Some("暂无表具，可新增或自动创建"),
        tools: Some(auto_tool),
        tabs: Some(|| tabs(METER_LIST.path)),
    };
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::MeterWrite).then_some(("/billing/meters/new", "新增表具")),
        export: may(Permission::MeterRead),
        ..ListActions::default()
    });
    framed_list_page(&METER_LIST, frame, actions, meter_list)
}

fn auto_tool() -> AnyView {
    (move || {
        may(Permission::MeterWrite)
            .then(|| view! { <a class="btn btn-outline btn-sm" href="/billing/meters/auto">"自动创建"</a> })
    })
    .into_any()
}

pub(super) fn periods_view() -> AnyView {
    let frame = ListFrame {
        title: Some("抄表"),
        empty: Some("暂无抄表期间"),
        tabs: Some(|| tabs(PERIOD_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::MeterWrite).then_some(("/billing/meters/periods/new", "新建抄表期间")),
        import: may(Permission::MeterWrite).then(|| SheetKey::MeterReading.code()),
        export: may(Permission::MeterRead),
    });
    framed_list_page(&PERIOD_LIST, frame, actions, meter_period_list)
}

pub(super) fn readings_view() -> AnyView {
    let frame = ListFrame {
        title: Some("抄表记录"),
        empty: Some("暂无抄表记录"),
        tabs: Some(|| tabs(READING_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::MeterRead), ..ListActions::default() });
    framed_list_page(&READING_LIST, frame, actions, meter_reading_list)
}

fn tabs(here: &'static str) -> AnyView {
    let tab = |href: &'static str, label: &'static str| {
        let current = (href == here).then_some("page");
        view! { <a class="btn btn-sm btn-ghost" class:btn-active=current.is_some() href=href aria-current=current>{label}</a> }
    };
    view! {
        <nav class="deed-row" aria-label="表具与抄表">
            {tab(METER_LIST.path, "表具")}
            {tab(PERIOD_LIST.path, "抄表期间")}
            {tab(READING_LIST.path, "抄表记录")}
        </nav>
    }
    .into_any()
}
