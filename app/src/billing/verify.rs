//! 核销 of the payments chosen in the list (domain.md §3.6 L6): who took the money is not who confirms it.

use super::{
    api::{payments_chosen, payments_verify},
    table_panel,
};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        deed::{Deed, deed},
        empty_view, error_view,
        label::told,
        loading_view,
        resource::resource,
        table::{cell_view, time_text},
    },
};
use domain::{
    billing::payment::{PAYMENT_LIST, PaymentRow},
    dictionary::PayMethod,
    id::PaymentId,
    platform::permission::Permission,
    sheet::Cell,
    value::Money,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use std::collections::BTreeMap;

/// What is still to be verified, in the list.
const WAITING: &str = "/billing/payments?unverified=1";

pub(super) fn verify_view() -> AnyView {
    let query = use_query_map();
    let chosen = Memo::new(move |_| {
        let keys = query.read().get_all("payment").unwrap_or_default();
        keys.iter().filter_map(|key| key.parse().ok().map(PaymentId)).collect::<Vec<_>>()
    });
    let rows = resource(
        move || chosen.get(),
        |chosen| async move { if chosen.is_empty() { Ok(Vec::new()) } else { payments_chosen(chosen).await } },
    );
    view! {
        <main class="page">
            <PageHead title="核销收款" back=(PAYMENT_LIST.path.to_owned(), PAYMENT_LIST.noun.to_owned()) />
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match rows.await {
                        Ok(rows) if rows.is_empty() => empty_view("请先在缴费记录中勾选要核销的收款"),
                        Ok(rows) => page(&rows),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

fn page(rows: &[PaymentRow]) -> AnyView {
    let ids: Vec<PaymentId> = rows.iter().map(|row| row.id).collect();
    let navigate = use_navigate();
    let verify = move || {
        let ids = ids.clone();
        let navigate = navigate.clone();
        deed(
            Deed {
                label: "核销",
                class: "btn btn-primary btn-sm",
                question: "请核对票据、金额与到账情况。核销后计入实收，不能再作废。确定核销以下收款吗？",
                word: None,
            },
            move |_| payments_verify(ids.clone()),
            move |_| navigate(WAITING, Default::default()),
        )
    };
    let total: Money = rows.iter().map(|row| row.amount).sum();
    let mut by_method: BTreeMap<PayMethod, (usize, Money)> = BTreeMap::new();
    for row in rows {
        let sum = by_method.entry(row.method).or_default();
        *sum = (sum.0 + 1, sum.1 + row.amount);
    }
    let methods: Vec<String> =
        by_method.into_iter().map(|(method, (count, amount))| format!("{}{count}笔{amount}元", told(method))).collect();
    view! {
        <div class="deed-row">{changing(move || may(Permission::PaymentVerify).then(&verify))}</div>
        <p class="page-note">{format!("已选{}笔，合计{total}元：{}", rows.len(), methods.join("，"))}</p>
        {table(rows)}
    }
    .into_any()
}

fn table(rows: &[PaymentRow]) -> AnyView {
    let rows = rows
        .iter()
        .map(|row| {
            view! {
                <tr>
                    <td><a class="link link-primary link-hover" href=format!("{}/{}", PAYMENT_LIST.path, row.id)>{row.receipt_no.clone()}</a></td>
                    <td>{row.payer.clone()}</td>
                    <td class="desk-only">{row.address.clone()}</td>
                    <td>{told(row.method)}</td>
                    <td class="figures">{row.amount.to_string()}</td>
                    <td class="desk-only whitespace-nowrap tabular-nums">{time_text(row.paid_at)}</td>
                    <td class="desk-only">{row.cashier.clone()}</td>
                    <td>{cell_view(Cell::status(row.status))}</td>
                    <td>{if row.verified_at.is_some() { "已核销" } else { "未核销" }}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let head = view! {
        <th scope="col">"收据号"</th><th scope="col">"住用人姓名"</th><th scope="col" class="desk-only">"住房地址"</th>
        <th scope="col">"方式"</th><th scope="col" class="figures">"金额(元)"</th><th scope="col" class="desk-only">"缴费时间"</th>
        <th scope="col" class="desk-only">"操作员"</th><th scope="col">"状态"</th><th scope="col">"核销"</th>
    };
    table_panel("已选收款", head.into_any(), rows, "没有选择收款")
}
