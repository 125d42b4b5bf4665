//! 新增账单 (S1-7.3): a charge that follows from no contract.

use super::api::{account_get, bill_create};
use crate::{
    shell::use_frame,
    ui::{
        PageHead,
        detail::use_id,
        error_view,
        field::{coded, fixed},
        form::{Deeds, use_edit},
        loading_view,
        request::request_id,
        resource::resource,
    },
};
use chrono::NaiveDate;
use domain::{
    billing::{
        bill_form::{BillForm, temporary_items},
        payment::{ACCOUNT_LIST, Account},
    },
    id::AccountId,
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let id = use_id();
    let account = resource(move || id.get(), |id| account_get(AccountId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {move || Suspend::new(async move {
                    match account.await {
                        Ok(account) => form_view(&account).into_any(),
                        Err(error) => error_view(&error),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(account: &Account) -> impl IntoView + use<> {
    let id = account.row.id;
    let back = format!("{}/{id}", ACCOUNT_LIST.path);
    let day = use_frame().with_untracked(|frame| frame.day.clone());
    let today = day.parse::<NaiveDate>().unwrap_or_default();
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
