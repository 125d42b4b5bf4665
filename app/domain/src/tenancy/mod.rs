//! 租赁 (domain.md §3.5, §3.15, §3.27 U4 to U6): from the assignment of a home to the exit.

pub mod assignment;
pub mod binding;
pub mod binding_sheet;
pub mod change;
pub mod change_sheet;
mod change_state;
pub mod contract;
pub mod contract_batch;
pub mod contract_form;
pub mod contract_paper;
pub mod contract_sheet;
pub mod contract_status;
pub mod contract_void;
pub mod deposit;
pub mod exit;
pub mod exit_bill;
pub mod exit_inspection;
pub mod exit_sheet;
pub mod filing;
pub mod hand_over;
pub mod hand_over_sheet;
pub mod layout;
pub mod lease;
pub mod renewal;
pub mod swap;
pub mod take_over;
pub mod template;
