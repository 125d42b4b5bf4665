//! 分录 (S4-1.12), and the transfers of one account with its balance behind each (账户流水, E-45).

use super::api::{account_entries, entry_list};
use crate::{
    billing::{api::account_get, figure, table_panel},
    shell::may,
    ui::{
        PageHead,
        changing::changing,
        detail::use_id,
        error_view,
        label::told,
        list::{ListActions, ListFrame, framed_list_page},
        loading_view, print_button,
        resource::resource,
        table::cell_view,
    },
};
use domain::{
    billing::{
        ledger::{ENTRY_LIST, EntryRow, Subject},
        payment::{ACCOUNT_LIST, AccountRow},
    },
    id::AccountId,
    platform::permission::Permission,
    value::Money,
};
use leptos::prelude::*;

pub(super) fn list_view() -> AnyView {
    let frame =
        ListFrame {
            title: Some("分录"), empty: Some("暂无分录，账单转应收和收款后自动记账"), ..ListFrame::default()
        };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&ENTRY_LIST, frame, actions, entry_list)
}

pub(super) fn account_view() -> AnyView {
    let id = use_id();
    let account = resource(move || id.get(), |id| account_get(AccountId(id)));
    let entries = resource(move || id.get(), |id| account_entries(AccountId(id)));
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match (account.await, entries.await) {
                        (Ok(account), Ok(entries)) => page(&account.row, &entries).into_any(),
                        (Err(error), _) | (_, Err(error)) => error_view(&error),
                    }
                }))}
            </Transition>
        </main>
    }
    .into_any()
}

fn page(row: &AccountRow, entries: &[EntryRow]) -> impl IntoView + use<> {
    let sum = |is: fn(&EntryRow) -> bool| {
        entries.iter().filter(|entry| is(entry)).map(|entry| entry.amount).sum::<Money>().to_string()
    };
    view! {
        <PageHead title=format!("账户流水 {}", row.account_no) back=(format!("{}/{}", ACCOUNT_LIST.path, row.id), row.person.clone())>
            {print_button()}
        </PageHead>
        <section class="panel" aria-label="账户">
            <div class="figure-row">
                {figure("转应收合计(元)", sum(|entry| entry.debit == Subject::Receivable && entry.credit == Subject::Income))}
                {figure("账户余额(元)", row.balance.to_string())}
                {figure("保证金(元)", row.deposit.to_string())}
                {figure("未缴合计(元)", row.outstanding.to_string())}
            </div>
        </section>
        {table(entries)}
    }
}

fn table(entries: &[EntryRow]) -> AnyView {
    let rows = entries
        .iter()
        .map(|entry| {
            let source =
                ENTRY_LIST.columns.iter().find(|column| column.key == "source").map(|column| (column.cell)(entry));
            view! {
                <tr>
                    <td class="whitespace-nowrap tabular-nums">{entry.booked_on.to_string()}</td>
                    <td>{entry.reason.clone()}</td>
                    <td class="desk-only">{told(entry.debit)}</td>
                    <td class="desk-only">{told(entry.credit)}</td>
                    <td class="figures">{entry.amount.to_string()}</td>
                    <td class="figures">{entry.balance.map(|balance| balance.to_string())}</td>
                    <td class="desk-only">{source.map(cell_view)}</td>
                    <td class="desk-only">{entry.actor.clone().unwrap_or_else(|| "系统".to_owned())}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let head = view! {
        <th scope="col">"记账日期"</th><th scope="col">"摘要"</th><th scope="col" class="desk-only">"借方科目"</th>
        <th scope="col" class="desk-only">"贷方科目"</th><th scope="col" class="figures">"金额(元)"</th>
        <th scope="col" class="figures">"账户余额(元)"</th><th scope="col" class="desk-only">"凭据"</th>
        <th scope="col" class="desk-only">"经办人"</th>
    };
    table_panel("流水", head.into_any(), rows, "暂无流水")
}
