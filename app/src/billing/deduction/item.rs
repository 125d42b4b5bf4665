//! 房租扣费记录 (S0-12): the list, and one item, which can be taken out of a batch that was not sent.

use super::{
    api::{deduction_item_cancel, deduction_item_get, deduction_item_list},
    tabs,
};
use crate::{
    shell::may,
    ui::{
        PageHead,
        changing::awaited,
        deed::{Deed, deed},
        detail::{field_group, text_cell, use_id},
        list::{ListActions, ListFrame, framed_list_page},
        resource::resource,
    },
};
use domain::{
    billing::deduction::{DEDUCTION_ITEM_LIST, DeductionItemRow},
    id::DeductionItemId,
    platform::permission::Permission,
    sheet::{Cell, cell_or_empty},
};
use leptos::prelude::*;

pub(super) fn list_view() -> AnyView {
    let frame = ListFrame {
        title: Some("房租扣费记录"),
        empty: Some("暂无扣费记录"),
        tabs: Some(|| tabs(DEDUCTION_ITEM_LIST.path)),
        ..ListFrame::default()
    };
    let actions = Signal::derive(|| ListActions { export: may(Permission::BillExport), ..ListActions::default() });
    framed_list_page(&DEDUCTION_ITEM_LIST, frame, actions, deduction_item_list)
}

pub(super) fn detail_view() -> AnyView {
    let id = use_id();
    let item = resource(move || id.get(), |id| deduction_item_get(DeductionItemId(id)));
    let again = Callback::new(move |()| item.refetch());
    view! {
        <main class="page">
            {awaited(item, move |item| page(&item, again).into_any())}
        </main>
    }
    .into_any()
}

fn page(item: &DeductionItemRow, again: Callback<()>) -> impl IntoView + use<> {
    let id = item.id;
    let mut fields = DEDUCTION_ITEM_LIST.fields(item);
    fields.extend([
        ("银行流水号", text_cell(item.bank_serial.as_ref())),
        (
            "收据",
            cell_or_empty(item.payment_id, |payment| Cell::link("查看收据", format!("/billing/payments/{payment}"))),
        ),
    ]);
    let cancel = item.cancellable.then(|| {
        deed(
            Deed {
                label: "撤销该笔",
                class: "btn btn-outline btn-error btn-sm",
                question: "撤销后该户账单可在柜台缴费，本批次不再扣款。确定撤销吗？",
                word: None,
            },
            move |_| deduction_item_cancel(id),
            move |()| again.run(()),
        )
    });
    let back = format!("/billing/deductions/{}", item.batch_id);
    view! {
        <PageHead title=format!("扣费记录 {}", item.payer) back=(back, "代扣批次".to_owned()) />
        <div class="deed-row">{cancel}</div>
        {field_group("扣费信息", fields)}
    }
}
