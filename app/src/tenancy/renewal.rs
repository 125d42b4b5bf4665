//! 续签 (C9): the form of the contract that follows another, with the terms of that one to begin with.

use super::{
    api::{contract_renew, contract_renewal_offer_get},
    contract_fields::contract_fields,
    contract_form::{Names, added, check, contract_names},
};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::{field_group, use_id},
    error_view,
    form::{Deeds, use_edit},
    loading_view,
    resource::resource,
};
use domain::{
    id::ContractId,
    sheet::{Cell, cell_or_empty},
    tenancy::{
        contract::CONTRACT_LIST,
        contract_form::ContractForm,
        renewal::{RenewalOffer, without_assignment},
    },
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let id = use_id();
    let offer = resource(move || id.get(), |id| contract_renewal_offer_get(ContractId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(offer) => form_view(offer),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(offer: RenewalOffer) -> AnyView {
    let before = &offer.contract;
    let id = before.row.id;
    let page = format!("{}/{id}", CONTRACT_LIST.path);
    let number = before.row.contract_no.clone().unwrap_or_default();
    let submit = StoredValue::new(true);
    let resident = RwSignal::new(false);
    let deeds = Deeds {
        check: Box::new(move |form: &ContractForm| added(resident, check(&without_assignment(form)))),
        save: Arc::new(move |form, _| {
            let submit = submit.get_value();
            Box::pin(async move { Ok(format!("{}/{}", CONTRACT_LIST.path, contract_renew(id, form, submit).await?)) })
        }),
        reload: None,
    };
    let edit = use_edit(offer.form(), None, deeds);
    let names: Names = StoredValue::new(contract_names(before));
    let mut contract = before.clone();
    if let Some(assessed) = offer.assessed {
        contract.assessed = assessed;
    }
    let fields = contract_fields(edit, None, Some(&contract), (names, resident));
    let chosen = Callback::new(move |place| submit.set_value(place == 0));
    let form = edit.view_ways(fields, ["续签", "保存草稿"], chosen, page.clone());
    let row = &before.row;
    view! {
        <PageHead title="续签租赁合同" back=(page, number.clone()) />
        {field_group("原合同", vec![
            ("承租人", Cell::link(&row.lessee, format!("/persons/{}", before.person_id))),
            ("合同编号", Cell::text(&number)),
            ("合同状态", Cell::status(row.status)),
            ("房屋", Cell::link(format!("{}{}", row.estate, row.address), format!("/housing/units/{}", row.unit_id))),
            ("租赁结束时间", Cell::Date(row.end_on)),
            ("原月租金(元)", Cell::Money(row.monthly_rent)),
            ("现核定月租金(元)", cell_or_empty(offer.assessed, |assessed| Cell::Money(assessed.rent))),
            ("原物业费(元/月)", cell_or_empty(row.property, |fee| Cell::Money(fee.monthly))),
            ("原押金(元)", Cell::Money(before.deposit)),
        ])}
        {offer.assessed.is_none().then(|| view! { <p role="alert" class="alert alert-warning alert-soft">"该房源没有执行中的租金标准，请先维护房源"</p> })}
        {offer.closed_on.map(|last| view! { <p role="status" class="alert alert-warning alert-soft">{format!("续签申请期限已于{last}截止，请确认承租人已按期申请后办理")}</p> })}
        <p class="page-note">"续签合同审批通过后，于起始日通知银行；生效时原合同转为已续签，账户、押金和入住人员延续，押金只补收差额。"</p>
        {form}
    }
    .into_any()
}
