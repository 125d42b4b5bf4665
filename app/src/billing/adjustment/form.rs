//! 办理租金调整: which contracts, what rate, from when – and, before it is asked for, who would be affected.

use super::api::{adjustment_create, adjustment_offer_get, adjustment_preview_get};
use crate::{
    billing::{figure, table_panel},
    shell::today,
    ui::{
        PageHead,
        changing::changing,
        combo::flat,
        error_view,
        field::coded,
        form::{Deeds, use_edit},
        loading_view,
        request::request_id,
        resource::resource,
    },
};
use domain::{
    billing::{
        adjustment::{AdjustType, AdjustmentForm, AdjustmentOffer, AdjustmentPreview, NOTICE_DAYS},
        adjustment_sheet::ADJUSTMENT_LIST,
    },
    dictionary::ApplicantCategory,
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let offer = resource(|| (), |()| adjustment_offer_get());
    view! {
        <main class="page">
            <PageHead title="办理租金调整" back=(ADJUSTMENT_LIST.path.to_owned(), ADJUSTMENT_LIST.noun.to_owned()) />
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

fn form_view(offer: AdjustmentOffer) -> impl IntoView {
    let today = today();
    let shown = RwSignal::new(None::<AdjustmentPreview>);
    let way = RwSignal::new(0_usize);
    // One per page: however often the button is pressed, one adjustment is asked for.
    let request = RwSignal::new(String::new());
    Effect::new(move |_| request.set(request_id()));
    let with = |form: &AdjustmentForm, request: String| AdjustmentForm { request, ..form.clone() };
    let deeds = Deeds {
        check: Box::new(move |form: &AdjustmentForm| with(form, SOME_REQUEST.to_owned()).check(today).map(drop)),
        save: Arc::new(move |form: AdjustmentForm, _| {
            let form = with(&form, request.get_untracked());
            let submits = way.get_untracked() == 1;
            Box::pin(async move {
                if submits {
                    return adjustment_create(form).await.map(|id| format!("{}/{id}", ADJUSTMENT_LIST.path));
                }
                shown.set(None);
                shown.set(Some(adjustment_preview_get(form).await?));
                Ok(String::new())
            })
        }),
        reload: None,
    };
    let pairs = |pairs: Vec<(i64, String)>| -> Vec<(String, String)> {
        pairs.into_iter().map(|(id, label)| (id.to_string(), label)).collect()
    };
    let district = if let [(only, _)] = offer.districts.as_slice() { only.to_string() } else { String::new() };
    let start = AdjustmentForm { district, month: offer.month, ..AdjustmentForm::default() };
    let edit = use_edit(start, None, deeds);
    let fields = view! {
        <h2 class="form-section">"调整范围"</h2>
        {edit.text("contract_no", "合同编号", false, |form| &mut form.contract_no, ("text", "只调整一份合同时填写"))}
        {edit.select("district", "区县", false, |form| &mut form.district, pairs(offer.districts))}
        {edit.pick("standard", "现租金标准", false, |form| &mut form.standard, flat(pairs(offer.standards)))}
        {edit.pick("estate", "小区", false, |form| &mut form.estate, flat(pairs(offer.estates)))}
        {edit.select("category", "保障类别", false, |form| &mut form.category, coded(ApplicantCategory::choices()))}
        <h2 class="form-section">"新租金"</h2>
        {edit.select("kind", "调整类型", true, |form| &mut form.kind, coded(AdjustType::of_pages()))}
        {edit.text("new_rate", "新租金标准(元/㎡·月)", true, |form| &mut form.new_rate, ("text", "最多4位小数"))}
        {edit.text("month", "生效月份", true, |form| &mut form.month, ("month", "如 2027-01"))}
        {edit.text("doc_no", "批准文号", true, |form| &mut form.doc_no, ("text", "最长50字"))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", "选填"))}
    };
    view! {
        <p class="page-note">
            "自生效月份起的第一个账期按新租金生成账单，原有核减按原比例保留；现租金标准指最近一次获批调整后的标准。核减和保障类别变化逐户办理，请用“导入”并填写新月租金。提交后由物业审批人或市住房保障中心审批。"
        </p>
        {edit.view_ways(fields, ["预览", "提交审批"], Callback::new(move |place| way.set(place)), ADJUSTMENT_LIST.path.to_owned())}
        <div aria-live="polite">{changing(move || shown.get().map(|preview| preview_view(&preview)))}</div>
    }
}

fn preview_view(preview: &AdjustmentPreview) -> AnyView {
    let difference = preview.new_total - preview.old_total;
    let left_out = preview
        .left_out
        .iter()
        .map(|(reason, count)| view! { <li>{format!("{reason}：{count}份")}</li> })
        .collect_view();
    let head = view! {
        <th scope="col">"合同编号"</th><th scope="col">"承租人"</th><th scope="col">"住房地址"</th>
        <th scope="col" class="figures">"原标准"</th><th scope="col" class="figures">"原月租金"</th>
        <th scope="col" class="figures">"新月租金"</th><th scope="col">"执行日期"</th>
    }
    .into_any();
    let rows = preview
        .changes
        .iter()
        .map(|change| {
            view! {
                <tr>
                    <td>{change.contract_no.clone()}</td>
                    <td>{change.lessee.clone()}</td>
                    <td>{change.address.clone()}</td>
                    <td class="figures">{change.old_rate.to_string()}</td>
                    <td class="figures">{change.old_rent.to_string()}</td>
                    <td class="figures">{change.new_rent.to_string()}</td>
                    <td class="tabular-nums">{change.from_on.to_string()}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let warning = format!("部分合同距涨租不足{NOTICE_DAYS}天，请先通知承租人。");
    view! {
        <section class="panel" aria-label="预览">
            <h2>"预览"</h2>
            <div class="figure-row">
                {figure("调整合同(份)", preview.contracts.to_string())}
                {figure("原月租金合计(元)", preview.old_total.to_string())}
                {figure("新月租金合计(元)", preview.new_total.to_string())}
                {figure("每月增减(元)", difference.to_string())}
            </div>
            {preview.short_notice.then(|| view! { <p role="status" class="alert alert-warning alert-soft">{warning}</p> })}
            {(!preview.left_out.is_empty()).then(|| view! { <p>"以下合同不调整："</p><ul class="list-disc pl-6">{left_out}</ul> })}
        </section>
        {table_panel("涉及合同（前50份）", head, rows, "没有需要调整的合同")}
    }
    .into_any()
}
