//! The fields of a contract's forms, and the home above them (S0-4).

use super::contract_form::Names;
use crate::ui::{
    changing::changing,
    combo::Pick,
    detail::field_group,
    field::{Field, coded},
    form::Edit,
    icon,
    label::told,
    person_picker::person_picker_heard,
};
use domain::{
    dictionary::{ApplicantCategory, PayCycle, Relation, RentSplit, SignMode, UnitStatus},
    sheet::{Cell, cell_or_empty},
    tenancy::{
        contract::{Contract, ContractOffer},
        contract_form::{Assessed, ContractForm, ResidentForm},
    },
    value::Area,
};
use leptos::prelude::*;

type Form = Edit<ContractForm>;

/// The home and who is to have it, read-only.
pub(super) fn home_view(offer: &ContractOffer) -> AnyView {
    let assessed = offer.assessed;
    view! {
        {field_group("住用人与住房", vec![
            ("住用人姓名", Cell::link(&offer.person, format!("/persons/{}", offer.person_id))),
            ("身份证号码", Cell::text(&offer.id_number_mask)),
            ("单位", Cell::text(&offer.mgmt_unit)),
            ("房屋地址", Cell::link(format!("{} {}", offer.estate, offer.address), format!("/housing/units/{}", offer.unit_id))),
            ("户型", Cell::coded(offer.layout)),
            ("建筑面积(㎡)", Cell::Area(offer.building_area)),
            ("使用面积(㎡)", Cell::Area(offer.usable_area)),
            ("房屋状态", Cell::status(UnitStatus::Assigned)),
            ("租金标准", Cell::text(offer.rent_standard.as_deref().unwrap_or_default())),
            ("单价(元/㎡·月)", cell_or_empty(assessed, |assessed| Cell::Text(assessed.rate.to_string()))),
            ("计租面积", cell_or_empty(assessed, |assessed| Cell::Text(format!("{} {}㎡", assessed.basis.area_label(), assessed.area)))),
            ("核定月租金(元)", cell_or_empty(assessed, |assessed| Cell::Money(assessed.rent))),
            ("物业费单价(元/㎡·月)", cell_or_empty(offer.property_rate, |rate| Cell::Text(rate.to_string()))),
            ("签约截止", cell_or_empty(offer.expires_on, Cell::Date)),
        ])}
        {assessed.is_none().then(|| view! { <p role="alert" class="alert alert-warning alert-soft">"该房源没有执行中的租金标准，请先维护房源"</p> })}
    }
    .into_any()
}

/// All fields. `offer` says what the rent follows from; a contract that was entered already keeps its account.
pub(super) fn contract_fields(
    edit: Form,
    offer: Option<&ContractOffer>,
    contract: Option<&Contract>,
    residents: (Names, RwSignal<bool>),
) -> AnyView {
    let building = offer.map(|offer| offer.building_area).or_else(|| contract.map(|contract| contract.building_area));
    let assessed = offer.and_then(|offer| offer.assessed).or_else(|| contract.map(|contract| contract.assessed));
    let about_home = move || edit.errors.with(|errors| errors.get("assignment").map(ToOwned::to_owned));
    view! {
        <p class="field-error form-title" role="alert">{changing(about_home)}</p>
        {term(edit)}
        {rent(edit, assessed, building)}
        {bank(edit, offer, contract)}
        {signing(edit)}
        {residents_view(edit, residents.0, residents.1)}
    }
    .into_any()
}

fn term(edit: Form) -> AnyView {
    view! {
        <h2 class="form-section">"租期"</h2>
        {edit.text("start_on", "租赁开始时间", true, |form| &mut form.start_on, ("date", ""))}
        {edit.text("end_on", "租赁结束时间", true, |form| &mut form.end_on, ("date", ""))}
        {edit.text("rent_start_on", "起租日期", false, |form| &mut form.rent_start_on, ("date", ""))}
        {edit.select("category", "保障类别", true, |form| &mut form.category, coded(ApplicantCategory::choices()))}
        <p class="form-note">"起租日期之前免租，留空则自租赁开始时间起计租。租赁期限不超过60个月，区县另有规定的从其规定。"</p>
    }
    .into_any()
}

fn rent(edit: Form, assessed: Option<Assessed>, building: Option<Area>) -> AnyView {
    let monthly = move || {
        assessed
            .and_then(|assessed| edit.form.with(|form| form.monthly_rent(assessed)))
            .map_or_else(|| "—".to_owned(), |rent| rent.to_string())
    };
    let property = move || {
        building
            .and_then(|building| edit.form.with(|form| form.monthly_property_fee(building)))
            .map_or_else(|| "—".to_owned(), |fee| fee.to_string())
    };
    view! {
        <h2 class="form-section">"租金与账单"</h2>
        {edit.text("reduction", "租金核减(元/月)", false, |form| &mut form.reduction, ("money", "没有核减则留空"))}
        <div class="form-field">
            <label for="monthly_rent">"月租金(元)"</label>
            <input id="monthly_rent" type="text" class="input figures" readonly prop:value=monthly value=monthly aria-describedby="monthly_rent-note" />
            <p class="text-xs opacity-80" id="monthly_rent-note">"核定月租金减去核减，自动计算"</p>
        </div>
        {edit.text("property_rate", "物业费单价(元/㎡·月)", false, |form| &mut form.property_rate, ("text", "没有单价则留空"))}
        {edit.text("property_fee", "物业费金额(元/月)", false, |form| &mut form.property_fee, ("money", "有单价则留空"))}
        <div class="form-field">
            <label for="property_month">"每月物业费(元)"</label>
            <input id="property_month" type="text" class="input figures" readonly prop:value=property value=property aria-describedby="property_month-note" />
            <p class="text-xs opacity-80" id="property_month-note">"单价×建筑面积，没有单价则为所填金额；都不填则不收物业费"</p>
        </div>
        {edit.text("deposit", "押金(元)", true, |form| &mut form.deposit, ("money", "没有押金填0"))}
        {edit.select("pay_cycle", "缴费周期", true, |form| &mut form.pay_cycle, coded(PayCycle::choices()))}
        {edit.text("first_pay_months", "首付款月数", false, |form| &mut form.first_pay_months, ("text", "1至12，留空为1"))}
        {edit.select("split", "账单月", true, |form| &mut form.split, coded(RentSplit::choices()))}
        {edit.text("due_day", "每期缴费日", true, |form| &mut form.due_day, ("text", "1至28"))}
    }
    .into_any()
}

fn bank(edit: Form, offer: Option<&ContractOffer>, contract: Option<&Contract>) -> AnyView {
    // The account of the contract, or that of the person's record; the number itself is not sent to browsers.
    let known = contract
        .map(|contract| contract.bank_no_mask.clone())
        .or_else(|| offer.and_then(|offer| offer.bank_no_mask.clone()));
    let recorded = offer.filter(|_| contract.is_none());
    let bank = recorded.and_then(|offer| offer.bank_name.clone());
    let holder = recorded.and_then(|offer| offer.bank_holder.clone());
    let note = match (&known, &bank) {
        (Some(mask), Some(bank)) => {
            let holder = holder.map(|holder| format!("，户名{holder}")).unwrap_or_default();
            format!("承租人档案中已有账户：{bank} {mask}{holder}。留空则使用该账户；户名须与承租人一致。")
        }
        (Some(mask), None) => format!("已有账号：{mask}，账号留空则不修改；户名须与承租人一致。"),
        (None, _) => "承租人档案中没有账户，请填写；户名须与承租人一致，留空则为承租人姓名。".to_owned(),
    };
    let has_bank = bank.is_some() || contract.is_some();
    view! {
        <h2 class="form-section">"代扣账户"</h2>
        {edit.text("bank_name", "开户行", !has_bank, |form| &mut form.bank_name, ("text", ""))}
        {edit.secret("bank_no", "账号", known.is_none(), |form| &mut form.bank_no, ("text", if known.is_some() { "留空使用已有账号" } else { "" }))}
        {edit.text("bank_holder", "户名", false, |form| &mut form.bank_holder, ("text", ""))}
        {edit.text("debit_agreement_no", "代扣协议号", false, |form| &mut form.debit_agreement_no, ("text", "银行返回后自动填写"))}
        <p class="form-note">{note}</p>
    }
    .into_any()
}

fn signing(edit: Form) -> AnyView {
    let held = move || edit.form.with(|form| form.block_access_clause);
    let toggle = move |event| {
        let checked = event_target_checked(&event);
        edit.form.update(|form| form.block_access_clause = checked);
    };
    edit.note("欠费限制门禁条款", |form| if form.block_access_clause { "已约定" } else { "未约定" }.to_owned());
    view! {
        <h2 class="form-section">"签订"</h2>
        {edit.text("sign_on", "签订日期", true, |form| &mut form.sign_on, ("date", ""))}
        {edit.select("sign_mode", "签订方式", true, |form| &mut form.sign_mode, coded(SignMode::choices()))}
        {edit.text("explained_on", "条款说明日期", false, |form| &mut form.explained_on, ("date", ""))}
        {edit.text("contract_no", "合同编号", false, |form| &mut form.contract_no, ("text", "留空则审批通过时自动编号"))}
        {edit.text("remark", "备注", false, |form| &mut form.remark, ("text", ""))}
        <label class="check-box">
            <input type="checkbox" class="checkbox checkbox-sm" name="block_access_clause" checked=held prop:checked=held on:change=toggle />
            "合同约定了欠费时可限制门禁"
        </label>
        <p class="form-note">"签订前须向承租人说明违约责任和腾退条款并登记说明日期，否则不能审批通过。"</p>
    }
    .into_any()
}

/// The co-residents: looked for, taken over with what they are to the lessee, and listed below. `pending` tells the form's
/// check of somebody who was looked for and not taken over.
fn residents_view(edit: Form, names: Names, pending: RwSignal<bool>) -> AnyView {
    let name_of = move |id: &str| {
        names.with_value(|names| names.iter().rev().find(|(known, _)| known == id).map(|(_, name)| name.clone()))
    };
    edit.note("同住人", move |form| {
        let told = |resident: &ResidentForm| {
            format!("{}（{}）", name_of(&resident.person).unwrap_or_default(), relation_text(&resident.relation))
        };
        form.residents.iter().map(told).collect::<Vec<_>>().join("、")
    });
    let person = RwSignal::new(String::new());
    let relation = RwSignal::new(String::new());
    Effect::new(move |_| pending.set(person.with(|person| !person.is_empty())));
    let field = |name, label, value: RwSignal<String>| Field {
        name,
        label,
        required: false,
        value: value.into(),
        set: Callback::new(move |text| value.set(text)),
        errors: edit.errors,
    };
    let picked = Callback::new(move |pick: Pick| names.update_value(|names| names.push((pick.code, pick.label))));
    let relations: Vec<_> =
        coded(Relation::choices()).all().into_iter().filter(|(code, _)| code != Relation::Oneself.code()).collect();
    let add = move |_| {
        let resident = ResidentForm { person: person.get_untracked(), relation: relation.get_untracked() };
        let complaint = if resident.person.is_empty() {
            Some(("resident", "请选择同住人"))
        } else if resident.relation.is_empty() {
            Some(("relation", "请选择与承租人关系"))
        } else if edit.form.with_untracked(|form| form.residents.iter().any(|known| known.person == resident.person)) {
            Some(("resident", "同住人不能重复，也不能是承租人本人"))
        } else {
            None
        };
        edit.errors.update(|errors| {
            for field in ["resident", "relation", "residents"] {
                errors.0.remove(field);
            }
            if let Some((field, sentence)) = complaint {
                errors.add(field, sentence);
            }
        });
        if complaint.is_none() {
            edit.form.update(|form| form.residents.push(resident));
            person.set(String::new());
            relation.set(String::new());
        }
    };
    let complaint = move || edit.errors.with(|errors| errors.get("residents").map(ToOwned::to_owned));
    view! {
        <h2 class="form-section">"同住人"</h2>
        {person_picker_heard(field("resident", "同住人", person), None, picked)}
        {field("relation", "与承租人关系", relation).select(relations)}
        <div class="form-field">
            <span aria-hidden="true">"\u{a0}"</span>
            <button type="button" class="btn btn-outline" on:click=add>{icon("add")}"添加同住人"</button>
        </div>
        <p class="field-error form-title" role="alert">{changing(complaint)}</p>
        {changing(move || {
            let rows = edit.form.with(|form| form.residents.clone());
            (!rows.is_empty()).then(|| residents_table(edit, rows, name_of))
        })}
    }
    .into_any()
}

fn relation_text(code: &str) -> String {
    Relation::from_code(code).map(told).unwrap_or_default()
}

fn residents_table(
    edit: Form,
    rows: Vec<ResidentForm>,
    name_of: impl Fn(&str) -> Option<String> + Copy + Send + Sync + 'static,
) -> AnyView {
    let lines = rows
        .into_iter()
        .map(|resident| {
            let name = name_of(&resident.person).unwrap_or_else(|| resident.person.clone());
            let says = format!("移除{name}");
            // So that leaving the form notices who was added and who was taken away.
            let held = format!("{}.{}", resident.person, resident.relation);
            let relation = relation_text(&resident.relation);
            let remove = move |_| {
                edit.form.update(|form| form.residents.retain(|other| other.person != resident.person));
            };
            view! {
                <tr>
                    <td>{name}<input type="hidden" name="residents" value=held /></td>
                    <td>{relation}</td>
                    <td><button type="button" class="btn btn-ghost btn-xs" aria-label=says on:click=remove>"移除"</button></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll form-wide" tabindex="0" role="region" aria-label="已添加的同住人">
            <table class="table table-sm">
                <thead><tr><th scope="col">"姓名"</th><th scope="col">"与承租人关系"</th><th scope="col">"操作"</th></tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
    .into_any()
}
