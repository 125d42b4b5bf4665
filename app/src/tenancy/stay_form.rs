//! 到期处置 (C8, R-26, R-74): the form for what becomes of a household whose contract has expired.

use super::api::{contract_stay_create, contract_stay_offer_get};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::use_id,
    error_view,
    field::{coded, fixed},
    form::{Deeds, Edit, use_edit},
    loading_view,
    resource::resource,
};
use domain::{
    id::ContractId,
    tenancy::{
        contract::CONTRACT_LIST,
        stay::{ServedWay, StayEnd, StayForm, StayKind, StayOffer, StayTerm},
    },
};
use leptos::prelude::*;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let id = use_id();
    let offer = resource(move || id.get(), |id| contract_stay_offer_get(ContractId(id)));
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(offer) => form_view(&offer),
                        Err(error) => {
                            let page = format!("{}/{}", CONTRACT_LIST.path, id.get_untracked());
                            view! { <PageHead title="到期处置" back=(page, "合同".to_owned()) /> {error_view(&error)} }.into_any()
                        }
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(offer: &StayOffer) -> AnyView {
    let (id, term, end) = (offer.contract_id, offer.term, offer.end);
    let page = format!("{}/{id}", CONTRACT_LIST.path);
    let number = offer.contract_no.clone().unwrap_or_default();
    let deeds = Deeds {
        check: Box::new(move |form: &StayForm| form.check(term, end).map(drop)),
        save: Arc::new(move |form, version| {
            Box::pin(async move {
                contract_stay_create(id, version.unwrap_or_default(), form)
                    .await
                    .map(|_| format!("{}/{id}", CONTRACT_LIST.path))
            })
        }),
        reload: None,
    };
    let edit = use_edit(term.form(), Some(offer.version), deeds);
    let ends = Memo::new(move |_| edit.form.with(StayForm::ends));
    let says = move || if ends.get() { END_SAYS.to_owned() } else { term_says(term) };
    let fields = view! {
        {fixed("stay-lessee", "承租人", offer.lessee.clone())}
        {fixed("stay-place", "房屋", offer.place.clone())}
        {fixed("stay-end", "合同到期日", term.end_on.to_string())}
        {kind(edit, offer)}
        {changing(move || match end.filter(|_| ends.get()) {
            Some(end) => end_fields(edit, end),
            None => term_fields(edit, term),
        })}
    };
    view! {
        <PageHead title="到期处置" back=(page.clone(), number) />
        <p class="page-note">{changing(says)}</p>
        {edit.view_of(fields, "提交审批", page)}
    }
    .into_any()
}

const END_SAYS: &str = "承租人已取得其他住房、或处置有误的，可提前终止。提交后由物业管理员审批，审批通过后只计费至最后计费日期，其后的账单冲销。承租人搬离的请办理退租。";

fn term_says(term: StayTerm) -> String {
    let why = if term.kind == StayKind::Relocation {
        format!(
            "合同到期后继续使用而出租人未提出异议的，视为不定期租赁（《民法典》第七百三十四条）。请送达腾退通知并给予搬迁期，最长{}个月，期内按合同租金计费。",
            term.relocation_months
        )
    } else {
        "搬迁期满仍未腾退且无其他住房的，按市场租金计费（《公共租赁住房管理办法》第三十一条）；有其他住房的应当腾退，可依法起诉。".to_owned()
    };
    format!("{why}提交后由物业管理员审批，审批通过后补计到期以来的账单。")
}

/// What comes next, and where days were agreed to already, that some of them are taken back.
fn kind(edit: Edit<StayForm>, offer: &StayOffer) -> AnyView {
    let next = offer.term.kind;
    if offer.end.is_none() {
        return fixed("stay-kind", "处置方式", next.label().to_owned()).into_any();
    }
    let choices: Vec<_> = coded(StayKind::choices()).all();
    let choices: Vec<_> =
        choices.into_iter().filter(|(code, _)| [next, StayKind::End].iter().any(|kind| kind.code() == code)).collect();
    edit.select("kind", "处置方式", true, |form| &mut form.kind, choices)
}

/// What is entered of days that are granted.
fn term_fields(edit: Edit<StayForm>, term: StayTerm) -> AnyView {
    let moving = term.kind == StayKind::Relocation;
    let market = term.market.map_or_else(|| "未登记".to_owned(), |market| market.to_string());
    view! {
        {fixed("stay-from", "起始日期", term.from.to_string())}
        {fixed("stay-rent", "合同月租金(元)", term.rent.to_string())}
        {moving.then(|| served(edit))}
        {(!moving).then(|| view! { {fixed("stay-market", "市场月租金(元)", market)} {complaint_of(edit, "market")} })}
        {edit.text("to", "截止日期", true, |form| &mut form.to, ("date", ""))}
        {(!moving).then(|| no_home(edit))}
        {edit.text("reason", "处置原因", true, |form| &mut form.reason, ("text", "如未申请续签、续签未通过"))}
    }
    .into_any()
}

/// What is entered of days that are taken back.
fn end_fields(edit: Edit<StayForm>, end: StayEnd) -> AnyView {
    view! {
        {fixed("stay-to", "原截止日期", end.to.to_string())}
        {edit.text("last", "最后计费日期", true, |form| &mut form.last, ("date", ""))}
        {edit.text("reason", "处置原因", true, |form| &mut form.reason, ("text", "如承租人已取得其他住房"))}
    }
    .into_any()
}

/// The objection of the lessor.
fn served(edit: Edit<StayForm>) -> AnyView {
    view! {
        {edit.text("served_on", "异议送达日期", true, |form| &mut form.served_on, ("date", ""))}
        {edit.select("served_way", "送达方式", true, |form| &mut form.served_way, coded(ServedWay::choices()))}
        {edit.text("doc_no", "通知文号", true, |form| &mut form.doc_no, ("text", "腾退通知的编号，最长50字"))}
    }
    .into_any()
}

/// A complaint about what nobody enters here.
fn complaint_of(edit: Edit<StayForm>, field: &'static str) -> AnyView {
    let complaint = move || edit.errors.with(|errors| errors.get(field).map(ToOwned::to_owned));
    view! { <p class="field-error" role="alert">{changing(complaint)}</p> }.into_any()
}

fn no_home(edit: Edit<StayForm>) -> AnyView {
    let held = move || edit.form.with(|form| form.no_home);
    let toggle = move |event| {
        let checked = event_target_checked(&event);
        edit.form.update(|form| form.no_home = checked);
    };
    let complaint = move || edit.errors.with(|errors| errors.get("no_home").map(ToOwned::to_owned));
    let invalid = move || edit.errors.with(|errors| errors.get("no_home").is_some()).then_some("true");
    view! {
        <div class="form-field check-field" class:has-error=move || complaint().is_some()>
            <label class="check-box">
                <input type="checkbox" id="no_home" name="no_home" class="checkbox checkbox-sm" checked=held prop:checked=held aria-invalid=invalid aria-describedby="no_home-error" on:change=toggle />
                "已核实承租人无其他住房"
            </label>
            <p class="field-error" id="no_home-error" role="alert">{changing(complaint)}</p>
        </div>
    }
    .into_any()
}
