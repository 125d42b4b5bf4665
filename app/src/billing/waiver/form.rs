//! 申请减免核销: which of the open bills, by what document, and why.

use super::api::{waiver_create, waiver_offer_get};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::use_id,
    empty_view, error_view,
    field::{coded, fixed},
    form::{Deeds, use_edit},
    label::told,
    loading_view,
    request::request_id,
    resource::resource,
};
use domain::{
    billing::{
        payment::ACCOUNT_LIST,
        waiver::{WAIVER_LIST, WaivedBill, WaiverForm, WaiverKind, WaiverOffer},
    },
    id::AccountId,
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let id = use_id();
    let offer = resource(move || id.get(), |id| waiver_offer_get(AccountId(id)));
    view! {
        <main class="page">
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

/// Any request does for checking the rest.
const SOME_REQUEST: &str = "00000000-0000-4000-8000-000000000000";

fn form_view(offer: WaiverOffer) -> impl IntoView {
    let id = offer.account_id;
    let back = format!("{}/{id}", ACCOUNT_LIST.path);
    // One per page: however often the button is pressed, one is asked for.
    let request = RwSignal::new(String::new());
    Effect::new(move |_| request.set(request_id()));
    let with = |form: &WaiverForm, request: String| WaiverForm { request, ..form.clone() };
    let deeds = Deeds {
        check: Box::new(move |form: &WaiverForm| with(form, SOME_REQUEST.to_owned()).check().map(drop)),
        save: Arc::new(move |form: WaiverForm, _| {
            let form = with(&form, request.get_untracked());
            Box::pin(
                async move { waiver_create(id, form).await.map(|waiver| format!("{}/{waiver}", WAIVER_LIST.path)) },
            )
        }),
        reload: None,
    };
    let edit = use_edit(WaiverForm::default(), None, deeds);
    let none = offer.bills.is_empty();
    let fields = view! {
        {fixed("account-person", "承租人", offer.lessee.clone())}
        {fixed("account-address", "住房地址", offer.address.clone())}
        {edit.select("kind", "减免类型", true, |form| &mut form.kind, coded(WaiverKind::choices()))}
        {edit.text("doc_no", "批准文号", true, |form| &mut form.doc_no, ("text", "最长50字"))}
        {edit.text("reason", "原因", true, |form| &mut form.reason, ("text", "如 特困家庭，经集体研究；承租人死亡无遗产"))}
        {edit.checks("bills", "账单", true, |form| &mut form.bills, offer.bills.iter().map(choice).collect())}
    };
    view! {
        <PageHead title="申请减免核销" back=(back.clone(), offer.lessee) />
        <p class="page-note">"减免或核销所选账单的全部未缴金额。由财务负责人审批，坏账核销超过限额的由市领导审批。收款的核销请在“缴费记录”中办理。"</p>
        {if none { empty_view("没有可减免的未缴账单") } else { edit.view_of(fields, "提交审批", back) }}
    }
}

/// `租金 2026-03-01 至 2026-03-31，未缴111.80元（含滞纳金1.12元）`
fn choice(bill: &WaivedBill) -> (String, String) {
    let late = if bill.late_fee.fen() > 0 { format!("（含滞纳金{}元）", bill.late_fee) } else { String::new() };
    let open = bill.principal + bill.late_fee;
    let label = format!("{} {} 至 {}，未缴{open}元{late}", told(bill.fee_item), bill.from, bill.to);
    (bill.id.to_string(), label)
}
