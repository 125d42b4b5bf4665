//! Server functions of meters.

use crate::{Api, ApiError};
use domain::{
    billing::{
        meter::{Meter, MeterOffer, MeterRow},
        meter_form::{AutoForm, MeterForm, ReplaceForm},
        meter_grid::ReadingsForm,
        meter_reading::{CorrectForm, Period, PeriodForm, PeriodOffer, PeriodRow, ReadingRecord, ReadingRow},
    },
    list::{ListQuery, Page},
    value::Money,
};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use {crate::context::ctx, store::billing::meter};

/// A page of meters.
#[server(endpoint = "meter_list", protocol = Api)]
pub async fn meter_list(query: ListQuery) -> Result<Page<MeterRow>, ApiError> {
    Ok(meter::meter_list(&ctx()?, &query).await?)
}

/// One meter.
#[server(endpoint = "meter_get", protocol = Api)]
pub async fn meter_get(id: i64) -> Result<Meter, ApiError> {
    Ok(meter::meter_get(&ctx()?, id).await?)
}

/// What the form of a meter offers.
#[server(endpoint = "meter_offer_get", protocol = Api)]
pub async fn meter_offer_get() -> Result<MeterOffer, ApiError> {
    Ok(meter::meter_offer(&ctx()?).await?)
}

/// Registers a meter.
#[server(endpoint = "meter_create", protocol = Api)]
pub async fn meter_create(form: MeterForm) -> Result<i64, ApiError> {
    Ok(meter::meter_create(&ctx()?, &form).await?)
}

/// Changes a meter.
#[server(endpoint = "meter_update", protocol = Api)]
pub async fn meter_update(id: i64, version: i32, form: MeterForm) -> Result<(), ApiError> {
    Ok(meter::meter_update(&ctx()?, id, version, &form).await?)
}

/// Registers a meter for every home of an estate that has none; answers how many, and how many were left out.
#[server(endpoint = "meters_create", protocol = Api)]
pub async fn meters_create(form: AutoForm) -> Result<(i64, i64), ApiError> {
    Ok(meter::meters_create(&ctx()?, &form).await?)
}

/// Replaces a meter by a new one.
#[server(endpoint = "meter_replace", protocol = Api)]
pub async fn meter_replace(id: i64, version: i32, form: ReplaceForm) -> Result<i64, ApiError> {
    Ok(meter::meter_replace(&ctx()?, id, version, &form).await?)
}

/// Takes a meter down.
#[server(endpoint = "meter_remove", protocol = Api)]
pub async fn meter_remove(id: i64, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(meter::meter_remove(&ctx()?, id, version, &reason).await?)
}

/// A page of periods.
#[server(endpoint = "meter_period_list", protocol = Api)]
pub async fn meter_period_list(query: ListQuery) -> Result<Page<PeriodRow>, ApiError> {
    Ok(meter::meter_period_list(&ctx()?, &query).await?)
}

/// One period with its readings.
#[server(endpoint = "meter_period_get", protocol = Api)]
pub async fn meter_period_get(id: i64) -> Result<Period, ApiError> {
    Ok(meter::meter_period_get(&ctx()?, id).await?)
}

/// What the form of a period offers.
#[server(endpoint = "meter_period_offer_get", protocol = Api)]
pub async fn meter_period_offer_get() -> Result<PeriodOffer, ApiError> {
    Ok(meter::meter_period_offer(&ctx()?).await?)
}

/// Opens a period.
#[server(endpoint = "meter_period_open", protocol = Api)]
pub async fn meter_period_open(form: PeriodForm) -> Result<i64, ApiError> {
    Ok(meter::meter_period_open(&ctx()?, &form).await?)
}

/// Takes meters into a period that came meanwhile.
#[server(endpoint = "meter_period_sync", protocol = Api)]
pub async fn meter_period_sync(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(meter::meter_period_sync(&ctx()?, id, version).await?)
}

/// Takes back a period that was opened by mistake.
#[server(endpoint = "meter_period_cancel", protocol = Api)]
pub async fn meter_period_cancel(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(meter::meter_period_cancel(&ctx()?, id, version).await?)
}

/// Saves values of the grid; answers how many.
#[server(endpoint = "meter_readings_save", protocol = Api)]
pub async fn meter_readings_save(period: i64, form: ReadingsForm) -> Result<i32, ApiError> {
    Ok(meter::readings_save(&ctx()?, period, &form).await?)
}

/// Confirms a strange value.
#[server(endpoint = "meter_reading_confirm", protocol = Api)]
pub async fn meter_reading_confirm(id: i64, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(meter::reading_confirm(&ctx()?, id, version, &reason).await?)
}

/// Checks a period.
#[server(endpoint = "meter_period_check", protocol = Api)]
pub async fn meter_period_check(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(meter::meter_period_check(&ctx()?, id, version).await?)
}

/// Sends a checked period back.
#[server(endpoint = "meter_period_return", protocol = Api)]
pub async fn meter_period_return(id: i64, version: i32, reason: String) -> Result<(), ApiError> {
    Ok(meter::meter_period_return(&ctx()?, id, version, &reason).await?)
}

/// Bills a checked period; answers what its bills come to.
#[server(endpoint = "meter_period_bill", protocol = Api)]
pub async fn meter_period_bill(id: i64, version: i32) -> Result<Money, ApiError> {
    Ok(meter::meter_period_bill(&ctx()?, id, version).await?)
}

/// Closes a billed period.
#[server(endpoint = "meter_period_close", protocol = Api)]
pub async fn meter_period_close(id: i64, version: i32) -> Result<(), ApiError> {
    Ok(meter::meter_period_close(&ctx()?, id, version).await.map(drop)?)
}

/// A page of readings.
#[server(endpoint = "meter_reading_list", protocol = Api)]
pub async fn meter_reading_list(query: ListQuery) -> Result<Page<ReadingRow>, ApiError> {
    Ok(meter::meter_reading_list(&ctx()?, &query).await?)
}

/// One reading with what was charged.
#[server(endpoint = "meter_reading_get", protocol = Api)]
pub async fn meter_reading_get(id: i64) -> Result<ReadingRecord, ApiError> {
    Ok(meter::meter_reading_get(&ctx()?, id).await?)
}

/// Corrects a reading that was billed.
#[server(endpoint = "meter_reading_correct", protocol = Api)]
pub async fn meter_reading_correct(id: i64, version: i32, form: CorrectForm) -> Result<(), ApiError> {
    Ok(meter::reading_correct(&ctx()?, id, version, &form).await?)
}
