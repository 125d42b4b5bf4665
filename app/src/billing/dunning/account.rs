//! 催缴情况: how one household stands, what rests, and what was done.

use super::api::{dunning_account_get, sms_block_create, sms_block_end};
use crate::{
    billing::{figure, table_panel},
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::{field_group, use_id},
        label::told,
        resource::resource,
        table::{cell_view, kind_class},
    },
};
use domain::{
    billing::{
        dunning_account::DunningAccount,
        dunning_sheet::DUNNING_LIST,
        instalment::{INSTALMENT_LIST, PAUSE_LIST},
    },
    dictionary::ArrearsLevel,
    id::AccountId,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

/// Columns of the list of records that say the same of every record of one household.
const OF_THE_ACCOUNT: [&str; 3] = ["lessee", "account_no", "address"];

pub(super) fn account_view() -> AnyView {
    let id = use_id();
    let account = resource(move || id.get(), |id| dunning_account_get(AccountId(id)));
    let again = Callback::new(move |()| account.refetch());
    view! {
        <main class="page">
            {awaited(account, move |account| page(&account, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(account: &DunningAccount, again: Callback<()>) -> impl IntoView + use<> {
    let id = account.account_id;
    let columns: Vec<_> = DUNNING_LIST.columns.iter().filter(|column| !OF_THE_ACCOUNT.contains(&column.key)).collect();
    let head = columns
        .iter()
        .map(|column| view! { <th scope="col" class=kind_class(column.kind)>{column.header}</th> })
        .collect_view();
    let rows = account
        .records
        .iter()
        .map(|record| {
            let cells = columns
                .iter()
                .map(|column| view! { <td class=kind_class(column.kind)>{cell_view((column.cell)(record))}</td> })
                .collect_view();
            view! { <tr>{cells}<td><a class="link link-primary" href=format!("{}/{}", DUNNING_LIST.path, record.id)>"查看"</a></td></tr> }
                .into_any()
        })
        .collect();
    let head = view! { {head}<th scope="col">"操作"</th> }.into_any();
    let rests = [
        account.pause.as_ref().map(|pause| {
            (
                "暂停催缴",
                Cell::link(
                    format!("{} 至{}", told(pause.status), pause.until),
                    format!("{}/{}", PAUSE_LIST.path, pause.id),
                ),
            )
        }),
        account.instalment.as_ref().map(|plan| {
            (
                "分期还款",
                Cell::link(
                    format!("{} {}元", told(plan.status), plan.debt),
                    format!("{}/{}", INSTALMENT_LIST.path, plan.id),
                ),
            )
        }),
    ];
    let mut fields = vec![
        ("账户号", Cell::link(&account.account_no, format!("/billing/accounts/{id}"))),
        ("住房地址", Cell::text(&account.address)),
        ("手机号", Cell::text(&account.phone_mask)),
        ("欠费等级", Cell::status(account.level)),
        ("最早应缴日", cell_or_empty(account.since, Cell::Date)),
        ("短信黑名单", Cell::text(if account.blocked.is_some() { "已列入" } else { "否" })),
    ];
    fields.extend(rests.into_iter().flatten());
    view! {
        <PageHead title=format!("催缴情况 {}", account.lessee) back=("/billing/arrears".to_owned(), "欠费台账".to_owned()) />
        {deeds(account, again)}
        <section class="panel" aria-label="欠费">
            <div class="figure-row">
                {figure("欠费月数", account.periods.to_string())}
                {figure("欠费金额(元)", account.amount.to_string())}
            </div>
        </section>
        {field_group("承租人", fields)}
        {table_panel("催缴记录", head, rows, "尚未催缴")}
    }
}

fn deeds(account: &DunningAccount, again: Callback<()>) -> AnyView {
    let id = account.account_id;
    let to = move |action: &str| format!("/billing/dunning/accounts/{id}/{action}");
    let behind = account.level != ArrearsLevel::L0;
    let (pausable, plannable) = (account.pause.is_none(), behind && account.instalment.is_none());
    let blocked = account.blocked;
    let link = move |action: &str, label: &'static str| {
        view! { <a class="btn btn-outline btn-sm" href=to(action)>{label}</a> }
    };
    let block = move || {
        deed(
            Deed {
                label: "列入短信黑名单",
                class: "btn btn-outline btn-sm",
                question: "列入后不再向该承租人发送短信，待发送的短信取消。请填写原因。",
                word: Some(("opinion", "原因")),
            },
            move |reason| sms_block_create(id, reason),
            move |_| again.run(()),
        )
    };
    let unblock = move |block: i64| {
        deed(
            Deed {
                label: "移出短信黑名单",
                class: "btn btn-outline btn-sm",
                question: "移出后恢复发送短信。请填写原因。",
                word: Some(("opinion", "原因")),
            },
            move |reason| sms_block_end(block, reason),
            move |()| again.run(()),
        )
    };
    view! {
        <div class="deed-row">
            {changing(move || (behind && may(Permission::DunningWrite)).then(|| link("record", "登记催缴")))}
            {changing(move || (pausable && may(Permission::DunningWrite)).then(|| link("pause", "申请暂停催缴")))}
            {changing(move || (plannable && may(Permission::DunningWrite)).then(|| link("instalment", "申请分期还款")))}
            {changing(move || (blocked.is_none() && may(Permission::DunningWrite)).then(block))}
            {changing(move || blocked.filter(|_| may(Permission::DunningCheck)).map(unblock))}
        </div>
    }
    .into_any()
}
