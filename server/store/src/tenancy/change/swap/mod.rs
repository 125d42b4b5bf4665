//! 调换 (R-19, C10): two households exchange their homes. One request makes a change of each contract, which go together all their
//! way; on the day both contracts are followed by one for the home of the other, in one transaction.
//!
//! Within one district only: books, deposits and the treasury's share are a district's.

mod apply;
mod side;
mod write;

pub(super) use apply::{goes_on, ready, take_in};
pub(super) use side::sides;
pub use side::swap_offer;
pub use write::swap_create;
