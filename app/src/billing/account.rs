//! One household's account: for a cashier the counter (S0-10, S4-1.10), for everybody else what is open and what was paid.

use super::{api::account_get, figure, table_panel, take::take_view, void::void_deed};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        detail::use_id,
        icon,
        label::told,
        print_button,
        resource::resource,
        table::{cell_view, time_text},
    },
};
use domain::{
    billing::{
        pay_record::PAY_RECORD_LIST,
        payment::{ACCOUNT_LIST, Account, PaymentRow},
    },
    id::AccountId,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

pub(super) fn account_view() -> AnyView {
    let id = use_id();
    let account = resource(move || id.get(), |id| account_get(AccountId(id)));
    let again = Callback::new(move |()| account.refetch());
    view! {
        <main class="page">
            {awaited(account, move |account| page(&account, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(account: &Account, again: Callback<()>) -> impl IntoView + use<> {
    view! {
        {head(account)}
        {household(account)}
        {take_view(account)}
        {payments(&account.payments, again)}
    }
}

fn head(account: &Account) -> impl IntoView + use<> {
    let id = account.row.id;
    let title = format!("{} {}", account.row.person, account.row.address);
    view! {
        <PageHead title=title back=(ACCOUNT_LIST.path.to_owned(), ACCOUNT_LIST.noun.to_owned())>
            {print_button()}
            <a class="btn btn-outline btn-sm" href=format!("/billing/bills?account={id}")>"全部账单"</a>
            <a class="btn btn-outline btn-sm" href=format!("{}?account={id}", PAY_RECORD_LIST.path)>"缴退记录"</a>
            <a class="btn btn-outline btn-sm" href=format!("{}/{id}/entries", ACCOUNT_LIST.path)>"账户流水"</a>
            {changing(move || may(Permission::NoticePrint).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("/billing/notices?account={id}")>"缴费通知单"</a>
            }))}
            {changing(move || may(Permission::RefundWrite).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("{}/{id}/refund", ACCOUNT_LIST.path)>"申请退费"</a>
            }))}
            {changing(move || may(Permission::WaiverWrite).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("{}/{id}/waive", ACCOUNT_LIST.path)>"申请减免核销"</a>
            }))}
            {changing(move || may(Permission::BillWrite).then(|| view! {
                <a class="btn btn-outline btn-sm" href=format!("{}/{id}/new-bill", ACCOUNT_LIST.path)>{icon("add")}"新增账单"</a>
            }))}
        </PageHead>
    }
}

fn household(account: &Account) -> impl IntoView + use<> {
    let row = &account.row;
    let owed = account.debts.iter().map(|debt| debt.total()).sum::<domain::value::Money>();
    let contract = cell_or_empty(row.contract_no.clone().zip(row.contract_id), |(number, id)| {
        Cell::link(number, format!("/tenancy/contracts/{id}"))
    });
    let term = cell_or_empty(row.start_on.zip(row.end_on), |(from, to)| Cell::Text(format!("{from} 至 {to}")));
    let fields = [
        ("账户号", Cell::text(&row.account_no)),
        ("身份证号", Cell::text(&row.id_number_mask)),
        ("小区", Cell::text(&row.estate)),
        ("住房地址", Cell::link(&row.address, format!("/housing/units/{}", row.unit_id))),
        ("合同编号", contract),
        ("租期", term),
        ("月租金(元)", cell_or_empty(row.monthly_rent, Cell::Money)),
        ("房源管理单位", Cell::text(&row.mgmt_unit)),
    ]
    .map(|(label, cell)| view! { <div class="detail-field"><dt>{label}</dt><dd>{cell_view(cell)}</dd></div> });
    view! {
        <section class="panel" aria-label="账户">
            <div class="figure-row">
                {figure("未缴合计(元)", owed.to_string())}
                {figure("账户余额(元)", row.balance.to_string())}
                {figure("保证金(元)", row.deposit.to_string())}
            </div>
            <dl class="detail-grid">{fields.collect_view()}</dl>
        </section>
    }
}

/// The last payments, each with its receipt.
fn payments(payments: &[PaymentRow], again: Callback<()>) -> AnyView {
    let rows = payments
        .iter()
        .map(|payment| {
            let receipt = format!("/billing/payments/{}", payment.id);
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=receipt.clone()>{payment.receipt_no.clone()}</a></td>
                    <td class="whitespace-nowrap tabular-nums">{time_text(payment.paid_at)}</td>
                    <td class="desk-only">{told(payment.kind)}</td>
                    <td class="desk-only">{told(payment.method)}</td>
                    <td class="figures">{payment.amount.to_string()}</td>
                    <td class="desk-only">{payment.cashier.clone()}</td>
                    <td>{cell_view(Cell::status(payment.status))}</td>
                    <td class="desk-only">{if payment.verified_at.is_some() { "已核销" } else { "未核销" }}</td>
                    <td class="no-print"><div class="deed-row">
                        <a class="btn btn-outline btn-sm" href=receipt>"打印收据"</a>
                        {void_deed(payment, again)}
                    </div></td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let head = view! {
        <th scope="col">"收据号"</th><th scope="col">"缴费时间"</th><th scope="col" class="desk-only">"缴费类型"</th>
        <th scope="col" class="desk-only">"方式"</th><th scope="col" class="figures">"金额(元)"</th>
        <th scope="col" class="desk-only">"操作员"</th><th scope="col">"状态"</th><th scope="col" class="desk-only">"核销"</th>
        <th scope="col" class="no-print">"操作"</th>
    };
    table_panel("最近缴费记录", head.into_any(), rows, "暂无缴费记录")
}
