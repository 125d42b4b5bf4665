//! 办理租金核减: which contract, how much is paid of how large an area, from when to when – and, before it is asked for, what
//! it comes to; and the form that ends one early.

use super::api::{reduction_create, reduction_get, reduction_preview_get, reduction_stop};
use crate::{
    billing::figure,
    shell::today,
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
    billing::reduction::{MONTHS_MAX, REDUCTION_LIST, ReductionForm, ReductionRow},
    dictionary::ApplicantCategory,
    failure::FieldErrors,
    value::Money,
};
use leptos::prelude::*;
use std::sync::Arc;

/// Any request does for checking the rest.
const SOME_REQUEST: &str = "00000000-0000-4000-8000-000000000000";

pub(super) fn new_view() -> AnyView {
    view! {
        <main class="page">
            <PageHead title="办理租金核减" back=(REDUCTION_LIST.path.to_owned(), REDUCTION_LIST.noun.to_owned()) />
            {form_view()}
        </main>
    }
    .into_any()
}

fn form_view() -> impl IntoView {
    let today = today();
    let shown = RwSignal::new(None::<(Money, Money, Money)>);
    let way = RwSignal::new(0_usize);
    // One per page: however often the button is pressed, one reduction is asked for.
    let request = RwSignal::new(String::new());
    Effect::new(move |_| request.set(request_id()));
    let with = |form: &ReductionForm, request: String| ReductionForm { request, ..form.clone() };
    let deeds = Deeds {
        check: Box::new(move |form: &ReductionForm| with(form, SOME_REQUEST.to_owned()).check(today).map(drop)),
        save: Arc::new(move |form: ReductionForm, _| {
            let form = with(&form, request.get_untracked());
            let submits = way.get_untracked() == 1;
            Box::pin(async move {
                if submits {
                    return reduction_create(form).await.map(|id| format!("{}/{id}", REDUCTION_LIST.path));
                }
                shown.set(None);
                shown.set(Some(reduction_preview_get(form).await?));
                Ok(String::new())
            })
        }),
        reload: None,
    };
    let edit = use_edit(ReductionForm::default(), None, deeds);
    let fields = view! {
        {edit.text("contract_no", "合同编号", true, |form| &mut form.contract_no, ("text", "履行中的合同"))}
        {edit.select("category", "保障类别", true, |form| &mut form.category, coded(ApplicantCategory::choices()))}
        {edit.text("percent", "缴纳比例(%)", true, |form| &mut form.percent, ("text", "保障面积内缴纳租金的百分比，如低保10"))}
        {edit.text("standard_area", "保障面积(㎡)", true, |form| &mut form.standard_area, ("money", "按比例缴纳的面积上限"))}
        {edit.text("over_rate", "超标面积单价(元/㎡·月)", false, |form| &mut form.over_rate, ("money", "留空按租金标准"))}
        {edit.text("from", "起始月份", true, |form| &mut form.from, ("month", "如 2027-01"))}
        {edit.text("to", "终止月份", true, |form| &mut form.to, ("month", "如 2027-12"))}
        {edit.text("doc_no", "批准文号", true, |form| &mut form.doc_no, ("text", "最长50字"))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", "选填"))}
    };
    let note = format!(
        "一次核减不超过{MONTHS_MAX}个月，到期自动恢复原租金，年度复核后可重新办理。提交后由物业审批人或市住房保障中心审批。"
    );
    view! {
        <p class="page-note">{note}</p>
        {edit.view_ways(fields, ["试算", "提交审批"], Callback::new(move |place| way.set(place)), REDUCTION_LIST.path.to_owned())}
        <div aria-live="polite">
            {changing(move || shown.get().map(|(full, _, payable)| view! {
                <section class="panel" aria-label="试算">
                    <h2>"试算"</h2>
                    <div class="figure-row">
                        {figure("应收月租金(元)", full.to_string())}
                        {figure("核减额(元)", (full - payable).to_string())}
                        {figure("实际应缴(元)", payable.to_string())}
                    </div>
                </section>
            }))}
        </div>
    }
}

/// What is entered to end one early.
#[derive(Clone, Default)]
struct Stop {
    last: String,
    opinion: String,
}

pub(super) fn stop_view() -> AnyView {
    let id = use_id();
    let record = resource(move || id.get(), reduction_get);
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match record.await {
                        Ok(record) => stop_form(&record.row).into_any(),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn stop_form(row: &ReductionRow) -> impl IntoView + use<> {
    let (id, version) = (row.id, row.version);
    let back = format!("{}/{id}", REDUCTION_LIST.path);
    let home = back.clone();
    let deeds = Deeds {
        check: Box::new(|form: &Stop| {
            let mut errors = FieldErrors::default();
            if form.last.trim().is_empty() {
                errors.add("last", "请填写最后核减月份");
            }
            if form.opinion.trim().is_empty() {
                errors.add("opinion", "请填写原因");
            }
            if errors.is_empty() { Ok(()) } else { Err(errors) }
        }),
        save: Arc::new(move |form: Stop, _| {
            let home = home.clone();
            Box::pin(async move { reduction_stop(id, version, form.last, form.opinion).await.map(|()| home) })
        }),
        reload: None,
    };
    let edit = use_edit(Stop::default(), None, deeds);
    let fields = view! {
        {fixed("reduction-lessee", "承租人", row.lessee.clone())}
        {fixed("reduction-term", "核减期间", format!("{} 至 {}", row.from, row.to))}
        {edit.text("last", "最后核减月份", true, |form| &mut form.last, ("month", "不早于本月，如 2027-03"))}
        {edit.text("opinion", "终止原因", true, |form| &mut form.opinion, ("text", "如 年度复核不再符合条件"))}
    };
    view! {
        <PageHead title=format!("提前终止 {}", row.reduction_no) back=(back.clone(), row.reduction_no.clone()) />
        <p class="page-note">"终止经另一人审批后生效：之后的月份恢复原租金，其间已生成的账单将冲销重开。"</p>
        {edit.view_of(fields, "提交审批", back)}
    }
}
