//! 制作代扣批次: for which district, and which day's debts.

use super::api::{deduction_create, deduction_offer_get};
use crate::{
    shell::today,
    ui::{
        PageHead,
        changing::changing,
        error_view,
        form::{Deeds, use_edit},
        loading_view,
        request::request_id,
        resource::resource,
    },
};
use domain::billing::deduction::{DEDUCTION_LIST, DeductionForm, DeductionOffer};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let offer = resource(|| (), |()| deduction_offer_get());
    view! {
        <main class="page">
            <PageHead title="制作代扣批次" back=(DEDUCTION_LIST.path.to_owned(), DEDUCTION_LIST.noun.to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(offer) => form_view(offer).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(offer: DeductionOffer) -> impl IntoView {
    let today = today();
    let deeds = Deeds {
        check: Box::new(move |form: &DeductionForm| form.check(today).map(drop)),
        save: Arc::new(|form, _| {
            Box::pin(async move { deduction_create(form).await.map(|id| format!("{}/{id}", DEDUCTION_LIST.path)) })
        }),
        reload: None,
    };
    // Most people collect for the only district they see, on the next day of direct debit.
    let district = if let [(only, _)] = offer.districts.as_slice() { only.to_string() } else { String::new() };
    let start = DeductionForm { district, due_by: offer.due_by.to_string(), ..DeductionForm::default() };
    let edit = use_edit(start, None, deeds);
    // One per batch: however often the button is pressed, one is made.
    Effect::new(move |_| edit.form.update(|form| form.request = request_id()));
    let districts: Vec<(String, String)> =
        offer.districts.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    let fields = view! {
        {edit.select("district", "区县", true, |form| &mut form.district, districts)}
        {edit.text("due_by", "扣款日", true, |form| &mut form.due_by, ("date", ""))}
    };
    view! {
        <p class="page-note">
            "收取该区县已签代扣协议的承租人在扣款日（含）前到期的全部账单，先用账户余额抵扣；账单在回盘前不能在柜台缴费。"
        </p>
        {edit.view_of(fields, "生成批次", DEDUCTION_LIST.path.to_owned())}
    }
}
