//! 租赁 (domain.md §3.5, §3.15): contracts from the draft to the exit.

pub mod contract_status;
