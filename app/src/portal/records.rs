//! What is kept about a household: receipts, contracts, messages.

use super::{Frame, alert, facts, page, period, yuan};
use chrono::{DateTime, Utc};
use domain::{
    dictionary::PaymentStatus,
    portal::view::{Debit, Paid, PaidBack, PaidReceipt, TenantContract, TenantNotice},
    sheet::time_text,
    value::Money,
};
use leptos::prelude::*;
use std::cmp::Reverse;

/// 缴退记录 (S0-13): what was paid and paid back, the newest first, and behind it what the bank was asked for (S0-12).
#[must_use]
pub fn receipts(frame: &Frame, paid: Vec<Paid>, back: Vec<PaidBack>, debits: Vec<Debit>) -> String {
    let debits: Vec<_> = debits
        .into_iter()
        .map(|debit| {
            let failed = debit.failed.map(|why| format!("，{}", why.label()));
            let at = debit.deducted_at.map(|at| format!("，{}", time_text(at)));
            view! {
                <li>
                    <b>{debit.month.format("%Y年%m月").to_string()}</b>
                    " "
                    <span class="tag">{debit.status.label()}</span>
                    <br />
                    <small>
                        {format!(
                            "应扣{}元，实扣{}元{}{}",
                            debit.due,
                            debit.deducted,
                            failed.unwrap_or_default(),
                            at.unwrap_or_default(),
                        )}
                    </small>
                </li>
            }
        })
        .collect();
    let debits =
        (!debits.is_empty()).then(|| view! { <section><h2>"银行代扣"</h2><ul class="rows">{debits}</ul></section> });
    let mut rows: Vec<(DateTime<Utc>, AnyView)> = paid
        .into_iter()
        .map(|paid| {
            let at = paid.paid_at;
            let void = (paid.status != PaymentStatus::Normal).then(|| paid.status.label());
            let row = view! {
                <li>
                    <a href=format!("/my/receipts/{}", paid.id)>
                        <b>{time_text(paid.paid_at)}</b>
                        " "
                        <span class="figure">{yuan(paid.amount)}</span>
                        {void.map(|void| view! { " "<span class="tag late">{void}</span> })}
                        <br />
                        <small>{format!("{} · {}", paid.method.label(), paid.receipt_no)}</small>
                    </a>
                </li>
            };
            (at, row.into_any())
        })
        .collect();
    rows.extend(back.into_iter().map(|back| {
        let row = view! {
            <li>
                <b>{time_text(back.paid_at)}</b>
                " "
                <span class="figure">{yuan(back.amount)}</span>
                " "
                <span class="tag">{back.kind.label()}</span>
                <br />
                <small>{format!("退至账户 {}", back.bank_no_mask)}</small>
            </li>
        };
        (back.paid_at, row.into_any())
    }));
    rows.sort_by_key(|(at, _)| Reverse(*at));
    let none = rows.is_empty().then(|| view! { <p>"暂无缴退记录"</p> });
    let rows: Vec<AnyView> = rows.into_iter().map(|(_, row)| row).collect();
    page(frame, "缴退记录", view! { {none} <ul class="rows">{rows}</ul> {debits} })
}

/// 收据 (S4-2.3).
#[must_use]
pub fn receipt(frame: &Frame, receipt: PaidReceipt) -> String {
    let void = (receipt.row.status != PaymentStatus::Normal)
        .then(|| format!("本收据{}：{}", receipt.row.status.label(), receipt.void_reason.clone().unwrap_or_default()));
    let mut rows = vec![
        ("收据号", receipt.row.receipt_no.clone()),
        ("缴款人", receipt.payer.clone()),
        ("住房", receipt.address.clone()),
        ("金额", yuan(receipt.row.amount)),
        ("大写", receipt.row.amount.capital()),
        ("支付方式", receipt.row.method.label().to_owned()),
        ("缴费时间", time_text(receipt.row.paid_at)),
    ];
    rows.extend(receipt.bank_serial.clone().map(|serial| ("交易流水号", serial)));
    let lines: Vec<_> = receipt
        .lines
        .into_iter()
        .map(|line| {
            let late = (line.late_fee > Money::ZERO).then(|| format!("，滞纳金{}元", line.late_fee));
            view! {
                <li>
                    <b>{line.fee_item.label()}</b>
                    " "
                    <span class="figure">{yuan(line.principal + line.late_fee)}</span>
                    <br />
                    <small>{format!("{}{} · {}", period(line.from, line.to), late.unwrap_or_default(), line.bill_no)}</small>
                </li>
            }
        })
        .collect();
    let rest = (receipt.to_balance > Money::ZERO).then(|| {
        view! { <li><b>"转入账户余额"</b>" "<span class="figure">{yuan(receipt.to_balance)}</span></li> }
    });
    page(
        frame,
        "收据",
        view! {
            {alert(void)}
            {facts(rows)}
            <h2>"明细"</h2>
            <ul class="rows">{lines}{rest}</ul>
            <p><a href="/my/receipts">"返回缴退记录"</a></p>
        },
    )
}

/// 合同 (S4-2.2).
#[must_use]
pub fn contracts(frame: &Frame, contracts: Vec<TenantContract>) -> String {
    let none = contracts.is_empty().then(|| view! { <p>"暂无合同"</p> });
    let contracts: Vec<_> = contracts
        .into_iter()
        .map(|contract| {
            let residents: Vec<String> = contract
                .residents
                .iter()
                .map(|(name, relation)| match relation {
                    Some(relation) => format!("{name}（{}）", relation.label()),
                    None => name.clone(),
                })
                .collect();
            let mut rows = vec![
                ("状态", contract.status.label().to_owned()),
                ("出租方", contract.lessor),
                ("承租人", contract.lessee),
                ("证件号码", contract.id_number_mask),
                ("联系电话", contract.phone_mask),
                ("住房", contract.address),
                ("建筑面积", format!("{}㎡", contract.building_area)),
                ("使用面积", format!("{}㎡", contract.usable_area)),
                ("月租金", yuan(contract.monthly_rent)),
                ("保证金", yuan(contract.deposit)),
                ("租期", period(contract.start_on, contract.end_on)),
                ("缴费日", format!("{}日", contract.due_day)),
                ("代扣账户", format!("{} {}", contract.bank_name, contract.bank_no_mask)),
            ];
            if let Some(fee) = contract.property_fee {
                rows.push(("每月物业费", yuan(fee)));
            }
            if !residents.is_empty() {
                rows.push(("同住人", residents.join("、")));
            }
            view! { <section><h2>{contract.contract_no}</h2>{facts(rows)}</section> }
        })
        .collect();
    page(frame, "我的合同", view! { {none} {contracts} })
}

/// 通知 (S4-2.6).
#[must_use]
pub fn notices(frame: &Frame, notices: Vec<TenantNotice>) -> String {
    let none = notices.is_empty().then(|| view! { <p>"暂无通知"</p> });
    let notices: Vec<_> = notices
        .into_iter()
        .map(|notice| view! { <li><p>{notice.content}</p><small>{time_text(notice.at)}</small></li> })
        .collect();
    page(frame, "通知", view! { {none} <ul class="rows">{notices}</ul> })
}
