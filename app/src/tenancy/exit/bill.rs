//! 退租账单 on the page of an exit (S1-7.4): its lines and how they are settled, and the settlement sheet for paper with the
//! amount in words.

use crate::{
    shell::{may, use_frame},
    tenancy::template::print_deed,
    ui::{
        changing::changing,
        detail::{field_group, text_cell},
        empty_view,
        label::told,
    },
};
use chrono::NaiveDate;
use domain::{
    dictionary::ExitBillStatus,
    platform::{permission::Permission, print::PaperKind},
    sheet::{Cell, cell_or_empty},
    tenancy::{
        exit::Exit,
        exit_bill::{ExitBill, ExitBillLine, Settlement, settle},
        exit_paper::NOT_ENTERED,
    },
    value::Money,
};
use leptos::prelude::*;

/// A figure with its name above.
pub(super) fn figure(label: &'static str, value: impl Into<String>) -> impl IntoView {
    view! { <div class="figure-item"><span class="figure-label">{label}</span><span class="figure-value">{value.into()}</span></div> }
}

pub(super) fn period(from: Option<NaiveDate>, to: Option<NaiveDate>) -> String {
    match from.zip(to) {
        Some((from, to)) if from == to => from.to_string(),
        Some((from, to)) => format!("{from} 至 {to}"),
        None => String::new(),
    }
}

/// What is settled out of the account, and what remains.
pub(super) fn settlement_view(done: Settlement) -> AnyView {
    view! {
        <section class="panel" aria-label="结算">
            <div class="figure-row">
                {figure("费用合计(元)", done.charges.to_string())}
                {figure("余额抵扣(元)", done.by_balance.to_string())}
                {figure("押金抵扣(元)", done.by_deposit.to_string())}
                {figure("应补(元)", done.to_pay.to_string())}
                {figure("应退(元)", done.to_return.to_string())}
            </div>
        </section>
    }
    .into_any()
}

/// The lines of a bill or of a proposal.
pub(super) fn lines_view(lines: &[ExitBillLine]) -> AnyView {
    if lines.is_empty() {
        return view! { <section class="panel"><h2>"费用明细"</h2>{empty_view("没有未缴、冲销或赔偿的费用")}</section> }
            .into_any();
    }
    let rows = lines.iter().map(line_view).collect_view();
    view! {
        <section class="panel">
            <h2>"费用明细"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="费用明细">
                <table class="table table-sm data-table">
                    <thead><tr>
                        <th scope="col">"费用"</th><th scope="col">"费项"</th><th scope="col">"账期"</th><th scope="col">"说明"</th>
                        <th scope="col" class="figures">"金额(元)"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn line_view(line: &ExitBillLine) -> impl IntoView + use<> {
    let note = line.note.clone();
    let note = match line.bill {
        Some(bill) => {
            view! { <a class="link link-primary link-hover" href=format!("/billing/bills/{bill}")>{note}</a> }
                .into_any()
        }
        None => note.into_any(),
    };
    view! {
        <tr>
            <td>{told(line.kind)}</td>
            <td>{told(line.fee_item)}</td>
            <td class="tabular-nums">{period(line.from, line.to)}</td>
            <td>{note}</td>
            <td class="figures">{line.amount.to_string()}</td>
        </tr>
    }
}

pub(super) fn bill_view(exit: &Exit) -> AnyView {
    let Some(bill) = exit.bill.as_ref() else {
        return view! { <section class="panel"><h2>"退租账单"</h2>{empty_view("验房登记后，由财务制作退租账单")}</section> }
            .into_any();
    };
    view! {
        {settlement_view(settle(&bill.lines, bill.balance, bill.deposit))}
        {field_group("退租账单", vec![
            ("状态", Cell::status(bill.status)),
            ("费用结算日", Cell::Date(bill.settle_on)),
            ("结算前余额(元)", Cell::Money(bill.balance)),
            ("结算前押金(元)", Cell::Money(bill.deposit)),
            ("制单人", text_cell(bill.maker.as_ref())),
            ("制单时间", Cell::Time(bill.made_at)),
            ("复核人", text_cell(bill.checker.as_ref())),
            ("复核时间", cell_or_empty(bill.checked_at, Cell::Time)),
            ("复核意见", text_cell(bill.opinion.as_ref())),
        ])}
        {lines_view(&bill.lines)}
    }
    .into_any()
}

/// 退租结算单 on paper.
pub(super) fn sheet_view(exit: &Exit, again: Callback<()>) -> AnyView {
    // What is signed is what is entered.
    let Some(bill) = exit.bill.as_ref().filter(|bill| bill.status == ExitBillStatus::Approved) else {
        return empty_view(NOT_ENTERED);
    };
    let city = use_frame().with_untracked(|frame| frame.settings.city_name.clone());
    let done = settle(&bill.lines, bill.balance, bill.deposit);
    let (label, amount) =
        if done.to_pay > Money::ZERO { ("应补金额", done.to_pay) } else { ("应退金额", done.to_return) };
    let row = &exit.row;
    let field =
        |label: &'static str, text: String| view! { <div class="paper-box"><dt>{label}</dt><dd>{text}</dd></div> };
    let id = row.id.0;
    let pdf = move || {
        let says = ("生成PDF", "生成退租结算单文件；再次生成的标注“补打第n次”。");
        may(Permission::BillRead).then(|| print_deed(PaperKind::ExitBill, id, says, again))
    };
    view! {
        <div class="deed-row">{changing(pdf)}</div>
        <article class="paper" aria-label="退租结算单">
            <h2>"退租结算单"</h2>
            <p class="paper-head"><span>{city}</span><span>{format!("编号：{}", row.exit_no)}</span></p>
            <dl class="paper-grid">
                {field("承租人", row.lessee.clone())}
                {field("合同编号", row.contract_no.clone().unwrap_or_default())}
                {field("房屋地址", format!("{} {}", row.estate, row.address))}
                {field("退租类型", told(row.kind))}
                {field("退租日期", row.exit_on.to_string())}
                {field("费用结算日", bill.settle_on.to_string())}
            </dl>
            {paper_lines(bill, done)}
            <p class="paper-head"><b>{format!("{label}（大写）：人民币{}", amount.capital())}</b><b>{format!("¥{amount}")}</b></p>
            <p class="paper-foot"><span>"制单："{bill.maker.clone()}</span><span>"复核："{bill.checker.clone()}</span><span>"承租人签字："</span><span>"日期："</span></p>
        </article>
    }
    .into_any()
}

fn paper_lines(bill: &ExitBill, done: Settlement) -> AnyView {
    let rows = bill
        .lines
        .iter()
        .map(|line| {
            view! {
                <tr><td>{told(line.kind)}</td><td>{told(line.fee_item)}</td><td>{period(line.from, line.to)}</td><td>{line.note.clone()}</td><td class="figures">{line.amount.to_string()}</td></tr>
            }
        })
        .collect_view();
    let sum = |label: &'static str, amount: Money| {
        view! { <tr><td colspan="4">{label}</td><td class="figures">{amount.to_string()}</td></tr> }
    };
    view! {
        <table class="paper-table">
            <caption>"费用明细（元）"</caption>
            <thead><tr><th scope="col">"费用"</th><th scope="col">"费项"</th><th scope="col">"账期"</th><th scope="col">"说明"</th><th scope="col">"金额"</th></tr></thead>
            <tbody>
                {rows}
                {sum("费用合计", done.charges)}
                {sum("账户余额抵扣", done.by_balance)}
                {sum("押金抵扣", done.by_deposit)}
            </tbody>
        </table>
    }
    .into_any()
}
