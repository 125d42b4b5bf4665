//! Charging and collecting (domain.md §3.6, §4.10): accounts, bills, payments and the ledger.
//!
//! Whoever moves money of a household locks its account first; so of two payments one waits for the other.

pub mod account;
pub mod adjustment;
pub mod arrears;
pub mod bank;
pub mod bill;
pub mod book;
pub mod cash;
pub mod daily;
pub mod deduction;
pub mod dunning;
pub mod meter;
pub mod pay_order;
pub mod pay_record;
pub mod payment;
pub mod reduction;
pub mod refund;
pub mod run;
pub mod run_job;
pub mod run_list;
pub mod shift;
pub mod waiver;

pub(crate) mod contract_void;
mod debt;
pub(crate) mod exit_bill;
mod fund;
mod ledger;
pub(crate) mod moving;
pub(crate) mod named;
pub(crate) mod notice;
pub(crate) mod open;
mod post;
mod rent_cut;
pub(crate) mod rule;

pub(crate) use ledger::refusal as ledger_refusal;
pub(crate) use post::{Charge, post, post_opening};
pub(crate) use rent_cut::rents_end;
