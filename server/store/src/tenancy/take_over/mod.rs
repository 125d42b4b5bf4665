//! Taking over a running city (domain.md §3.27): batches that an import has staged (`import::take_over`), their submission and
//! approval, and the job that writes them.
//!
//! What is written of a row is written with the row's mark in one transaction, so that a job that was cut off goes on where it
//! stopped and nothing is written twice. Money enters the ledger against the opening-balance subject, dated at the cut-off.

mod decide;
mod job;
mod read;
mod write;

pub use decide::{take_over_abandon, take_over_decide, take_over_resume, take_over_submit, take_over_withdraw};
pub use job::take_over_work;
pub(crate) use read::push_turn;
pub use read::{take_over_get, take_over_item_list, take_over_list};
