//! Arrears (domain.md §3.8, §4.11; E-51): how far every household is behind, counted in the transaction of whatever changes
//! it ([`arrears_recount`]), by the calendar once a day ([`arrears_follow`]), and the list of those who are behind.
//!
//! The rule is `domain::billing::arrears`; here are only its rows. What is counted per building and district the database
//! keeps by itself (`building_arrears_tally`, `district_arrears_tally`).

mod calendar;
mod count;
mod list;

pub use calendar::arrears_follow;
pub(crate) use count::arrears_recount;
pub use list::arrears_list;
pub(crate) use list::{arrears_ids, push_behind, push_behind_count};
