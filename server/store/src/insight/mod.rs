//! What boards and maps count.

pub mod home;
pub mod map;
pub mod reminder;
