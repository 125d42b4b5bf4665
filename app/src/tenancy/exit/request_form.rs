//! 申请退租 (S0-17): what the contract and its account are, read only, and why and when it ends.

use super::api::{exit_create, exit_offer_get};
use crate::ui::{
    PageHead,
    changing::changing,
    detail::field_group,
    empty_view, error_view,
    field::coded,
    form::{Deeds, Edit, use_edit},
    loading_view,
    resource::resource,
};
use domain::{
    id::ContractId,
    sheet::{Cell, cell_or_empty},
    tenancy::{
        exit::{ExitForm, ExitOffer, VOLUNTARY},
        exit_sheet::EXIT_LIST,
    },
    value::Money,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::sync::Arc;

pub(super) fn new_view() -> AnyView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.read().get("contract").and_then(|id| id.parse().ok()).map(ContractId));
    let offer = resource(
        move || asked.get(),
        |asked| async move {
            match asked {
                Some(id) => exit_offer_get(id).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <main class="page">
            <PageHead title="申请退租" back=("/tenancy/contracts".to_owned(), "合同".to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(Some(offer)) => form_view(offer),
                        Ok(None) => empty_view("请在合同页面申请退租"),
                        Err(error) => error_view(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn form_view(offer: ExitOffer) -> AnyView {
    let (contract, term) = (offer.contract_id, offer.term);
    let deeds = Deeds {
        check: Box::new(move |form: &ExitForm| form.check(term).map(drop)),
        save: Arc::new(move |form, _| {
            Box::pin(async move { exit_create(contract, form).await.map(|id| format!("{}/{id}", EXIT_LIST.path)) })
        }),
        reload: None,
    };
    let start = ExitForm {
        exit_on: term.today.clamp(term.from, term.end_on.max(term.today)).to_string(),
        ..ExitForm::default()
    };
    let edit = use_edit(start, None, deeds);
    let owed = term.owed;
    let fields = view! {
        {edit.select("kind", "退租类型", true, |form| &mut form.kind, coded(VOLUNTARY.to_vec()))}
        {edit.text("exit_on", "退租日期", true, |form| &mut form.exit_on, ("date", ""))}
        {edit.text("reason", "退租原因", true, |form| &mut form.reason, ("text", "如购房、离开本市"))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", ""))}
        {(owed > Money::ZERO).then(|| carry_view(edit, owed))}
    };
    view! {
        {offer_view(&offer)}
        <p class="page-note">"提交后由物业管理员审批；审批通过后不再按月生成账单，租金结算至退租日期。"</p>
        {edit.view_of(fields, "提交审批", format!("/tenancy/contracts/{contract}"))}
    }
    .into_any()
}

/// 存在欠租: paid first, or carried over.
fn carry_view(edit: Edit<ExitForm>, owed: Money) -> AnyView {
    let held = move || edit.form.with(|form| form.carry);
    let toggle = move |event| {
        let checked = event_target_checked(&event);
        edit.form.update(|form| form.carry = checked);
    };
    let complaint = move || edit.errors.with(|errors| errors.get("carry").map(ToOwned::to_owned));
    let invalid = move || edit.errors.with(|errors| errors.get("carry").is_some()).then_some("true");
    view! {
        <div class="form-field check-field" class:has-error=move || complaint().is_some()>
            <label class="check-box">
                <input type="checkbox" id="carry" name="carry" class="checkbox checkbox-sm" checked=held prop:checked=held aria-invalid=invalid aria-describedby="carry-error" on:change=toggle />
                {format!("欠租{owed}元转入退租账单")}
            </label>
            <p class="field-error" id="carry-error" role="alert">{changing(complaint)}</p>
        </div>
    }
    .into_any()
}

fn offer_view(offer: &ExitOffer) -> AnyView {
    let contract = format!("/tenancy/contracts/{}", offer.contract_id);
    field_group(
        "合同与账户",
        vec![
            ("住用人姓名", Cell::text(&offer.lessee)),
            ("证件号", Cell::text(&offer.id_number_mask)),
            ("单位", Cell::text(&offer.mgmt_unit)),
            ("合同编号", cell_or_empty(offer.contract_no.as_deref(), |number| Cell::link(number, contract.clone()))),
            ("合同状态", Cell::status(offer.status)),
            ("房屋地址", Cell::link(&offer.place, format!("/housing/units/{}", offer.unit_id))),
            ("建筑面积(㎡)", Cell::Area(offer.building_area)),
            ("使用面积(㎡)", Cell::Area(offer.usable_area)),
            ("租金标准(元/㎡·月)", Cell::Text(offer.unit_rate.to_string())),
            ("月租金(元)", Cell::Money(offer.monthly_rent)),
            ("租赁结束日期", Cell::Date(offer.term.end_on)),
            ("账户余额(元)", Cell::Money(offer.funds.balance)),
            ("押金(元)", Cell::Money(offer.funds.deposit)),
            ("欠租金额(元)", Cell::Money(offer.term.owed)),
        ],
    )
    .into_any()
}
