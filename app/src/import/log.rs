//! The import log (S1-3.2).

use super::api::import_list;
use crate::{
    shell::may,
    ui::{
        icon,
        list::{ListActions, ListFrame, framed_list_page},
    },
};
use domain::{
    import::{ImportJob, ImportStatus, SheetKey},
    sheet::{Cell, Choices, Filter, Kind, ListColumn, ListSheet, cell_or_empty},
};
use leptos::prelude::*;

#[rustfmt::skip] // a table: one line per column
const IMPORT_LIST: ListSheet<ImportJob> = ListSheet {
    key: "import",
    noun: "导入日志",
    path: "/imports",
    search_hint: "文件名",
    columns: &[
        ListColumn { key: "sheet", header: "导入类型", kind: Kind::Text, sortable: false, essential: true, cell: |job| Cell::link(job.sheet.title(), format!("/imports/{}", job.id)) },
        ListColumn { key: "file_name", header: "文件", kind: Kind::Text, sortable: false, essential: true, cell: |job| Cell::text(&job.file_name) },
        ListColumn { key: "actor", header: "操作人", kind: Kind::Text, sortable: false, essential: false, cell: |job| Cell::text(&job.actor) },
        ListColumn { key: "total", header: "总行数", kind: Kind::Number, sortable: false, essential: false, cell: |job| cell_or_empty(job.total, |total| Cell::Number(total.into())) },
        ListColumn { key: "succeeded", header: "成功", kind: Kind::Number, sortable: false, essential: true, cell: |job| Cell::Number(job.succeeded.into()) },
        ListColumn { key: "failed", header: "失败", kind: Kind::Number, sortable: false, essential: true, cell: |job| Cell::Number(job.failed.into()) },
        ListColumn { key: "status", header: "状态", kind: Kind::Badge, sortable: false, essential: true, cell: |job| Cell::text(job.status.label()) },
        ListColumn { key: "created_at", header: "时间", kind: Kind::Time, sortable: false, essential: false, cell: |job| Cell::Time(job.created_at) },
    ],
    filters: &[
        Filter { key: "sheet", label: "导入类型", choices: Choices::Fixed(sheet_choices) },
        Filter { key: "status", label: "状态", choices: Choices::Fixed(status_choices) },
        Filter { key: "operator", label: "操作人", choices: Choices::Text("账号或姓名") },
        Filter { key: "since", label: "起始日期", choices: Choices::Day },
        Filter { key: "until", label: "截止日期", choices: Choices::Day },
    ],
    default_sort: ("created_at", true),
    jumps: false,
};

fn sheet_choices() -> Vec<(&'static str, &'static str)> {
    SheetKey::ALL.iter().map(|sheet| (sheet.code(), sheet.title())).collect()
}

fn status_choices() -> Vec<(&'static str, &'static str)> {
    ImportStatus::ALL.iter().map(|status| (status.code(), status.label())).collect()
}

pub fn log_view() -> AnyView {
    let frame = ListFrame {
        title: Some("导入日志"),
        empty: Some("暂无导入记录"),
        tools: Some(import_links),
        ..ListFrame::default()
    };
    framed_list_page(&IMPORT_LIST, frame, Signal::stored(ListActions::default()), import_list)
}

/// One button per template that the person may import.
fn import_links() -> AnyView {
    SheetKey::ALL
        .into_iter()
        .filter(|sheet| sheet.in_browser() && may(sheet.permission()))
        .map(|sheet| {
            view! { <a class="btn btn-outline btn-sm" href=format!("/imports?new={}", sheet.code())>{icon("import")}{format!("导入{}", sheet.title())}</a> }
        })
        .collect_view()
        .into_any()
}
