//! The forms of a contract (S0-4 签订租赁合同): the home is shown and not entered, the rent is computed while one types.

use super::{
    api::{contract_create, contract_get, contract_offer_get, contract_update},
    contract_fields::{contract_fields, home_view},
};
use crate::{
    ApiError,
    ui::{
        PageHead,
        changing::changing,
        detail::use_id,
        empty_view, error_view,
        form::{Deeds, Newer, Reload, use_edit},
        loading_view,
        resource::resource,
    },
};
use domain::{
    dictionary::{PayCycle, RentSplit, SignMode},
    failure::FieldErrors,
    id::{AssignmentId, ContractId},
    tenancy::{
        contract::{CONTRACT_IS_APPROVED, CONTRACT_IS_REJECTED, CONTRACT_LIST, Contract, ContractOffer},
        contract_form::{ContractForm, LEASE_MONTHS_MAX},
        renewal::without_assignment,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use std::sync::Arc;

/// The list of homes that wait for their contracts.
const UNSIGNED: (&str, &str) = ("/tenancy/assignments?signing=OPEN&sort=checked_at", "已选房待签约");

pub(super) fn new_view() -> AnyView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.read().get("assignment").and_then(|id| id.parse().ok()).map(AssignmentId));
    let offer = resource(
        move || asked.get(),
        |asked| async move {
            match asked {
                Some(id) => contract_offer_get(id).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <main class="page">
            <PageHead title="签订租赁合同" back=(UNSIGNED.0.to_owned(), UNSIGNED.1.to_owned()) />
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match offer.await {
                        Ok(Some(offer)) => new_form(offer),
                        Ok(None) => empty_view("请在“直接分配”的已选房待签约中选择房源后签订"),
                        Err(error) => refusal(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

/// Why there is no form: what stands against the home, in the rule's own words.
fn refusal(error: &ApiError) -> AnyView {
    let sentence = error.fields().and_then(|fields| fields.get("assignment").map(ToOwned::to_owned));
    match sentence {
        Some(sentence) => view! {
            <div role="alert" class="alert alert-error alert-soft"><span>{sentence}</span><a class="btn btn-sm" href=UNSIGNED.0>"返回"</a></div>
        }
        .into_any(),
        None => error_view(error),
    }
}

/// What most contracts say.
fn usual(offer: &ContractOffer) -> ContractForm {
    ContractForm {
        assignment: offer.assignment_id.to_string(),
        property_rate: offer.property_rate.map(|rate| rate.to_string()).unwrap_or_default(),
        deposit: offer.deposit.map(|deposit| deposit.to_string()).unwrap_or_default(),
        first_pay_months: "1".to_owned(),
        pay_cycle: PayCycle::Month.code().to_owned(),
        split: RentSplit::Natural.code().to_owned(),
        sign_mode: SignMode::Paper.code().to_owned(),
        ..ContractForm::default()
    }
}

/// By the law's own limit; the city's or the district's (PRM-30) is the store's to know.
pub(super) fn check(form: &ContractForm) -> Result<(), FieldErrors> {
    form.check(LEASE_MONTHS_MAX).map(drop)
}

/// Signs or keeps as a draft, and goes to the contract's page; on complaints stays with them beside the fields.
fn new_form(offer: ContractOffer) -> AnyView {
    let submit = StoredValue::new(true);
    let resident = RwSignal::new(false);
    let deeds = Deeds {
        check: Box::new(move |form: &ContractForm| added(resident, check(form))),
        save: Arc::new(move |form, _| {
            let submit = submit.get_value();
            Box::pin(async move { Ok(format!("{}/{}", CONTRACT_LIST.path, contract_create(form, submit).await?)) })
        }),
        reload: None,
    };
    let edit = use_edit(usual(&offer), None, deeds);
    let names = offer_names();
    let fields = contract_fields(edit, Some(&offer), None, (names, resident));
    let chosen = Callback::new(move |place| submit.set_value(place == 0));
    let form = edit.view_ways(fields, ["签订", "保存草稿"], chosen, UNSIGNED.0.to_owned());
    view! { {home_view(&offer)}{form} }.into_any()
}

/// Who was looked up as a co-resident and not taken over would be left out without a word.
pub(super) fn added(pending: RwSignal<bool>, checked: Result<(), FieldErrors>) -> Result<(), FieldErrors> {
    if !pending.get_untracked() {
        return checked;
    }
    let mut errors = checked.err().unwrap_or_default();
    errors.add("residents", "请点击“添加同住人”，或清空已选的人员");
    Err(errors)
}

/// What people call the co-residents, by id.
pub(super) type Names = StoredValue<Vec<(String, String)>>;

fn offer_names() -> Names {
    StoredValue::new(Vec::new())
}

pub(super) fn contract_names(contract: &Contract) -> Vec<(String, String)> {
    contract.residents.iter().map(|resident| (resident.person_id.to_string(), resident.name.clone())).collect()
}

pub(super) fn edit_view() -> AnyView {
    let id = use_id();
    let loaded = resource(
        move || id.get(),
        |id| async move {
            let contract = contract_get(ContractId(id)).await?;
            let offer = match contract.assignment_id.filter(|_| contract.row.status.is_editable()) {
                Some(assignment) => Some(contract_offer_get(assignment).await?),
                None => None,
            };
            Ok::<_, ApiError>((contract, offer))
        },
    );
    view! {
        <main class="page">
            <Suspense fallback=loading_view>
                {changing(move || Suspend::new(async move {
                    match loaded.await {
                        Ok((contract, offer)) => {
                            let number = contract.row.contract_no.clone().unwrap_or_else(|| contract.row.lessee.clone());
                            let back = (format!("{}/{}", CONTRACT_LIST.path, contract.row.id), number);
                            view! {
                                <PageHead title="修改租赁合同" back=back />
                                {edit_form(contract, offer)}
                            }
                            .into_any()
                        }
                        Err(error) => refusal(&error),
                    }
                }))}
            </Suspense>
        </main>
    }
    .into_any()
}

fn edit_form(contract: Contract, offer: Option<ContractOffer>) -> AnyView {
    if !contract.row.status.is_editable() {
        let rejected = contract.row.status == domain::dictionary::ContractStatus::Rejected;
        return empty_view(if rejected { CONTRACT_IS_REJECTED } else { CONTRACT_IS_APPROVED });
    }
    let (id, page) = (contract.row.id, format!("{}/{}", CONTRACT_LIST.path, contract.row.id));
    let names: Names = StoredValue::new(contract_names(&contract));
    let resident = RwSignal::new(false);
    let to = page.clone();
    let reload: Reload<ContractForm> = Arc::new(move || {
        Box::pin(async move {
            let contract = contract_get(id).await?;
            names.try_update_value(|names| names.extend(contract_names(&contract)));
            let last = contract.history.first();
            let (at, by) =
                (last.map_or(contract.row.created_at, |line| line.at), last.and_then(|line| line.actor.clone()));
            Ok(Newer { form: contract.form(), version: contract.row.version, at, by })
        })
    });
    // A renewal was assigned to nobody: its home is that of the contract before.
    let renewal = contract.assignment_id.is_none();
    let checked = move |form: &ContractForm| if renewal { check(&without_assignment(form)) } else { check(form) };
    let deeds = Deeds {
        check: Box::new(move |form: &ContractForm| added(resident, checked(form))),
        save: Arc::new(move |form, version| {
            let to = to.clone();
            Box::pin(async move { contract_update(id, version.unwrap_or_default(), form).await.map(|()| to) })
        }),
        reload: Some(reload),
    };
    let edit = use_edit(contract.form(), Some(contract.row.version), deeds);
    let fields = contract_fields(edit, offer.as_ref(), Some(&contract), (names, resident));
    view! { {offer.as_ref().map(home_view)}{edit.view(fields, page)} }.into_any()
}
