//! 交还钥匙 (X10): what came back, and when. With it the bank is told that the contract has ended.

use super::api::{exit_get, exit_keys};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::use_id,
    empty_view, error_view,
    form::{Deeds, use_edit},
    loading_view,
    resource::resource,
};
use domain::{
    dictionary::ExitStatus,
    id::ExitId,
    tenancy::{
        exit::{Exit, KeysForm},
        exit_sheet::EXIT_LIST,
    },
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn form_page() -> AnyView {
    let id = use_id();
    let exit = resource(move || id.get(), |id| exit_get(ExitId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match exit.await {
                        Ok(exit) => form_view(&exit),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(exit: &Exit) -> AnyView {
    let page = format!("{}/{}", EXIT_LIST.path, exit.row.id);
    let head = view! { <PageHead title="登记交还钥匙" back=(page.clone(), exit.row.exit_no.clone()) /> };
    let Some(inspected_on) = exit.inspection.as_ref().map(|sheet| sheet.inspected_on).filter(|_| exit.turns.keys)
    else {
        let settled = matches!(exit.row.status, ExitStatus::Paid | ExitStatus::RefundPending);
        let why = if settled && exit.row.exit_on > exit.today {
            "退租日期未到，不能登记交还钥匙"
        } else {
            "结清或退款审批后，由运营主体登记交还钥匙"
        };
        return view! { {head}{empty_view(why)} }.into_any();
    };
    let (id, version, today, to) = (exit.row.id, exit.row.version, exit.today, page.clone());
    let deeds = Deeds {
        check: Box::new(move |form: &KeysForm| form.check(inspected_on, today).map(drop)),
        save: Arc::new(move |form, version| {
            let to = to.clone();
            Box::pin(async move { exit_keys(id, version.unwrap_or_default(), form).await.map(|()| to) })
        }),
        reload: None,
    };
    let start = KeysForm { on: today.to_string(), ..KeysForm::default() };
    let edit = use_edit(start, Some(version), deeds);
    let fields = view! {
        {edit.text("keys", "交还钥匙数", true, |form| &mut form.keys, ("text", "把"))}
        {edit.text("cards", "交还门卡数", true, |form| &mut form.cards, ("text", "张，没有填0"))}
        {edit.text("on", "交还日期", true, |form| &mut form.on, ("date", ""))}
    };
    view! {
        {head}
        {exit.keys_then.map(|keys| view! { <p class="page-note">{format!("交房时交付钥匙{keys}把")}</p> })}
        <p class="page-note">"登记后通知银行注销合同；银行确认后合同解除，房屋转入维修整备。"</p>
        {edit.view_of(fields, "登记", page)}
    }
    .into_any()
}
