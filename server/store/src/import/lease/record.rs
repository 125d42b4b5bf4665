//! Leases as the database reads them at once: one JSON array, which a statement takes apart into rows.

use super::Lease;
use crate::{housing::unit::area_column, import::Row};
use chrono::NaiveDate;
use domain::tenancy::contract_sheet::LeaseImportForm;
use serde::Serialize;
use serde_json::Value;
use std::{collections::HashMap, fmt::Write as _};

/// One row; sealed columns are written as PostgreSQL reads bytes.
#[derive(Serialize)]
struct Record<'a> {
    row_no: u32,
    district_id: i64,
    estate_id: i64,
    unit_id: i64,
    contract_no: Option<&'a str>,
    assignment_id: Option<i64>,
    lessor_id: i64,
    person_id: i64,
    household_id: Option<i64>,
    lessee_name: &'a str,
    id_number: String,
    id_number_mask: &'a str,
    phone: String,
    phone_mask: &'a str,
    address: &'a str,
    layout: &'a str,
    building_area: i32,
    usable_area: i32,
    category: &'static str,
    rent_standard_id: i64,
    unit_rate: i64,
    area_basis: &'static str,
    rent_area: i32,
    base_rent_fen: i64,
    reduction_fen: i64,
    monthly_rent_fen: i64,
    deposit_fen: i64,
    start_on: Option<NaiveDate>,
    end_on: Option<NaiveDate>,
    pay_cycle: u8,
    split: Option<&'static str>,
    due_day: Option<u8>,
    bank_name: &'a str,
    bank_no: String,
    bank_no_mask: &'a str,
    bank_holder: &'a str,
    debit_agreement_no: Option<&'a str>,
    sign_on: Option<NaiveDate>,
    remark: Option<&'a str>,
    balance_fen: i64,
    held_fen: i64,
    arrears_fen: i64,
    arrears_from: Option<NaiveDate>,
    arrears_to: Option<NaiveDate>,
    charged_to: Option<NaiveDate>,
}

/// `\x…`
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("\\x");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The rows of a chunk that are to be written.
///
/// # Errors
/// When they cannot be put into JSON.
pub(in crate::import) fn records(rows: &[&Row<LeaseImportForm>], leases: &HashMap<u32, Lease>) -> crate::Result<Value> {
    let records: Vec<Record<'_>> = rows.iter().filter_map(|row| Some(record(row, leases.get(&row.row_no)?))).collect();
    serde_json::to_value(records).map_err(|error| crate::Error::Broken(error.to_string()))
}

fn record<'a>(row: &'a Row<LeaseImportForm>, lease: &'a Lease) -> Record<'a> {
    let (form, sealed, assessed) = (&row.form, &lease.sealed, lease.assessed);
    Record {
        row_no: row.row_no,
        district_id: lease.district,
        estate_id: lease.estate,
        unit_id: lease.unit,
        contract_no: form.contract_no.as_deref(),
        assignment_id: lease.assignment,
        lessor_id: lease.lessor,
        person_id: lease.person,
        household_id: lease.household,
        lessee_name: &form.lessee,
        id_number: hex(&sealed.id_number),
        id_number_mask: &sealed.id_number_mask,
        phone: hex(&sealed.phone),
        phone_mask: &sealed.phone_mask,
        address: &lease.address,
        layout: &lease.layout,
        building_area: lease.building_area,
        usable_area: lease.usable_area,
        category: lease.category.code(),
        rent_standard_id: lease.standard,
        unit_rate: assessed.rate.ten_thousandths(),
        area_basis: assessed.basis.code(),
        rent_area: area_column(assessed.area),
        base_rent_fen: assessed.rent.fen(),
        reduction_fen: form.reduction.fen(),
        monthly_rent_fen: assessed.rent.fen() - form.reduction.fen(),
        deposit_fen: form.deposit.unwrap_or_default().fen(),
        start_on: form.start_on,
        end_on: form.end_on,
        pay_cycle: form.pay_cycle.map_or(1, domain::dictionary::PayCycle::months),
        split: form.split.map(domain::dictionary::RentSplit::code),
        due_day: form.due_day,
        bank_name: &form.bank_name,
        bank_no: hex(&sealed.bank_no),
        bank_no_mask: &sealed.bank_no_mask,
        bank_holder: &form.bank_holder,
        debit_agreement_no: form.debit_agreement_no.as_deref(),
        sign_on: form.sign_on,
        remark: form.remark.as_deref(),
        balance_fen: form.balance.fen(),
        held_fen: form.held.fen(),
        arrears_fen: form.arrears.fen(),
        arrears_from: form.arrears_from,
        arrears_to: form.arrears_to,
        charged_to: form.charged_to.or(form.cutoff_on),
    }
}
