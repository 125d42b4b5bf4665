//! 收缴 (domain.md §3.6 to §3.8, §4.1 to §4.5, §4.10, §4.11): rent, bills, payments, the ledger and arrears.

pub mod allocation;
pub mod arrears;
pub mod arrears_sheet;
pub mod bill;
pub mod bill_form;
pub mod bill_status;
pub mod deduction;
pub mod deduction_result;
pub mod deduction_status;
pub mod late_fee;
pub mod ledger;
pub mod payment;
pub mod plan;
pub mod reconciliation;
pub mod refund;
pub mod rent;
pub mod rule;
pub mod run;
pub mod schedule;
pub mod shift;
