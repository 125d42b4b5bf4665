//! Server functions of exits.

use crate::{Api, ApiError};
use chrono::NaiveDate;
use domain::{
    id::{ContractId, ExitId},
    list::{ListQuery, Page},
    tenancy::{
        exit::{Exit, ExitForm, ExitOffer, ExitRow, KeysForm},
        exit_bill::{ExitBillForm, ExitBillOffer},
        exit_inspection::{InspectionForm, InspectionOffer},
    },
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {crate::context::ctx, store::tenancy::exit};

/// A page of exits.
#[server(endpoint = "exit_list", protocol = Api)]
pub async fn exit_list(query: ListQuery) -> Result<Page<ExitRow>, ApiError> {
    Ok(exit::exit_list(&ctx()?, &query).await?)
}

/// One exit.
#[server(endpoint = "exit_get", protocol = Api)]
pub async fn exit_get(id: ExitId) -> Result<Exit, ApiError> {
    Ok(exit::exit_get(&ctx()?, id).await?)
}

/// What the form of a new one shows of its contract.
#[server(endpoint = "exit_offer_get", protocol = Api)]
pub async fn exit_offer_get(contract: ContractId) -> Result<ExitOffer, ApiError> {
    Ok(exit::exit_offer(&ctx()?, contract).await?)
}

/// Asks for the end of a contract.
#[server(endpoint = "exit_create", protocol = Api)]
pub async fn exit_create(contract: ContractId, form: ExitForm) -> Result<ExitId, ApiError> {
    Ok(exit::exit_create(&ctx()?, contract, &form).await?)
}

/// Agrees to an exit or refuses it.
#[server(endpoint = "exit_decide", protocol = Api)]
pub async fn exit_decide(id: ExitId, version: i32, approve: bool, opinion: String) -> Result<(), ApiError> {
    Ok(exit::exit_decide(&ctx()?, id, version, approve, &opinion).await.map(drop)?)
}

/// Takes an exit back.
#[server(endpoint = "exit_revoke", protocol = Api)]
pub async fn exit_revoke(id: ExitId, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(exit::exit_revoke(&ctx()?, id, version, &reason).await?)
}

/// What the form of an inspection shows.
#[server(endpoint = "exit_inspection_offer_get", protocol = Api)]
pub async fn exit_inspection_offer_get(id: ExitId) -> Result<InspectionOffer, ApiError> {
    Ok(exit::exit_inspection_offer(&ctx()?, id).await?)
}

/// Enters an inspection.
#[server(endpoint = "exit_inspect", protocol = Api)]
pub async fn exit_inspect(id: ExitId, version: i32, form: InspectionForm) -> Result<(), ApiError> {
    Ok(exit::exit_inspect(&ctx()?, id, version, &form).await?)
}

/// The lines that an exit bill is proposed with, for a settlement on a day.
#[server(endpoint = "exit_bill_offer_get", protocol = Api)]
pub async fn exit_bill_offer_get(id: ExitId, settle_on: Option<NaiveDate>) -> Result<ExitBillOffer, ApiError> {
    Ok(exit::exit_bill_offer(&ctx()?, id, settle_on).await?)
}

/// Makes an exit bill.
#[server(endpoint = "exit_bill_make", protocol = Api)]
pub async fn exit_bill_make(id: ExitId, version: i32, form: ExitBillForm) -> Result<(), ApiError> {
    Ok(exit::exit_bill_make(&ctx()?, id, version, &form).await?)
}

/// Agrees to an exit bill or sends it back.
#[server(endpoint = "exit_bill_decide", protocol = Api)]
pub async fn exit_bill_decide(id: ExitId, version: i32, approve: bool, opinion: String) -> Result<(), ApiError> {
    Ok(exit::exit_bill_decide(&ctx()?, id, version, approve, &opinion).await.map(drop)?)
}

/// Notes that nothing is open.
#[server(endpoint = "exit_clear", protocol = Api)]
pub async fn exit_clear(id: ExitId, version: i32) -> Result<(), ApiError> {
    Ok(exit::exit_clear(&ctx()?, id, version).await.map(drop)?)
}

/// Notes a debt that the household has acknowledged.
#[server(endpoint = "exit_debt_acknowledge", protocol = Api)]
pub async fn exit_debt_acknowledge(id: ExitId, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(exit::exit_debt_acknowledge(&ctx()?, id, version, &reason).await?)
}

/// Keys and cards are back.
#[server(endpoint = "exit_keys", protocol = Api)]
pub async fn exit_keys(id: ExitId, version: i32, form: KeysForm) -> Result<(), ApiError> {
    Ok(exit::exit_keys(&ctx()?, id, version, &form).await?)
}

/// Has the bank told of the end again.
#[server(endpoint = "exit_tell_again", protocol = Api)]
pub async fn exit_tell_again(id: ExitId, version: i32) -> Result<(), ApiError> {
    Ok(exit::exit_tell_again(&ctx()?, id, version).await?)
}
