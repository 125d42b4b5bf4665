//! Units (S1-4.2): list, detail, form, and the panel that boards show.

pub mod api;
pub mod detail;
pub mod edit;
pub mod list;
pub mod panel;
