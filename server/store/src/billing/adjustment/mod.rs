//! Rent adjustment (E-55, S1-7.1): who is affected, what is asked for, and what is decided. A change that is agreed to becomes
//! a rent in the terms of its contract (`tenancy::contract::terms`), from which every plan is computed.

mod decide;
mod read;
pub(crate) mod standing;
mod write;

pub(super) use decide::{Posted, rents_anew};
pub use decide::{adjustment_decide, adjustment_withdraw};
pub(crate) use read::push_turn;
pub use read::{adjustment_get, adjustment_list, rent_change_list};
pub(crate) use write::{Change, NewAdjustment, adjustment_insert, changes_add};
pub use write::{adjustment_create, adjustment_offer, adjustment_preview};
