//! The overview: what stands still, in both themes side by side, and what opens.

use super::fields::fields_view;
use crate::{
    ApiError,
    ui::{
        PageHead, dialog::Ask, empty_view, error_view, icon, label::told, loading_view, status_tile, table::cell_view,
        toast,
    },
};
use chrono::DateTime;
use domain::{
    dictionary::UnitStatus,
    failure::{Failure, FieldErrors},
    sheet::Cell,
    value::Money,
};
use leptos::prelude::*;

pub fn overview() -> AnyView {
    let open = RwSignal::new(false);
    let pages = [
        ("/ui/list", "列表"),
        ("/ui/list?theme=wall", "列表（大屏）"),
        ("/ui/list-empty", "空列表"),
        ("/ui/list-error", "列表故障"),
        ("/ui/form", "表单"),
        ("/ui/form?theme=wall", "表单（大屏）"),
        ("/ui/record", "详情"),
        ("/ui/record?theme=wall", "详情（大屏）"),
        ("/imports?new=building", "导入"),
    ];
    let links =
        pages.map(|(href, label)| view! { <a class="btn btn-outline btn-sm" href=href>{label}</a> }).collect_view();
    view! {
        <main class="page">
            <PageHead title="界面总览">
                <button type="button" class="btn btn-outline btn-sm" on:click=move |_| open.set(true)>"对话框"</button>
                <button type="button" class="btn btn-outline btn-sm" on:click=|_| toast::tell("已保存")>"通知"</button>
                <button type="button" class="btn btn-outline btn-sm" on:click=|_| toast::tell_failure("未能导出，请稍后重试")>"失败通知"</button>
            </PageHead>
            <nav class="deed-row" aria-label="整页">{links}</nav>
            <Ask open=open title=Signal::stored("确定删除吗？".to_owned())>
                <p class="py-4">"删除后不再显示，操作日志中保留记录。"</p>
                <div class="form-buttons">
                    <button type="button" class="btn btn-primary" on:click=move |_| open.set(false)>"确定"</button>
                    <button type="button" class="btn btn-ghost" on:click=move |_| open.set(false)>"取消"</button>
                </div>
            </Ask>
            {pair("输入", fields_view)}
            {pair("按钮", |_| buttons())}
            {pair("提示", |_| notices())}
            {pair("空、加载", |_| view! { <div class="panel">{empty_view("没有符合条件的记录，请调整查询条件")}{loading_view()}</div> }.into_any())}
            {pair("状态", |_| statuses())}
            {pair("单元格", |wall| cells(if wall { "单元格（大屏）" } else { "单元格" }))}
        </main>
    }
    .into_any()
}

/// The same on a desk and on a wall.
fn pair(title: &'static str, look: fn(bool) -> AnyView) -> impl IntoView {
    view! {
        <section class="flex flex-col gap-2">
            <h2 class="font-semibold">{title}</h2>
            <div class="gallery-pair">
                <div data-theme="desk">{look(false)}</div>
                <div data-theme="wall">{look(true)}</div>
            </div>
        </section>
    }
}

fn buttons() -> AnyView {
    let looks = ["btn btn-primary", "btn btn-outline", "btn btn-ghost", "btn btn-error", "btn btn-soft"];
    let buttons = looks
        .map(|class| {
            view! {
                <button type="button" class=class>{icon("edit")}"保存"</button>
                <button type="button" class=class disabled>"停用"</button>
                <button type="button" class=format!("{class} btn-sm")>"小"</button>
            }
        })
        .collect_view();
    view! { <div class="panel deed-row">{buttons}<button type="button" class="btn" aria-label="关闭">{icon("close")}</button></div> }.into_any()
}

fn notices() -> AnyView {
    let failures = [
        Failure::NotSignedIn,
        Failure::Forbidden,
        Failure::NotFound,
        Failure::Conflict,
        Failure::Invalid(FieldErrors::default()),
        Failure::refused("楼栋下存在房源，不能删除"),
        Failure::Internal("YL-0001".into()),
    ];
    let failures = failures.map(|failure| error_view(&ApiError(failure))).collect_view();
    view! {
        <div class="panel">
            {failures}
            <p class="alert alert-warning alert-soft m-4">"计划套数（4）少于建成套数（8），请核实"</p>
            <p class="alert alert-info alert-soft m-4">"系统已更新，请刷新页面"</p>
            <p class="alert alert-success alert-soft m-4">"已处理9套"</p>
        </div>
    }
    .into_any()
}

fn statuses() -> AnyView {
    let tiles = UnitStatus::choices()
        .into_iter()
        .filter_map(|item| Some((UnitStatus::from_code(item.code)?, told(item))))
        .map(|(status, label)| view! { <li class="legend-item">{status_tile(status)}{label}</li> })
        .collect_view();
    let others = [("ON", "启用"), ("OFF", "停用"), ("PENDING", "待审核"), ("UNKNOWN", "其他")];
    let others = others
        .map(|(code, label)| view! { <li class="legend-item">{cell_view(Cell::badge(code, label))}</li> })
        .collect_view();
    view! { <div class="panel"><ul class="legend">{tiles}{others}</ul></div> }.into_any()
}

fn cells(label: &'static str) -> AnyView {
    let cells = [
        ("空", Cell::Empty),
        ("文本", Cell::text("样例")),
        ("长文本", Cell::text("名称特别长，长到任何一列都放不下，用来看表格、手机和打印时怎样换行")),
        ("数", Cell::Number(1_056_940)),
        ("金额", Cell::Money(Money::from_fen(123_456_789))),
        ("负金额", Cell::Money(Money::from_fen(-1))),
        ("时间", Cell::Time(DateTime::UNIX_EPOCH)),
        ("状态", Cell::badge("VACANT", "闲置")),
        ("链接", Cell::link("样例小区", "/ui/record")),
    ];
    let rows = cells
        .into_iter()
        .map(|(name, cell)| {
            let figures = matches!(cell, Cell::Number(_) | Cell::Money(_));
            view! { <tr><th scope="row">{name}</th><td class:figures=figures>{cell_view(cell)}</td></tr> }
        })
        .collect_view();
    view! {
        <div class="card-table"><div class="table-scroll" tabindex="0" role="region" aria-label=label>
            <table class="table table-sm data-table">
                <thead><tr><th scope="col">"种类"</th><th scope="col">"样子"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div></div>
    }
    .into_any()
}
