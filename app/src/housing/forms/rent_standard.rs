//! The forms of a rent standard: a new one, and the last day of one. Both go to a second person.

use crate::{
    housing::{
        choice::stock_choices_get,
        rent_standard::{rent_standard_end_request, rent_standard_get, rent_standard_request},
        use_id,
    },
    shell::today,
    ui::{
        PageHead,
        changing::changing,
        combo::flat,
        empty_view, error_view,
        field::{chosen, coded, fixed},
        form::{Deeds, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::{
    dictionary::{ApplicantCategory, AreaBasis},
    housing::{
        choice::StockChoices,
        rent_standard::{RENT_STANDARD_LIST, RentStandard},
        rent_standard_form::{NewStandardForm, StandardEndForm},
    },
    id::RentStandardId,
};
use leptos::prelude::*;
use std::sync::Arc;

pub fn new_view() -> AnyView {
    let choices = resource(|| (), |()| stock_choices_get());
    view! {
        <main class="page">
            <PageHead title="新增租金标准" back=(RENT_STANDARD_LIST.path.to_owned(), RENT_STANDARD_LIST.noun.to_owned()) />
            <p class="page-note">"提交后由市级复核岗复核，复核通过后自生效日期起可用于房源和合同。已有合同的租金不变，须另行办理租金调整。"</p>
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match choices.await {
                        Ok(choices) => new_form(choices).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn new_form(choices: StockChoices) -> impl IntoView {
    let today = today();
    let deeds = Deeds {
        check: Box::new(move |form: &NewStandardForm| form.check(today).map(drop)),
        save: Arc::new(move |form, _| {
            Box::pin(async move { rent_standard_request(form).await.map(|id| format!("/platform/approvals/{id}")) })
        }),
        reload: None,
    };
    let edit = use_edit(NewStandardForm::default(), None, deeds);
    let fields = view! {
        {edit.text("code", "标准编码", true, |form| &mut form.code, ("text", "最长30字，全市唯一"))}
        {edit.text("name", "标准名称", true, |form| &mut form.name, ("text", "最长100字"))}
        {edit.pick("district", "适用区县", false, |form| &mut form.district, flat(chosen(choices.districts)))}
        <p class="form-note">"不选区县时适用于全市。"</p>
        {edit.select("category", "保障类别", false, |form| &mut form.category, coded(ApplicantCategory::choices()))}
        {edit.text("unit_rate", "单价(元/㎡·月)", true, |form| &mut form.unit_rate, ("text", "大于0，最多4位小数"))}
        {edit.text("market_rate", "市场租金(元/㎡·月)", false, |form| &mut form.market_rate, ("text", "同地段同类住房，用于折算比例"))}
        {edit.select("basis", "计租面积", true, |form| &mut form.basis, coded(AreaBasis::choices()))}
        {edit.text("doc_no", "批准文号", true, |form| &mut form.doc_no, ("text", "最长50字"))}
        {edit.text("valid_from", "生效日期", true, |form| &mut form.valid_from, ("date", ""))}
        {edit.text("valid_to", "失效日期", false, |form| &mut form.valid_to, ("date", ""))}
        {edit.text("reason", "变更原因", true, |form| &mut form.reason, ("text", "供复核人判断"))}
    };
    edit.view_of(fields, "提交复核", RENT_STANDARD_LIST.path.to_owned())
}

pub fn end_view() -> AnyView {
    let id = use_id();
    let standard = resource(move || id.get(), |id| rent_standard_get(RentStandardId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match standard.await {
                        Ok(standard) => end_form(standard),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn end_form(standard: RentStandard) -> AnyView {
    let (row, today) = (standard.row, today());
    let (id, from) = (row.id, row.valid_from);
    let back = format!("{}/{id}", RENT_STANDARD_LIST.path);
    let head = view! { <PageHead title="设置失效日期" back=(back.clone(), row.name.clone()) /> };
    if standard.pending {
        return view! { {head}{empty_view("该标准已有待复核的变更，请等待处理")} }.into_any();
    }
    let deeds = Deeds {
        check: Box::new(move |form: &StandardEndForm| form.check(from, today).map(drop)),
        save: Arc::new(move |form, _| {
            Box::pin(
                async move { rent_standard_end_request(id, form).await.map(|id| format!("/platform/approvals/{id}")) },
            )
        }),
        reload: None,
    };
    let start = StandardEndForm {
        valid_to: row.valid_to.map(|day| day.to_string()).unwrap_or_default(),
        ..StandardEndForm::default()
    };
    let edit = use_edit(start, None, deeds);
    let fields = view! {
        {fixed("standard-code", "标准编码", row.code)}
        {fixed("standard-rate", "单价(元/㎡·月)", row.unit_rate.to_string())}
        {edit.text("valid_to", "失效日期", true, |form| &mut form.valid_to, ("date", ""))}
        {edit.text("reason", "变更原因", true, |form| &mut form.reason, ("text", "供复核人判断"))}
    };
    view! {
        {head}
        <p class="page-note">"失效日期当日仍有效；其后不能再用于新签合同，已签合同的租金不变。"</p>
        {edit.view_of(fields, "提交复核", back)}
    }
    .into_any()
}
