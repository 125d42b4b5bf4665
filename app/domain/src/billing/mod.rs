//! 收缴与账务 (domain.md §3.6, §4.1–4.12): what a tenancy costs, when it is due, what a payment pays, who is behind.
//!
//! Only the arithmetic and its rules; the books are the store's.

pub mod allocation;
pub mod arrears;
pub mod bill_status;
pub mod late_fee;
pub mod rent;
pub mod schedule;
