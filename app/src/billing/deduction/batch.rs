//! 代扣批次: the list, and a batch with its steps, files and items, and what may be done with it.

use super::{
    api::{
        deduction_check, deduction_close, deduction_discard, deduction_get, deduction_item_list, deduction_list,
        deduction_send,
    },
    tabs,
};
use crate::{
    billing::{figure, table_panel},
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        list::{ListActions, ListFrame, framed_list_page},
        loading_view,
        resource::resource,
        table::{cell_view, kind_class, time_text},
    },
};
use domain::{
    billing::{
        deduction::{BankFileRow, DEDUCTION_ITEM_LIST, DEDUCTION_LIST, DIFFERENCE_LIST, Deduction, DeductionItemRow},
        deduction_status::DeductionEvent,
    },
    dictionary::DeductionStatus,
    id::DeductionBatchId,
    list::ListQuery,
    platform::permission::Permission,
    sheet::{Cell, Kind},
};
use leptos::prelude::*;

/// Items that a batch shows on its own page; behind them is their list.
const SHOWN: u16 = 50;
/// Columns of the list of items that say the same of every item of one batch.
const OF_THE_BATCH: [&str; 4] = ["batch_no", "year", "month", "created_at"];

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("银行代扣"),
        empty: Some("暂无代扣批次"),
        tabs: Some(|| tabs(DEDUCTION_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions {
        add: may(Permission::DeductionWrite).then_some(("/billing/deductions/new", "制作批次")),
        export: may(Permission::BillExport),
        ..ListActions::default()
    });
    framed_list_page(&DEDUCTION_LIST, frame, actions, deduction_list)
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let batch = resource(move || id.get(), |id| deduction_get(DeductionBatchId(id)));
    let items = resource(
        move || id.get(),
        |id| {
            let mut query = ListQuery { size: SHOWN, ..ListQuery::default() };
            query.filter.insert("batch".to_owned(), id.to_string());
            deduction_item_list(query)
        },
    );
    let again = Callback::new(move |()| {
        batch.refetch();
        items.refetch();
    });
    view! {
        <main class="page">
            {awaited(batch, move |batch| page(&batch, again).into_any())}
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match items.await {
                        Ok(items) => items_view(&items.rows),
                        // What is wrong stands above already.
                        Err(_) => ().into_any(),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

fn page(batch: &Deduction, again: Callback<()>) -> impl IntoView + use<> {
    let row = &batch.row;
    let items = format!("{}?batch={}", DEDUCTION_ITEM_LIST.path, row.id);
    let mut fields = DEDUCTION_LIST.fields(row);
    fields.extend([
        ("复核人", text_cell(batch.checker.as_ref())),
        ("复核意见", text_cell(batch.opinion.as_ref())),
        ("发送人", text_cell(batch.sender.as_ref())),
    ]);
    view! {
        <PageHead title=format!("代扣批次 {}", row.batch_no) back=(DEDUCTION_LIST.path.to_owned(), DEDUCTION_LIST.noun.to_owned())>
            <a class="btn btn-outline btn-sm" href=items>"全部明细"</a>
        </PageHead>
        {notices(batch)}
        {deeds(batch, again)}
        <section class="panel" aria-label="金额">
            <div class="figure-row">
                {figure("笔数", row.items.to_string())}
                {figure("应扣金额(元)", row.amount.to_string())}
                {figure("实扣金额(元)", row.deducted.to_string())}
                {figure("成功", row.success.to_string())}
                {figure("部分成功", row.partial.to_string())}
                {figure("失败", row.failed.to_string())}
            </div>
        </section>
        {field_group("批次信息", fields)}
        {steps(&batch.steps)}
        {files(&batch.files)}
    }
}

/// What whoever looks at it should know first.
fn notices(batch: &Deduction) -> AnyView {
    let mut said: Vec<AnyView> = Vec::new();
    if !batch.row.built && batch.row.status == DeductionStatus::Created {
        said.push(
            view! { <p class="page-note" role="status">"批次尚在生成，完成后可复核；请稍候刷新。"</p> }.into_any(),
        );
    }
    if batch.row.automatic && matches!(batch.row.status, DeductionStatus::Created | DeductionStatus::Checked) {
        said.push(
            view! { <p class="page-note" role="status">"系统在代扣日自动制作，须一人复核、另一人发送。"</p> }
                .into_any(),
        );
    }
    if batch.row.status == DeductionStatus::Exported {
        said.push(view! { <p class="page-note" role="status">"等待银行接口发送。"</p> }.into_any());
    }
    if let Some(message) = batch.message.clone() {
        said.push(view! { <p class="page-note" role="status">{message}</p> }.into_any());
    }
    if batch.open_differences > 0 {
        let href = format!("{}?batch={}&status=OPEN", DIFFERENCE_LIST.path, batch.row.id);
        let text = format!("{}条差异待处理", batch.open_differences);
        said.push(view! { <p class="page-note"><a class="link link-primary" href=href>{text}</a></p> }.into_any());
    }
    said.into_any()
}

/// What the reader may do about it now.
fn deeds(batch: &Deduction, again: Callback<()>) -> AnyView {
    let (id, version) = (batch.row.id, batch.version);
    let done = move |()| again.run(());
    let buttons: Vec<AnyView> = batch
        .events
        .iter()
        .map(|event| match event {
            DeductionEvent::Check => deed(
                Deed {
                    label: "复核通过",
                    class: "btn btn-primary btn-sm",
                    question: "复核后可发送银行。确定金额和笔数无误吗？",
                    word: Some(("opinion", "复核意见")),
                },
                move |opinion| deduction_check(id, version, opinion),
                done,
            ),
            DeductionEvent::Export => deed(
                Deed {
                    label: "发送银行",
                    class: "btn btn-primary btn-sm",
                    question: "发送后批次内容不能再改，账单须待银行回盘。确定发送吗？",
                    word: None,
                },
                move |_| deduction_send(id, version),
                done,
            ),
            DeductionEvent::Discard => deed(
                Deed {
                    label: "撤销批次",
                    class: "btn btn-outline btn-error btn-sm",
                    question: "撤销后全部账单可在柜台缴费。请填写原因。",
                    word: Some(("opinion", "撤销原因")),
                },
                move |reason| deduction_discard(id, version, reason),
                done,
            ),
            _ => deed(
                Deed {
                    label: "关闭批次",
                    class: "btn btn-outline btn-sm",
                    question: "关闭后批次只供查阅。确定关闭吗？",
                    word: None,
                },
                move |_| deduction_close(id, version),
                done,
            ),
        })
        .collect();
    if buttons.is_empty() { ().into_any() } else { view! { <div class="deed-row">{buttons}</div> }.into_any() }
}

fn steps(steps: &[(DeductionStatus, chrono::DateTime<chrono::Utc>)]) -> AnyView {
    let rows = steps.iter().map(|(status, at)| {
        view! { <tr><td>{cell_view(Cell::status(*status))}</td><td>{time_text(*at)}</td></tr> }.into_any()
    });
    let head = view! { <th scope="col">"步骤"</th><th scope="col">"时间"</th> };
    table_panel("办理过程", head.into_any(), rows.collect(), "暂无记录")
}

fn files(files: &[BankFileRow]) -> AnyView {
    let rows = files.iter().map(|file| {
        view! {
            <tr>
                <td>{cell_view(Cell::coded(file.kind))}</td>
                <td>{cell_view(Cell::coded(file.state))}</td>
                <td class="cell-number">{file.lines}</td>
                <td>{time_text(file.made_at)}</td>
                <td>{file.message.clone().unwrap_or_default()}</td>
                <td class="break-all">{file.digest.as_deref().map(|digest| digest.chars().take(16).collect::<String>())}</td>
            </tr>
        }
        .into_any()
    });
    let head = view! {
        <th scope="col">"文件"</th><th scope="col">"状态"</th><th scope="col">"笔数"</th><th scope="col">"时间"</th>
        <th scope="col">"说明"</th><th scope="col">"SHA-256(前16位)"</th>
    };
    table_panel("银行文件", head.into_any(), rows.collect(), "尚未与银行交换文件")
}

/// The first items, with the columns in which they differ.
fn items_view(items: &[DeductionItemRow]) -> AnyView {
    let columns = || DEDUCTION_ITEM_LIST.columns.iter().filter(|column| !OF_THE_BATCH.contains(&column.key));
    let class = |kind: Kind| kind_class(kind);
    let head =
        columns().map(|column| view! { <th scope="col" class=class(column.kind)>{column.header}</th> }).collect_view();
    let rows = items.iter().map(|item| {
        let cells = columns()
            .map(|column| view! { <td class=class(column.kind)>{cell_view((column.cell)(item))}</td> })
            .collect_view();
        view! { <tr>{cells}</tr> }.into_any()
    });
    table_panel("代扣明细", head.into_any(), rows.collect(), "没有需要向银行代扣的账单")
}
