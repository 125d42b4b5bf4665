//! Handing homes over (S4-1.5.3, domain.md §3.27 U6): what waits, the deed itself, and its record.

mod read;
mod write;

pub(crate) use read::push_waiting;
pub use read::{hand_over_get, hand_over_list, hand_over_offer};
pub use write::{hand_over_create, hand_over_update};
