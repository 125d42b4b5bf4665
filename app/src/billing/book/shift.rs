//! 收款班次 (S4-1.11): opening and counting the drawer, what was taken between, and whether its cash is at the bank.

use super::{
    api::{shift_get, shift_hand_in, shift_list, shift_open, shift_return},
    shift_form::{bank_form, close_form},
};
use crate::{
    billing::{figure, table_panel},
    shell::may,
    ui::{
        PageHead,
        changing::{awaited, changing},
        deed::{Deed, deed},
        detail::use_id,
        label::told,
        list::{ListActions, ListFrame, framed_list_page},
        print_button,
        resource::resource,
        table::time_text,
    },
};
use domain::{
    billing::{
        ledger::ENTRY_LIST,
        shift::{SHIFT_LIST, Shift, ShiftRow},
    },
    platform::permission::Permission,
    value::Money,
};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("收款班次"),
        empty: Some("暂无班次，收款时自动开班"),
        tools: Some(open_tool),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&SHIFT_LIST, frame, actions, shift_list)
}

fn open_tool() -> AnyView {
    let navigate = use_navigate();
    let open = StoredValue::new(navigate);
    let button = move || {
        deed(
            Deed {
                label: "开班",
                class: "btn btn-primary btn-sm",
                question: "请清点钱箱中的备用金。",
                word: Some(("opening_cash", "备用金(元)")),
            },
            shift_open,
            move |id| open.with_value(|navigate| navigate(&format!("{}/{id}", SHIFT_LIST.path), Default::default())),
        )
    };
    view! { <div class="deed-row">{changing(move || may(Permission::PaymentTake).then(button))}</div> }.into_any()
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let shift = resource(move || id.get(), shift_get);
    let again = Callback::new(move |()| shift.refetch());
    view! {
        <main class="page">
            {awaited(shift, move |shift| page(&shift, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(shift: &Shift, again: Callback<()>) -> impl IntoView + use<> {
    let row = &shift.row;
    let money = |amount: Option<Money>| amount.map_or_else(|| "—".to_owned(), |amount| amount.to_string());
    view! {
        <PageHead title=format!("收款班次 {}", row.cashier.clone().unwrap_or_default()) back=(SHIFT_LIST.path.to_owned(), SHIFT_LIST.noun.to_owned())>
            {print_button()}
        </PageHead>
        <section class="panel" aria-label="班次">
            <div class="figure-row">
                {figure("状态", row.state())}
                {figure("开班时间", time_text(row.opened_at))}
                {figure("结班时间", row.closed_at.map_or_else(|| "—".to_owned(), time_text))}
                {figure("备用金(元)", row.opening_cash.to_string())}
                {figure("应有现金(元)", row.system_cash.to_string())}
                {figure("实点现金(元)", money(row.counted_cash))}
                {figure("差额(元)", money(row.difference()))}
                {figure("应交现金(元)", money(row.closed_at.map(|_| row.due())))}
                {figure("银行入账(元)", money(row.banked))}
            </div>
            {notes(row).into_iter().map(|text| view! { <p class="page-note">{text}</p> }).collect_view()}
        </section>
        {totals(shift)}
        {items(shift)}
        {deeds(shift, again)}
    }
}

/// What was said of the count, of the slip and of its arrival.
fn notes(row: &ShiftRow) -> Vec<String> {
    let said = |what: &str, text: &Option<String>| text.as_ref().map(|text| format!("{what}：{text}"));
    let returned = row.returned_reason.clone().filter(|_| row.handed_in_at.is_none());
    let banked = row
        .banked_at
        .map(|at| format!("{} {}确认现金已存入银行", time_text(at), row.banked_by.as_deref().unwrap_or_default()));
    [
        said("差额说明", &row.explanation),
        said("交款单号", &row.bank_slip_no),
        said("交款被退回", &returned),
        banked,
        said("入账说明", &row.banked_note),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn totals(shift: &Shift) -> AnyView {
    let rows = shift
        .totals
        .iter()
        .map(|total| {
            view! {
                <tr>
                    <th scope="row">{told(total.method)}</th>
                    <td class="figures">{total.payments.to_string()}</td>
                    <td class="figures">{total.amount.to_string()}</td>
                    <td class="figures">{total.voided.to_string()}</td>
                    <td class="figures">{total.voided_amount.to_string()}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let head = view! {
        <th scope="col">"支付方式"</th><th scope="col" class="figures">"笔数"</th><th scope="col" class="figures">"金额(元)"</th>
        <th scope="col" class="figures">"作废笔数"</th><th scope="col" class="figures">"作废金额(元)"</th>
    };
    table_panel("按支付方式", head.into_any(), rows, "本班次尚未收款")
}

/// 日结 by fee item; both tables come to the same.
fn items(shift: &Shift) -> AnyView {
    let row = |name: String, amount: Money| {
        view! { <tr><th scope="row">{name}</th><td class="figures">{amount.to_string()}</td></tr> }.into_any()
    };
    let mut rows: Vec<AnyView> = shift
        .items
        .iter()
        .map(|item| row(item.fee_item.map_or_else(|| "预存".to_owned(), told), item.amount))
        .collect();
    if !rows.is_empty() {
        rows.push(row("合计".to_owned(), shift.items.iter().map(|item| item.amount).sum()));
    }
    let head = view! { <th scope="col">"费项"</th><th scope="col" class="figures">"金额(元)"</th> };
    table_panel("按费项", head.into_any(), rows, "本班次尚未收款")
}

/// 结班 while it is open, 交款 behind that, for its cashier alone; and then whether the cash has arrived, for somebody else.
fn deeds(shift: &Shift, again: Callback<()>) -> AnyView {
    let (id, version) = (shift.row.id, shift.row.version);
    if shift.bankable {
        let back = deed(
            Deed {
                label: "退回交款单",
                class: "btn btn-outline btn-error btn-sm",
                question: "退回后由收银员重新登记交款单号。",
                word: Some(("opinion", "退回原因")),
            },
            move |opinion| shift_return(id, version, opinion),
            move |()| again.run(()),
        );
        return view! { <div class="deed-row">{back}</div> {bank_form(shift, again)} }.into_any();
    }
    if shift.row.banked_at.is_some() {
        let entries = move || {
            may(Permission::LedgerRead).then(|| {
                let href = format!("{}?shift={id}", ENTRY_LIST.path);
                view! { <a class="link link-primary link-hover" href=href>"查看本班次的分录"</a> }
            })
        };
        return view! { <div class="deed-row">{changing(entries)}</div> }.into_any();
    }
    if !shift.own || shift.row.handed_in_at.is_some() {
        return ().into_any();
    }
    if shift.row.closed_at.is_some() {
        let hand_in = deed(
            Deed {
                label: "交款",
                class: "btn btn-primary btn-sm",
                question: "现金存入银行后登记交款单号，由财务确认入账。",
                word: Some(("opinion", "交款单号")),
            },
            move |slip| shift_hand_in(id, version, slip),
            move |()| again.run(()),
        );
        return view! { <div class="deed-row">{hand_in}</div> }.into_any();
    }
    close_form(shift, again).into_any()
}
