//! 收款班次 (S4-1.11): opening and counting the drawer, and what was taken between.

use super::api::{shift_close, shift_get, shift_hand_in, shift_list, shift_open};
use crate::{
    billing::{figure, table_panel},
    shell::may,
    ui::{
        PageHead,
        deed::{Deed, deed},
        detail::use_id,
        error_view,
        field::bind,
        label::told,
        list::{ListActions, ListFrame, framed_list_page},
        loading_view, print_button,
        resource::resource,
        table::time_text,
    },
};
use domain::{
    billing::shift::{SHIFT_LIST, Shift, ShiftCloseForm},
    failure::FieldErrors,
    platform::permission::Permission,
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
    view! { <div class="deed-row">{move || may(Permission::PaymentTake).then(button)}</div> }.into_any()
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let shift = resource(move || id.get(), shift_get);
    let again = Callback::new(move |()| shift.refetch());
    view! {
        <main class="page">
            <Transition fallback=loading_view>
                {move || Suspend::new(async move {
                    match shift.await {
                        Ok(shift) => page(&shift, again).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Transition>
        </main>
    }
    .into_any()
}

fn page(shift: &Shift, again: Callback<()>) -> impl IntoView + use<> {
    let row = &shift.row;
    let money =
        |amount: Option<domain::value::Money>| amount.map_or_else(|| "—".to_owned(), |amount| amount.to_string());
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
            </div>
            {row.explanation.clone().map(|text| view! { <p class="page-note">{format!("差额说明：{text}")}</p> })}
            {row.bank_slip_no.clone().map(|text| view! { <p class="page-note">{format!("交款单号：{text}")}</p> })}
        </section>
        {totals(shift)}
        {deeds(shift, again)}
    }
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

/// 结班 while it is open, 交款 behind that; for its cashier alone.
fn deeds(shift: &Shift, again: Callback<()>) -> AnyView {
    let (id, version) = (shift.row.id, shift.row.version);
    if !shift.own || shift.row.handed_in_at.is_some() {
        return ().into_any();
    }
    if shift.row.closed_at.is_some() {
        let hand_in = deed(
            Deed {
                label: "交款",
                class: "btn btn-primary btn-sm",
                question: "现金存入银行后登记交款单号。",
                word: Some(("opinion", "交款单号")),
            },
            move |slip| shift_hand_in(id, version, slip),
            move |()| again.run(()),
        );
        return view! { <div class="deed-row">{hand_in}</div> }.into_any();
    }
    close_form(shift, again).into_any()
}

fn close_form(shift: &Shift, again: Callback<()>) -> impl IntoView + use<> {
    let (id, version, system) = (shift.row.id, shift.row.version, shift.row.system_cash);
    let form = RwSignal::new(ShiftCloseForm::default());
    let errors = RwSignal::new(FieldErrors::default());
    let close = Action::new(move |form: &ShiftCloseForm| shift_close(id, version, form.clone()));
    Effect::new(move |_| match close.value().get() {
        Some(Ok(())) => again.run(()),
        Some(Err(error)) => errors.set(error.fields().cloned().unwrap_or_default()),
        None => {}
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match form.with_untracked(|form| form.check(system)) {
            Ok(_) => {
                errors.set(FieldErrors::default());
                close.dispatch(form.get_untracked());
            }
            Err(found) => errors.set(found),
        }
    };
    let refused = move || close.value().get().and_then(Result::err).filter(|error| error.fields().is_none());
    view! {
        <section class="panel no-print">
            <h2>"结班"</h2>
            <form class="form-grid" on:submit=submit novalidate autocomplete="off">
                {bind(form, errors, "counted_cash", "实点现金(元)", true, |form| &mut form.counted_cash).text("money", "含备用金")}
                {bind(form, errors, "explanation", "差额说明", false, |form| &mut form.explanation).text("text", "有差额时必填")}
                <div class="col-span-full">{move || refused().map(|error| error_view(&error))}</div>
                <div class="form-buttons">
                    <button type="submit" class="btn btn-primary" disabled=move || close.pending().get()>"结班"</button>
                </div>
            </form>
        </section>
    }
}
