//! Estates (S1-4.2): list, detail with its buildings, form.

pub mod api;
pub mod detail;
pub mod edit;
pub mod list;
