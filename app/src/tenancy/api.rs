//! Server functions of assignments and contracts.

use crate::{Api, ApiError};
use domain::{
    dictionary::{AssignmentStatus, ContractStatus},
    id::{AssignmentId, ContractId, StayId},
    list::{ListQuery, Page},
    tenancy::{
        assignment::{AssignmentForm, AssignmentRow},
        contract::{Contract, ContractOffer, ContractRow},
        contract_batch::ApproveOutcome,
        contract_form::ContractForm,
        filing::FilingForm,
        renewal::RenewalOffer,
        stay::{StayForm, StayOffer, StayStatus},
    },
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {
    crate::context::ctx,
    store::tenancy::{assignment, contract},
};

/// A page of assignments.
#[server(endpoint = "assignment_list", protocol = Api)]
pub async fn assignment_list(query: ListQuery) -> Result<Page<AssignmentRow>, ApiError> {
    Ok(assignment::assignment_list(&ctx()?, &query).await?)
}

/// One assignment.
#[server(endpoint = "assignment_get", protocol = Api)]
pub async fn assignment_get(id: AssignmentId) -> Result<AssignmentRow, ApiError> {
    Ok(assignment::assignment_get(&ctx()?, id).await?)
}

/// Proposes a home for a person.
#[server(endpoint = "assignment_create", protocol = Api)]
pub async fn assignment_create(form: AssignmentForm) -> Result<AssignmentId, ApiError> {
    Ok(assignment::assignment_create(&ctx()?, &form).await?)
}

/// Confirms or refuses what another proposed.
#[server(endpoint = "assignment_decide", protocol = Api)]
pub async fn assignment_decide(
    id: AssignmentId,
    version: i32,
    approve: bool,
    opinion: String,
) -> Result<AssignmentStatus, ApiError> {
    Ok(assignment::assignment_decide(&ctx()?, id, version, approve, &opinion).await?)
}

/// Gives a home back that is not signed for.
#[server(endpoint = "assignment_release", protocol = Api)]
pub async fn assignment_release(id: AssignmentId, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(assignment::assignment_release(&ctx()?, id, version, &reason).await?)
}

/// A page of contracts.
#[server(endpoint = "contract_list", protocol = Api)]
pub async fn contract_list(query: ListQuery) -> Result<Page<ContractRow>, ApiError> {
    Ok(contract::contract_list(&ctx()?, &query).await?)
}

/// The contracts chosen in a list, as they are now.
#[server(endpoint = "contracts_chosen", protocol = Api)]
pub async fn contracts_chosen(ids: Vec<ContractId>) -> Result<Vec<ContractRow>, ApiError> {
    Ok(contract::contracts_chosen(&ctx()?, &ids).await?)
}

/// One contract.
#[server(endpoint = "contract_get", protocol = Api)]
pub async fn contract_get(id: ContractId) -> Result<Contract, ApiError> {
    Ok(contract::contract_get(&ctx()?, id).await?)
}

/// What the form of a contract shows of an assigned home.
#[server(endpoint = "contract_offer_get", protocol = Api)]
pub async fn contract_offer_get(assignment: AssignmentId) -> Result<ContractOffer, ApiError> {
    Ok(contract::contract_offer(&ctx()?, assignment).await?)
}

/// Enters a contract, and sends it to the approver if that is wanted.
#[server(endpoint = "contract_create", protocol = Api)]
pub async fn contract_create(form: ContractForm, submit: bool) -> Result<ContractId, ApiError> {
    Ok(contract::contract_create(&ctx()?, &form, submit).await?)
}

/// Changes a contract that nobody approved.
#[server(endpoint = "contract_update", protocol = Api)]
pub async fn contract_update(id: ContractId, version: i32, form: ContractForm) -> Result<(), ApiError> {
    Ok(contract::contract_update(&ctx()?, id, version, &form).await?)
}

/// Enters under which number and when a contract was filed.
#[server(endpoint = "contract_file", protocol = Api)]
pub async fn contract_file(id: ContractId, version: i32, form: FilingForm) -> Result<(), ApiError> {
    Ok(contract::contract_file(&ctx()?, id, version, &form).await?)
}

/// Sends a draft to the approver.
#[server(endpoint = "contract_submit", protocol = Api)]
pub async fn contract_submit(id: ContractId, version: i32) -> Result<(), ApiError> {
    Ok(contract::contract_submit(&ctx()?, id, version).await?)
}

/// Approves or refuses what another entered.
#[server(endpoint = "contract_decide", protocol = Api)]
pub async fn contract_decide(
    id: ContractId,
    version: i32,
    approve: bool,
    opinion: String,
) -> Result<ContractStatus, ApiError> {
    Ok(contract::contract_decide(&ctx()?, id, version, approve, &opinion).await?)
}

/// Approves many, each in the version in which it was seen.
#[server(endpoint = "contracts_approve", protocol = Api)]
pub async fn contracts_approve(chosen: Vec<(ContractId, i32)>) -> Result<ApproveOutcome, ApiError> {
    Ok(contract::contracts_approve(&ctx()?, &chosen).await?)
}

/// What the form of a renewal shows of the contract before.
#[server(endpoint = "contract_renewal_offer_get", protocol = Api)]
pub async fn contract_renewal_offer_get(id: ContractId) -> Result<RenewalOffer, ApiError> {
    Ok(contract::contract_renewal_offer(&ctx()?, id).await?)
}

/// Enters the contract that follows another.
#[server(endpoint = "contract_renew", protocol = Api)]
pub async fn contract_renew(id: ContractId, form: ContractForm, submit: bool) -> Result<ContractId, ApiError> {
    Ok(contract::contract_renew(&ctx()?, id, &form, submit).await?)
}

/// What the form shows of a contract that has expired.
#[server(endpoint = "contract_stay_offer_get", protocol = Api)]
pub async fn contract_stay_offer_get(id: ContractId) -> Result<StayOffer, ApiError> {
    Ok(contract::contract_stay_offer(&ctx()?, id).await?)
}

/// Enters what becomes of a household whose contract has expired.
#[server(endpoint = "contract_stay_create", protocol = Api)]
pub async fn contract_stay_create(id: ContractId, version: i32, form: StayForm) -> Result<StayId, ApiError> {
    Ok(contract::contract_stay_create(&ctx()?, id, version, &form).await?)
}

/// Agrees to it or refuses it.
#[server(endpoint = "contract_stay_decide", protocol = Api)]
pub async fn contract_stay_decide(
    id: StayId,
    version: i32,
    approve: bool,
    opinion: String,
) -> Result<StayStatus, ApiError> {
    Ok(contract::contract_stay_decide(&ctx()?, id, version, approve, &opinion).await?)
}

/// Deletes a contract that nobody approved.
#[server(endpoint = "contract_delete", protocol = Api)]
pub async fn contract_delete(id: ContractId, version: i32) -> Result<(), ApiError> {
    Ok(contract::contract_delete(&ctx()?, id, version).await?)
}

/// Voids a contract that was concluded by mistake.
#[server(endpoint = "contract_void", protocol = Api)]
pub async fn contract_void(id: ContractId, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(contract::contract_void(&ctx()?, id, version, &reason).await?)
}

/// Has the bank told of a contract again.
#[server(endpoint = "contract_sync_again", protocol = Api)]
pub async fn contract_sync_again(id: ContractId, version: i32) -> Result<(), ApiError> {
    Ok(contract::contract_sync_again(&ctx()?, id, version).await?)
}
