//! 申请退费 (S0-11): what can be given back, how much of it, and why.

use super::api::refund_create;
use crate::{
    billing::{api::account_get, figure},
    ui::{
        PageHead,
        changing::changing,
        detail::use_id,
        error_view,
        field::{coded, fixed},
        form::{Deeds, use_edit},
        loading_view,
        request::request_id,
        resource::resource,
    },
};
use domain::{
    billing::{
        payment::{ACCOUNT_LIST, Account},
        refund::{REFUND_LIST, RefundForm, RefundKind},
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
    let (balance, deposit) = (account.row.balance, account.row.deposit);
    let of = move |kind| if kind == RefundKind::Deposit { deposit } else { balance };
    let back = format!("{}/{id}", ACCOUNT_LIST.path);
    let deeds = Deeds {
        check: Box::new(move |form: &RefundForm| form.check(of).map(drop)),
        save: Arc::new(move |form, _| {
            Box::pin(
                async move { refund_create(id, form).await.map(|refund| format!("{}/{refund}", REFUND_LIST.path)) },
            )
        }),
        reload: None,
    };
    let edit = use_edit(RefundForm::default(), None, deeds);
    // One per refund: however often the button is pressed, one is asked for.
    Effect::new(move |_| edit.form.update(|form| form.request = request_id()));
    let fields = view! {
        {fixed("account-person", "住用人", account.row.person.clone())}
        {fixed("account-address", "住房地址", format!("{} {}", account.row.estate, account.row.address))}
        {edit.select("kind", "退费类型", true, |form| &mut form.kind, coded(RefundKind::choices()))}
        {edit.text("amount", "退费金额(元)", true, |form| &mut form.amount, ("money", "最多2位小数"))}
        {edit.text("reason", "退费原因", true, |form| &mut form.reason, ("text", "如多缴、退租结算"))}
    };
    view! {
        <PageHead title="申请退费" back=(back.clone(), account.row.person.clone()) />
        <section class="panel" aria-label="可退金额">
            <div class="figure-row">
                {figure("账户余额(元)", balance.to_string())}
                {figure("保证金(元)", deposit.to_string())}
            </div>
        </section>
        <p class="page-note">"只退到合同登记的承租人账户，经财务负责人审批后付款。合同履行期间不能退押金。"</p>
        {edit.view_of(fields, "申请", back)}
    }
}
