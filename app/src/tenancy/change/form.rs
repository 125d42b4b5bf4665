//! 办理合同变更 (C10): the contract is shown, and of the chosen kind the fields that it asks for.

use super::api::{contract_change_create, contract_change_offer_get};
use crate::ui::{
    PageHead,
    changing::changing,
    combo::Pick,
    detail::field_group,
    empty_view, error_view,
    field::{Field, coded},
    form::{Deeds, Edit, use_edit},
    icon,
    label::told,
    loading_view,
    person_picker::person_picker_heard,
    request::request_id,
    resource::resource,
};
use chrono::NaiveDate;
use domain::{
    dictionary::{PayCycle, Relation},
    id::ContractId,
    sheet::Cell,
    tenancy::{
        change::{ChangeForm, ChangeKind, ChangeOffer, SuccessionGround},
        change_sheet::CHANGE_LIST,
        contract::Contract,
        contract_form::ResidentForm,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::sync::Arc;

type Form = Edit<ChangeForm>;
/// What people call the co-residents, by id.
type Names = StoredValue<Vec<(String, String)>>;

pub(super) fn new_view() -> AnyView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.read().get("contract").and_then(|id| id.parse().ok()).map(ContractId));
    let offer = resource(
        move || asked.get(),
        |asked| async move {
            match asked {
                Some(id) => contract_change_offer_get(id).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <main class="page">
            <PageHead title="办理合同变更" back=(CHANGE_LIST.path.to_owned(), CHANGE_LIST.noun.to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(Some(offer)) => form_view(offer),
                        Ok(None) => empty_view("请在履行中的合同页面办理变更"),
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

fn form_view(offer: ChangeOffer) -> AnyView {
    let (today, contract) = (offer.today, offer.contract.row.id);
    let way = RwSignal::new(0_usize);
    // One per page: however often the button is pressed, one change is asked for.
    let request = RwSignal::new(String::new());
    Effect::new(move |_| request.set(request_id()));
    let with = |form: &ChangeForm, request: String| ChangeForm { request, ..form.clone() };
    let deeds = Deeds {
        check: Box::new(move |form: &ChangeForm| with(form, SOME_REQUEST.to_owned()).check(today).map(drop)),
        save: Arc::new(move |form: ChangeForm, _| {
            let (form, submit) = (with(&form, request.get_untracked()), way.get_untracked() == 0);
            Box::pin(async move {
                contract_change_create(contract, form, submit).await.map(|id| format!("{}/{id}", CHANGE_LIST.path))
            })
        }),
        reload: None,
    };
    let edit = use_edit(start(&offer), None, deeds);
    let names: Names = StoredValue::new(known(&offer.contract));
    let shown = Memo::new(move |_| edit.form.with(|form| ChangeKind::from_code(&form.kind)));
    let held = StoredValue::new(offer.clone());
    let kinds = coded(ChangeKind::choices()).all();
    let kinds: Vec<_> = kinds.into_iter().filter(|(code, _)| code != ChangeKind::Swap.code()).collect();
    let fields = view! {
        {edit.select("kind", "变更类型", true, |form| &mut form.kind, kinds)}
        {changing(move || (shown.get() != Some(ChangeKind::Term)).then(|| {
            edit.text("effective_on", "生效日期", true, |form| &mut form.effective_on, ("date", ""))
        }))}
        {changing(move || shown.get().map(|kind| held.with_value(|offer| of_kind(edit, kind, offer, names))))}
        <h2 class="form-section">"办理依据"</h2>
        {edit.text("reason", "变更原因", true, |form| &mut form.reason, ("text", "最长200字"))}
        {edit.text("doc_no", "文号", false, |form| &mut form.doc_no, ("text", "证明或批复文号，选填"))}
    };
    let back = format!("/tenancy/contracts/{contract}");
    view! {
        {contract_view(&offer.contract)}
        <p class="page-note">"提交后由物业管理员审批。变更扣款账户和承租人的，银行确认后生效。租金调整请在“租金调整”中办理。"</p>
        <p class="page-note"><a class="link" href=format!("/tenancy/changes/swap?first={contract}")>"与另一户调换住房"</a></p>
        {edit.view_ways(fields, ["提交审批", "保存草稿"], Callback::new(move |place| way.set(place)), back)}
    }
    .into_any()
}

/// From today on, with the co-residents that there are.
fn start(offer: &ChangeOffer) -> ChangeForm {
    let resident = |resident: &domain::tenancy::contract::Resident| ResidentForm {
        person: resident.person_id.to_string(),
        relation: resident.relation.code().to_owned(),
    };
    ChangeForm {
        effective_on: offer.today.to_string(),
        residents: offer.contract.residents.iter().map(resident).collect(),
        end_on: offer.contract.row.end_on.to_string(),
        ..ChangeForm::default()
    }
}

fn known(contract: &Contract) -> Vec<(String, String)> {
    let lessee = (contract.person_id.to_string(), contract.row.lessee.clone());
    let residents = contract.residents.iter().map(|resident| (resident.person_id.to_string(), resident.name.clone()));
    std::iter::once(lessee).chain(residents).collect()
}

fn contract_view(contract: &Contract) -> AnyView {
    let row = &contract.row;
    field_group(
        "合同",
        vec![
            (
                "合同编号",
                Cell::link(row.contract_no.as_deref().unwrap_or_default(), format!("/tenancy/contracts/{}", row.id)),
            ),
            ("承租人", Cell::text(&row.lessee)),
            ("证件号", Cell::text(&row.id_number_mask)),
            ("联系电话", Cell::text(&contract.phone_mask)),
            ("住房地址", Cell::text(&row.address)),
            ("租赁开始日期", Cell::Date(row.start_on)),
            ("租赁结束日期", Cell::Date(row.end_on)),
            ("缴费周期", Cell::coded(contract.pay_cycle)),
            (
                "代扣账户",
                Cell::Text(format!("{} {} {}", contract.bank_name, contract.bank_no_mask, contract.bank_holder)),
            ),
        ],
    )
    .into_any()
}

/// The fields that a kind asks for.
fn of_kind(edit: Form, kind: ChangeKind, offer: &ChangeOffer, names: Names) -> AnyView {
    match kind {
        ChangeKind::Account => account(edit, "户名须为承租人本人"),
        ChangeKind::Phone => view! {
            <h2 class="form-section">"联系电话"</h2>
            {edit.text("phone", "新联系电话", true, |form| &mut form.phone, ("tel", ""))}
            <p class="form-note">"承租人人员资料中的联系电话同时变更，短信、催缴和承租人登录均使用新号码。"</p>
        }
        .into_any(),
        ChangeKind::Residents => residents(edit, names, true),
        ChangeKind::Lessee => lessee(edit, offer, names),
        ChangeKind::Cycle => view! {
            <h2 class="form-section">"缴费周期"</h2>
            {edit.select("pay_cycle", "新缴费周期", true, |form| &mut form.pay_cycle, coded(PayCycle::choices()))}
            <p class="form-note">{format!("生效日期须为账期首日：{}", days(&offer.periods))}</p>
        }
        .into_any(),
        ChangeKind::Term => view! {
            <h2 class="form-section">"租期"</h2>
            {edit.text("end_on", "新租赁结束日期", true, |form| &mut form.end_on, ("date", ""))}
            <p class="form-note">"审批通过后立即生效，并通知银行新的到期日。"</p>
        }
        .into_any(),
        // It has a form of its own.
        ChangeKind::Swap => ().into_any(),
    }
}

fn days(periods: &[NaiveDate]) -> String {
    let told: Vec<String> = periods.iter().take(6).map(ToString::to_string).collect();
    if told.is_empty() { "租期内没有尚未生成账单的账期".to_owned() } else { told.join("、") }
}

fn account(edit: Form, note: &'static str) -> AnyView {
    view! {
        <h2 class="form-section">"代扣账户"</h2>
        {edit.text("bank_name", "新开户行", true, |form| &mut form.bank_name, ("text", ""))}
        {edit.text("bank_no", "新银行卡号", true, |form| &mut form.bank_no, ("text", ""))}
        <p class="form-note">{note}</p>
    }
    .into_any()
}

/// Who goes on with the contract: one of those whom it names.
fn lessee(edit: Form, offer: &ChangeOffer, names: Names) -> AnyView {
    let residents: Vec<(String, String)> =
        offer.contract.residents.iter().map(|it| (it.person_id.to_string(), it.name.clone())).collect();
    view! {
        <h2 class="form-section">"新承租人"</h2>
        {edit.select("ground", "变更承租人原因", true, |form| &mut form.ground, coded(SuccessionGround::choices()))}
        {edit.select("person", "新承租人", true, |form| &mut form.person, residents)}
        {account(edit, "户名须为新承租人本人")}
        {self::residents(edit, names, false)}
        <p class="form-note">"请从同住人中移除新承租人，并按与新承租人的关系登记其余同住人。账户余额、押金和欠费随合同转给新承租人。"</p>
    }
    .into_any()
}

/// The co-residents as they are to be; `add`: people who are not in the contract can be added.
fn residents(edit: Form, names: Names, add: bool) -> AnyView {
    let person = RwSignal::new(String::new());
    let relation = RwSignal::new(String::new());
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
    let put = move |_| {
        let resident = ResidentForm { person: person.get_untracked(), relation: relation.get_untracked() };
        let complaint = if resident.person.is_empty() || resident.relation.is_empty() {
            Some("请选择同住人和与承租人关系")
        } else {
            None
        };
        edit.errors.update(|errors| {
            errors.0.remove("residents");
            if let Some(sentence) = complaint {
                errors.add("residents", sentence);
            }
        });
        if complaint.is_none() {
            edit.form.update(|form| {
                form.residents.retain(|known| known.person != resident.person);
                form.residents.push(resident);
            });
            person.set(String::new());
            relation.set(String::new());
        }
    };
    let choices = names.with_value(Clone::clone);
    let chooser = if add {
        person_picker_heard(field("resident", "同住人", person), None, picked)
    } else {
        field("resident", "同住人", person).select(choices).into_any()
    };
    let complaint = move || edit.errors.with(|errors| errors.get("residents").map(ToOwned::to_owned));
    view! {
        <h2 class="form-section">"同住人"</h2>
        {chooser}
        {field("relation", "与承租人关系", relation).select(relations)}
        <div class="form-field">
            <span aria-hidden="true">"\u{a0}"</span>
            <button type="button" class="btn btn-outline" on:click=put>{icon("add")}"添加同住人"</button>
        </div>
        <p class="field-error form-title" role="alert">{changing(complaint)}</p>
        {changing(move || residents_table(edit, names))}
    }
    .into_any()
}

fn residents_table(edit: Form, names: Names) -> AnyView {
    let rows = edit.form.with(|form| form.residents.clone());
    let lines = rows
        .into_iter()
        .map(|resident| {
            let named = names.with_value(|names| {
                names.iter().rev().find(|(known, _)| *known == resident.person).map(|(_, name)| name.clone())
            });
            let name = named.unwrap_or_else(|| resident.person.clone());
            let relation = Relation::from_code(&resident.relation).map(told).unwrap_or_default();
            let says = format!("移除{name}");
            let remove = move |_| edit.form.update(|form| form.residents.retain(|other| other.person != resident.person));
            view! {
                <tr>
                    <td>{name}</td>
                    <td>{relation}</td>
                    <td><button type="button" class="btn btn-ghost btn-xs" aria-label=says on:click=remove>"移除"</button></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll form-wide" tabindex="0" role="region" aria-label="变更后的同住人">
            <table class="table table-sm">
                <thead><tr><th scope="col">"姓名"</th><th scope="col">"与承租人关系"</th><th scope="col">"操作"</th></tr></thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
    .into_any()
}
