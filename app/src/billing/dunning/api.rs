//! Server functions of dunning and its text messages.

use crate::{Api, ApiError};
use domain::{
    billing::{
        dunning::{RuleSet, RuleSetEvent, RuleSetForm},
        dunning_account::DunningAccount,
        dunning_form::{DoneForm, DunningForm},
        dunning_notice::{NoticesForm, NoticesMade},
        dunning_sheet::{DunningRow, RuleSetRow, TrialRow},
        instalment::{InstalmentForm, InstalmentLine, InstalmentRow, PauseForm, PauseRow},
        sms::{Resent, SmsKind, SmsTemplate, SmsTemplateForm},
        sms_sheet::{SmsBlockRow, SmsMonthRow, SmsRow},
    },
    housing::choice::Choice,
    id::AccountId,
    list::{ListQuery, Page},
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {
    crate::context::ctx,
    store::{billing::dunning, platform::sms},
};

/// A page of sets of rules.
#[server(endpoint = "dunning_rule_set_list", protocol = Api)]
pub async fn rule_set_list(query: ListQuery) -> Result<Page<RuleSetRow>, ApiError> {
    Ok(dunning::rule_set_list(&ctx()?, &query).await?)
}

/// One set with its lines.
#[server(endpoint = "dunning_rule_set_get", protocol = Api)]
pub async fn rule_set_get(id: i64) -> Result<RuleSet, ApiError> {
    Ok(dunning::rule_set_get(&ctx()?, id).await?)
}

/// Where the actor may set rules.
#[server(endpoint = "dunning_rule_set_places", protocol = Api)]
pub async fn rule_set_places() -> Result<(bool, Vec<Choice>), ApiError> {
    Ok(dunning::rule_set_places(&ctx()?).await?)
}

/// Makes a draft.
#[server(endpoint = "dunning_rule_set_create", protocol = Api)]
pub async fn rule_set_create(form: RuleSetForm) -> Result<i64, ApiError> {
    Ok(dunning::rule_set_create(&ctx()?, &form).await?)
}

/// Submits, withdraws, discards, publishes or refuses a set.
#[server(endpoint = "dunning_rule_set_decide", protocol = Api)]
pub async fn rule_set_decide(id: i64, version: i32, event: RuleSetEvent, opinion: String) -> Result<(), ApiError> {
    Ok(dunning::rule_set_decide(&ctx()?, id, version, event, &opinion).await.map(drop)?)
}

/// A page of what a set would do in a month.
#[server(endpoint = "dunning_trial_list", protocol = Api)]
pub async fn trial_list(query: ListQuery) -> Result<Page<TrialRow>, ApiError> {
    Ok(dunning::trial_list(&ctx()?, &query).await?)
}

/// A page of records.
#[server(endpoint = "dunning_list", protocol = Api)]
pub async fn dunning_list(query: ListQuery) -> Result<Page<DunningRow>, ApiError> {
    Ok(dunning::dunning_list(&ctx()?, &query).await?)
}

/// One record.
#[server(endpoint = "dunning_get", protocol = Api)]
pub async fn dunning_get(id: i64) -> Result<DunningRow, ApiError> {
    Ok(dunning::dunning_get(&ctx()?, id).await?)
}

/// How a household stands.
#[server(endpoint = "dunning_account_get", protocol = Api)]
pub async fn dunning_account_get(id: AccountId) -> Result<DunningAccount, ApiError> {
    Ok(dunning::dunning_account_get(&ctx()?, id).await?)
}

/// Makes a notice or a task by hand.
#[server(endpoint = "dunning_create", protocol = Api)]
pub async fn dunning_create(account: AccountId, form: DunningForm) -> Result<i64, ApiError> {
    Ok(dunning::dunning_create(&ctx()?, account, &form).await?)
}

/// Notes that a notice was printed.
#[server(endpoint = "dunning_print", protocol = Api)]
pub async fn dunning_print(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(dunning::dunning_print(&ctx()?, id, version).await?)
}

/// Prints the notices of many households as one file.
#[server(endpoint = "dunning_notices_print", protocol = Api)]
pub async fn dunning_notices_print(form: NoticesForm) -> Result<NoticesMade, ApiError> {
    Ok(dunning::dunning_notices_print(&ctx()?, &form).await?)
}

/// Enters what came of a record.
#[server(endpoint = "dunning_done", protocol = Api)]
pub async fn dunning_done(id: i64, version: i32, form: DoneForm) -> Result<(), ApiError> {
    Ok(dunning::dunning_done(&ctx()?, id, version, &form).await?)
}

/// Takes back what waits.
#[server(endpoint = "dunning_cancel", protocol = Api)]
pub async fn dunning_cancel(id: i64, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(dunning::dunning_cancel(&ctx()?, id, version, &reason).await?)
}

/// A page of pauses.
#[server(endpoint = "dunning_pause_list", protocol = Api)]
pub async fn pause_list(query: ListQuery) -> Result<Page<PauseRow>, ApiError> {
    Ok(dunning::pause_list(&ctx()?, &query).await?)
}

/// One pause.
#[server(endpoint = "dunning_pause_get", protocol = Api)]
pub async fn pause_get(id: i64) -> Result<PauseRow, ApiError> {
    Ok(dunning::pause_get(&ctx()?, id).await?)
}

/// Asks for a pause.
#[server(endpoint = "dunning_pause_create", protocol = Api)]
pub async fn pause_create(account: AccountId, form: PauseForm) -> Result<i64, ApiError> {
    Ok(dunning::pause_create(&ctx()?, account, &form).await?)
}

/// Confirms a pause or refuses it.
#[server(endpoint = "dunning_pause_decide", protocol = Api)]
pub async fn pause_decide(id: i64, version: i32, approve: bool, opinion: String) -> Result<(), ApiError> {
    Ok(dunning::pause_decide(&ctx()?, id, version, approve, &opinion).await.map(drop)?)
}

/// Ends a pause before its day.
#[server(endpoint = "dunning_pause_end", protocol = Api)]
pub async fn pause_end(id: i64, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(dunning::pause_end(&ctx()?, id, version, &reason).await?)
}

/// A page of plans.
#[server(endpoint = "instalment_list", protocol = Api)]
pub async fn instalment_list(query: ListQuery) -> Result<Page<InstalmentRow>, ApiError> {
    Ok(dunning::instalment_list(&ctx()?, &query).await?)
}

/// One plan with its lines.
#[server(endpoint = "instalment_get", protocol = Api)]
pub async fn instalment_get(id: i64) -> Result<(InstalmentRow, Vec<InstalmentLine>), ApiError> {
    Ok(dunning::instalment_get(&ctx()?, id).await?)
}

/// Asks for a plan.
#[server(endpoint = "instalment_create", protocol = Api)]
pub async fn instalment_create(account: AccountId, form: InstalmentForm) -> Result<i64, ApiError> {
    Ok(dunning::instalment_create(&ctx()?, account, &form).await?)
}

/// Confirms a plan or refuses it.
#[server(endpoint = "instalment_decide", protocol = Api)]
pub async fn instalment_decide(id: i64, version: i32, approve: bool, opinion: String) -> Result<(), ApiError> {
    Ok(dunning::instalment_decide(&ctx()?, id, version, approve, &opinion).await.map(drop)?)
}

/// A page of the sending list.
#[server(endpoint = "sms_list", protocol = Api)]
pub async fn sms_list(query: ListQuery) -> Result<Page<SmsRow>, ApiError> {
    Ok(sms::sms_list(&ctx()?, &query).await?)
}

/// One message.
#[server(endpoint = "sms_get", protocol = Api)]
pub async fn sms_get(id: i64) -> Result<SmsRow, ApiError> {
    Ok(sms::sms_get(&ctx()?, id).await?)
}

/// Sends a message once more.
#[server(endpoint = "sms_resend", protocol = Api)]
pub async fn sms_resend(id: i64) -> Result<i64, ApiError> {
    Ok(sms::sms_resend(&ctx()?, id).await?)
}

/// Sends once more what failed of a list.
#[server(endpoint = "sms_resend_failed", protocol = Api)]
pub async fn sms_resend_failed(query: ListQuery) -> Result<Resent, ApiError> {
    Ok(sms::sms_resend_failed(&ctx()?, &query).await?)
}

/// What each month came to.
#[server(endpoint = "sms_month_list", protocol = Api)]
pub async fn sms_month_list(query: ListQuery) -> Result<Page<SmsMonthRow>, ApiError> {
    Ok(sms::sms_month_list(&ctx()?, &query).await?)
}

/// A page of the black list.
#[server(endpoint = "sms_block_list", protocol = Api)]
pub async fn sms_block_list(query: ListQuery) -> Result<Page<SmsBlockRow>, ApiError> {
    Ok(sms::sms_block_list(&ctx()?, &query).await?)
}

/// Puts a household on the black list.
#[server(endpoint = "sms_block_create", protocol = Api)]
pub async fn sms_block_create(account: AccountId, reason: String) -> Result<i64, ApiError> {
    Ok(sms::sms_block_create(&ctx()?, account, &reason).await?)
}

/// Lets a household off the black list.
#[server(endpoint = "sms_block_end", protocol = Api)]
pub async fn sms_block_end(id: i64, reason: String) -> Result<(), ApiError> {
    Ok(sms::sms_block_end(&ctx()?, id, &reason).await?)
}

/// Every template.
#[server(endpoint = "sms_template_list", protocol = Api)]
pub async fn sms_template_list() -> Result<Vec<SmsTemplate>, ApiError> {
    Ok(sms::sms_template_list(&ctx()?).await?)
}

/// Words a template anew.
#[server(endpoint = "sms_template_update", protocol = Api)]
pub async fn sms_template_update(kind: SmsKind, version: i32, form: SmsTemplateForm) -> Result<(), ApiError> {
    Ok(sms::sms_template_update(&ctx()?, kind, version, &form).await?)
}
