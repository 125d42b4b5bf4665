//! Buildings: list, and the board of one building (楼盘表, S0-6 level 3).

pub mod api;
pub mod board;
pub mod facts;
pub mod list;
