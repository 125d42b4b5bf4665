//! 登记备案: the number under which, and the day on which, a contract was filed with the authority.

use super::api::{contract_file, contract_get};
use crate::{
    shell::today,
    ui::{
        PageHead,
        changing::changing,
        detail::use_id,
        empty_view, error_view,
        field::fixed,
        form::{Deeds, Newer, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::{
    id::ContractId,
    tenancy::{
        contract::{CONTRACT_LIST, Contract},
        filing::{FilingForm, filing_until},
    },
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn file_view() -> AnyView {
    let id = use_id();
    let contract = resource(move || id.get(), |id| contract_get(ContractId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match contract.await {
                        Ok(contract) => form_view(&contract),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn typed(contract: &Contract) -> FilingForm {
    FilingForm {
        filing_no: contract.filing_no.clone().unwrap_or_default(),
        filed_on: contract.filed_on.map(|day| day.to_string()).unwrap_or_default(),
    }
}

fn form_view(contract: &Contract) -> AnyView {
    let (id, sign_on) = (contract.row.id, contract.sign_on);
    let number = contract.row.contract_no.clone().unwrap_or_else(|| "待编号".to_owned());
    let back = format!("{}/{id}", CONTRACT_LIST.path);
    let head = view! { <PageHead title="登记备案" back=(back.clone(), number.clone()) /> };
    if !contract.row.status.is_filed() {
        return view! { {head}{empty_view("合同未审批通过或已作废，不能登记备案")} }.into_any();
    }
    let today = today();
    let deeds = Deeds {
        check: Box::new(move |form: &FilingForm| form.check(sign_on, today).map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                contract_file(id, version.unwrap_or_default(), form)
                    .await
                    .map(|()| format!("{}/{id}", CONTRACT_LIST.path))
            })
        }),
        reload: Some(Arc::new(move || {
            Box::pin(async move {
                let contract = contract_get(id).await?;
                let last = contract.history.first();
                Ok(Newer {
                    form: typed(&contract),
                    version: contract.row.version,
                    at: last.map(|line| line.at).unwrap_or_default(),
                    by: last.and_then(|line| line.actor.clone()),
                })
            })
        })),
    };
    let edit = use_edit(typed(contract), Some(contract.row.version), deeds);
    let fields = view! {
        {fixed("filing-lessee", "承租人", contract.row.lessee.clone())}
        {fixed("filing-signed", "签订日期", sign_on.to_string())}
        {fixed("filing-until", "备案期限", filing_until(sign_on).to_string())}
        {edit.text("filing_no", "备案号", true, |form| &mut form.filing_no, ("text", "备案部门给出的编号，最长50字"))}
        {edit.text("filed_on", "备案日期", true, |form| &mut form.filed_on, ("date", ""))}
    };
    view! {
        {head}
        <p class="page-note">"合同签订之日起30日内报住房保障主管部门备案（《公共租赁住房管理办法》第十七条）。"</p>
        {edit.view_of(fields, "保存", back)}
    }
    .into_any()
}
