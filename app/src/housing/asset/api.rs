//! Server functions of asset cards.

use crate::{Api, ApiError};
use domain::{
    dictionary::CountStatus,
    housing::{
        asset_change::{AssetChange, AssetChangeForm, AssetDecisionForm, ChangeKind},
        asset_count::{AssetCount, AssetCountForm, AssetCountRow, CountEntry},
        asset_depreciation::{DepreciationLine, DepreciationRunRow, RunOutcome},
        asset_master::{AssetChoices, AssetMaster, AssetMasterForm, AssetMasterRow},
        asset_sub::{AssetSub, AssetSubForm, AssetSubRow},
    },
    id::{AssetChangeId, AssetCountId, AssetMasterId, AssetSubId, DepreciationRunId},
    list::{ListQuery, Page},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {
    crate::context::ctx,
    store::housing::{asset_change, asset_count, asset_depreciation, asset_master, asset_sub},
};

/// A page of master cards.
#[server(endpoint = "asset_master_list", protocol = Api)]
pub async fn asset_master_list(query: ListQuery) -> Result<Page<AssetMasterRow>, ApiError> {
    Ok(asset_master::asset_master_list(&ctx()?, &query).await?)
}

/// One master card.
#[server(endpoint = "asset_master_get", protocol = Api)]
pub async fn asset_master_get(id: AssetMasterId) -> Result<AssetMaster, ApiError> {
    Ok(asset_master::asset_master_get(&ctx()?, id).await?)
}

/// What the form of a master card offers.
#[server(endpoint = "asset_choices_get", protocol = Api)]
pub async fn asset_choices_get() -> Result<AssetChoices, ApiError> {
    Ok(asset_master::asset_choices_get(&ctx()?).await?)
}

/// Enters a master card.
#[server(endpoint = "asset_master_create", protocol = Api)]
pub async fn asset_master_create(form: AssetMasterForm) -> Result<AssetMasterId, ApiError> {
    Ok(asset_master::asset_master_create(&ctx()?, &form).await?)
}

/// Changes a draft.
#[server(endpoint = "asset_master_update", protocol = Api)]
pub async fn asset_master_update(id: AssetMasterId, version: i32, form: AssetMasterForm) -> Result<(), ApiError> {
    Ok(asset_master::asset_master_update(&ctx()?, id, version, &form).await?)
}

/// Deletes a draft.
#[server(endpoint = "asset_master_delete", protocol = Api)]
pub async fn asset_master_delete(id: AssetMasterId, version: i32) -> Result<(), ApiError> {
    Ok(asset_master::asset_master_delete(&ctx()?, id, version).await?)
}

/// Submits a master card, or the new sub cards of one.
#[server(endpoint = "asset_submit", protocol = Api)]
pub async fn asset_submit(id: AssetMasterId, version: i32) -> Result<AssetChangeId, ApiError> {
    Ok(asset_change::asset_submit(&ctx()?, id, version).await?)
}

/// Asks for a change or a disposal of a master card.
#[server(endpoint = "asset_master_request", protocol = Api)]
pub async fn asset_master_request(
    id: AssetMasterId,
    version: i32,
    kind: ChangeKind,
    form: AssetChangeForm,
) -> Result<AssetChangeId, ApiError> {
    Ok(asset_change::asset_master_request(&ctx()?, id, version, kind, &form).await?)
}

/// A page of sub cards.
#[server(endpoint = "asset_sub_list", protocol = Api)]
pub async fn asset_sub_list(query: ListQuery) -> Result<Page<AssetSubRow>, ApiError> {
    Ok(asset_sub::asset_sub_list(&ctx()?, &query).await?)
}

/// One sub card.
#[server(endpoint = "asset_sub_get", protocol = Api)]
pub async fn asset_sub_get(id: AssetSubId) -> Result<AssetSub, ApiError> {
    Ok(asset_sub::asset_sub_get(&ctx()?, id).await?)
}

/// Enters a sub card.
#[server(endpoint = "asset_sub_create", protocol = Api)]
pub async fn asset_sub_create(master: AssetMasterId, form: AssetSubForm) -> Result<AssetSubId, ApiError> {
    Ok(asset_sub::asset_sub_create(&ctx()?, master, &form).await?)
}

/// Changes a draft.
#[server(endpoint = "asset_sub_update", protocol = Api)]
pub async fn asset_sub_update(id: AssetSubId, version: i32, form: AssetSubForm) -> Result<(), ApiError> {
    Ok(asset_sub::asset_sub_update(&ctx()?, id, version, &form).await?)
}

/// Deletes a draft.
#[server(endpoint = "asset_sub_delete", protocol = Api)]
pub async fn asset_sub_delete(id: AssetSubId, version: i32) -> Result<(), ApiError> {
    Ok(asset_sub::asset_sub_delete(&ctx()?, id, version).await?)
}

/// Asks for a change or a disposal of a sub card.
#[server(endpoint = "asset_sub_request", protocol = Api)]
pub async fn asset_sub_request(
    id: AssetSubId,
    version: i32,
    kind: ChangeKind,
    form: AssetChangeForm,
) -> Result<AssetChangeId, ApiError> {
    Ok(asset_change::asset_sub_request(&ctx()?, id, version, kind, &form).await?)
}

/// A page of requests.
#[server(endpoint = "asset_change_list", protocol = Api)]
pub async fn asset_change_list(query: ListQuery) -> Result<Page<AssetChange>, ApiError> {
    Ok(asset_change::asset_change_list(&ctx()?, &query).await?)
}

/// Decides a request.
#[server(endpoint = "asset_change_decide", protocol = Api)]
pub async fn asset_change_decide(id: AssetChangeId, form: AssetDecisionForm) -> Result<(), ApiError> {
    Ok(asset_change::asset_change_decide(&ctx()?, id, &form).await?)
}

/// A page of monthly runs.
#[server(endpoint = "depreciation_list", protocol = Api)]
pub async fn depreciation_list(query: ListQuery) -> Result<Page<DepreciationRunRow>, ApiError> {
    Ok(asset_depreciation::depreciation_list(&ctx()?, &query).await?)
}

/// Depreciates a month.
#[server(endpoint = "depreciation_run", protocol = Api)]
pub async fn depreciation_run(period: String) -> Result<RunOutcome, ApiError> {
    Ok(asset_depreciation::depreciation_run(&ctx()?, &period).await?)
}

/// Takes a month back.
#[server(endpoint = "depreciation_reverse", protocol = Api)]
pub async fn depreciation_reverse(id: DepreciationRunId, reason: String) -> Result<DepreciationRunId, ApiError> {
    Ok(asset_depreciation::depreciation_reverse(&ctx()?, id, &reason).await?)
}

/// Closes a month.
#[server(endpoint = "depreciation_close", protocol = Api)]
pub async fn depreciation_close(id: DepreciationRunId) -> Result<(), ApiError> {
    Ok(asset_depreciation::depreciation_close(&ctx()?, id).await?)
}

/// What was depreciated of a card.
#[server(endpoint = "depreciation_lines", protocol = Api)]
pub async fn depreciation_lines(
    master: AssetMasterId,
    sub: Option<AssetSubId>,
) -> Result<Vec<DepreciationLine>, ApiError> {
    Ok(asset_depreciation::depreciation_lines(&ctx()?, master, sub).await?)
}

/// A page of count sheets.
#[server(endpoint = "asset_count_list", protocol = Api)]
pub async fn asset_count_list(query: ListQuery) -> Result<Page<AssetCountRow>, ApiError> {
    Ok(asset_count::asset_count_list(&ctx()?, &query).await?)
}

/// One count sheet.
#[server(endpoint = "asset_count_get", protocol = Api)]
pub async fn asset_count_get(id: AssetCountId) -> Result<AssetCount, ApiError> {
    Ok(asset_count::asset_count_get(&ctx()?, id).await?)
}

/// Makes a count sheet.
#[server(endpoint = "asset_count_create", protocol = Api)]
pub async fn asset_count_create(form: AssetCountForm) -> Result<AssetCountId, ApiError> {
    Ok(asset_count::asset_count_create(&ctx()?, &form).await?)
}

/// Notes what was seen of a line.
#[server(endpoint = "asset_count_enter", protocol = Api)]
pub async fn asset_count_enter(id: AssetCountId, entry: CountEntry) -> Result<(), ApiError> {
    Ok(asset_count::asset_count_enter(&ctx()?, id, &entry).await?)
}

/// Ends counting.
#[server(endpoint = "asset_count_finish", protocol = Api)]
pub async fn asset_count_finish(id: AssetCountId) -> Result<CountStatus, ApiError> {
    Ok(asset_count::asset_count_finish(&ctx()?, id).await?)
}

/// Confirms a count sheet.
#[server(endpoint = "asset_count_confirm", protocol = Api)]
pub async fn asset_count_confirm(id: AssetCountId, handling: String) -> Result<(), ApiError> {
    Ok(asset_count::asset_count_confirm(&ctx()?, id, &handling).await?)
}
