//! What boards and maps count.

pub mod figure;
pub mod home;
pub mod map;
pub mod pay;
pub mod reminder;
pub mod report;
