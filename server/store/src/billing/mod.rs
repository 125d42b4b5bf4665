//! Charging and collecting (domain.md §3.6, §4.10): accounts, bills, payments and the ledger.
//!
//! Whoever moves money of a household locks its account first; so of two payments one waits for the other.

pub mod account;
pub mod bill;
pub mod payment;
pub mod run;

mod ledger;
mod post;
pub(crate) mod rule;

pub(crate) use post::{Charge, post};
