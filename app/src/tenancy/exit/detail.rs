//! The page of an exit: what it is about, where it stands, what the reader may do now, its sheet, bill, timeline and files.

use super::{
    api::{exit_bill_decide, exit_clear, exit_debt_acknowledge, exit_decide, exit_get, exit_revoke, exit_tell_again},
    bill::{bill_view, figure, sheet_view},
};
use crate::{
    platform::attachment::attachments_panel,
    shell::may,
    tenancy::template::print_deed,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, Verdict, deed, verdict},
        detail::{FieldCell, field_group, text_cell, use_id},
        label::told,
        print_button,
        resource::resource,
        table::time_text,
        tabs::{tabs, use_tab},
    },
};
use domain::{
    dictionary::{AttachmentOwner, ExitBillStatus, ExitStatus},
    id::ExitId,
    platform::{
        permission::Permission,
        print::{PRINT_LIST, PaperKind},
    },
    sheet::{Cell, cell_or_empty},
    tenancy::{exit::Exit, exit_inspection::Inspection, exit_sheet::EXIT_LIST},
    value::Money,
};
use leptos::prelude::*;

/// The tabs, as the address names them.
const TABS: [(&str, &str); 5] =
    [("", "退租信息"), ("bill", "退租账单"), ("sheet", "结算单"), ("history", "办理记录"), ("files", "附件")];

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let tab = use_tab();
    let exit = resource(move || id.get(), |id| exit_get(ExitId(id)));
    let again = Callback::new(move |()| exit.refetch());
    view! {
        <main class="page">
            {awaited(exit, move |exit| page(exit, tab, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(exit: Exit, tab: Memo<String>, again: Callback<()>) -> impl IntoView {
    let path = format!("{}/{}", EXIT_LIST.path, exit.row.id);
    let exit = StoredValue::new(exit);
    view! {
        {exit.with_value(head)}
        {exit.with_value(notices)}
        {exit.with_value(|exit| deeds(exit, again))}
        {exit.with_value(figures)}
        {tabs("退租内容", &path, &TABS, tab)}
        {changing(move || exit.with_value(|exit| match tab.get().as_str() {
            "bill" => bill_view(exit),
            "sheet" => sheet_view(exit, again),
            "history" => history_view(exit),
            "files" => attachments_panel(AttachmentOwner::Exit, Signal::stored(exit.row.id.0)),
            _ => fields(exit),
        }))}
    }
}

fn head(exit: &Exit) -> AnyView {
    let contract = format!("/tenancy/contracts/{}", exit.row.contract_id);
    let account = format!("/billing/accounts/{}", exit.row.account_id);
    let prints = format!("{}?paper={}&object={}", PRINT_LIST.path, PaperKind::ExitBill.code(), exit.row.id);
    view! {
        <PageHead title=format!("退租 {} {}", exit.row.exit_no, exit.row.lessee) back=(EXIT_LIST.path.to_owned(), "退租管理".to_owned())>
            {print_button()}
            <a class="btn btn-outline btn-sm" href=contract>"合同"</a>
            {changing(move || may(Permission::PrintRead).then(|| view! {
                <a class="btn btn-outline btn-sm" href=prints.clone()>"打印记录"</a>
            }))}
            {changing(move || may(Permission::BillRead).then(|| view! { <a class="btn btn-outline btn-sm" href=account.clone()>"账户"</a> }))}
        </PageHead>
    }
    .into_any()
}

/// What whoever looks at it should know first.
fn notices(exit: &Exit) -> AnyView {
    let entered = exit.bill.as_ref().is_some_and(|bill| bill.status == ExitBillStatus::Approved);
    let left = exit.funds.balance + exit.funds.deposit - exit.funds.refunding;
    let said = match exit.row.status {
        ExitStatus::Applied if !exit.turns.decide && may(Permission::ContractCheck) => {
            Some("等待其他审批人审批（不能审批本人申请的退租）".to_owned())
        }
        ExitStatus::Settlement if entered && exit.funds.outstanding > Money::ZERO => {
            Some(format!("尚有{}元未缴，收款后确认结清，或由财务负责人确认欠款", exit.funds.outstanding))
        }
        ExitStatus::Settlement if entered && left > Money::ZERO => {
            Some(format!("尚有{left}元应退，请在租金账户中申请退费，审批后确认"))
        }
        ExitStatus::KeysReturned => Some(match &exit.sync_message {
            Some(message) if exit.bank_forgot => {
                format!("银行已注销合同，但尚不能完成退租：{message}，处理后点击“完成退租”")
            }
            Some(message) => format!("等待银行注销合同，银行答复：{message}"),
            None => "等待银行确认注销合同".to_owned(),
        }),
        ExitStatus::Paid | ExitStatus::RefundPending if exit.row.exit_on > exit.today => {
            Some(format!("请于退租日期{}当日或之后登记交还钥匙", exit.row.exit_on))
        }
        ExitStatus::Closed => Some("合同已解除，房屋维修整备后在房源页面完成整备，即可重新出租".to_owned()),
        _ => None,
    };
    said.map(|said| view! { <p class="page-note" role="status">{said}</p> }).into_any()
}

/// What the reader may do about it now.
fn deeds(exit: &Exit, again: Callback<()>) -> AnyView {
    let (id, version, turns) = (exit.row.id, exit.row.version, exit.turns);
    let page = format!("{}/{id}", EXIT_LIST.path);
    let made = exit.bill.is_some();
    let signed = exit.inspection.is_some();
    let refund = format!("/billing/accounts/{}/refund", exit.row.account_id);
    let take = format!("/billing/accounts/{}", exit.row.account_id);
    let done = move |()| again.run(());
    const LEAVE: Verdict = Verdict {
        agree: ("同意退租", "同意后租金结算至退租日期，之后不再生成账单。"),
        refuse: ("驳回退租", "驳回后合同继续履行。"),
        words: ("意见（选填）", "驳回原因"),
    };
    const BILL: Verdict = Verdict {
        agree: ("复核入账", "复核后冲销、补计账单并用余额和押金抵扣，不能修改。确定金额无误吗？"),
        refuse: ("退回账单", "退回后由财务重新制作。"),
        words: ("意见（选填）", "退回原因"),
    };
    let link = |href: String, label: &'static str, class: &'static str| view! { <a class=class href=href>{label}</a> };
    const MAIN: &str = "btn btn-primary btn-sm";
    const SIDE: &str = "btn btn-outline btn-sm";
    view! {
        <div class="deed-row">
            {turns.decide.then(|| verdict(LEAVE, move |agreed, opinion| exit_decide(id, version, agreed, opinion), again))}
            {turns.inspect.then(|| link(format!("{page}/inspection"), if signed { "修改验房" } else { "登记验房" }, if signed { SIDE } else { MAIN }))}
            {changing(move || (signed && (may(Permission::ExitInspect) || may(Permission::ContractPrint))).then(|| print_deed(
                PaperKind::ExitSheet,
                id.0,
                ("打印验房单", "生成退租验房单文件，供承租方和验房人签字；再次生成的标注“补打第n次”。"),
                again,
            )))}
            {turns.settle.then(|| link(format!("{page}/bill"), if made { "重新制作退租账单" } else { "制作退租账单" }, if made { SIDE } else { MAIN }))}
            {turns.check.then(|| verdict(BILL, move |agreed, opinion| exit_bill_decide(id, version, agreed, opinion), again))}
            {turns.clear.then(|| view! {
                {deed(
                    Deed { label: "确认结清", class: MAIN, question: "费用已结清，或退费已审批。确定吗？", word: None },
                    move |_| exit_clear(id, version),
                    done,
                )}
                {link(refund, "申请退费", SIDE)}
                {changing(move || may(Permission::PaymentTake).then(|| link(take.clone(), "收款", SIDE)))}
            })}
            {turns.acknowledge.then(|| deed(
                Deed { label: "确认欠款", class: SIDE, question: "承租人已书面确认欠款，退租继续办理，欠款仍在账上。", word: Some(("opinion", "欠款确认说明")) },
                move |reason| exit_debt_acknowledge(id, version, reason),
                done,
            ))}
            {turns.keys.then(|| link(format!("{page}/keys"), "登记交还钥匙", MAIN))}
            {turns.tell.then(|| deed(
                if exit.bank_forgot {
                    Deed { label: "完成退租", class: MAIN, question: "银行已注销该合同，现在完成退租。确定吗？", word: None }
                } else {
                    Deed { label: "重新通知银行", class: MAIN, question: "重新通知银行注销该合同。确定吗？", word: None }
                },
                move |_| exit_tell_again(id, version),
                done,
            ))}
            {turns.revoke.then(|| deed(
                Deed { label: "撤销退租", class: "btn btn-outline btn-error btn-sm", question: "撤销后合同继续履行，期间未生成的账单立即补生成。", word: Some(("opinion", "撤销原因")) },
                move |reason| exit_revoke(id, version, reason),
                done,
            ))}
        </div>
    }
    .into_any()
}

fn figures(exit: &Exit) -> AnyView {
    view! {
        <section class="panel" aria-label="概况">
            <div class="figure-row">
                {figure("退租状态", told(exit.row.status))}
                {figure("合同状态", told(exit.contract_status))}
                {figure("退租日期", exit.row.exit_on.to_string())}
                {figure("账户余额(元)", exit.funds.balance.to_string())}
                {figure("押金(元)", exit.funds.deposit.to_string())}
                {figure("未缴金额(元)", exit.funds.outstanding.to_string())}
            </div>
        </section>
    }
    .into_any()
}

fn fields(exit: &Exit) -> AnyView {
    let row = &exit.row;
    let mut request: Vec<FieldCell> = EXIT_LIST.fields(row);
    request.extend([
        ("退租原因", Cell::text(&exit.reason)),
        ("备注", text_cell(exit.remark.as_ref())),
        ("审批人", text_cell(exit.checker.as_ref())),
        ("审批时间", cell_or_empty(exit.checked_at, Cell::Time)),
        ("审批意见", text_cell(exit.opinion.as_ref())),
        ("撤销或驳回原因", text_cell(exit.revoked_reason.as_ref())),
    ]);
    let debt = exit.debt.as_ref();
    let keys = exit.keys.as_ref();
    view! {
        {field_group("退租申请", request)}
        {exit.inspection.as_ref().map(inspection_view)}
        {field_group("结清与交还", vec![
            ("欠款确认(元)", cell_or_empty(debt, |(amount, ..)| Cell::Money(*amount))),
            ("欠款说明", cell_or_empty(debt, |(_, reason, _)| Cell::text(reason))),
            ("确认人", cell_or_empty(debt.and_then(|(.., by)| by.as_deref()), Cell::text)),
            ("交还日期", cell_or_empty(keys, |keys| Cell::Date(keys.on))),
            ("交还钥匙数", cell_or_empty(keys, |keys| Cell::Number(keys.keys.into()))),
            ("交还门卡数", cell_or_empty(keys, |keys| Cell::Number(keys.cards.into()))),
            ("登记人", cell_or_empty(keys.and_then(|keys| keys.by.as_deref()), Cell::text)),
            ("银行答复", text_cell(exit.sync_message.as_ref())),
            ("完成时间", cell_or_empty(exit.closed_at, Cell::Time)),
        ])}
    }
    .into_any()
}

fn inspection_view(sheet: &Inspection) -> AnyView {
    let readings = sheet.readings.iter().map(|(meter, reading)| format!("{} {reading}", told(*meter)));
    let readings = readings.collect::<Vec<_>>().join("，");
    let rows = sheet
        .items
        .iter()
        .map(|item| {
            view! {
                <tr>
                    <td>{item.name.clone()}</td><td class="figures">{item.quantity}</td><td>{told(item.state)}</td>
                    <td>{item.damage.clone()}</td><td class="figures">{item.amount.to_string()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        {field_group("验房", vec![
            ("验房日期", Cell::Date(sheet.inspected_on)),
            ("验房人", text_cell(sheet.by.as_ref())),
            ("签字人", Cell::text(&sheet.signed_by)),
            ("表具读数", Cell::text(&readings)),
            ("赔偿合计(元)", Cell::Money(sheet.damages())),
            ("验房备注", text_cell(sheet.remark.as_ref())),
        ])}
        <section class="panel">
            <h2>"验房项目"</h2>
            <div class="table-scroll" tabindex="0" role="region" aria-label="验房项目">
                <table class="table table-sm data-table">
                    <thead><tr>
                        <th scope="col">"物品"</th><th scope="col" class="figures">"数量"</th><th scope="col">"状态"</th>
                        <th scope="col">"损坏情况"</th><th scope="col" class="figures">"赔偿(元)"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn history_view(exit: &Exit) -> AnyView {
    let lines = exit
        .history
        .iter()
        .map(|line| {
            let who = line.actor.clone().unwrap_or_else(|| "系统".to_owned());
            let from = line.from.map_or_else(|| "—".to_owned(), told);
            view! {
                <li>
                    <p class="font-semibold">{line.event.clone()}</p>
                    <p><time>{time_text(line.at)}</time>" "{who}"："{from}" → "{told(line.to)}</p>
                    {line.reason.clone().map(|reason| view! { <p>"意见或说明："{reason}</p> })}
                </li>
            }
        })
        .collect_view();
    view! { <section class="panel"><h2>"办理记录"</h2><ol class="timeline-list detail-list">{lines}</ol></section> }
        .into_any()
}
