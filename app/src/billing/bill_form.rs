//! 新增账单 (S1-7.3): a charge that follows from no contract; and 编辑: another due day or remark (domain.md §3.6 L11).

use super::api::{account_get, bill_create, bill_get, bill_update};
use crate::{
    shell::today,
    ui::{
        PageHead,
        changing::changing,
        detail::use_id,
        error_view,
        field::{coded, fixed},
        form::{Deeds, Newer, use_edit},
        loading_view,
        request::request_id,
        resource::resource,
    },
};
use domain::{
    billing::{
        bill::{BILL_LIST, Bill},
        bill_form::{BillEdit, BillForm, temporary_items},
        payment::{ACCOUNT_LIST, Account},
    },
    id::{AccountId, BillId},
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let id = use_id();
    let account = resource(move || id.get(), |id| account_get(AccountId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match account.await {
                        Ok(account) => form_view(&account).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(account: &Account) -> impl IntoView + use<> {
    let id = account.row.id;
    let back = format!("{}/{id}", ACCOUNT_LIST.path);
    let today = today();
    let deeds = Deeds {
        check: Box::new(move |form: &BillForm| form.check(today).map(drop)),
        save: Arc::new(move |form, _| {
            Box::pin(async move { bill_create(id, form).await.map(|bill| format!("/billing/bills/{bill}")) })
        }),
        reload: None,
    };
    let edit = use_edit(BillForm::default(), None, deeds);
    // One per bill: however often the button is pressed, one is made.
    Effect::new(move |_| edit.form.update(|form| form.request = request_id()));
    let fields = view! {
        {fixed("account-person", "承租人", account.row.person.clone())}
        {fixed("account-address", "住房地址", format!("{} {}", account.row.estate, account.row.address))}
        {edit.select("fee_item", "费项", true, |form| &mut form.fee_item, coded(temporary_items()))}
        {edit.text("amount", "金额(元)", true, |form| &mut form.amount, ("money", "最多2位小数"))}
        {edit.text("due_on", "到期日", true, |form| &mut form.due_on, ("date", ""))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", "选填，如损坏的物品"))}
    };
    view! {
        <PageHead title="新增账单" back=(back.clone(), account.row.person.clone()) />
        <p class="page-note">"新增后即为应收账单。租金由合同按月生成，滞纳金由系统计收，不在此录入。"</p>
        {edit.view_of(fields, "新增", back)}
    }
}

pub(super) fn edit_view() -> AnyView {
    let id = use_id();
    let bill = resource(move || id.get(), |id| bill_get(BillId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match bill.await {
                        Ok(bill) => edit_form(&bill).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn typed(bill: &Bill) -> BillEdit {
    let remark = bill.remark.clone().unwrap_or_default();
    BillEdit { due_on: bill.row.due_on.to_string(), remark, reason: String::new() }
}

fn edit_form(bill: &Bill) -> impl IntoView + use<> {
    let (id, known, today) = (bill.row.id, bill.row.due_on, today());
    let back = format!("{}/{id}", BILL_LIST.path);
    let deeds = Deeds {
        check: Box::new(move |form: &BillEdit| form.check(known, today).map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                bill_update(id, version.unwrap_or_default(), form).await.map(|()| format!("{}/{id}", BILL_LIST.path))
            })
        }),
        reload: Some(Arc::new(move || {
            Box::pin(async move {
                let bill = bill_get(id).await?;
                let last = bill.history.first();
                Ok(Newer {
                    form: typed(&bill),
                    version: bill.version,
                    at: last.map_or(bill.posted_at, |note| note.at),
                    by: last.and_then(|note| note.actor.clone()),
                })
            })
        })),
    };
    let edit = use_edit(typed(bill), Some(bill.version), deeds);
    let fields = view! {
        {fixed("bill-lessee", "承租人", bill.row.lessee.clone())}
        {fixed("bill-outstanding", "未收(元)", bill.row.outstanding.to_string())}
        {edit.text("due_on", "到期日", true, |form| &mut form.due_on, ("date", ""))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", "选填，最长200字"))}
        {edit.text("reason", "修改原因", true, |form| &mut form.reason, ("text", "记入办理记录"))}
    };
    view! {
        <PageHead title="编辑账单" back=(back.clone(), bill.row.bill_no.clone()) />
        <p class="page-note">"只能修改到期日和备注。金额、费项和账期有误的，请在账单页冲销后重新生成或新增。"</p>
        {edit.view_of(fields, "保存", back)}
    }
}
