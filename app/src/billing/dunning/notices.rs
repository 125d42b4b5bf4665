//! 批量打印催缴通知书 (domain.md §3.8 L2): of the households that were chosen in 欠费台账, or of all that it shows as it is filtered.

use super::api::dunning_notices_print;
use crate::{
    billing::table_panel,
    shell::may,
    tenancy::template::{batch_href, fetched},
    ui::{
        PageHead,
        changing::changing,
        deed::{Deed, deed},
        empty_view,
        label::told,
        list::use_list_query,
    },
};
use domain::{
    billing::{
        arrears_sheet::ARREARS_LIST,
        dunning_notice::{BATCH_MAX, LeftOutRow, NoticesForm, NoticesMade},
        dunning_sheet::DUNNING_LIST,
    },
    id::AccountId,
    platform::{permission::Permission, print::PRINT_LIST},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

pub(super) fn notices_view() -> AnyView {
    let (address, list) = (use_query_map(), use_list_query());
    let wanted = Memo::new(move |_| {
        let keys = address.read().get_all("account").unwrap_or_default();
        let accounts: Vec<AccountId> = keys.iter().filter_map(|key| key.parse().ok().map(AccountId)).collect();
        if accounts.is_empty() {
            NoticesForm { accounts, list: Some(list.get()) }
        } else {
            NoticesForm { accounts, list: None }
        }
    });
    let made = RwSignal::new(None::<NoticesMade>);
    view! {
        <main class="page">
            <PageHead title="批量打印催缴通知书" back=(ARREARS_LIST.path.to_owned(), "欠费台账".to_owned())>
                <a class="btn btn-outline btn-sm" href=format!("{}?paper=DUNNING", PRINT_LIST.path)>"打印记录"</a>
            </PageHead>
            {changing(move || match made.get() {
                Some(made) => outcome(&made),
                None => question(&wanted.get(), made),
            })}
        </main>
    }
    .into_any()
}

fn question(wanted: &NoticesForm, made: RwSignal<Option<NoticesMade>>) -> AnyView {
    let whose = match wanted.accounts.len() {
        0 => format!("按欠费台账当前筛选，为欠费两个月及以上的每户打印一份，最多{BATCH_MAX}户。"),
        chosen => format!("为已选的{chosen}户各打印一份，最多{BATCH_MAX}户。"),
    };
    let wanted = wanted.clone();
    let print = move || {
        let wanted = wanted.clone();
        deed(
            Deed {
                label: "打印",
                class: "btn btn-primary btn-sm",
                question: "每户一份，各有编号，列明今天的欠费；打印后登记催缴记录，待送达。确定打印吗？",
                word: None,
            },
            move |_| dunning_notices_print(wanted.clone()),
            move |done: NoticesMade| {
                if let Some(batch) = done.batch {
                    fetched(&batch_href(batch));
                }
                made.set(Some(done));
            },
        )
    };
    let may_not = move || (!may(Permission::DunningWrite)).then(|| empty_view("您没有办理催缴的权限"));
    view! {
        <p class="page-note">{whose}"没有欠费、欠费不足两个月、暂停催缴、已有通知书待送达或缺少承租人、地址的，不打印并列出。"</p>
        <div class="deed-row">{changing(move || may(Permission::DunningWrite).then(&print))}</div>
        {changing(may_not)}
    }
    .into_any()
}

fn outcome(made: &NoticesMade) -> AnyView {
    let row = |row: &LeftOutRow| {
        let notice = row.notice.clone().map(|(number, record)| {
            view! { <a class="link link-primary" href=format!("{}/{record}", DUNNING_LIST.path)>{number}</a> }
        });
        view! {
            <tr>
                <td><a class="link link-primary link-hover" href=format!("/billing/dunning/accounts/{}", row.account_id)>{row.lessee.clone()}</a></td>
                <td>{row.address.clone()}</td>
                <td>{told(row.why)}</td>
                <td>{notice}</td>
            </tr>
        }
        .into_any()
    };
    let left_out = (!made.left_out.is_empty()).then(|| {
        let head = view! {
            <th scope="col">"承租人"</th><th scope="col">"住房地址"</th><th scope="col">"原因"</th><th scope="col">"通知书"</th>
        };
        table_panel("未打印", head.into_any(), made.left_out.iter().map(row).collect(), "")
    });
    let again = made.batch.map(|batch| {
        view! {
            <a class="btn btn-outline btn-sm" href=batch_href(batch) rel="external" target="_blank">"下载文件"</a>
            <a class="btn btn-outline btn-sm" href=format!("{}?way=WRITTEN&task=OPEN", DUNNING_LIST.path)>"待送达的通知书"</a>
        }
    });
    view! {
        <p class="page-note" role="status">{format!("已打印{}份，未打印{}户。", made.printed, made.left_out.len())}</p>
        <div class="deed-row">{again}</div>
        {left_out}
    }
    .into_any()
}
